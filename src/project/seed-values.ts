/** What the texts of a seed mean to dbt, which reads seeds with Python's agate: the kinds tried, in order of preference. */

/** How the cells of a column are read. All cells of a column fit its kind. */
export type SeedKind = "number" | "date" | "datetime" | "iso-datetime" | "boolean" | "text";

export const SEED_KINDS: readonly SeedKind[] = ["number", "date", "datetime", "iso-datetime", "boolean", "text"];

/** Whether a cell could be of a kind. */
export function fits(kind: SeedKind, cell: string): boolean {
  return kind === "text" || isNull(cell) || readCell(kind, cell) !== undefined;
}

/** The number in a cell as text that Postgres reads as `numeric`; undefined when it is none. */
export const numberIn = (cell: string): string | undefined => readNumber(cell);

/**
 * A cell as text that Postgres reads into the column's type; null for an empty cell. In a text column the cell itself.
 * Throws for a cell that does not fit the kind: inference looks at every cell.
 */
export function seedValue(column: { readonly kind: SeedKind; readonly type: string }, cell: string): string | null {
  if (isNull(cell)) return null;
  const { kind } = column;
  // Python reads every line break as \n, within quotes too.
  if (kind === "text") return cell.includes("\r") ? cell.replace(/\r\n?/g, "\n") : cell;
  const value = readCell(kind, cell);
  if (value === undefined) throw new Error(`Internal error: a seed's cell does not fit the kind ${kind}`);
  if (kind === "boolean") return value === "true" || value === "false" ? value : null;
  return kind === "number" && column.type === "integer" ? wholeNumber(value) : value;
}

/** `1.0` and `1e3` as Postgres's `integer` wants them: digits only, rounded half away from zero. */
function wholeNumber(number: string): string {
  const match = /^(-?)(\d*)\.?(\d*)(?:e(-?\d+))?$/.exec(number);
  if (!match || /^-?\d+$/.test(number)) return number;
  const exponent = Number(match[4] ?? 0);
  const digits = match[2]! + match[3]!;
  const point = match[2]!.length + exponent;
  // An exponent this large is refused by Postgres as out of range either way.
  if (point > 400) return number;
  const whole = point <= 0 ? "0" : digits.slice(0, point).padEnd(point, "0");
  const next = point < 0 ? "0" : (digits[point] ?? "0");
  const value = BigInt(whole) + (next >= "5" ? 1n : 0n);
  return `${value === 0n ? "" : match[1]!}${value}`;
}

/** Empty, or the word null, whatever the column. */
export function isNull(cell: string): boolean {
  if (cell === "") return true;
  if (cell.length > 64) return cell.trim() === "";
  const text = cell.trim();
  return text === "" || (text.length === 4 && text.toLowerCase() === "null");
}

function readCell(kind: Exclude<SeedKind, "text">, cell: string): string | undefined {
  switch (kind) {
    case "number":
      return readNumber(cell);
    case "date":
      return readDate(cell);
    case "datetime":
      return readDatetime(cell);
    case "iso-datetime":
      return readIsoDatetime(cell);
    case "boolean": {
      const text = cell.replaceAll(",", "").trim().toLowerCase();
      // Commas alone are nothing, oddly.
      return text === "true" || text === "false" || text === "" || text === "null" ? text : undefined;
    }
  }
}

/** The signs agate strips from both ends of a number, in its order. */
const CURRENCIES = "؋$ƒ៛¥₡₱£€¢﷼₪₩₭₮₦฿₤₫";
const PLAIN_NUMBER = /^-?\d+(?:\.\d+)?$/;
const DECIMAL = /^([-+]?)(?:(\d+\.?\d*|\.\d+)(?:e([-+]?\d+))?|(inf(?:inity)?)|nan\d*)$/i;

/** `$1,234.50`, `12%`, `1_000` and `1e3` are numbers; the sign may stand before the currency or after. */
function readNumber(cell: string): string | undefined {
  if (PLAIN_NUMBER.test(cell)) return cell;
  let text = strip(cell.trim(), "%");
  let negative = text.startsWith("-");
  if (negative) text = text.slice(1);
  for (const currency of CURRENCIES) text = strip(text, currency);
  text = text.replaceAll(",", "").trim().replaceAll("_", "");
  const match = DECIMAL.exec(text);
  if (!match) return undefined;
  if (match[1] === "-") negative = !negative;
  const number = match[2];
  if (number === undefined) return match[4] ? `${negative ? "-" : ""}Infinity` : "NaN";
  return `${negative ? "-" : ""}${number}${match[3] === undefined ? "" : `e${Number(match[3])}`}`;
}

function strip(text: string, sign: string): string {
  let [start, end] = [0, text.length];
  while (start < end && text.startsWith(sign, start)) start += sign.length;
  while (end > start && text.endsWith(sign) && text.slice(0, end).endsWith(sign)) {
    end -= sign.length;
    text = text.slice(0, end);
  }
  return text.slice(start, end);
}

const DATE = /^(\d{4})-(1[0-2]|0[1-9]|[1-9])-(3[01]|[12]\d|0[1-9]|[1-9]| [1-9])$/;
const DATETIME =
  /^(\d{4})-(1[0-2]|0[1-9]|[1-9])-(3[01]|[12]\d|0[1-9]|[1-9]| [1-9])\s+(2[0-3]|[01]\d|\d):([0-5]\d|\d):([0-5]\d|\d)$/;

/** `2024-01-31`, also `2024-1-31`. */
function readDate(cell: string): string | undefined {
  const match = DATE.exec(cell.trim());
  return match ? day(Number(match[1]), Number(match[2]), Number(match[3])) : undefined;
}

/** `2024-01-31 08:00:00`. */
function readDatetime(cell: string): string | undefined {
  const match = DATETIME.exec(cell.trim());
  const date = match && day(Number(match[1]), Number(match[2]), Number(match[3]));
  return date ? `${date} ${two(match[4]!)}:${two(match[5]!)}:${two(match[6]!)}` : undefined;
}

/** Date forms of ISO 8601, besides week dates: calendar, ordinal, and shortened ones down to the century. */
const ISO_CALENDAR = /^(\d{4})(?:-(\d{2})-(\d{2})|(\d{2})(\d{2}))$/;
const ISO_WEEK = /^(\d{4})(?:-W(\d{2})(?:-(\d))?|W(\d{2})(\d)?)$/;
const ISO_ORDINAL = /^(\d{4})-?(\d{3})$/;
const ISO_MONTH = /^(\d{4})(?:-?(\d{2}))?$/;
const ISO_CENTURY = /^(\d{2})$/;
const ISO_ZONE = /(?:Z|([+-])(\d{2})(?::?(\d{2}))?)$/;
const ISO_TIME = /^(\d{2})(?:(:?)(\d{2})(?:\2(\d{2}))?)?(?:[,.](\d+))?$/;

/** `2024-01-31T08:00:00Z` and every other form of ISO 8601 with a T; times with a zone are given in UTC. */
function readIsoDatetime(cell: string): string | undefined {
  const parts = cell.trim().split("T");
  if (parts.length !== 2) return undefined;
  const date = isoDate(parts[0]!);
  if (date === undefined) return undefined;
  const zone = ISO_ZONE.exec(parts[1]!);
  const time = isoTime(zone ? parts[1]!.slice(0, zone.index) : parts[1]!);
  if (!time) return undefined;
  if (!zone?.[2]) return `${date} ${time.text}`;
  const offset = (Number(zone[2]) * 60 + Number(zone[3] ?? 0)) * (zone[1] === "-" ? -60_000 : 60_000);
  const utc = new Date(Date.parse(`${date}T${time.text.slice(0, 8)}Z`) - offset);
  return `${utc.toISOString().slice(0, 19).replace("T", " ")}${time.text.slice(8)}`;
}

function isoDate(text: string): string | undefined {
  let m = ISO_CALENDAR.exec(text);
  // A month of 00 is January to dbt's reader.
  if (m) return day(Number(m[1]), Number(m[2] ?? m[4]) || 1, Number(m[3] ?? m[5]));
  m = ISO_WEEK.exec(text);
  if (m) return week(Number(m[1]), Number(m[2] ?? m[4]), Number(m[3] ?? m[5] ?? 1));
  m = ISO_ORDINAL.exec(text);
  if (m) return daysAfter(Number(m[1]), Number(m[2]) - 1);
  m = ISO_MONTH.exec(text);
  if (m) return day(Number(m[1]), Number(m[2] ?? 1) || 1, 1);
  m = ISO_CENTURY.exec(text);
  return m ? day(Number(m[1]) * 100 + 1, 1, 1) : undefined;
}

/** A fraction belongs to the last part there is: `10:00.5` is half a minute past ten. */
function isoTime(text: string): { text: string } | undefined {
  const m = ISO_TIME.exec(text);
  if (!m) return undefined;
  const [hour, minute, second] = [Number(m[1]), Number(m[3] ?? 0), Number(m[4] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const unit = m[4] !== undefined ? 1_000_000n : m[3] !== undefined ? 60_000_000n : 3_600_000_000n;
  const fraction = m[5] ?? "";
  const micros = fraction === "" ? 0n : (BigInt(fraction) * unit) / 10n ** BigInt(fraction.length);
  const total = BigInt((hour * 60 + minute) * 60 + second) * 1_000_000n + micros;
  const seconds = Number(total / 1_000_000n);
  const rest = String(total % 1_000_000n).padStart(6, "0");
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(":");
  return { text: rest === "000000" ? clock : `${clock}.${rest}` };
}

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** A date that exists, from year 1 on, as `2024-01-31`. */
function day(year: number, month: number, date: number): string | undefined {
  if (year < 1 || month < 1 || month > 12 || date < 1) return undefined;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (date > (month === 2 && !leap ? 28 : DAYS[month - 1]!)) return undefined;
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(date)}`;
}

/** ISO weeks begin on Monday; the first is the one with the year's first Thursday. */
function week(year: number, number: number, weekday: number): string | undefined {
  const first = new Date(0);
  first.setUTCFullYear(year, 0, 1);
  const firstDay = first.getUTCDay() || 7;
  const weeks = number - (firstDay <= 4 ? 1 : 0);
  return daysAfter(year, weeks * 7 - firstDay + weekday);
}

function daysAfter(year: number, days: number): string | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, 0, 1 + days);
  const found = date.getUTCFullYear();
  return year < 1 || found < 1 || found > 9999 ? undefined : day(found, date.getUTCMonth() + 1, date.getUTCDate());
}

const two = (value: number | string): string => String(Number(value)).padStart(2, "0");

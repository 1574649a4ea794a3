/** `strftime` and `strptime` in the C locale. */
import { raise } from "../errors.ts";
import { repr } from "../text.ts";

export interface Clock {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
}

export const weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
export const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

const pad = (n: number, width: number): string => String(n).padStart(width, "0");
const day = 86_400_000;

/** `Date.UTC` reads years below 100 as of the twentieth century. */
export function utcMillis(c: Clock): number {
  const date = new Date(0);
  date.setUTCFullYear(c.year, c.month - 1, c.day);
  date.setUTCHours(c.hour, c.minute, c.second, 0);
  return date.getTime();
}

/** 0 is Monday. */
export const weekday = (c: Clock): number => (new Date(utcMillis(c)).getUTCDay() + 6) % 7;

const dayOfYear = (c: Clock): number =>
  Math.round((utcMillis({ ...c, hour: 0, minute: 0, second: 0 }) - utcMillis({ ...midnight, year: c.year })) / day) + 1;
const midnight: Clock = { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0, microsecond: 0 };

/** ISO 8601's year, week and day of the week. */
export function isoCalendar(c: Clock): [year: number, week: number, weekday: number] {
  const thursday = new Date(utcMillis({ ...c, hour: 0, minute: 0, second: 0 }) + (3 - weekday(c)) * day);
  const year = thursday.getUTCFullYear();
  const week = Math.floor((thursday.getTime() - utcMillis({ ...midnight, year })) / (7 * day)) + 1;
  return [year, week, weekday(c) + 1];
}

/** `offset` and `zone` are what `%z` and `%Z` write. */
export function strftime(c: Clock, format: string, offset = "", zone = ""): string {
  const parts: Record<string, () => string> = {
    Y: () => pad(c.year, 4),
    m: () => pad(c.month, 2),
    d: () => pad(c.day, 2),
    e: () => String(c.day).padStart(2, " "),
    H: () => pad(c.hour, 2),
    I: () => pad(c.hour % 12 || 12, 2),
    M: () => pad(c.minute, 2),
    S: () => pad(c.second, 2),
    f: () => pad(c.microsecond, 6),
    y: () => pad(c.year % 100, 2),
    C: () => pad(Math.floor(c.year / 100), 2),
    j: () => pad(dayOfYear(c), 3),
    a: () => (weekdays[weekday(c)] ?? "").slice(0, 3),
    A: () => weekdays[weekday(c)] ?? "",
    b: () => (months[c.month - 1] ?? "").slice(0, 3),
    h: () => (months[c.month - 1] ?? "").slice(0, 3),
    B: () => months[c.month - 1] ?? "",
    p: () => (c.hour < 12 ? "AM" : "PM"),
    w: () => String((weekday(c) + 1) % 7),
    u: () => String(weekday(c) + 1),
    U: () => pad(Math.floor((dayOfYear(c) + 6 - ((weekday(c) + 1) % 7)) / 7), 2),
    W: () => pad(Math.floor((dayOfYear(c) + 6 - weekday(c)) / 7), 2),
    V: () => pad(isoCalendar(c)[1], 2),
    G: () => pad(isoCalendar(c)[0], 4),
    F: () => strftime(c, "%Y-%m-%d"),
    D: () => strftime(c, "%m/%d/%y"),
    T: () => strftime(c, "%H:%M:%S"),
    R: () => strftime(c, "%H:%M"),
    c: () => strftime(c, "%a %b %e %H:%M:%S %Y"),
    x: () => strftime(c, "%m/%d/%y"),
    X: () => strftime(c, "%H:%M:%S"),
    s: () => String(Math.floor(utcMillis(c) / 1000)),
    n: () => "\n",
    t: () => "\t",
    z: () => offset,
    Z: () => zone,
    "%": () => "%",
  };
  return format.replace(/%(-?)([a-zA-Z%])/g, (whole, bare: string, code: string) => {
    const text = parts[code]?.();
    if (text === undefined) return whole;
    return bare && /^\d/.test(text) ? text.replace(/^0+(?=\d)/, "") : text;
  });
}

const patterns: Readonly<Record<string, string>> = {
  Y: "\\d{4}",
  m: "1[0-2]|0?[1-9]",
  d: "3[01]|[12]\\d|0?[1-9]| [1-9]",
  H: "2[0-3]|[01]\\d|\\d",
  I: "1[0-2]|0?[1-9]",
  M: "[0-5]\\d|\\d",
  S: "6[01]|[0-5]\\d|\\d",
  f: "\\d{1,6}",
  y: "\\d{2}",
  j: "\\d{1,3}",
  p: "AM|PM",
  z: "[+-]\\d\\d:?\\d\\d(?::?\\d\\d)?|Z",
  Z: "UTC|GMT",
  a: weekdays.map((name) => name.slice(0, 3)).join("|"),
  A: weekdays.join("|"),
  b: months.map((name) => name.slice(0, 3)).join("|"),
  B: months.join("|"),
};

/** The fields a text has by a format; `offset` in seconds if the format has `%z`. A ValueError if it does not fit. */
export function strptime(source: string, format: string): Clock & { offset: number | undefined } {
  const codes: string[] = [];
  const expression = format.replace(/%(.)|\s+|[.*+?^${}()|[\]\\]/g, (whole, code?: string) => {
    if (code === undefined) return /\s/.test(whole) ? "\\s+" : `\\${whole}`;
    if (code === "%") return "%";
    const pattern = patterns[code];
    if (!pattern) return raise("ValueError", `'${code}' is a bad directive in format ${repr(format)}`);
    codes.push(code);
    return `(${pattern})`;
  });
  const found = new RegExp(`^${expression}$`, "i").exec(source);
  if (!found) {
    const most = new RegExp(`^${expression}`, "i").exec(source);
    if (most) raise("ValueError", `unconverted data remains: ${source.slice(most[0].length)}`);
    return raise("ValueError", `time data ${repr(source)} does not match format ${repr(format)}`);
  }
  const clock = { ...midnight, year: 1900 } as { -readonly [K in keyof Clock]: number };
  let offset: number | undefined;
  let isAfternoon: boolean | undefined;
  for (const [i, code] of codes.entries()) {
    const text = found[i + 1] ?? "";
    const n = Number(text);
    switch (code) {
      case "Y":
        clock.year = n;
        break;
      case "y":
        clock.year = n < 69 ? 2000 + n : 1900 + n;
        break;
      case "m":
        clock.month = n;
        break;
      case "b":
      case "B":
        clock.month = months.findIndex((name) => name.slice(0, 3).toLowerCase() === text.slice(0, 3).toLowerCase()) + 1;
        break;
      case "d":
        clock.day = n;
        break;
      case "H":
      case "I":
        clock.hour = n;
        break;
      case "p":
        isAfternoon = text.toUpperCase() === "PM";
        break;
      case "M":
        clock.minute = n;
        break;
      case "S":
        clock.second = n;
        break;
      case "f":
        clock.microsecond = Number(text.padEnd(6, "0"));
        break;
      case "j": {
        const date = new Date(utcMillis({ ...midnight, year: clock.year }) + (n - 1) * day);
        clock.month = date.getUTCMonth() + 1;
        clock.day = date.getUTCDate();
        break;
      }
      case "z":
        offset = offsetSeconds(text);
        break;
      default:
    }
  }
  if (isAfternoon !== undefined) clock.hour = (clock.hour % 12) + (isAfternoon ? 12 : 0);
  return { ...clock, offset };
}

export function offsetSeconds(text: string): number {
  if (text.toUpperCase() === "Z") return 0;
  const [hours = 0, minutes = 0, seconds = 0] = (text.slice(1).match(/\d\d/g) ?? []).map(Number);
  return (text.startsWith("-") ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds);
}

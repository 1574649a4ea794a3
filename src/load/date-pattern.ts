/**
 * Postgres's `to_date` patterns, as a strict reader: `to_date` itself takes "2025-1-5xyz" for a date in `YYYY-MM-DD`.
 * Written values are ISO.
 */
interface Parts {
  year?: number;
  month?: number;
  day?: number;
  hour?: number;
  minute?: number;
  second?: number;
  fraction?: string;
  afternoon?: boolean;
  zone?: string;
}

interface Token {
  readonly pattern: string;
  set(parts: Parts, text: string): void;
}

const MONTHS = "january february march april may june july august september october november december".split(" ");
const monthOf = (text: string): number => MONTHS.findIndex((m) => m.startsWith(text.toLowerCase())) + 1;

/** Longest first where one is another's beginning. Names of months are English, as `to_date` takes them. */
const TOKENS: readonly (readonly [string, Token])[] = [
  ["YYYY", { pattern: "\\d{4}", set: (p, t) => (p.year = Number(t)) }],
  // As to_date: the year nearest to 2020.
  ["YY", { pattern: "\\d{2}", set: (p, t) => (p.year = Number(t) + (Number(t) < 70 ? 2000 : 1900)) }],
  ["MONTH", { pattern: MONTHS.join("|"), set: (p, t) => (p.month = monthOf(t)) }],
  ["MON", { pattern: MONTHS.map((m) => m.slice(0, 3)).join("|"), set: (p, t) => (p.month = monthOf(t)) }],
  ["MM", { pattern: "\\d{1,2}", set: (p, t) => (p.month = Number(t)) }],
  ["MI", { pattern: "\\d{1,2}", set: (p, t) => (p.minute = Number(t)) }],
  ["MS", { pattern: "\\d{1,3}", set: (p, t) => (p.fraction = t) }],
  ["DD", { pattern: "\\d{1,2}", set: (p, t) => (p.day = Number(t)) }],
  ["HH24", { pattern: "\\d{1,2}", set: (p, t) => (p.hour = Number(t)) }],
  ["HH12", { pattern: "\\d{1,2}", set: (p, t) => (p.hour = Number(t)) }],
  ["HH", { pattern: "\\d{1,2}", set: (p, t) => (p.hour = Number(t)) }],
  ["SS", { pattern: "\\d{1,2}", set: (p, t) => (p.second = Number(t)) }],
  ["US", { pattern: "\\d{1,6}", set: (p, t) => (p.fraction = t) }],
  ...[1, 2, 3, 4, 5, 6].map((n) => [`FF${n}`, { pattern: `\\d{1,${n}}`, set: setFraction }] as const),
  ["AM", { pattern: "am|pm", set: setAfternoon }],
  ["PM", { pattern: "am|pm", set: setAfternoon }],
  ["A.M.", { pattern: "a\\.m\\.|p\\.m\\.", set: setAfternoon }],
  ["P.M.", { pattern: "a\\.m\\.|p\\.m\\.", set: setAfternoon }],
  ["TZH:TZM", { pattern: "[+-]\\d{2}:\\d{2}", set: (p, t) => (p.zone = t) }],
  ["TZHTZM", { pattern: "[+-]\\d{4}", set: (p, t) => (p.zone = t) }],
  ["TZH", { pattern: "[+-]\\d{2}", set: (p, t) => (p.zone = t) }],
  ["OF", { pattern: "[+-]\\d{2}(?::?\\d{2})?", set: (p, t) => (p.zone = t) }],
];

export const TOKEN_NAMES = TOKENS.map(([name]) => name).join(", ");

function setFraction(parts: Parts, text: string): void {
  parts.fraction = text;
}

function setAfternoon(parts: Parts, text: string): void {
  parts.afternoon = text.toLowerCase().startsWith("p");
}

/**
 * A reader of texts in the pattern, which writes them as ISO; undefined for a text that is not written so, or when no such
 * day exists. For a pattern that is not understood, what of it is not.
 */
export function compilePattern(pattern: string): ((text: string) => string | undefined) | string {
  const used: Token[] = [];
  const hours12 = /HH(?!24)/i.test(pattern);
  const withTime = /HH|MI|SS/i.test(pattern);
  let source = "";
  for (let rest = pattern.replace(/^FX/i, ""); rest !== "";) {
    const upper = rest.replace(/^(FM|TM)/i, "").toUpperCase();
    const skipped = rest.length - upper.length;
    const literal = /^"((?:[^"\\]|\\.)*)"/.exec(rest)?.[0] ?? /^[^A-Za-z"]/u.exec(rest)?.[0];
    const found = TOKENS.find(([name]) => upper.startsWith(name));
    if (literal !== undefined) {
      const text = literal.startsWith('"') ? literal.slice(1, -1).replace(/\\(.)/g, "$1") : literal;
      source += text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
      rest = rest.slice(literal.length);
    } else if (found) {
      used.push(found[1]);
      source += `(${found[1].pattern})`;
      rest = rest.slice(skipped + found[0].length);
    } else if (/^T(HH|$)/i.test(upper)) {
      // ISO's separator, which to_date skips over without quotes too.
      source += "T";
      rest = rest.slice(1);
    } else return rest;
  }
  const shape = new RegExp(`^\\s*${source}\\s*$`, "iu");
  return (text) => {
    const match = shape.exec(text);
    if (!match) return undefined;
    const parts: Parts = {};
    for (const [i, token] of used.entries()) token.set(parts, match[i + 1]!);
    return written(parts, hours12, withTime);
  };
}

function written(p: Parts, hours12: boolean, withTime: boolean): string | undefined {
  const { year = 1, month = 1, day = 1, minute = 0, second = 0 } = p;
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  const date = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
  if (!withTime) return date;
  let { hour = 0 } = p;
  if (hours12) {
    if (hour < 1 || hour > 12) return undefined;
    hour = (hour % 12) + (p.afternoon ? 12 : 0);
  }
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const fraction = p.fraction === undefined ? "" : `.${p.fraction}`;
  return `${date} ${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}${fraction}${p.zone ?? ""}`;
}

const pad = (n: number, width: number): string => String(n).padStart(width, "0");

const daysIn = (year: number, month: number): number => {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
};

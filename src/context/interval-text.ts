/** Intervals as dbt's query results have them: the texts of Python's timedeltas, in which a month has 30 days. */

const DAYS: Readonly<Record<string, number>> = { year: 365, mon: 30, day: 1 };
const PART = /([+-]?\d+) (year|mon|day)s?/g;
const CLOCK = /([+-]?)(\d+):(\d\d):(\d\d(?:\.\d+)?)$/;
/** As the server writes them unless told otherwise: `1 year 2 mons -3 days +04:05:06.789`. */
const WHOLE = /^(?:[+-]?\d+ (?:year|mon|day)s? ?)*(?:[+-]?\d+:\d\d:\d\d(?:\.\d+)?)?$/;
const MICROSECONDS_A_DAY = 86_400_000_000;

/** `1 day 02:00:00` → `1 day, 2:00:00`, `-01:00:00` → `-1 day, 23:00:00`. Another style of intervals stays as it is. */
export function intervalText(text: string): string {
  if (text === "" || !WHOLE.test(text)) return text;
  let days = 0;
  for (const [, n, unit] of text.matchAll(PART)) days += Number(n) * DAYS[unit!]!;
  const [, sign, hours, minutes, seconds] = CLOCK.exec(text) ?? [];
  const clock = (Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0)) * 1e6;
  const micros = Math.round(sign === "-" ? -clock : clock);
  // As Python: only the days may be negative.
  const whole = Math.floor(micros / MICROSECONDS_A_DAY);
  days += whole;
  return `${days === 0 ? "" : `${days} day${Math.abs(days) === 1 ? "" : "s"}, `}${time(micros - whole * MICROSECONDS_A_DAY)}`;
}

const two = (n: number): string => String(n).padStart(2, "0");

function time(micros: number): string {
  const seconds = Math.floor(micros / 1e6);
  const rest = micros % 1e6;
  const fraction = rest === 0 ? "" : `.${String(rest).padStart(6, "0")}`;
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}${fraction}`;
}

import { below, type Random } from "./random.ts";

const DAY = 86_400_000;

export interface Calendar {
  readonly days: number;
  /** `YYYY-MM-DD` of a day counted from 0; days past the end are fine. */
  text(day: number): string;
  /** A day for row `row` of `rows`, in order: working days and the turn of the month are busier. */
  busy(row: number, rows: number): number;
  /** Any day, each as likely. */
  even(random: Random): number;
}

/** Days from `start` to `end`, both `YYYY-MM-DD` and both included. Throws a `RangeError` for anything else. */
export function makeCalendar(start: string, end: string): Calendar {
  const from = parseDay(start, "start");
  const to = parseDay(end, "end");
  if (to < from) throw new RangeError(`end (${end}) is before start (${start})`);
  const days = Math.round((to - from) / DAY) + 1;
  const text = (day: number) => new Date(from + day * DAY).toISOString().slice(0, 10);
  const texts = Array.from({ length: days }, (_, day) => text(day));
  const upTo = new Float64Array(days); // share of all rows up to and including the day
  let sum = 0;
  for (let day = 0; day < days; day++) upTo[day] = sum += busyness(new Date(from + day * DAY));
  let current = 0;
  return {
    days,
    text: (day) => texts[day] ?? text(day),
    busy: (row, rows) => {
      const wanted = ((row + 0.5) / rows) * sum;
      if (row === 0) current = 0;
      while (current < days - 1 && upTo[current]! < wanted) current++;
      return current;
    },
    even: (random) => below(random, days),
  };
}

function busyness(date: Date): number {
  const weekend = date.getUTCDay() % 6 === 0;
  const turnOfMonth = date.getUTCDate() <= 2 || date.getUTCDate() >= 28;
  return (weekend ? 0.5 : 1) * (turnOfMonth ? 1.5 : 1);
}

function parseDay(text: string, option: string): number {
  const at = Date.parse(`${text}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text)
    throw new RangeError(`${option} must be a date such as 2025-01-31, not ${JSON.stringify(text)}`);
  return at;
}

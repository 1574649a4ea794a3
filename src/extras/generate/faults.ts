import type { Calendar } from "./calendar.ts";
import { below, type Random } from "./random.ts";
import type { Row } from "./rows.ts";

/** What real extracts hold. A fault turns one row into the text lines that stand in its place. */
export const FAULTS = [
  "duplicate",
  "conflicting-duplicate",
  "missing-value",
  "unparsable-amount",
  "unparsable-date",
  "mixed-case",
  "padding",
  "unknown-type",
  "negative-amount",
  "future-date",
  "short-row",
  "long-row",
] as const;
export type Fault = (typeof FAULTS)[number];

const UNPARSABLE_AMOUNTS = ["n/a", "12.345,67", "1O0.00", "--", "12.3.4"];
const UNPARSABLE_DATES = ["2025-02-30", "31/12/2025", "yesterday", "2025-13-01", "20250101"];
const UNKNOWN_TYPES = ["refund", "fee", "chargeback", "depositt"];

const AMOUNT = 5;

export interface Spoiler {
  /** Lines without a line end, to be written in place of the row. */
  spoil(row: Row): string[];
  readonly counts: Readonly<Record<Fault, number>>;
}

export function makeSpoiler(random: Random, calendar: Calendar): Spoiler {
  const counts: Record<Fault, number> = Object.fromEntries(FAULTS.map((fault) => [fault, 0])) as Record<Fault, number>; // all keys of FAULTS are there
  const pick = (texts: readonly string[]): string => texts[below(random, texts.length)]!;

  const lines: Record<Fault, (row: Row) => string[]> = {
    duplicate: (row) => [row.join(), row.join()],
    "conflicting-duplicate": (row) => [row.join(), replaced(row, AMOUNT, raised(row[AMOUNT])).join()],
    "missing-value": (row) => [replaced(row, below(random, row.length), "").join()],
    "unparsable-amount": (row) => [replaced(row, AMOUNT, quoted(pick(UNPARSABLE_AMOUNTS))).join()],
    "unparsable-date": (row) => [replaced(row, 3, pick(UNPARSABLE_DATES)).join()],
    "mixed-case": (row) => [replaced(row, 4, mixedCase(row[4], random)).join()],
    padding: (row) => [row.map((field) => `${" ".repeat(below(random, 3))}${field} `).join()],
    "unknown-type": (row) => [replaced(row, 4, pick(UNKNOWN_TYPES)).join()],
    "negative-amount": (row) => [replaced(row, AMOUNT, `-${row[AMOUNT]}`).join()],
    // At least a year past the end, so that it is in the future on whichever day of the period one looks.
    "future-date": (row) => [replaced(row, 3, calendar.text(calendar.days + 366 + below(random, 365))).join()],
    "short-row": (row) => [row.slice(0, 1 + below(random, row.length - 1)).join()],
    "long-row": (row) => [[...row, pick(["", "EUR", "x"])].join()],
  };

  return {
    counts,
    spoil(row) {
      const fault = FAULTS[below(random, FAULTS.length)]!;
      counts[fault]++;
      return lines[fault](row);
    },
  };
}

const replaced = (row: Row, index: number, value: string): string[] =>
  row.map((field, i) => (i === index ? value : field));

const quoted = (text: string): string => (text.includes(",") ? `"${text}"` : text);

/** Another amount: ten times as much, as when a decimal point slips. */
const raised = (amount: string): string => `${amount.replace(/\.(\d)/, "$1.")}0`;

function mixedCase(type: string, random: Random): string {
  const titled = type.charAt(0).toUpperCase() + type.slice(1);
  return below(random, 2) === 0 ? type.toUpperCase() : titled;
}

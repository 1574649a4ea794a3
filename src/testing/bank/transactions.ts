import { parse } from "csv-parse/sync";
import { type Cents, parseCents } from "./money.ts";

/** The bank's types in the order of its lists, and which way the money goes. */
export const DIRECTIONS = { deposit: "in", transfer: "in", withdrawal: "out", payment: "out" } as const;
export type TransactionType = keyof typeof DIRECTIONS;
export const TYPES: readonly TransactionType[] = ["deposit", "transfer", "withdrawal", "payment"];

export interface Transaction {
  readonly id: string;
  readonly customer: string;
  readonly name: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly type: TransactionType;
  readonly amount: Cents;
}

export interface Delivery {
  /** One per transaction: the first that was delivered. */
  readonly accepted: readonly Transaction[];
  /** Rows that a business rule refuses, by the rule's name. */
  readonly rejected: ReadonlyMap<string, number>;
  /** Rows that repeat an accepted one, word for word. */
  readonly duplicates: number;
  /** Lines with too few or too many fields. */
  readonly quarantined: number;
  /** Lines of the file, its header apart. */
  readonly rows: number;
}

const FIELDS = 6;

/** Reads a file's text by the bank's rules, without a database. `asOf` (`YYYY-MM-DD`) is the last day that is not in the future. */
export function readTransactions(csv: string, asOf = "2025-12-31"): Delivery {
  const records: string[][] = parse(csv, { from_line: 2, relax_column_count: true });
  const accepted = new Map<string, Transaction>();
  const rejected = new Map<string, number>();
  const reject = (rule: string) => rejected.set(rule, (rejected.get(rule) ?? 0) + 1);
  let duplicates = 0;
  let quarantined = 0;
  for (const record of records) {
    const read = record.length === FIELDS ? readRow(record, asOf) : undefined;
    if (read === undefined) {
      quarantined++;
      continue;
    }
    if (typeof read === "string") {
      reject(read);
      continue;
    }
    const first = accepted.get(read.id);
    if (first === undefined) accepted.set(read.id, read);
    else if (samePayload(first, read)) duplicates++;
    else reject("same_id_other_payload");
  }
  return { accepted: [...accepted.values()], rejected, duplicates, quarantined, rows: records.length };
}

/** The transaction, or the name of the first rule that it breaks. */
function readRow(record: readonly string[], asOf: string): Transaction | string {
  const [id = "", customer = "", name = "", date = "", type = "", amount = ""] = record.map((field) => field.trim());
  if (id === "") return "transaction_id_missing";
  if (customer === "") return "customer_id_missing";
  if (name === "") return "customer_name_missing";
  if (date === "") return "transaction_date_missing";
  if (!isDate(date)) return "transaction_date_unparsable";
  if (date > asOf) return "transaction_date_in_future";
  if (type === "") return "transaction_type_missing";
  const known = TYPES.find((candidate) => candidate === type.toLowerCase());
  if (known === undefined) return "transaction_type_unknown";
  if (amount === "") return "amount_missing";
  const cents = parseCents(amount);
  if (cents === undefined) return "amount_unparsable";
  if (cents <= 0n) return "amount_not_positive";
  return {
    id: id.toUpperCase(),
    customer: customer.toUpperCase(),
    name: name.split(/\s+/).join(" "),
    date,
    type: known,
    amount: cents,
  };
}

function isDate(text: string): boolean {
  if (!/^(19|20)\d\d-\d\d-\d\d$/.test(text)) return false;
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}

const samePayload = (a: Transaction, b: Transaction): boolean =>
  a.customer === b.customer && a.name === b.name && a.date === b.date && a.type === b.type && a.amount === b.amount;

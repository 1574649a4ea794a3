import { type Calendar, makeCalendar } from "./calendar.ts";
import { type Customers, makeCustomers } from "./customers.ts";
import { gammaQuantile } from "./gamma.ts";
import type { GenerateOptions, Profile } from "./options.ts";
import { below, type Random, seededRandom } from "./random.ts";

export const HEADER = "transaction_id,customer_id,customer_name,transaction_date,transaction_type,amount";
export const TYPES = ["deposit", "withdrawal", "transfer", "payment"] as const;

/** Fields in the header's order, as text. */
export type Row = [id: string, customer: string, name: string, date: string, type: string, amount: string];

/** In the order of `TYPES`: mean and shape of a gamma distribution. Together they give the published figures. */
const AMOUNTS: readonly (readonly [mean: number, shape: number])[] = [
  [8_981, 3],
  [17_798, 9.93],
  [7_964, 3],
  [16_761, 9.93],
];
const CAP = 75_000;
/** The golden ratio's fraction: multiples of it fill [0, 1) more evenly than chance does, at every length. */
const STRIDE = 0.6180339887498949;

/** With the default seed, this stream's `original` has the published inflow and outflow of 49 : 51. */
const STREAMS: Readonly<Record<Profile, string>> = { published: "published", original: "original airflow" };

/** Makes row number `row`, counted from 0; to be called in order. */
export type RowMaker = (row: number) => Row;

export function makeRows(options: GenerateOptions): { row: RowMaker; calendar: Calendar } {
  const calendar = makeCalendar(options.start, options.end);
  const customers = makeCustomers({
    count: options.customers,
    seed: options.seed,
    days: calendar.days,
    lifelike: options.profile === "published",
  });
  const random = seededRandom(options.seed, STREAMS[options.profile]);
  const make = options.profile === "published" ? publishedRows : originalRows;
  return { row: make(options, calendar, customers, random), calendar };
}

/** Every published figure holds for single transactions; rows come in the order of their dates. */
function publishedRows(options: GenerateOptions, calendar: Calendar, customers: Customers, random: Random): RowMaker {
  const quantiles = AMOUNTS.map(([mean, shape]) => gammaQuantile(mean, shape, CAP));
  const probability = AMOUNTS.map(() => random());
  const block = [0, 1, 2, 3];
  return (row) => {
    if (row % 4 === 0) shuffle(block, random);
    const type = block[row % 4]!;
    const day = calendar.busy(row, options.rows);
    const customer = customers.draw();
    probability[type] = (probability[type]! + STRIDE) % 1;
    const cents = Math.max(100, Math.round(quantiles[type]!(probability[type]!) * 100));
    return line(row, customers, customer, calendar, day, TYPES[type]!, cents);
  };
}

/** The original script: everything uniform, amounts between 50 and 5,000. */
function originalRows(_: GenerateOptions, calendar: Calendar, customers: Customers, random: Random): RowMaker {
  const block = [0, 1, 2, 3];
  return (row) => {
    if (row % 4 === 0) shuffle(block, random);
    const type = TYPES[block[row % 4]!]!;
    const day = calendar.even(random);
    const cents = 5_000 + below(random, 495_001);
    return line(row, customers, customers.draw(), calendar, day, type, cents);
  };
}

function line(
  row: number,
  who: Customers,
  index: number,
  when: Calendar,
  day: number,
  type: string,
  cents: number,
): Row {
  const id = `T${String(row + 1).padStart(8, "0")}`;
  return [id, who.id(index), who.name(index, day), when.text(day), type, amount(cents)];
}

/** Cents as `1234.50`. */
export function amount(cents: number): string {
  const rest = cents % 100;
  return `${(cents - rest) / 100}${rest < 10 ? ".0" : "."}${rest}`;
}

function shuffle(items: number[], random: Random): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = below(random, i + 1);
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
}

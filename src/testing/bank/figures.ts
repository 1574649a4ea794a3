import { grouped } from "./grouped.ts";
import { ascending, type Cents, mean, millionths, quartile, sum } from "./money.ts";
import { DIRECTIONS, type Transaction, type TransactionType, TYPES } from "./transactions.ts";

/** What the marts should say, computed from the file alone. Shares are millionths; `mart-rows.ts` writes all as Postgres does. */

export interface CustomerName {
  readonly customer: string;
  /** The latest, and the day of the first transaction in the latest stretch of it. */
  readonly name: string;
  readonly since: string;
  readonly namesUsed: number;
  readonly firstDate: string;
  readonly lastDate: string;
}

export interface SummaryRow {
  readonly customer: string;
  readonly type: TransactionType;
  readonly name: string;
  readonly count: number;
  readonly total: Cents;
  readonly average: Cents;
  readonly median: Cents;
  readonly smallest: Cents;
  readonly largest: Cents;
  readonly firstDate: string;
  readonly lastDate: string;
}

export interface OverviewRow {
  readonly customer: string;
  readonly count: number;
  readonly total: Cents;
  readonly inflow: Cents;
  readonly outflow: Cents;
  readonly lastDate: string;
  readonly rank: number;
}

export interface MonthRow {
  /** `YYYY-MM`. */
  readonly month: string;
  readonly type: TransactionType;
  readonly count: number;
  readonly total: Cents;
  readonly opening: Cents;
  readonly net: Cents;
  readonly closing: Cents;
}

export interface ShareRow<Name extends string> {
  readonly name: Name;
  readonly count: number;
  readonly total: Cents;
  /** Null when there is nothing to share. */
  readonly shareOfCount: bigint | null;
  readonly shareOfAmount: bigint | null;
}

export interface ValueStats {
  readonly count: number;
  readonly total: Cents;
  readonly mean: Cents;
  readonly lowerQuartile: Cents;
  readonly median: Cents;
  readonly upperQuartile: Cents;
  readonly smallest: Cents;
  readonly largest: Cents;
}

export function customerNames(transactions: readonly Transaction[]): CustomerName[] {
  return [...grouped(transactions, (t) => t.customer)].map(([customer, own]) => {
    const inOrder = own.toSorted((a, b) => compare(a.date, b.date) || compare(a.id, b.id));
    const latest = inOrder.at(-1)!;
    const lastOther = inOrder.findLastIndex((t) => t.name !== latest.name);
    return {
      customer,
      name: latest.name,
      since: inOrder[lastOther + 1]!.date,
      namesUsed: new Set(own.map((t) => t.name)).size,
      firstDate: inOrder[0]!.date,
      lastDate: latest.date,
    };
  });
}

export function customerSummary(transactions: readonly Transaction[]): SummaryRow[] {
  const names = new Map(customerNames(transactions).map((entry) => [entry.customer, entry.name]));
  return [...grouped(transactions, (t) => `${t.customer}\n${t.type}`).values()].map((own) => {
    const amounts = ascending(own.map((t) => t.amount));
    const dates = own.map((t) => t.date).toSorted();
    const { customer, type } = own[0]!;
    return {
      customer,
      type,
      name: names.get(customer)!,
      count: own.length,
      total: sum(amounts),
      average: mean(amounts),
      median: quartile(amounts, 2),
      smallest: amounts[0]!,
      largest: amounts.at(-1)!,
      firstDate: dates[0]!,
      lastDate: dates.at(-1)!,
    };
  });
}

/** In the order of the rank: most money moved first, and of two equals the lower number. */
export function customerOverview(transactions: readonly Transaction[]): OverviewRow[] {
  const rows = [...grouped(transactions, (t) => t.customer)].map(([customer, own]) => ({
    customer,
    count: own.length,
    total: sum(own.map((t) => t.amount)),
    inflow: sum(own.filter(isInflow).map((t) => t.amount)),
    outflow: sum(own.filter((t) => !isInflow(t)).map((t) => t.amount)),
    lastDate: own
      .map((t) => t.date)
      .toSorted()
      .at(-1)!,
  }));
  return rows
    .toSorted((a, b) => (a.total === b.total ? compare(a.customer, b.customer) : a.total > b.total ? -1 : 1))
    .map((row, index) => Object.assign(row, { rank: index + 1 }));
}

/** Every month from the first to the last, with every type; balances run from zero. */
export function monthlyCashFlow(transactions: readonly Transaction[]): MonthRow[] {
  const months = monthsBetween(transactions.map((t) => t.date.slice(0, 7)));
  const cells = grouped(transactions, (t) => `${t.date.slice(0, 7)} ${t.type}`);
  return TYPES.flatMap((type) => {
    let balance = 0n;
    return months.map((month): MonthRow => {
      const amounts = (cells.get(`${month} ${type}`) ?? []).map((t) => t.amount);
      const total = sum(amounts);
      const net = DIRECTIONS[type] === "in" ? total : -total;
      const opening = balance;
      balance += net;
      return { month, type, count: amounts.length, total, opening, net, closing: balance };
    });
  });
}

/** The parts of a whole, in the order of `names`; a name without rows has a row all the same. */
function shares<Name extends string, Item>(
  names: readonly Name[],
  items: readonly Item[],
  nameOf: (item: Item) => Name,
  amountOf: (item: Item) => Cents,
): ShareRow<Name>[] {
  const groups = grouped(items, nameOf);
  const whole = sum(items.map(amountOf));
  return names.map((name) => {
    const own = groups.get(name) ?? [];
    const total = sum(own.map(amountOf));
    return {
      name,
      count: own.length,
      total,
      shareOfCount: millionths(BigInt(own.length), BigInt(items.length)),
      shareOfAmount: millionths(total, whole),
    };
  });
}

export const typeRatio = (transactions: readonly Transaction[]): ShareRow<TransactionType>[] =>
  shares(
    TYPES,
    transactions,
    (t) => t.type,
    (t) => t.amount,
  );

export const inflowOutflow = (transactions: readonly Transaction[]): ShareRow<"inflow" | "outflow">[] =>
  shares(
    ["inflow", "outflow"],
    transactions,
    (t) => (isInflow(t) ? "inflow" : "outflow"),
    (t) => t.amount,
  );

export type Size = "low" | "medium" | "high";

/** Low below 10,000, high above 20,000. Of single transactions' amounts or of summary rows' totals: the caller chooses the grain. */
export const sizeBuckets = (amounts: readonly Cents[]): ShareRow<Size>[] =>
  shares(
    ["low", "medium", "high"],
    amounts,
    (amount) => (amount < 10_000_00n ? "low" : amount <= 20_000_00n ? "medium" : "high"),
    (amount) => amount,
  );

/** Undefined when there are no amounts. */
export function valueStats(amounts: readonly Cents[]): ValueStats | undefined {
  if (amounts.length === 0) return undefined;
  const sorted = ascending(amounts);
  return {
    count: sorted.length,
    total: sum(sorted),
    mean: mean(sorted),
    lowerQuartile: quartile(sorted, 1),
    median: quartile(sorted, 2),
    upperQuartile: quartile(sorted, 3),
    smallest: sorted[0]!,
    largest: sorted.at(-1)!,
  };
}

const isInflow = (transaction: Transaction): boolean => DIRECTIONS[transaction.type] === "in";

/** By code unit, as Postgres does for ASCII under its "C" collation. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function monthsBetween(seen: readonly string[]): string[] {
  const months = seen.toSorted();
  const all = months.slice(0, 1);
  while (all.length > 0 && all.at(-1)! < months.at(-1)!) all.push(monthAfter(all.at(-1)!));
  return all;
}

function monthAfter(month: string): string {
  const [year = 0, number = 0] = month.split("-").map(Number);
  return number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, "0")}`;
}

import {
  customerNames,
  customerOverview,
  customerSummary,
  inflowOutflow,
  monthlyCashFlow,
  type ShareRow,
  sizeBuckets,
  typeRatio,
  valueStats,
} from "./figures.ts";
import { type Cents, millionths, sum, writeCents, writeDecimal } from "./money.ts";
import { DIRECTIONS, type Transaction } from "./transactions.ts";

/** A mart's row with every value as Postgres writes it; null where the mart has null. */
export type MartRow = Readonly<Record<string, string | null>>;

/** The marts that can be foretold from the file, and the columns that tell their rows apart. */
export const MART_KEYS = {
  dim_customers: ["customer_id"],
  customer_summary: ["customer_id", "transaction_type"],
  customer_overview: ["customer_id"],
  monthly_cash_flow: ["cash_month", "transaction_type"],
  transaction_type_ratio: ["transaction_type"],
  top_customers: ["customer_rank"],
  transaction_value_stats: ["grain"],
  transaction_size_buckets: ["size_bucket"],
  customer_summary_size_buckets: ["size_bucket"],
  inflow_outflow: ["flow"],
  large_transactions: ["transaction_id"],
  dormant_customers: ["customer_id"],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type Mart = keyof typeof MART_KEYS;

/** The project's vars; amounts in cents. */
export interface MartVars {
  readonly asOf: string;
  readonly topN: number;
  readonly largeFrom: Cents;
  readonly dormantAfterDays: number;
  readonly premiumFrom: Cents;
  readonly plusFrom: Cents;
}

/** As in `dbt_project.yml`. */
export const DEFAULT_VARS: MartVars = {
  asOf: "2025-12-31",
  topN: 5,
  largeFrom: 35_000_00n,
  dormantAfterDays: 60,
  premiumFrom: 250_000_00n,
  plusFrom: 150_000_00n,
};

/**
 * Every mart's rows, each sorted by its key, to be compared with `select … order by key collate "C"`. Rows hold the
 * columns that carry a figure or a name; labels and sort orders, which come straight from a seed, are left out.
 */
export function martRows(transactions: readonly Transaction[], vars: MartVars = DEFAULT_VARS): Record<Mart, MartRow[]> {
  const names = customerNames(transactions);
  const summary = customerSummary(transactions);
  const overview = customerOverview(transactions).map((row) => ({ ...row, segment: segment(row.total, vars) }));
  const all = sum(transactions.map((t) => t.amount));
  const rows: Record<Mart, MartRow[]> = {
    dim_customers: names.map((row) => ({
      customer_id: row.customer,
      customer_name: row.name,
      name_since: `${row.since} 00:00:00`,
      names_used: String(row.namesUsed),
      first_transaction_date: row.firstDate,
      last_transaction_date: row.lastDate,
    })),
    customer_summary: summary.map((row) => ({
      customer_id: row.customer,
      transaction_type: row.type,
      customer_name: row.name,
      transaction_count: String(row.count),
      total_amount: writeCents(row.total),
      amount: writeCents(row.total),
      average_amount: writeCents(row.average),
      median_amount: writeCents(row.median),
      smallest_amount: writeCents(row.smallest),
      largest_amount: writeCents(row.largest),
      first_transaction_date: row.firstDate,
      last_transaction_date: row.lastDate,
    })),
    customer_overview: overview.map((row) => ({
      customer_id: row.customer,
      transaction_count: String(row.count),
      total_amount: writeCents(row.total),
      inflow: writeCents(row.inflow),
      outflow: writeCents(row.outflow),
      net: writeCents(row.inflow - row.outflow),
      last_transaction_date: row.lastDate,
      customer_rank: String(row.rank),
      segment: row.segment,
    })),
    monthly_cash_flow: monthlyCashFlow(transactions).map((row) => ({
      cash_month: `${row.month}-01`,
      transaction_type: row.type,
      direction: DIRECTIONS[row.type],
      transaction_count: String(row.count),
      total_amount: writeCents(row.total),
      opening_balance: writeCents(row.opening),
      net: writeCents(row.net),
      closing_balance: writeCents(row.closing),
    })),
    transaction_type_ratio: typeRatio(transactions).map((row) => ({
      transaction_type: row.name,
      transaction_count: String(row.count),
      ...amountAndShares(row),
    })),
    top_customers: overview.slice(0, vars.topN).map((row) => ({
      customer_rank: String(row.rank),
      customer_id: row.customer,
      customer_name: names.find((name) => name.customer === row.customer)!.name,
      transaction_count: String(row.count),
      total_amount: writeCents(row.total),
      share_of_amount: writeShare(millionths(row.total, all)),
    })),
    transaction_value_stats: [
      statsRow(
        "transaction",
        transactions.map((t) => t.amount),
      ),
      statsRow(
        "customer_summary",
        summary.map((row) => row.total),
      ),
    ],
    transaction_size_buckets: sizeBuckets(transactions.map((t) => t.amount)).map(bucketRow),
    customer_summary_size_buckets: sizeBuckets(summary.map((row) => row.total)).map(bucketRow),
    inflow_outflow: inflowOutflow(transactions)
      .filter((row) => row.count > 0)
      .map((row) => ({ flow: row.name, transaction_count: String(row.count), ...amountAndShares(row) })),
    large_transactions: transactions
      .filter((t) => t.amount >= vars.largeFrom)
      .map((t) => ({
        transaction_id: t.id,
        customer_id: t.customer,
        transaction_date: t.date,
        transaction_type: t.type,
        direction: DIRECTIONS[t.type],
        amount: writeCents(t.amount),
      })),
    dormant_customers: overview
      .map((row) => ({ ...row, days: daysBetween(row.lastDate, vars.asOf) }))
      .filter((row) => row.days > vars.dormantAfterDays)
      .map((row) => ({
        customer_id: row.customer,
        last_transaction_date: row.lastDate,
        days_since_last_transaction: String(row.days),
        transaction_count: String(row.count),
        total_amount: writeCents(row.total),
        segment: row.segment,
      })),
  };
  for (const mart of Object.keys(MART_KEYS) as Mart[]) rows[mart] = sortByKey(rows[mart], MART_KEYS[mart]); // keys are exactly the marts
  return rows;
}

const segment = (total: Cents, vars: MartVars): string =>
  total >= vars.premiumFrom ? "premium" : total >= vars.plusFrom ? "plus" : "standard";

const writeShare = (share: bigint | null): string | null => (share === null ? null : writeDecimal(share, 6));

const amountAndShares = (row: ShareRow<string>): MartRow => ({
  total_amount: writeCents(row.total),
  share_of_count: writeShare(row.shareOfCount),
  share_of_amount: writeShare(row.shareOfAmount),
});

const bucketRow = (row: ShareRow<string>): MartRow => ({
  size_bucket: row.name,
  row_count: String(row.count),
  ...amountAndShares(row),
});

const writeIfAny = (cents: Cents | undefined): string | null => (cents === undefined ? null : writeCents(cents));

function statsRow(grain: string, amounts: readonly Cents[]): MartRow {
  const stats = valueStats(amounts);
  return {
    grain,
    row_count: String(stats?.count ?? 0),
    total_amount: writeIfAny(stats?.total),
    mean_amount: writeIfAny(stats?.mean),
    lower_quartile: writeIfAny(stats?.lowerQuartile),
    median_amount: writeIfAny(stats?.median),
    upper_quartile: writeIfAny(stats?.upperQuartile),
    smallest_amount: writeIfAny(stats?.smallest),
    largest_amount: writeIfAny(stats?.largest),
  };
}

const daysBetween = (from: string, to: string): number => Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);

/** By code unit, whatever the values mean: ranks too are sorted as text. */
function sortByKey(rows: readonly MartRow[], key: readonly string[]): MartRow[] {
  const text = (row: MartRow) => key.map((column) => row[column]).join("\u0000");
  return rows.toSorted((a, b) => (text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0));
}

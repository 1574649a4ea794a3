import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { generate } from "../../extras/generate/generate.ts";
import type { GenerateRequest } from "../../extras/generate/options.ts";
import { customerSummary, inflowOutflow, sizeBuckets, typeRatio, valueStats } from "./figures.ts";
import { martRows } from "./mart-rows.ts";
import { readTransactions } from "./transactions.ts";

const HEADER = "transaction_id,customer_id,customer_name,transaction_date,transaction_type,amount";

const delivered = (...lines: string[]) => readTransactions([HEADER, ...lines, ""].join("\n"));

/** Small enough to check with a pencil. */
const tiny = delivered(
  "T1,C1,Ann Lee,2025-01-31,deposit,9999.99",
  "T2,C1,Ann Lee,2025-03-01,deposit,20000.00",
  "T3,C1,Ann Roe,2025-03-02,payment,20000.01",
  "T4,C2,Bo Ek,2025-01-05,withdrawal,100.00",
  "T5,C2,Bo Ek,2025-01-05,transfer,0.01",
).accepted;

async function generated(request: GenerateRequest) {
  const chunks: Buffer[] = [];
  const out = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  const made = await generate(request, out);
  return { made, delivery: readTransactions(Buffer.concat(chunks).toString("utf8")) };
}

test("a customer who takes another name stays one customer, under the latest name", () => {
  expect(martRows(tiny).dim_customers[0]).toEqual({
    customer_id: "C1",
    customer_name: "Ann Roe",
    name_since: "2025-03-02 00:00:00",
    names_used: "2",
    first_transaction_date: "2025-01-31",
    last_transaction_date: "2025-03-02",
  });
  expect(customerSummary(tiny)).toHaveLength(4);
});

test("the summary has one row for each customer and type", () => {
  expect(martRows(tiny).customer_summary[0]).toEqual({
    customer_id: "C1",
    transaction_type: "deposit",
    customer_name: "Ann Roe",
    transaction_count: "2",
    total_amount: "29999.99",
    amount: "29999.99",
    average_amount: "15000.00",
    median_amount: "15000.00",
    smallest_amount: "9999.99",
    largest_amount: "20000.00",
    first_transaction_date: "2025-01-31",
    last_transaction_date: "2025-03-01",
  });
});

test("overview, ranks and segments", () => {
  const rows = martRows(tiny, {
    asOf: "2025-04-01",
    topN: 1,
    largeFrom: 2_000_001n,
    dormantAfterDays: 30,
    premiumFrom: 5_000_000n,
    plusFrom: 1n,
  });
  expect(rows.customer_overview.map((row) => [row.customer_id, row.net, row.customer_rank, row.segment])).toEqual([
    ["C1", "9999.98", "1", "premium"],
    ["C2", "-99.99", "2", "plus"],
  ]);
  expect(rows.top_customers.map((row) => [row.customer_name, row.share_of_amount])).toEqual([["Ann Roe", "0.998004"]]);
  expect(rows.large_transactions.map((row) => row.transaction_id)).toEqual(["T3"]);
  expect(rows.dormant_customers.map((row) => [row.customer_id, row.days_since_last_transaction])).toEqual([
    ["C2", "86"],
  ]);
});

test("months without transactions carry the balance over", () => {
  const deposits = martRows(tiny).monthly_cash_flow.filter((row) => row.transaction_type === "deposit");
  expect(deposits.map((row) => [row.cash_month, row.opening_balance, row.net, row.closing_balance])).toEqual([
    ["2025-01-01", "0.00", "9999.99", "9999.99"],
    ["2025-02-01", "9999.99", "0.00", "9999.99"],
    ["2025-03-01", "9999.99", "20000.00", "29999.99"],
  ]);
});

test("exactly 20,000 is medium, and every row is in one bucket", () => {
  const sizes = sizeBuckets(tiny.map((t) => t.amount));
  expect(sizes.map((row) => [row.name, row.count])).toEqual([
    ["low", 3],
    ["medium", 1],
    ["high", 1],
  ]);
});

test("money in and money out are all the money, once", () => {
  expect(inflowOutflow(tiny).map((row) => [row.name, row.count, row.total])).toEqual([
    ["inflow", 3, 3_000_000n],
    ["outflow", 2, 2_010_001n],
  ]);
});

test("rows that break a rule are refused by its name, repeated ones counted", () => {
  const delivery = delivered(
    "T1,C1,Ann Lee,2025-01-31,deposit,10.00",
    " t1 ,C1,Ann  Lee,2025-01-31,DEPOSIT,10",
    "T1,C1,Ann Lee,2025-01-31,deposit,11.00",
    "T2,C1,Ann Lee,2025-02-30,deposit,10.00",
    "T3,C1,Ann Lee,2026-01-01,deposit,10.00",
    "T4,C1,Ann Lee,2025-01-31,gift,10.00",
    "T5,C1,Ann Lee,2025-01-31,deposit,-10.00",
    "T6,C1,Ann Lee,2025-01-31,deposit",
  );
  expect(delivery.accepted).toHaveLength(1);
  expect(delivery).toMatchObject({ duplicates: 1, quarantined: 1, rows: 8 });
  expect(Object.fromEntries(delivery.rejected)).toEqual({
    same_id_other_payload: 1,
    transaction_date_unparsable: 1,
    transaction_date_in_future: 1,
    transaction_type_unknown: 1,
    amount_not_positive: 1,
  });
});

test("an empty file has marts without rows, and statistics of nothing", () => {
  const rows = martRows(delivered().accepted);
  expect(rows.customer_summary).toEqual([]);
  expect(rows.monthly_cash_flow).toEqual([]);
  expect(rows.transaction_value_stats[0]).toMatchObject({ row_count: "0", mean_amount: null });
  expect(rows.transaction_type_ratio[0]).toMatchObject({ total_amount: "0.00", share_of_amount: null });
});

test("the published profile has the published figures at the grain of transactions", async () => {
  const { accepted, rows } = (await generated({ rows: 10_000 })).delivery;
  const stats = valueStats(accepted.map((t) => t.amount))!;
  expect(accepted).toHaveLength(rows);
  expect(Number(stats.mean) / 12_876_00).toBeCloseTo(1, 2);
  expect(Number(stats.median) / 12_365_00).toBeCloseTo(1, 2);
  expect(Number(inflowOutflow(accepted)[1]!.shareOfAmount) / 1e6).toBeCloseTo(0.671, 2);
  expect(typeRatio(accepted).map((row) => row.shareOfCount)).toEqual([250_000n, 250_000n, 250_000n, 250_000n]);
});

test("the original profile has them over the summary only, and a flow of 49 : 51", async () => {
  const { accepted } = (await generated({ profile: "original" })).delivery;
  expect(Number(valueStats(accepted.map((t) => t.amount))!.mean)).toBeLessThan(2_700_00);
  const overSummary = valueStats(customerSummary(accepted).map((row) => row.total))!;
  expect(Number(overSummary.mean) / 12_740_00).toBeCloseTo(1, 1);
  expect(overSummary.count).toBe(199);
  const [inflow, outflow] = inflowOutflow(accepted).map((row) => Math.round(Number(row.shareOfAmount) / 1e4));
  expect([inflow, outflow]).toEqual([49, 51]);
});

test("of a dirty file, every line is accepted, rejected, a duplicate or quarantined, as the generator says", async () => {
  const { made, delivery } = await generated({ rows: 5_000, dirty: 0.1 });
  const rejected = [...delivery.rejected.values()].reduce((total, count) => total + count, 0);
  expect(delivery.accepted.length + rejected + delivery.duplicates + delivery.quarantined).toBe(delivery.rows);
  expect(delivery.duplicates).toBe(made.faults.duplicate);
  expect(delivery.quarantined).toBe(made.faults["short-row"] + made.faults["long-row"]);
  expect(delivery.rejected.get("same_id_other_payload")).toBe(made.faults["conflicting-duplicate"]);
  expect(delivery.rejected.get("transaction_type_unknown")).toBe(made.faults["unknown-type"]);
});

import { expect, test } from "vitest";
import { grouped } from "../../testing/bank/grouped.ts";
import { completeOptions, type GenerateRequest } from "./options.ts";
import { makeRows, TYPES } from "./rows.ts";

const sum = (list: number[]) => list.reduce((total, amount) => total + amount, 0);

const median = (sorted: number[]) =>
  (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;

/** Amounts in currency by type, and everything that is asked of them. */
function figures(request: GenerateRequest) {
  const options = completeOptions(request);
  const { row } = makeRows(options);
  const rows = Array.from({ length: options.rows }, (_, i) => row(i));
  const amounts = rows.map((fields) => Number(fields[5])).toSorted((a, b) => a - b);
  const total = sum(amounts);
  const of = (wanted: (fields: (typeof rows)[number]) => boolean) => sum(rows.filter(wanted).map((r) => Number(r[5])));
  const byKey = (key: (fields: (typeof rows)[number]) => string) =>
    [...grouped(rows, key).values()].map((list) => sum(list.map((r) => Number(r[5])))).toSorted((a, b) => b - a);
  return {
    amounts,
    mean: total / amounts.length,
    median: median(amounts),
    outflow: of((r) => r[4] === "withdrawal" || r[4] === "payment") / total,
    typeShares: TYPES.map((type) => rows.filter((r) => r[4] === type).length / rows.length),
    low: amounts.filter((amount) => amount < 10_000).length / amounts.length,
    high: amounts.filter((amount) => amount > 20_000).length / amounts.length,
    customers: byKey((r) => r[1]).map((amount) => amount / total),
    summary: byKey((r) => `${r[1]} ${r[4]}`),
  };
}

test.each([2_000, 10_000, 50_000])("the published figures hold for single transactions, at %i rows", (rows) => {
  const found = figures({ rows });
  expect(found.mean / 12_876).toBeCloseTo(1, 2);
  expect(found.median / 12_365).toBeCloseTo(1, 2);
  expect(found.outflow).toBeCloseTo(0.671, 2);
  expect(found.typeShares).toEqual([0.25, 0.25, 0.25, 0.25]);
  expect(found.low).toBeCloseTo(0.38, 2);
  expect(found.high).toBeCloseTo(0.155, 2);
  expect(found.amounts.at(-1)).toBeLessThanOrEqual(75_000);
  expect(found.amounts[0]).toBeGreaterThan(0);
});

test.each([1_000, 4_000])("of %i customers, the top five have the published shares", (customers) => {
  const found = figures({ rows: 60_000, customers });
  [0.021, 0.016, 0.013, 0.011, 0.009].forEach((share, i) => expect(found.customers[i]).toBeCloseTo(share, 2));
  expect(found.customers[5]).toBeLessThan(0.003);
});

test("five customers stand out in the sample too", () => {
  const found = figures({});
  expect(found.customers[4]! / found.customers[5]!).toBeGreaterThan(3);
});

test("the original profile has the published figures only per customer and type, and an honest flow ratio", () => {
  const found = figures({ profile: "original" });
  expect(found.amounts).toHaveLength(1_000);
  expect(found.amounts[0]).toBeGreaterThanOrEqual(50);
  expect(found.amounts.at(-1)).toBeLessThanOrEqual(5_000);
  expect(found.mean / 2_525).toBeCloseTo(1, 1);
  expect(found.customers).toHaveLength(50);
  expect(found.summary.length).toBeGreaterThanOrEqual(195);
  const perSummary = found.summary.reduce((sum, amount) => sum + amount, 0) / found.summary.length;
  expect(perSummary / 12_740).toBeCloseTo(1, 1);
  expect(found.outflow).toBeGreaterThan(0.5);
  expect(found.outflow).toBeLessThan(0.52);
});

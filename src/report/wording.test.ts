import { expect, test } from "vitest";
import type { StepResult } from "../execute/events.ts";
import type { Step } from "../plan/plan.ts";
import { seed, source, test as dataTest } from "./fixture.ts";
import { duration } from "./progress.ts";
import { outcome, rate, serverVersion, size } from "./wording.ts";

const transactions = source("transactions");
const load = (code: Step["reason"]["code"]): Step => ({
  node: transactions.id,
  action: "load",
  reason: { code, text: "" },
  after: [],
});
const result = (more: Partial<StepResult>): StepResult => ({
  node: transactions.id,
  status: "success",
  seconds: 1,
  ...more,
});

test("a load tells its rows, its rejected rows and its rate", () => {
  const { status, tone } = outcome(
    load("files-new"),
    transactions,
    result({ rows: 1_000_000, rejected: 1200 }),
    9_400_000,
  );
  expect([status, tone]).toEqual(["COPY 1000000, 1,200 rejected, 9.4 MB/s", "warn"]);
});

test("a load of unchanged files says so", () => {
  expect(outcome(load("files-unchanged"), transactions, result({ rows: 0 })).status).toBe("UNCHANGED");
});

test("a failed load, a failed seed and a test that could not run are errors", () => {
  const bad = result({ status: "error" });
  const steps = [transactions, seed("segments"), dataTest("flows")] as const;
  expect(steps.map((resource) => outcome(load("files-new"), resource, bad).text)).toEqual([
    "ERROR loading source raw.transactions",
    "ERROR loading seed file reference.segments",
    "ERROR flows",
  ]);
});

test("sizes, rates and times are short", () => {
  expect([size(0), size(999), size(1500), size(48_200_000), size(1.04e9)]).toEqual([
    "0 B",
    "999 B",
    "1.5 kB",
    "48 MB",
    "1.0 GB",
  ]);
  expect(rate(9_949_000)).toBe("9.9 MB/s");
  expect([duration(4.9), duration(125), duration(3725)]).toEqual(["4s", "2m 05s", "1h 02m"]);
});

test("server versions read as Postgres writes them", () => {
  expect([180_004, 150_000, 90_624].map(serverVersion)).toEqual(["18.4", "15.0", "9.6.24"]);
});

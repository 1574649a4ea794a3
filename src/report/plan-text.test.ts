import { expect, test } from "vitest";
import type { NodeId, Resource } from "../parse/manifest.ts";
import { badRun, goodRun, planOf, type Happening } from "./fixture.ts";
import { planJson, planText } from "./plan-text.ts";
import { textWidth } from "./text-width.ts";

const look =
  (happenings: readonly Happening[]) =>
  (id: NodeId): Resource | undefined =>
    happenings.find((h) => h.resource.id === id)?.resource;

test("a plan says what each step does, what it makes, and why", () => {
  expect(planText(planOf(goodRun()), look(goodRun())))
    .toBe(`action  node                                   becomes                             why
──────  ─────────────────────────────────────  ──────────────────────────────────  ────────────────────────────
load    raw.transactions                       table → raw.transactions            data/transactions.csv is new
build   customer_segments                      seed → reference.customer_segments  no relation yet
build   stg_transactions                       view → staging.stg_transactions     no relation yet
build   customer_summary                       table → marts.customer_summary      no relation yet
test    not_null_customer_summary_customer_id                                      no relation yet

5 steps: 1 load, 1 seed, 1 view model, 1 table model, 1 data test.`);
});

test.each([60, 80, 120])("on a terminal of %i cells no line wraps", (width) => {
  const lines = planText(planOf(badRun()), look(badRun()), { width }).split("\n");
  expect(lines.slice(0, -2).every((line) => textWidth(line) <= width)).toBe(true);
});

test("an empty selection is said in words", () => {
  expect(planText(planOf([]), look([]))).toBe("Nothing to do: the selection is empty.");
});

test("the plan as JSON holds every step with its reason", () => {
  const json = JSON.parse(planJson(planOf(goodRun()), look(goodRun()))) as { steps: unknown[] };
  expect(json).toMatchObject({ command: "build", mode: "direct", full_refresh: false });
  expect(json.steps).toHaveLength(5);
  expect(json.steps[0]).toEqual({
    unique_id: "source.bank.transactions",
    action: "load",
    resource_type: "source",
    materialized: "source",
    relation: { schema: "raw", identifier: "transactions" },
    reason: { code: "files-new", text: "data/transactions.csv is new" },
    after: [],
  });
});

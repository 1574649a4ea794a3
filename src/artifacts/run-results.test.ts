import { expect, test } from "vitest";
import type { RunResult, StepResult } from "../execute/events.ts";
import type { NodeId } from "../parse/manifest.ts";
import type { Plan } from "../plan/plan.ts";
import { runResults } from "./run-results.ts";

const started = new Date("2026-11-22T17:26:33.000Z");
const finished = new Date("2026-11-22T17:26:33.050Z");
const name = (id: NodeId) => ({ schema: "marts", identifier: id });

function run(
  ...results: (Omit<Partial<StepResult>, "node"> & { node: string; status: StepResult["status"] })[]
): RunResult {
  const full = results.map((r) => ({ seconds: 0.05, ...r, node: r.node as NodeId }));
  const plan: Plan = {
    id: "5f0c2f0e-0000-4000-8000-000000000000",
    command: "build",
    mode: "direct",
    fullRefresh: false,
    force: false,
    steps: full.map((r) => ({
      node: r.node,
      action: r.node.includes("ephemeral") ? "none" : "build",
      reason: { code: "new", text: "" },
      after: [],
    })),
    relations: {
      writeTo: name,
      readFrom: name,
      published: name,
      standing: (at) => at,
      aside: () => [],
      table: (at) => ({ at, pending: false }),
    },
    schemas: [],
    workSchemas: [],
    rebuilt: new Set(),
  };
  return { plan, startedAt: started, seconds: 1.2, results: full, hooks: [], interrupted: false, ok: true };
}

const options = {
  generatedAt: finished,
  resourceOf: (id: NodeId) => {
    const [kind = "", , name = ""] = id.split(".");
    const path = `${kind}s/${name}.sql`;
    return { kind: kind as "model", name, file: { path, absolute: path, text: "" } };
  },
};

test("every result has exactly the keys of dbt's schema, in the types it asks for", () => {
  const { results, metadata, ...rest } = runResults(run({ node: "model.bank.a", status: "success" }), options);
  expect(Object.keys(results[0]!).toSorted()).toEqual([
    "adapter_response",
    "batch_results",
    "compiled",
    "compiled_code",
    "execution_time",
    "failures",
    "message",
    "relation_name",
    "status",
    "thread_id",
    "timing",
    "unique_id",
  ]);
  expect(Object.keys(metadata).toSorted()).toEqual([
    "dbt_schema_version",
    "dbt_version",
    "env",
    "generated_at",
    "invocation_id",
    "invocation_started_at",
  ]);
  expect(Object.keys(rest).toSorted()).toEqual(["args", "elapsed_time"]);
  expect(metadata.dbt_schema_version).toBe("https://schemas.getdbt.com/dbt/run-results/v6.json");
});

test("a built model keeps its SQL, its relation, its times and what Postgres answered", () => {
  const { results } = runResults(
    run({
      node: "model.bank.a",
      status: "success",
      startedAt: started,
      finishedAt: finished,
      rows: 195,
      message: "SELECT 195",
      compiled: "select 1",
      relation: '"bank"."marts"."a"',
      thread: "Thread-2",
    }),
    options,
  );
  expect(results[0]).toEqual({
    status: "success",
    timing: [
      { name: "compile", started_at: "2026-11-22T17:26:33.000Z", completed_at: "2026-11-22T17:26:33.000Z" },
      { name: "execute", started_at: "2026-11-22T17:26:33.000Z", completed_at: "2026-11-22T17:26:33.050Z" },
    ],
    thread_id: "Thread-2",
    execution_time: 0.05,
    adapter_response: { _message: "SELECT 195", code: "SELECT", rows_affected: 195 },
    message: "SELECT 195",
    failures: null,
    unique_id: "model.bank.a",
    compiled: true,
    compiled_code: "select 1",
    relation_name: '"bank"."marts"."a"',
    batch_results: null,
  });
});

test("failed, skipped and loaded nodes say so in dbt's words", () => {
  const diagnostic = { code: "x", severity: "error", message: 'column "a" does not exist', notes: [] } as const;
  const { results } = runResults(
    run(
      { node: "model.bank.a", status: "error", diagnostic },
      { node: "model.bank.b", status: "skipped" },
      { node: "test.bank.t", status: "fail", failures: 3, message: "Got 3 results, configured to fail if != 0" },
      { node: "seed.bank.s", status: "success", message: "CREATE VIEW" },
    ),
    options,
  );
  expect(results.map((r) => [r.status, r.message, r.failures, r.compiled, r.adapter_response])).toEqual([
    ["error", 'Compilation Error in model a (models/a.sql)\n  column "a" does not exist', null, false, {}],
    ["skipped", null, null, false, {}],
    ["fail", "Got 3 results, configured to fail if != 0", 3, false, {}],
    ["success", "CREATE VIEW", null, null, { _message: "CREATE VIEW", code: "CREATE VIEW", rows_affected: -1 }],
  ]);
});

test("nodes with nothing to run are left out, as in dbt", () => {
  const { results } = runResults(run({ node: "model.bank.ephemeral", status: "success" }), options);
  expect(results).toEqual([]);
});

test("only variables made for it reach metadata.env", () => {
  const env = { DBT_ENV_CUSTOM_ENV_team: "bank", PGPASSWORD: "secret" };
  const { metadata } = runResults(run(), { ...options, env });
  expect(metadata.env).toEqual({ team: "bank" });
});

const hook = (name: string) =>
  ({
    type: "hook-finished",
    at: finished,
    id: `operation.bank.${name}` as NodeId,
    name,
    index: 1,
    of: 1,
    status: "success",
    startedAt: started,
    seconds: 0.05,
  }) as const;

test("hooks of the project are results, before and after those of nodes", () => {
  const hooks = [hook("bank-on-run-start-0"), hook("bank-on-run-end-0")];
  const { results } = runResults({ ...run({ node: "model.bank.a", status: "success" }), hooks }, options);
  expect(results.map((r) => r.unique_id)).toEqual([
    "operation.bank.bank-on-run-start-0",
    "model.bank.a",
    "operation.bank.bank-on-run-end-0",
  ]);
});

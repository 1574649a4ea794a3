/** For tests: a small bank project as the events of a run, without an engine. */
import { Writable } from "node:stream";
import type { Diagnostic, SourceFile } from "../diagnostics/diagnostic.ts";
import type { RunEvent, StepResult } from "../execute/events.ts";
import type { DataTestNode, ModelNode, NodeConfig, NodeId, Resource, SeedNode, SourceNode } from "../parse/manifest.ts";
import type { Plan, Reason, Step } from "../plan/plan.ts";

/** A stream that keeps what is written to it. */
export class Collector extends Writable {
  text = "";
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** 17:26:33 local time, plus seconds. */
export const at = (seconds = 0): Date => new Date(new Date(2026, 10, 22, 17, 26, 33).getTime() + seconds * 1000);

export const file = (path: string, text = ""): SourceFile => ({ path, absolute: `/project/${path}`, text });

const config = (materialized: string): NodeConfig => ({
  enabled: true,
  materialized,
  tags: [],
  meta: {},
  pre_hook: [],
  post_hook: [],
  all: {},
});

function node(kind: string, schema: string, name: string, path: string, text: string) {
  const source = file(path, text);
  return {
    id: `${kind}.bank.${name}` as NodeId,
    name,
    package: "bank",
    fqn: ["bank", name],
    tags: [],
    meta: {},
    description: "",
    docBlocks: [],
    file: source,
    at: { file: source, start: 0, end: text.length },
    raw: text,
    writtenConfig: {},
    database: "bank",
    schema,
    alias: name,
    dependsOn: [],
    refs: [],
    sourceCalls: [],
    functionCalls: [],
    macros: [],
    calls: [],
    columns: [],
    constraints: [],
  };
}

export const model = (name: string, materialized = "table", schema = "marts", text = "select 1"): ModelNode => ({
  ...node("model", schema, name, `models/${schema}/${name}.sql`, text),
  kind: "model",
  config: config(materialized),
});

export function seed(name: string): SeedNode {
  const base = node("seed", "reference", name, `seeds/${name}.csv`, "");
  return {
    ...base,
    kind: "seed",
    config: config("seed"),
    seed: { file: base.file, bytes: 120, sha256: "0", checksum: { name: "sha256", checksum: "0" } },
  };
}

export const test = (name: string, description = "", path = `tests/${name}.sql`, text = ""): DataTestNode => ({
  ...node("test", "tests", name, path, text),
  kind: "test",
  description,
  config: config("test"),
});

export function source(name: string): SourceNode {
  const base = node("source", "raw", name, "models/sources.yml", "");
  const at = base.at;
  return {
    ...base,
    kind: "source",
    identifier: name,
    config: config("source"),
    source: {
      source: "raw",
      name,
      sourceDescription: "",
      description: "",
      schema: "raw",
      identifier: name,
      loader: "",
      config: {},
      tags: [],
      meta: {},
      sourceMeta: {},
      columns: [],
      tests: [],
      quoting: {},
      at,
    },
  };
}

const ACTIONS: { readonly [kind: string]: Step["action"] } = { source: "load", test: "test", unit_test: "test" };

/** What happens to one resource of the run: its result, and what stands before it. */
export interface Happening {
  readonly resource: Resource;
  readonly result: Partial<StepResult> & Pick<StepResult, "status">;
  readonly reason?: Reason;
  /** Bytes per second, for loads. */
  readonly rate?: number;
}

export function planOf(happenings: readonly Happening[], command = "build"): Plan {
  const resources = new Map(happenings.map((h) => [h.resource.id, h.resource]));
  const name = (id: NodeId) => {
    const resource = resources.get(id);
    return { schema: resource && "schema" in resource ? resource.schema : "", identifier: resource?.name ?? id };
  };
  return {
    id: "5f0c2f0e-0000-4000-8000-000000000000",
    command,
    mode: "direct",
    fullRefresh: false,
    force: false,
    steps: happenings.map((h) => stepOf(h)),
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
}

const stepOf = ({ resource, reason }: Happening): Step => ({
  node: resource.id,
  action: ACTIONS[resource.kind] ?? "build",
  reason: reason ?? { code: "new", text: `no relation yet` },
  after: [],
});

/** A whole run, one step after the other, each taking `seconds` of its result (0.05 if not given). */
export function runOf(happenings: readonly Happening[], options: { command?: string; interrupted?: boolean } = {}) {
  const plan = planOf(happenings, options.command);
  const events: RunEvent[] = [
    {
      type: "plan-ready",
      at: at(),
      plan,
      resources: happenings.map((h) => h.resource),
      targetName: "dev",
      threads: 4,
      server: { host: "127.0.0.1", port: 5433, database: "bank", version: 180_004 },
    },
  ];
  const results: StepResult[] = [];
  let clock = 0;
  for (const [i, happening] of happenings.entries()) {
    const { resource, rate } = happening;
    const result: StepResult = { node: resource.id, seconds: 0.05, thread: "Thread-1", ...happening.result };
    const common = { step: stepOf(happening), resource, index: i + 1, of: happenings.length };
    if (result.status !== "skipped") {
      events.push({ type: "step-started", at: at(clock), ...common });
      if (rate !== undefined) {
        const bytes = rate * result.seconds;
        const rows = result.rows ?? 0;
        events.push({
          type: "step-progress",
          at: at(clock),
          node: resource.id,
          file: "data/transactions.csv",
          bytes,
          totalBytes: bytes,
          rows,
          seconds: result.seconds,
        });
      }
      clock += result.seconds;
    }
    results.push(result);
    events.push({ type: "step-finished", at: at(clock), ...common, result });
  }
  const ok = !options.interrupted && !results.some((r) => r.status === "error" || r.status === "fail");
  events.push({
    type: "run-finished",
    at: at(clock),
    result: {
      plan,
      startedAt: at(),
      seconds: clock,
      results,
      hooks: [],
      interrupted: options.interrupted ?? false,
      ok,
    },
  });
  return events;
}

/** The bank project, all well. */
export const goodRun = (): Happening[] => [
  {
    resource: source("transactions"),
    reason: { code: "files-new", text: "data/transactions.csv is new" },
    result: { status: "success", rows: 2000, rejected: 3, seconds: 0.4, message: "COPY 2000" },
    rate: 48_200_000,
  },
  { resource: seed("customer_segments"), result: { status: "success", rows: 4, message: "INSERT 4" } },
  { resource: model("stg_transactions", "view", "staging"), result: { status: "success", message: "CREATE VIEW" } },
  { resource: model("customer_summary"), result: { status: "success", rows: 195, message: "SELECT 195" } },
  { resource: test("not_null_customer_summary_customer_id"), result: { status: "pass", failures: 0, seconds: 0.01 } },
];

const faulty = "select\n  customer_id,\n  sum(amout) as total\nfrom {{ ref('stg_transactions') }}\n";

/** The bank project on a bad day: a model that does not compile in Postgres, a failed test, a warning, what they skip. */
export function badRun(): Happening[] {
  const broken = model("fct_transactions", "table", "marts", faulty);
  const start = faulty.indexOf("amout");
  const diagnostic: Diagnostic = {
    code: "undefined-column",
    severity: "error",
    message: 'column "amout" does not exist',
    at: { file: broken.file, start, end: start + 5 },
    notes: [{ message: 'did you mean "amount"?' }],
  };
  const flows = test("reconcile_flows", "Inflow and outflow together are the sum of all transactions.");
  return [
    { resource: model("stg_transactions", "view", "staging"), result: { status: "success", message: "CREATE VIEW" } },
    { resource: broken, result: { status: "error", diagnostic } },
    { resource: model("daily_flows"), result: { status: "skipped", because: broken.id } },
    { resource: model("top_customers"), result: { status: "skipped", because: broken.id } },
    {
      resource: flows,
      result: {
        status: "fail",
        failures: 12,
        message: "Got 12 results, configured to fail if != 0",
        sample: {
          columns: ["day", "inflow", "outflow", "note"],
          rows: [
            ["2025-01-01", "12876.00", "9.50", "two\nlines"],
            ["2025-01-02", null, "17798.25", "äöü 顧客"],
          ],
        },
        query: "select *\nfrom tests.reconcile_flows\nwhere gap <> 0",
      },
    },
    { resource: model("shares"), result: { status: "skipped", because: flows.id } },
    {
      resource: test("accepted_values_type", "", "models/schema.yml", "version: 2\n"),
      result: { status: "warn", failures: 1, message: "Got 1 result, configured to warn if != 0" },
    },
  ];
}

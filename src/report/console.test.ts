import { expect, test } from "vitest";
import type { RunEvent } from "../execute/events.ts";
import type { NodeId } from "../parse/manifest.ts";
import { version } from "../lib/package-root.ts";
import { Collector, at, badRun, file, goodRun, model, planOf, runOf } from "./fixture.ts";
import { makeReporter, type ReportOptions, type Reporter } from "./reporter.ts";

function rig(options: Partial<ReportOptions> = {}): Reporter & { out(): string; err(): string } {
  const out = new Collector();
  const err = new Collector();
  const reporter = makeReporter({
    format: "text",
    quiet: false,
    colours: "auto",
    debug: false,
    out,
    err,
    now: () => at(),
    env: {},
    ...options,
  });
  return Object.assign(reporter, { out: () => out.text, err: () => err.text });
}

function report(events: readonly RunEvent[], options: Partial<ReportOptions> = {}): { out: string; err: string } {
  const reporter = rig(options);
  for (const event of events) reporter.event(event);
  reporter.close();
  return { out: reporter.out(), err: reporter.err() };
}

const connectHint = {
  host: "127.0.0.1",
  port: 5433,
  database: "bank",
  user: "bank",
  passwordHint: "`sluice up` prints the passwords",
  bi: { user: "metabase", schemas: ["marts"] },
};

test("a good run reads as dbt's log does, and ends with how to connect", () => {
  expect(report(runOf(goodRun()), { connectHint })).toEqual({
    err: "",
    out: `17:26:33  Running with sluice=${version()}
17:26:33  Found 2 models, 1 seed, 1 data test, 1 source
17:26:33  Connected to PostgreSQL 18.4 at 127.0.0.1:5433, database bank

17:26:33  Concurrency: 4 threads (target='dev')

17:26:33  1 of 5 START source raw.transactions ........................................... [RUN]
17:26:33  1 of 5 OK loaded source raw.transactions ....................................... [COPY 2000, 3 rejected, 48 MB/s in 0.40s]
17:26:33  2 of 5 START seed file reference.customer_segments ............................. [RUN]
17:26:33  2 of 5 OK loaded seed file reference.customer_segments ......................... [INSERT 4 in 0.05s]
17:26:33  3 of 5 START sql view model staging.stg_transactions ........................... [RUN]
17:26:33  3 of 5 OK created sql view model staging.stg_transactions ...................... [CREATE VIEW in 0.05s]
17:26:33  4 of 5 START sql table model marts.customer_summary ............................ [RUN]
17:26:33  4 of 5 OK created sql table model marts.customer_summary ....................... [SELECT 195 in 0.05s]
17:26:33  5 of 5 START test not_null_customer_summary_customer_id ........................ [RUN]
17:26:33  5 of 5 PASS not_null_customer_summary_customer_id .............................. [PASS in 0.01s]

17:26:33  Finished running 1 load, 1 seed, 1 table model, 1 data test, 1 view model in 0 hours 0 minutes and 0.56 seconds (0.56s).

17:26:33  Completed successfully

3 rows kept out of raw.transactions
  To see them, with file, line and reason:
    select * from raw.transactions__rejected

psql      psql "postgresql://bank@127.0.0.1:5433/bank"
Metabase  host 127.0.0.1, port 5433, database bank, user metabase
          read marts
          \`sluice up\` prints the passwords

17:26:33  Done. PASS=5 WARN=0 ERROR=0 SKIP=0 NO-OP=0 REUSED=0 TOTAL=5
`,
  });
});

test("each failure is explained after the run: place, rows, SQL; skipped nodes stand under their cause", () => {
  const { out } = report(runOf(badRun()), { connectHint });
  const end = out.slice(out.indexOf("17:26:33  2 of 7 ERROR"));
  expect(end)
    .toBe(`17:26:33  2 of 7 ERROR creating sql table model marts.fct_transactions ................... [ERROR in 0.05s]
17:26:33  3 of 7 SKIP relation marts.daily_flows ......................................... [SKIP]
17:26:33  4 of 7 SKIP relation marts.top_customers ....................................... [SKIP]
17:26:33  5 of 7 START test reconcile_flows .............................................. [RUN]
17:26:33  5 of 7 FAIL 12 reconcile_flows ................................................. [FAIL 12 in 0.05s]
17:26:33  6 of 7 SKIP relation marts.shares .............................................. [SKIP]
17:26:33  7 of 7 START test accepted_values_type ......................................... [RUN]
17:26:33  7 of 7 WARN 1 accepted_values_type ............................................. [WARN 1 in 0.05s]

17:26:33  Finished running 4 table models, 2 data tests, 1 view model in 0 hours 0 minutes and 0.20 seconds (0.20s).

17:26:33  Completed with 2 errors, 0 partial successes, and 1 warning:

Failure in model fct_transactions (models/marts/fct_transactions.sql)
  Compilation Error in model fct_transactions (models/marts/fct_transactions.sql)
  models/marts/fct_transactions.sql:3:7  undefined-column  column "amout" does not exist
      3 │   sum(amout) as total
        │       ~~~~~
      → did you mean "amount"?

Failure in test reconcile_flows (tests/reconcile_flows.sql)
  Inflow and outflow together are the sum of all transactions.
  Got 12 results, configured to fail if != 0

    day           inflow   outflow  note
    ──────────  ────────  ────────  ──────────
    2025-01-01  12876.00      9.50  two\\nlines
    2025-01-02      null  17798.25  äöü 顧客
    … 10 more rows

  To see them all:
    select *
    from tests.reconcile_flows
    where gap <> 0

Skipped 2 nodes because of model fct_transactions
  marts.daily_flows, marts.top_customers

Skipped 1 node because of test reconcile_flows
  marts.shares

Warning in test accepted_values_type (models/schema.yml:1)
  Got 1 result, configured to warn if != 0

17:26:33  Done. PASS=1 WARN=1 ERROR=2 SKIP=3 NO-OP=0 REUSED=0 TOTAL=7
`);
});

test("--quiet prints nothing of a good run, and of a bad one only what failed, to stderr", () => {
  expect(report(runOf(goodRun()), { quiet: true, connectHint })).toEqual({ out: "", err: "" });
  const { out, err } = report(runOf(badRun()), { quiet: true });
  expect(out).toBe("");
  expect(err.split("\n").filter((line) => /^\S/.test(line))).toEqual([
    "Failure in model fct_transactions (models/marts/fct_transactions.sql)",
    "Failure in test reconcile_flows (tests/reconcile_flows.sql)",
  ]);
});

test("a command's own output goes to stdout as it is, quiet or not", () => {
  const reporter = rig({ quiet: true });
  reporter.line("bank.marts.customer_summary");
  expect(reporter.out()).toBe("bank.marts.customer_summary\n");
});

test("diagnostics are sorted by place, counted, and go to stderr", () => {
  const reporter = rig();
  const yaml = file("models/schema.yml", "version: 2\nmodels: 3\n");
  reporter.diagnostics([
    { code: "late", severity: "warning", message: "Second.", at: { file: yaml, start: 11, end: 17 }, notes: [] },
    { code: "early", severity: "error", message: "First.", at: { file: yaml, start: 0, end: 7 }, notes: [] },
  ]);
  expect(reporter.out()).toBe("");
  expect(reporter.err()).toBe(`models/schema.yml:1:1  early  First.
    1 │ version: 2
      │ ~~~~~~~

models/schema.yml:2:1  late  Second.
    2 │ models: 3
      │ ~~~~~~

1 error, 1 warning
`);
});

test("--quiet keeps warnings back", () => {
  const reporter = rig({ quiet: true });
  reporter.diagnostics([{ code: "w", severity: "warning", message: "Odd.", notes: [] }]);
  expect(reporter.err()).toBe("");
});

test("messages of templates are lines of the log; debug ones only with --debug", () => {
  const messages = (["debug", "info", "warn"] as const).map((level): RunEvent => ({
    type: "message",
    at: at(),
    level,
    text: `a ${level} message`,
  }));
  const lines = (debug: boolean) => report(messages, { debug }).out.trim().split("\n").slice(1);
  expect(lines(false)).toEqual(["17:26:33  a info message", "17:26:33  [WARNING]: a warn message"]);
  expect(lines(true)[0]).toBe("17:26:33  a debug message");
});

test("an interrupted run says so and does not show how to connect", () => {
  const { out } = report(runOf(goodRun().slice(0, 2), { interrupted: true }), { connectHint });
  expect(out).toContain("17:26:33  Exited because of keyboard interrupt\n");
  expect(out).not.toContain("psql");
});

test("only a build ends with how to connect", () => {
  expect(report(runOf(goodRun(), { command: "test" }), { connectHint }).out).not.toContain("psql");
});

test("a password in the address is never printed", () => {
  const hint = { ...connectHint, url: "postgresql://bank:s3cret@db/bank?password=s3cret&sslmode=require" };
  const { out } = report(runOf(goodRun()), { connectHint: () => hint });
  expect(out).toContain('psql "postgresql://bank@db/bank?sslmode=require"');
  expect(out).not.toContain("s3cret");
});

test("hooks have their lines, and a failed one its explanation", () => {
  const events = runOf([]);
  const diagnostic = { code: "undefined-table", severity: "error", message: "no audit table", notes: [] } as const;
  const hook = {
    type: "hook-finished",
    index: 1,
    of: 1,
    at: at(),
    id: "operation.bank.bank-on-run-start-0" as NodeId,
    name: "bank-on-run-start-0",
    startedAt: at(),
    status: "error",
    seconds: 0.1,
    diagnostic,
  } as const;
  const end = events.at(-1)!;
  if (end.type !== "run-finished") throw new Error("the last event ends the run");
  const run = [hook, { ...end, result: { ...end.result, hooks: [hook], ok: false } }];
  const { out } = report(run);
  expect(out).toContain(`1 of 1 ERROR hook: bank.on-run-start.0 ${".".repeat(80 - 39)} [ERROR in 0.10s]\n`);
  expect(out).toContain("Failure in hook bank-on-run-start-0\n  undefined-table  no audit table\n");
  expect(out).toContain("Done. PASS=0 WARN=0 ERROR=1 SKIP=0 NO-OP=0 REUSED=0 TOTAL=1");
  expect(report(run, { quiet: true })).toEqual({
    out: "",
    err: expect.stringContaining("Failure in hook bank-on-run-start-0\n  undefined-table  no audit table\n"),
  });
});

test("a selection with nothing to run says so", () => {
  const [ready] = runOf([]);
  expect(report([ready!]).out).toContain("17:26:33  Nothing to do: the selection matches nothing that runs.\n");
});

test("--printer-width moves the brackets", () => {
  const line = report(runOf(goodRun()), { width: 120 })
    .out.split("\n")
    .find((text) => text.includes("OK created sql table"))!;
  expect(line.indexOf(" [")).toBe("17:26:33  ".length + 120);
});

const coloured = (options: Partial<ReportOptions>): boolean =>
  report(runOf([{ resource: model("a"), result: { status: "success" } }]), options).out.includes("\x1b[");

test("colours come when asked for, when forced, or when a terminal shows them", () => {
  expect(coloured({})).toBe(false);
  expect(coloured({ colours: true })).toBe(true);
  expect(coloured({ env: { FORCE_COLOR: "1" } })).toBe(true);
  expect(coloured({ env: { FORCE_COLOR: "0" } })).toBe(false);
  expect(coloured({ colours: false, env: { FORCE_COLOR: "1" } })).toBe(false);
});

test("a reader that goes away ends the output, not the run", () => {
  const out = new Collector();
  const reporter = rig({ out });
  const events = runOf(goodRun());
  reporter.event(events[0]!);
  out.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
  const before = out.text;
  for (const event of events.slice(1)) reporter.event(event);
  expect(out.text).toBe(before);
});

test("ephemeral models count as NO-OP", () => {
  const happenings = [{ resource: model("a", "ephemeral"), result: { status: "success" } as const }];
  const end = runOf(happenings).at(-1)!;
  if (end.type !== "run-finished") throw new Error("the last event ends the run");
  const plan = planOf(happenings);
  const idle = { ...plan, steps: plan.steps.map((step) => ({ ...step, action: "none" as const })) };
  expect(report([{ ...end, result: { ...end.result, plan: idle } }]).out).toContain(
    "Done. PASS=0 WARN=0 ERROR=0 SKIP=0 NO-OP=1 REUSED=0 TOTAL=1",
  );
});

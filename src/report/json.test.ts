import { expect, test } from "vitest";
import type { RunEvent } from "../execute/events.ts";
import type { NodeId } from "../parse/manifest.ts";
import { Collector, at, badRun, goodRun, runOf } from "./fixture.ts";
import { makeReporter, type ReportOptions, type Reporter } from "./reporter.ts";

interface JsonLine {
  readonly info: Readonly<Record<string, unknown>> & {
    readonly name: string;
    readonly level: string;
    readonly msg: string;
  };
  readonly data: Readonly<Record<string, unknown>>;
}

function lines(use: (reporter: Reporter) => void, options: Partial<ReportOptions> = {}): JsonLine[] {
  const out = new Collector();
  const rest = { quiet: false, colours: true, debug: false, out, err: out, now: () => at(), env: {} };
  use(makeReporter({ format: "json", ...rest, ...options }));
  return out.text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as JsonLine);
}

const ofRun = (events: readonly RunEvent[], options: Partial<ReportOptions> = {}): JsonLine[] =>
  lines((reporter) => {
    for (const event of events) reporter.event(event);
  }, options);

const names = (all: readonly JsonLine[]): string[] => all.map((line) => line.info.name);

test("a run is told in dbt's event names, in dbt's order", () => {
  const happenings = goodRun().slice(3);
  expect(names(ofRun(runOf(happenings)))).toEqual([
    "MainReportVersion",
    "FoundStats",
    "AdapterRegistered",
    "ConcurrencyLine",
    "NodeStart",
    "LogStartLine",
    "LogModelResult",
    "NodeFinished",
    "NodeStart",
    "LogStartLine",
    "LogTestResult",
    "NodeFinished",
    "FinishedRunningStats",
    "EndOfRunSummary",
    "StatsLine",
    "CommandCompleted",
  ]);
});

test("each line says when, by whom and in which run; no colours", () => {
  const all = ofRun(runOf(goodRun()));
  expect(JSON.stringify(all)).not.toContain("\\u001b");
  expect(all.find((line) => line.info.name === "LogSeedResult")?.info).toEqual({
    category: "",
    code: "Q016",
    extra: { target: "dev" },
    invocation_id: "5f0c2f0e-0000-4000-8000-000000000000",
    level: "info",
    msg: expect.stringContaining("1 of 5 OK loaded source raw.transactions ...") as string,
    name: "LogSeedResult",
    pid: process.pid,
    thread: "Thread-1",
    ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) as string,
  });
});

test("NodeFinished carries what orchestrators read: the node, its status, its times, its result", () => {
  const model = ofRun(runOf(goodRun())).filter((line) => line.info.name === "NodeFinished")[3]!;
  expect(model.data).toMatchObject({
    node_info: {
      node_path: "marts/customer_summary.sql",
      node_name: "customer_summary",
      unique_id: "model.bank.customer_summary",
      resource_type: "model",
      materialized: "table",
      node_status: "success",
      node_relation: {
        database: "bank",
        schema: "marts",
        alias: "customer_summary",
        relation_name: '"bank"."marts"."customer_summary"',
      },
    },
    run_result: { status: "success", message: "SELECT 195", adapter_response: { rows_affected: 195 } },
  });
  const { node_started_at, node_finished_at } = model.data["node_info"] as Record<string, string>;
  expect(node_started_at! < node_finished_at!).toBe(true);
});

test("what failed and warned is told at the end with its level and place", () => {
  const all = ofRun(runOf(badRun()));
  const told = all.filter((line) => line.info.name.startsWith("RunResult"));
  expect(told.map((line) => [line.info.name, line.info.level, line.info.msg])).toEqual([
    ["RunResultFailure", "error", "Failure in model fct_transactions (models/marts/fct_transactions.sql)"],
    [
      "RunResultError",
      "error",
      'Compilation Error in model fct_transactions (models/marts/fct_transactions.sql)\n  column "amout" does not exist\n  did you mean "amount"?',
    ],
    ["RunResultFailure", "error", "Failure in test reconcile_flows (tests/reconcile_flows.sql)"],
    ["RunResultError", "error", "Got 12 results, configured to fail if != 0"],
    ["RunResultWarning", "warn", "Warning in test accepted_values_type (models/schema.yml)"],
    ["RunResultWarningMessage", "warn", "Got 1 result, configured to warn if != 0"],
  ]);
  expect(told[1]!.data["diagnostic"]).toMatchObject({ path: "models/marts/fct_transactions.sql", line: 3, column: 7 });
  expect(all.find((line) => line.info.name === "StatsLine")?.data).toEqual({
    stats: { pass: 1, warn: 1, error: 2, skip: 3, noop: 0, reused: 0, total: 7 },
  });
  expect(names(all).filter((name) => name === "SkippingDetails")).toHaveLength(3);
});

test("--quiet keeps errors only", () => {
  expect(ofRun(runOf(goodRun()), { quiet: true })).toEqual([]);
  expect(ofRun(runOf(badRun()), { quiet: true }).map((line) => [line.info.name, line.info.level])).toEqual([
    ["LogModelResult", "error"],
    ["LogTestResult", "error"],
    ["RunResultFailure", "error"],
    ["RunResultError", "error"],
    ["RunResultFailure", "error"],
    ["RunResultError", "error"],
  ]);
});

test("progress and statements are told only with --debug", () => {
  const debug = names(ofRun(runOf(goodRun()), { debug: true }));
  expect(debug).toContain("LoadProgress");
  expect(names(ofRun(runOf(goodRun())))).not.toContain("LoadProgress");
});

test("a command's own output is a line of JSON, too, and survives --quiet", () => {
  const all = lines((reporter) => reporter.line("model.bank.a"), { quiet: true });
  expect(all.map((line) => [line.info.name, line.info.msg])).toEqual([["PrintEvent", "model.bank.a"]]);
});

test("diagnostics before a run are errors and notes", () => {
  const all = lines((reporter) =>
    reporter.diagnostics([
      { code: "ref-not-found", severity: "error", message: 'No model named "a".', notes: [{ message: "try b" }] },
      { code: "odd", severity: "warning", message: "Odd.", notes: [] },
    ]),
  );
  expect(all.map((line) => [line.info.name, line.info.level])).toEqual([
    ["MainReportVersion", "info"],
    ["MainEncounteredError", "error"],
    ["Note", "warn"],
  ]);
  expect(all[1]!.data["diagnostic"]).toEqual({
    code: "ref-not-found",
    severity: "error",
    message: 'No model named "a".',
    notes: ["try b"],
  });
});

test("what is skipped was begun, so that starts and ends are pairs", () => {
  const all = ofRun(runOf(badRun()));
  const nodes = (name: string): unknown[] =>
    all
      .filter((line) => line.info.name === name)
      .map((line) => (line.data["node_info"] as { unique_id: string }).unique_id)
      .toSorted();
  expect(nodes("NodeStart")).toEqual(nodes("NodeFinished"));
});

test("results carry the server's answer and both times; failures the node's status", () => {
  const finished = ofRun(runOf(goodRun())).find((line) => line.info.name === "NodeFinished")!;
  expect(finished.data["run_result"]).toMatchObject({
    adapter_response: { _message: "COPY 2000", code: "COPY", rows_affected: 2000 },
  });
  const failure = ofRun(runOf(badRun())).find((line) => line.info.name === "RunResultFailure")!;
  expect(failure.data["node_info"]).toMatchObject({ node_status: "error" });
});

test("hooks of the project are nodes of the log, called as dbt calls them", () => {
  const id = "operation.shop.shop-on-run-end-0" as NodeId;
  const hook = { id, name: "shop-on-run-end-0", index: 1, of: 1 } as const;
  const [start, end] = ofRun([
    { type: "hook-started", at: at(), ...hook },
    { type: "hook-finished", at: at(1), startedAt: at(), seconds: 1, status: "success", ...hook },
  ]).slice(1);
  expect(start!.data).toMatchObject({ statement: "shop.on-run-end.0", node_info: { node_status: "started" } });
  expect(end!.data).toMatchObject({
    statement: "shop.on-run-end.0",
    node_info: {
      unique_id: id,
      resource_type: "operation",
      node_path: "hooks/shop-on-run-end-0.sql",
      node_status: "success",
    },
  });
});

test("the run's id is known before anything runs, and the user's own words stand in each line", () => {
  const [first, second] = lines((reporter) => reporter.line("a"), { invocationId: () => "i", extra: { team: "x" } });
  for (const { info } of [first!, second!]) expect(info).toMatchObject({ invocation_id: "i", extra: { team: "x" } });
});

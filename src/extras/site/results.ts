/** What became of nodes and tests in the last run: of run_results.json, as the site shows it. */
import { type Json, type JsonMap, list, map, number, text } from "./artifacts.ts";
import type { HistoryEntry, SiteRun, Status } from "./data.ts";

export interface Result {
  readonly status: Status;
  readonly seconds: number;
  readonly startedAt: string;
  readonly rows?: number;
  readonly failures?: number;
  readonly message?: string;
  readonly compiled: string;
}

const STATUSES: Readonly<Record<string, Status>> = {
  success: "success",
  pass: "pass",
  error: "error",
  fail: "fail",
  warn: "warn",
  skipped: "skipped",
  "partial success": "warn",
  "runtime error": "error",
  reused: "reused",
  "no-op": "none",
};

export const statusOf = (word: string): Status => STATUSES[word.toLowerCase()] ?? "none";

/** Commands that only looked at the project write results too, as if all had been well. */
const NO_RUNS = ["compile", "docs", "generate", "list", "ls", "parse", "show", "freshness"];

export const isRun = (runResults: JsonMap | undefined): runResults is JsonMap =>
  runResults !== undefined && !NO_RUNS.includes(text(map(runResults["args"])["which"]));

export function resultsOf(runResults: JsonMap | undefined): Map<string, Result> {
  return new Map(list(runResults?.["results"]).map((item) => [text(map(item)["unique_id"]), resultOf(map(item))]));
}

function resultOf(item: JsonMap): Result {
  const timing = list(item["timing"]).map(map);
  const execute = timing.find((entry) => text(entry["name"]) === "execute") ?? timing[0];
  const rows = number(map(item["adapter_response"])["rows_affected"]);
  const failures = number(item["failures"]);
  const message = text(item["message"]);
  return {
    status: statusOf(text(item["status"])),
    seconds: number(item["execution_time"]) ?? 0,
    startedAt: text(execute?.["started_at"]),
    ...(rows !== undefined && rows >= 0 && { rows }),
    ...(failures !== undefined && { failures }),
    ...(message !== "" && { message }),
    compiled: text(item["compiled_code"]),
  };
}

/** The run that wrote run_results.json. */
export function lastRun(runResults: JsonMap, results: ReadonlyMap<string, Result>): SiteRun {
  const metadata = map(runResults["metadata"]);
  const args = map(runResults["args"]);
  const starts = [...results.values()].map((result) => result.startedAt).filter((at) => at !== "");
  const seconds = number(runResults["elapsed_time"]);
  const failed = [...results.values()].some((result) => result.status === "error" || result.status === "fail");
  return {
    id: text(metadata["invocation_id"]),
    command: text(args["which"]) || "run",
    status: failed ? "error" : "success",
    startedAt: starts.toSorted()[0] ?? text(metadata["generated_at"]),
    ...(seconds !== undefined && { seconds }),
    counts: countsOf([...results.values()].map((result) => result.status)),
  };
}

export function countsOf(statuses: readonly Status[]): Partial<Record<Status, number>> {
  const counts: Partial<Record<Status, number>> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** A node's only known run. */
export const entryOf = (run: string, result: Result): HistoryEntry => ({
  run,
  at: result.startedAt,
  status: result.status,
  seconds: result.seconds,
  ...(result.rows !== undefined && { rows: result.rows }),
  ...(result.message !== undefined && { message: result.message }),
});

/** `{count: 12, period: "hour"}` → `12 hours`. */
export function periodOf(value: Json | undefined): string | undefined {
  const count = number(map(value)["count"]);
  if (count === undefined) return undefined;
  return `${count} ${text(map(value)["period"])}${count === 1 ? "" : "s"}`;
}

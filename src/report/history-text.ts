/** `sluice history`: runs as a table, newest first. */
import type { PastRun } from "../state/history.ts";
import { tableLines } from "./table.ts";
import { count, grouped } from "./wording.ts";

export function historyText(runs: readonly PastRun[]): string {
  if (runs.length === 0) return "No runs are on record here yet.";
  const rows = runs.map((run) => [
    run.id.slice(0, 8),
    run.startedAt.slice(0, 19),
    run.command,
    run.target,
    run.by,
    run.gitCommit?.slice(0, 8) ?? "",
    run.seconds === null ? "" : `${run.seconds.toFixed(1)} s`,
    run.status,
    numbers(run),
    published(run),
  ]);
  return tableLines(
    ["run", "started", "command", "target", "by", "commit", "took", "status", "nodes", "published"],
    rows,
  ).join("\n");
}

function numbers({ built, reused, rows, passed, failed }: PastRun): string {
  const parts = [
    built ? `${grouped(built)} built (${count(rows, "row")})` : "",
    reused ? `${grouped(reused)} reused` : "",
    passed ? `${grouped(passed)} passed` : "",
    failed ? `${grouped(failed)} failed` : "",
  ];
  return parts.filter(Boolean).join(", ");
}

function published({ publication, outcome, relations, rollbackOf }: PastRun): string {
  if (publication === null) return "";
  if (rollbackOf !== null) return `took back ${rollbackOf}`;
  return outcome === "published"
    ? `${publication}: ${count(relations ?? 0, "relation")}`
    : `${publication}: ${outcome ?? ""}`;
}

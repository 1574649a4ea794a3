/** `target/sources.json`, version 3 of dbt's schema: what `source freshness` found. */
import type { FreshnessResult } from "../execute/events.ts";
import { sourceDictionary } from "../parse/node-dictionary.ts";
import { type Invocation, metadata } from "./metadata.ts";

export const SOURCES_FILE = "sources.json";

export function sourcesArtifact(
  results: readonly FreshnessResult[],
  invocation: Invocation,
  seconds: number,
  now: Date = new Date(),
): Record<string, unknown> {
  return { metadata: metadata("sources/v3", invocation, now), results: results.map(resultOf), elapsed_time: seconds };
}

function resultOf({ source, status, diagnostic, maxLoadedAt, snapshottedAt, age, ...timed }: FreshnessResult): object {
  if (!maxLoadedAt || !snapshottedAt) {
    return { unique_id: source.id, error: diagnostic?.message ?? null, status: "runtime error" };
  }
  const [started_at, completed_at] = [timed.startedAt.toISOString(), timed.finishedAt.toISOString()];
  return {
    unique_id: source.id,
    max_loaded_at: pythonTime(maxLoadedAt),
    snapshotted_at: snapshottedAt.toISOString(),
    max_loaded_at_time_ago_in_s: age,
    status,
    criteria: criteriaOf(source),
    // The question has one row for an answer.
    adapter_response: { _message: "SELECT 1", code: "SELECT", rows_affected: 1 },
    timing: [
      { name: "compile", started_at, completed_at: started_at },
      { name: "execute", started_at, completed_at },
    ],
    thread_id: "Thread-1",
    execution_time: timed.seconds,
  };
}

/** `2026-11-26T03:43:37+00:00`: as Python writes a time in UTC, with a fraction only where there is one. */
const pythonTime = (at: Date): string =>
  at
    .toISOString()
    .replace(/\.000Z$/, "+00:00")
    .replace(/(\.\d{3})Z$/, "$1000+00:00");

/** What was promised; a threshold that is switched off, or was never set, is null. */
function criteriaOf(source: FreshnessResult["source"]): Record<string, unknown> {
  const { warn_after, error_after, filter } = sourceDictionary(source)["freshness"] as Record<string, Threshold | null>;
  const set = (threshold: Threshold | null | undefined): Threshold | null =>
    threshold?.count == null ? null : threshold;
  return { warn_after: set(warn_after), error_after: set(error_after), filter: filter ?? null };
}

interface Threshold {
  readonly count: number | null;
  readonly period: string | null;
}

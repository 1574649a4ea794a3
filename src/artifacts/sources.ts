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
    max_loaded_at: maxLoadedAt.toISOString(),
    snapshotted_at: snapshottedAt.toISOString(),
    max_loaded_at_time_ago_in_s: age,
    status,
    criteria: sourceDictionary(source)["freshness"],
    adapter_response: {},
    timing: [
      { name: "compile", started_at, completed_at: started_at },
      { name: "execute", started_at, completed_at },
    ],
    thread_id: "MainThread",
    execution_time: timed.seconds,
  };
}

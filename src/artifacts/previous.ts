/** Artifacts of another run, read back: what `--state`, `--defer` and `retry` compare with. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { PreviousManifest } from "../graph/state.ts";
import type { NodeId } from "../parse/manifest.ts";
import { MANIFEST_FILE } from "./manifest.ts";
import { RUN_RESULTS_FILE } from "./run-results.ts";
import { SOURCES_FILE } from "./sources.ts";

/** What is read of another `run_results.json`. */
export interface PreviousResults {
  readonly args: Readonly<Record<string, unknown>>;
  readonly results: readonly { readonly unique_id: NodeId; readonly status: string }[];
}

/** Undefined where there is none; throws `Failure` where it cannot be read. */
export const readManifest = (folder: string): Promise<PreviousManifest | undefined> =>
  read<PreviousManifest>(folder, MANIFEST_FILE, ["nodes", "sources", "macros"]);

export const readRunResults = (folder: string): Promise<PreviousResults | undefined> =>
  read<PreviousResults>(folder, RUN_RESULTS_FILE, ["results"]);

interface Checks {
  readonly results: readonly { readonly unique_id: NodeId; readonly max_loaded_at?: string }[];
}

/** Sources that `folder` has newer rows of than `before` knew; undefined where either was never checked. */
export async function fresherSources(folder: string, before: string): Promise<ReadonlySet<NodeId> | undefined> {
  const now = await read<Checks>(folder, SOURCES_FILE, ["results"]);
  const then = await read<Checks>(before, SOURCES_FILE, ["results"]);
  if (!now || !then) return undefined;
  const known = new Map(then.results.map((one) => [one.unique_id, one.max_loaded_at]));
  const isFresher = ({ unique_id, max_loaded_at: at }: Checks["results"][number]): boolean => {
    const earlier = known.get(unique_id);
    return at !== undefined && (earlier === undefined || Date.parse(at) > Date.parse(earlier));
  };
  return new Set(now.results.filter(isFresher).map((one) => one.unique_id));
}

async function read<T>(folder: string, name: string, keys: readonly string[]): Promise<T | undefined> {
  const path = join(folder, name);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unreadable(path, (thrown as Error).message);
  }
  try {
    const value = JSON.parse(text) as Record<string, unknown> | null;
    const missing = keys.filter((key) => typeof value?.[key] !== "object");
    if (missing.length === 0) return value as T; // dbt's own files; what is read of them is checked above
    throw new Error(`it has no ${missing.join(", ")}`);
  } catch (thrown) {
    throw unreadable(path, (thrown as Error).message);
  }
}

const unreadable = (path: string, why: string): Failure =>
  new Failure(
    error("state-unreadable", `${path} cannot be read: ${why}.`, undefined, ["write it anew, or name another folder"]),
  );

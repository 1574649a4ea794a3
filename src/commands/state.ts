/** `--state`, `--defer-state` and what a selection may compare with: artifacts of another run, read when asked for. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fresherSources, readManifest, readRunResults } from "../artifacts/previous.ts";
import { SOURCES_FILE } from "../artifacts/sources.ts";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { Earlier, PlanRequest, Sluice } from "../index.ts";
import type { DeferArgs, SelectionArgs } from "./options.ts";

const ASKS = /\b(state|result|source_status):/;

/** Empty where nothing compares. Throws `Failure` where the folder holds no manifest. */
export async function earlierFor(sluice: Sluice, args: SelectionArgs): Promise<Earlier> {
  const words = [...args.select, ...args.exclude].join(" ");
  const folder = args.state;
  if (folder === undefined || (!ASKS.test(words) && args.selector === undefined && !hasDefault(sluice))) return {};
  const path = resolve(folder);
  if (words.includes("source_status:") && !existsSync(join(path, SOURCES_FILE))) throw noFreshness(folder);
  const [manifest, results] = [await readManifest(path), await readRunResults(path)];
  if (!manifest && !results) throw noArtifacts(folder);
  const fresher = await fresherSources(sluice.project.targetPath, path);
  return {
    ...(manifest && { manifest }),
    ...(results && { results: new Map(results.results.map((one) => [one.unique_id, one.status])) }),
    ...(fresher && { fresherSources: fresher }),
  };
}

/** What `--defer` reads from; undefined without it. Throws `Failure` where there is no manifest. */
export async function deferFor(args: DeferArgs): Promise<PlanRequest["defer"]> {
  if (!args.defer) return undefined;
  const folder = args.deferState ?? args.state;
  if (folder === undefined) {
    const notes = ["--state (or --defer-state) names a folder with the manifest.json of that run"];
    throw new Failure(error("defer-without-state", "--defer needs to know which run to read from.", undefined, notes));
  }
  const manifest = await readManifest(resolve(folder));
  if (!manifest) throw noArtifacts(folder);
  return { manifest, favorState: args.favorState };
}

const hasDefault = (sluice: Sluice): boolean => sluice.project.selectors.some((selector) => selector.isDefault);

const noFreshness = (folder: string): Failure =>
  new Failure(
    error(
      "state-missing",
      `No previous state comparison freshness results in sources.json: there is none in ${folder}.`,
      undefined,
      ["sluice source freshness writes it: keep it beside the manifest.json of that run"],
    ),
  );

export const noArtifacts = (folder: string): Failure =>
  new Failure(
    error("state-missing", `There are no artifacts in ${folder}.`, undefined, [
      "--state names a folder with the manifest.json of another run",
    ]),
  );

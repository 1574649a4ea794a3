/** What a run leaves in the target folder: `compiled/`, `run/` and `run_results.json`. Output only, never read back. */
import { join } from "node:path";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { RunResult } from "../execute/events.ts";
import type { Graph } from "../graph/graph.ts";
import { writeFileAtomically } from "../lib/write-file.ts";
import type { Resource } from "../parse/manifest.ts";
import { RUN_RESULTS_FILE, runResults } from "./run-results.ts";

/** `models/marts/x.sql`, as dbt lays them; nodes that share a file lie in a folder named after it. */
export function compiledPath(resource: Resource): string {
  const { path } = resource.file;
  const isFile =
    resource.kind === "seed" ||
    (path.endsWith(".sql") && resource.kind !== "snapshot" && !(resource.kind === "test" && resource.generic));
  const name = resource.kind === "test" && resource.generic ? resource.alias : resource.name;
  return join(resource.package, isFile ? path : join(path, `${name}.sql`));
}

export async function writeCompiled(resource: Resource, sql: string, targetPath: string): Promise<void> {
  await writeInto(targetPath, join("compiled", compiledPath(resource)), `${sql.trim()}\n`);
}

interface Place {
  readonly graph: Graph;
  readonly project: { readonly targetPath: string };
}

/** Throws `Failure` when the folder cannot be written. */
export async function writeRunFiles(
  result: RunResult,
  { graph, project: { targetPath } }: Place,
  args: Readonly<Record<string, unknown>>,
): Promise<void> {
  for (const { node, compiled, executed } of result.results) {
    const resource = graph.resource(node);
    if (compiled !== undefined) await writeCompiled(resource, compiled, targetPath);
    if (executed !== undefined) await writeInto(targetPath, join("run", compiledPath(resource)), executed);
  }
  const text = JSON.stringify(runResults(result, { generatedAt: new Date(), args, env: process.env }));
  await writeInto(targetPath, RUN_RESULTS_FILE, text);
}

async function writeInto(targetPath: string, path: string, text: string): Promise<void> {
  try {
    await writeFileAtomically(join(targetPath, path), text);
  } catch (thrown) {
    const notes = [
      "the models are as the log says; only the files about them are missing",
      "--target-path names another folder",
    ];
    const message = `The results cannot be written to ${targetPath}: ${(thrown as Error).message}`;
    throw new Failure(error("target-not-writable", message, undefined, notes), { cause: thrown });
  }
}

/** What a run leaves in the target folder: `compiled/`, `run/` and `run_results.json`. Output only, never read back. */
import { join } from "node:path";
import type { RunResult } from "../execute/events.ts";
import type { Graph } from "../graph/graph.ts";
import { writeFileAtomically } from "../lib/write-file.ts";
import type { Resource } from "../parse/manifest.ts";
import { writeRunResults } from "./run-results.ts";

/** `models/marts/x.sql`; generic tests lie in a folder named after their YAML file. */
export function compiledPath(resource: Resource): string {
  const { path } = resource.file;
  const isFile =
    path.endsWith(".sql") && resource.kind !== "snapshot" && !(resource.kind === "test" && resource.generic);
  const name = resource.kind === "test" && resource.generic ? resource.alias : resource.name;
  return join(resource.package, isFile ? path : join(path, `${name}.sql`));
}

export async function writeCompiled(resource: Resource, sql: string, targetPath: string): Promise<void> {
  await writeFileAtomically(join(targetPath, "compiled", compiledPath(resource)), `${sql.trim()}\n`);
}

export async function writeRunFiles(
  result: RunResult,
  project: { readonly graph: Graph; readonly targetPath: string },
  args: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { graph, targetPath } = project;
  await Promise.all(
    result.results.flatMap((step) => {
      const resource = graph.resource(step.node);
      const path = compiledPath(resource);
      return [
        ...(step.compiled ? [writeCompiled(resource, step.compiled, targetPath)] : []),
        ...(step.executed ? [writeFileAtomically(join(targetPath, "run", path), step.executed)] : []),
      ];
    }),
  );
  await writeRunResults(targetPath, result, { generatedAt: new Date(), args, env: process.env });
}

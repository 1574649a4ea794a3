/** What a run leaves in the target folder: `compiled/`, `run/`, `run_results.json` and `manifest.json`. Output only, never read back. */
import { basename, dirname, join, relative } from "node:path";
import type { RunFacts } from "../context/globals.ts";
import type { MacroSet } from "../context/macros.ts";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { DescribedRelation } from "../execute/catalog.ts";
import type { FreshnessResult, RunResult } from "../execute/events.ts";
import type { Graph } from "../graph/graph.ts";
import { writeFileAtomically } from "../lib/write-file.ts";
import type { Manifest, NodeId, Resource } from "../parse/manifest.ts";
import type { Project } from "../project/types.ts";
import { MANIFEST_FILE, manifestText, type ManifestInput } from "./manifest.ts";
import { GRAPH_SUMMARY_FILE, graphSummary } from "./graph-summary.ts";
import { CATALOG_FILE, catalogArtifact } from "./catalog.ts";
import { type PlainResult, plainRunResults, RUN_RESULTS_FILE, runResults } from "./run-results.ts";
import { SOURCES_FILE, sourcesArtifact } from "./sources.ts";

/** `models/marts/x.sql`, as dbt lays them; nodes that share a file lie in a folder named after it. */
export function compiledPath(resource: Resource): string {
  const { path } = resource.file;
  const isFile =
    resource.kind === "seed" ||
    resource.kind === "function" ||
    (path.endsWith(".sql") && resource.kind !== "snapshot" && !(resource.kind === "test" && resource.generic));
  const name = resource.kind === "test" && resource.generic ? resource.generic.path : `${resource.name}.sql`;
  return join(resource.package, isFile ? path : join(path, name));
}

export async function writeCompiled(resource: Resource, sql: string, targetPath: string): Promise<void> {
  await writeInto(targetPath, join("compiled", compiledPath(resource)), `${sql.trim()}\n`);
}

/** What artifacts are made of and where they go; an open project is one. */
export interface Place {
  readonly graph: Graph;
  readonly manifest: Manifest;
  readonly macros: MacroSet;
  readonly facts: RunFacts;
  readonly project: Project;
  readonly calls: ReadonlyMap<NodeId, ReadonlySet<string>>;
}

export type CompiledTexts = NonNullable<ManifestInput["compiled"]>;

/** `manifest.json`; throws `Failure` when the folder cannot be written. */
export async function writeManifest(place: Place, compiled?: CompiledTexts): Promise<void> {
  const { manifest, macros, project, facts } = place;
  const { quoting } = project.packages[0]!.config;
  const { schema, connection } = project.target;
  const about = { name: project.name, database: connection.database, schema };
  const selectors = Object.fromEntries(project.selectors.map(({ name, definition }) => [name, { name, definition }]));
  const input = { manifest, macros, project: about, quoting, selectors, calls: place.calls };
  const text = manifestText({ ...input, ...(compiled && { compiled }) }, facts);
  await writeInto(project.targetPath, MANIFEST_FILE, text);
}

/** `graph_summary.json`; `testsGate`: of a command in which tests hold back what follows. */
export async function writeGraphSummary(
  { graph, facts, project }: Pick<Place, "graph" | "facts" | "project">,
  testsGate: boolean,
): Promise<void> {
  const summary = graphSummary(graph, facts.invocationId, testsGate);
  await writeInto(project.targetPath, GRAPH_SUMMARY_FILE, JSON.stringify(summary));
}

/** Where a node's compiled SQL is written, from the project's folder. */
export const compiledFile = (resource: Resource, { root, targetPath }: Project): string =>
  join(relative(root, targetPath) || ".", "compiled", compiledPath(resource));

/** Throws `Failure` when the folder cannot be written. */
export async function writeRunFiles(
  result: RunResult,
  place: Place,
  args: Readonly<Record<string, unknown>> = place.facts.args ?? {},
): Promise<void> {
  const { graph, project } = place;
  const { targetPath } = project;
  const texts = new Map<NodeId, { sql: string; path: string }>();
  for (const { node, compiled, executed } of result.results) {
    const resource = graph.resource(node);
    if (compiled !== undefined) {
      await writeCompiled(resource, compiled, targetPath);
      texts.set(node, { sql: compiled, path: compiledFile(resource, project) });
    }
    if (executed !== undefined) await writeInto(targetPath, join("run", compiledPath(resource)), executed);
  }
  const resourceOf = (id: NodeId): Resource => graph.resource(id);
  const text = JSON.stringify(runResults(result, { resourceOf, generatedAt: new Date(), args, env: process.env }));
  await writeInto(targetPath, RUN_RESULTS_FILE, text);
  await writeManifest(place, texts);
}

/** `run_results.json` of a command that runs no plan. */
export async function writeResults(results: readonly PlainResult[], { facts, project }: Place): Promise<void> {
  const text = JSON.stringify(plainRunResults(results, facts, facts.args ?? {}));
  await writeInto(project.targetPath, RUN_RESULTS_FILE, text);
}

/** `sources.json`, or another file. */
export async function writeSources(
  results: readonly FreshnessResult[],
  seconds: number,
  { facts, project }: Place,
  file?: string,
): Promise<void> {
  const [folder, name] = file ? [dirname(file), basename(file)] : [project.targetPath, SOURCES_FILE];
  await writeInto(folder, name, JSON.stringify(sourcesArtifact(results, facts, seconds)));
}

/** `catalog.json`; gives its path. */
export async function writeCatalog(
  relations: ReadonlyMap<NodeId, DescribedRelation>,
  { facts, project }: Place,
): Promise<string> {
  await writeInto(project.targetPath, CATALOG_FILE, JSON.stringify(catalogArtifact(relations, facts)));
  return join(project.targetPath, CATALOG_FILE);
}

async function writeInto(targetPath: string, path: string, text: string | Iterable<string>): Promise<void> {
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

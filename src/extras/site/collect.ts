/** Artifacts and, where there is a database, its history → what the pages show. */
import { type Artifacts, type JsonMap, list, map, number, text } from "./artifacts.ts";
import type { NodeDetail, SearchEntry, SiteColumn, SiteData, SiteFreshness, SiteProblem, SiteTest } from "./data.ts";
import type { History } from "./history.ts";
import { htmlOf, inlineHtmlOf } from "./markdown.ts";
import { countTests, type Entry, entriesOf, factsOf, siteNode, testsOf } from "./nodes.ts";
import { entryOf, isRun, lastRun, periodOf, type Result, resultsOf, statusOf } from "./results.ts";

export interface Collected {
  /** Dashboards come later: they need rows. */
  readonly site: Omit<SiteData, "dashboards">;
  readonly details: readonly NodeDetail[];
  readonly search: readonly SearchEntry[];
  readonly index: ReadonlyMap<string, number>;
  readonly exposures: readonly Entry[];
}

const CHUNK_SIZE = 20;
const ORDER = ["error", "fail", "warn"];

export interface CollectOptions {
  readonly generatedAt: Date;
  readonly target?: string;
  readonly history?: History | undefined;
}

export function collect(artifacts: Artifacts, { generatedAt, target, history }: CollectOptions): Collected {
  const { manifest, catalog, sources } = artifacts;
  const runResults = isRun(artifacts.runResults) ? artifacts.runResults : undefined;
  const metadata = map(manifest["metadata"]);
  const project = text(metadata["project_name"]) || "project";
  const results = withHistory(resultsOf(runResults), history);
  const entries = entriesOf(manifest);
  const index = new Map(entries.map((entry, i) => [entry.id, i]));
  const tests = testsOf(manifest, results);
  const nodes = entries.map((e) => siteNode(e, index, project, results.get(e.id), tests.get(e.id) ?? []));
  const latest = runResults && lastRun(runResults, resultsOf(runResults));
  const runs = history?.runs.length ? history.runs : latest ? [latest] : [];
  const details = entries.map((entry) =>
    detailOf(entry, catalogEntry(catalog, entry.id), tests.get(entry.id) ?? [], results.get(entry.id), {
      run: latest?.id ?? "",
      history: history?.nodes.get(entry.id),
    }),
  );
  return {
    site: {
      project,
      writtenBy: writtenBy(metadata),
      generatedAt: generatedAt.toISOString(),
      ...(target !== undefined && { target }),
      nodes,
      chunkSize: CHUNK_SIZE,
      runs,
      publications: history?.publications ?? [],
      freshness: freshnessOf(sources, index),
      tests: countTests([...tests.values()].flat()),
      problems: problemsOf(manifest, runResults ? resultsOf(runResults) : lastOf(history), index, tests),
      notes: [...artifacts.notes, ...(artifacts.runResults && !runResults && !history ? [NO_RUN] : [])],
    },
    details,
    search: entries.map(({ json }, i) => ({
      columns: details[i]!.columns.map((column) => column.name).join(" "),
      text: [text(json["description"]), ...descriptionsOf(json)].join(" "),
      sql: details[i]!.source,
    })),
    index,
    exposures: entries.filter((entry) => entry.kind === "exposure"),
  };
}

const NO_RUN = "run_results.json is of a command that built nothing: nothing is known of the last run.";

/** What the ledger says of the last run. */
function lastOf(history: History | undefined): Map<string, Result> {
  const run = history?.runs[0]?.id;
  const own = [...(history?.nodes ?? [])].flatMap(([id, entries]) => {
    const entry = entries.find((one) => one.run === run);
    return entry ? [[id, { ...entry, startedAt: entry.at, compiled: "" }] as const] : [];
  });
  return new Map(own);
}

/** What run_results.json does not say, since the last run did not have the node or left it as it was, the ledger may. */
function withHistory(results: Map<string, Result>, history: History | undefined): Map<string, Result> {
  for (const [id, entries] of history?.nodes ?? []) {
    const [entry] = entries;
    const known = results.get(id) ?? (entry && { ...entry, startedAt: entry.at, compiled: "" });
    // What was not built again took as long, and has as many rows, as when it was.
    const built = entry?.status === "reused" ? entries.find(({ status }) => status !== "reused") : undefined;
    const { seconds, rows } = built ?? {};
    if (known)
      results.set(id, { ...known, ...(seconds !== undefined && { seconds }), ...(rows !== undefined && { rows }) });
  }
  return results;
}

function writtenBy(metadata: JsonMap): string {
  const sluice = text(map(metadata["env"])["sluice_version"]);
  return sluice === "" ? `dbt ${text(metadata["dbt_version"])}`.trim() : `Sluice ${sluice}`;
}

const catalogEntry = (catalog: JsonMap | undefined, id: string): JsonMap =>
  map(map(catalog?.["nodes"])[id] ?? map(catalog?.["sources"])[id]);

function detailOf(
  entry: Entry,
  catalog: JsonMap,
  tests: readonly SiteTest[],
  result: Result | undefined,
  known: { run: string; history: NodeDetail["history"] | undefined },
): NodeDetail {
  const { json } = entry;
  const comment = text(map(catalog["metadata"])["comment"]);
  const description = text(json["description"]);
  const history = known.history ?? (result && result.startedAt !== "" ? [entryOf(known.run, result)] : []);
  return {
    description: htmlOf(description),
    ...(comment !== "" && comment.trim() !== description.trim() && { comment }),
    columns: columnsOf(json, catalog, tests),
    tests,
    source: text(json["raw_code"]).trim(),
    compiled: (text(json["compiled_code"]) || (result?.compiled ?? "")).trim(),
    history,
    ...(result?.message !== undefined && { message: result.message }),
    facts: factsOf(entry, catalog),
  };
}

/** In the database's order where it is known; those that only YAML has come last. */
function columnsOf(json: JsonMap, catalog: JsonMap, tests: readonly SiteTest[]): SiteColumn[] {
  const described = map(json["columns"]);
  const actual = Object.values(map(catalog["columns"])).map(map);
  const inOrder = actual.toSorted((a, b) => (number(a["index"]) ?? 0) - (number(b["index"]) ?? 0));
  const names = new Set([...inOrder.map((column) => text(column["name"])), ...Object.keys(described)]);
  return [...names].map((name) => {
    const column = map(described[name]);
    const real = inOrder.find((one) => text(one["name"]) === name);
    const comment = text(real?.["comment"]);
    const description = text(column["description"]);
    return {
      name,
      type: text(real?.["type"]) || text(column["data_type"]),
      description: inlineHtmlOf(description),
      ...(comment !== "" && comment.trim() !== description.trim() && { comment }),
      tests: tests.filter((test) => test.column === name).map((test) => [test.name, test.status] as const),
    };
  });
}

const descriptionsOf = (json: JsonMap): string[] =>
  Object.values(map(json["columns"])).map((column) => text(map(column)["description"]));

function freshnessOf(sources: JsonMap | undefined, index: ReadonlyMap<string, number>): SiteFreshness[] {
  return list(sources?.["results"]).flatMap((value) => {
    const item = map(value);
    const node = index.get(text(item["unique_id"]));
    if (node === undefined) return [];
    const criteria = map(item["criteria"]);
    const loadedAt = text(item["max_loaded_at"]);
    const ageSeconds = number(item["max_loaded_at_time_ago_in_s"]);
    const [warnAfter, errorAfter] = [periodOf(criteria["warn_after"]), periodOf(criteria["error_after"])];
    const message = text(item["error"]);
    return [
      {
        node,
        status: text(item["status"]),
        ...(loadedAt !== "" && { loadedAt }),
        ...(ageSeconds !== undefined && { ageSeconds }),
        ...(warnAfter !== undefined && { warnAfter }),
        ...(errorAfter !== undefined && { errorAfter }),
        ...(message !== "" && { message }),
      },
    ];
  });
}

function problemsOf(
  manifest: JsonMap,
  results: ReadonlyMap<string, Result>,
  index: ReadonlyMap<string, number>,
  tests: ReadonlyMap<string, readonly SiteTest[]>,
): SiteProblem[] {
  const owners = new Map([...tests].flatMap(([id, own]) => own.map((test) => [test.id, index.get(id)] as const)));
  const named = { ...map(manifest["nodes"]), ...map(manifest["unit_tests"]), ...map(manifest["sources"]) };
  return [...results]
    .filter(([, result]) => ORDER.includes(result.status))
    .map(([id, { status, message, failures }]) => {
      const node = owners.get(id) ?? index.get(id);
      return {
        status: statusOf(status),
        id,
        name: text(map(named[id])["name"]) || id,
        ...(node !== undefined && { node }),
        message: message ?? "",
        ...(failures !== undefined && { failures }),
      };
    })
    .toSorted((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
}

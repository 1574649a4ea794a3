/** Nodes of the manifest → nodes of the site, with their edges and the tests that stand with them. */
import { type JsonMap, list, map, number, text, texts } from "./artifacts.ts";
import type { Kind, SiteNode, SiteTest, Status, TestCounts } from "./data.ts";
import { inlineHtmlOf, summaryOf } from "./markdown.ts";
import type { Result } from "./results.ts";

/** An entry of the manifest that has lineage of its own. */
export interface Entry {
  readonly id: string;
  readonly kind: Kind;
  readonly json: JsonMap;
}

const KINDS: readonly Kind[] = ["model", "seed", "snapshot", "analysis", "source", "exposure", "metric", "function"];
const SECTIONS = ["nodes", "sources", "exposures", "metrics", "semantic_models", "saved_queries", "functions"];

/** Tests and hooks are left out: they have a place with what they test, or none. */
export function entriesOf(manifest: JsonMap): Entry[] {
  return SECTIONS.flatMap((section) =>
    Object.entries(map(manifest[section])).flatMap(([id, value]): Entry[] => {
      const json = map(value);
      const word = text(json["resource_type"]) || id.slice(0, id.indexOf("."));
      const known: readonly string[] = [...KINDS, "semantic_model", "saved_query"];
      // Checked against the list of kinds in the line before.
      return known.includes(word) ? [{ id, kind: word as Kind, json }] : [];
    }),
  );
}

export function siteNode(
  { id, kind, json }: Entry,
  index: ReadonlyMap<string, number>,
  project: string,
  result: Pick<Result, "status" | "seconds" | "rows"> | undefined,
  tests: readonly SiteTest[],
): SiteNode {
  const config = map(json["config"]);
  const materialized = kind === "model" || kind === "snapshot" ? text(config["materialized"]) : "";
  const relation = relationOf(json);
  return {
    id,
    name: nameOf(kind, json),
    kind,
    layer: layerOf(kind, json, project),
    path: text(json["original_file_path"]),
    ...(materialized !== "" && { materialized }),
    ...(relation !== "" && { relation }),
    tags: texts(json["tags"]),
    summary: summaryOf(text(json["description"])),
    parents: [...new Set(texts(map(json["depends_on"])["nodes"]))].flatMap((parent) => index.get(parent) ?? []),
    status: result?.status ?? "none",
    ...(result !== undefined && result.seconds > 0 && { seconds: result.seconds }),
    ...(result?.rows !== undefined && { rows: result.rows }),
    tests: countTests(tests),
  };
}

function nameOf(kind: Kind, json: JsonMap): string {
  const { version } = json;
  if (kind === "source") return `${text(json["source_name"])}.${text(json["name"])}`;
  return version === undefined || version === null ? text(json["name"]) : `${text(json["name"])}.v${String(version)}`;
}

/** `schema.identifier`, unquoted as people write it. */
export function relationOf(json: JsonMap): string {
  if (text(map(json["config"])["materialized"]) === "ephemeral") return "";
  const identifier = text(json["alias"]) || text(json["identifier"]);
  return identifier === "" || text(json["schema"]) === "" ? "" : `${text(json["schema"])}.${identifier}`;
}

/** Models go by the folder they lie in, of another package by its name; the rest by its kind. */
function layerOf(kind: Kind, json: JsonMap, project: string): string {
  const fqn = texts(json["fqn"]);
  if (kind !== "model") return kind.replace("_", " ");
  if (text(json["package_name"]) !== project) return text(json["package_name"]);
  return fqn.length > 2 ? fqn[1]! : "models";
}

/** The tests of each node, by its id: what a test is attached to, else all that it reads. */
export function testsOf(manifest: JsonMap, results: ReadonlyMap<string, Result>): Map<string, SiteTest[]> {
  const found = new Map<string, SiteTest[]>();
  const all = [
    ...Object.entries(map(manifest["nodes"])).filter(([id]) => id.startsWith("test.")),
    ...Object.entries(map(manifest["unit_tests"])),
  ];
  for (const [id, value] of all) {
    const json = map(value);
    const reads = texts(map(json["depends_on"])["nodes"]);
    const attached = text(json["attached_node"]);
    const test = siteTest(id, json, results.get(id));
    const owners = attached !== "" ? [attached] : test.kind === "unit" ? reads.slice(0, 1) : reads;
    for (const owner of new Set(owners)) found.set(owner, [...(found.get(owner) ?? []), test]);
  }
  return found;
}

function siteTest(id: string, json: JsonMap, result: Result | undefined): SiteTest {
  const metadata = map(json["test_metadata"]);
  const unit = text(json["resource_type"]) === "unit_test" || id.startsWith("unit_test.");
  const generic = text(metadata["name"]) !== "";
  const column = text(json["column_name"]);
  const namespace = text(metadata["namespace"]);
  const short = namespace === "" ? text(metadata["name"]) : `${namespace}.${text(metadata["name"])}`;
  return {
    id,
    name: generic ? short : text(json["name"]),
    kind: unit ? "unit" : generic ? "generic" : "singular",
    ...(column !== "" && { column }),
    status: result?.status ?? "none",
    ...(result?.failures !== undefined && { failures: result.failures }),
    ...(result?.message !== undefined && { message: result.message }),
    description: inlineHtmlOf(text(json["description"])),
    sql: (text(json["compiled_code"]) || (result?.compiled ?? "") || text(json["raw_code"])).trim(),
  };
}

/** Each once, of however many nodes it is a test. */
export function countTests(all: readonly SiteTest[]): TestCounts {
  const tests = [...new Map(all.map((test) => [test.id, test])).values()];
  const of = (...statuses: Status[]): number => tests.filter((test) => statuses.includes(test.status)).length;
  return {
    pass: of("pass", "success"),
    warn: of("warn"),
    fail: of("fail", "error"),
    none: of("none", "skipped", "reused"),
  };
}

/** `price numeric, rate numeric = 1.2`; nothing where there are none. */
const argumentsOf = (json: JsonMap): string =>
  list(json["arguments"])
    .map(map)
    .map((one) => {
      const fallback = one["default_value"];
      const said = `${text(one["name"])} ${text(one["data_type"])}`;
      return fallback === undefined || fallback === null ? said : `${said} = ${String(fallback)}`;
    })
    .join(", ");

/** What stands beside the description. */
export function factsOf({ json, kind }: Entry, catalog: JsonMap | undefined): [string, string][] {
  const config = map(json["config"]);
  const table = map(catalog?.["metadata"]);
  const owner = map(json["owner"]);
  const rows = number(map(map(catalog?.["stats"])["row_count"])["value"]);
  const facts: [string, string][] = [
    ["Relation", relationOf(json)],
    ["Materialised", kind === "model" || kind === "snapshot" ? text(config["materialized"]) : ""],
    ["Takes", kind === "function" ? argumentsOf(json) : ""],
    ["Returns", text(map(json["returns"])["data_type"])],
    ["Database type", text(table["type"]).toLowerCase()],
    ["Owner", text(table["owner"]) || text(owner["name"]) || text(owner["email"])],
    ["Rows", rows === undefined ? "" : String(rows)],
    ["Contract", map(config["contract"])["enforced"] === true ? "enforced" : ""],
    ["Access", kind === "model" && text(json["access"]) !== "protected" ? text(json["access"]) : ""],
    ["Group", text(json["group"])],
    ["Loader", text(json["loader"])],
    ["Kind", kind === "exposure" ? text(json["type"]) : ""],
    ["Maturity", text(json["maturity"])],
    ["Package", text(json["package_name"])],
    ["Tags", texts(json["tags"]).join(", ")],
    [
      "Granted to",
      Object.values(map(config["grants"]))
        .flatMap((to) => (list(to).length ? texts(to) : text(to)))
        .join(", "),
    ],
  ];
  return facts.filter(([, value]) => value !== "");
}

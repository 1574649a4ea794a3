/** Entries of `sources:` → one `SourceProperties` for each table, with what it inherits from its source. */
import { readExternal } from "./external.ts";
import { readColumns, textsOf } from "./node-properties.ts";
import type { Entry } from "./node-properties.ts";
import type { Rendering } from "./render.ts";
import { isMapping } from "./shape.ts";
import { readTests } from "./test-properties.ts";
import type { Mapping, SourceProperties, Value } from "./types.ts";
import { copyPlaces } from "./written.ts";

const SOURCE_KEYS = [
  "name",
  "description",
  "database",
  "schema",
  "loader",
  "tables",
  "config",
  "tags",
  "meta",
  "quoting",
  "freshness",
  "loaded_at_field",
  "loaded_at_query",
  "overrides",
  "tests",
  "data_tests",
  "enabled",
  "catalog",
];
const TABLE_KEYS = [
  "name",
  "description",
  "identifier",
  "config",
  "tags",
  "meta",
  "quoting",
  "freshness",
  "loaded_at_field",
  "loaded_at_query",
  "columns",
  "tests",
  "data_tests",
  "external",
  "loader",
  "docs",
  "data_type",
  "enabled",
  "constraints",
];

export function readSource(source: Entry, rendering: Rendering): SourceProperties[] {
  source.warnUnknown(SOURCE_KEYS);
  return source.entries("tables", "table").map((table) => readTable(source, table, rendering));
}

function readTable(source: Entry, table: Entry, rendering: Rendering): SourceProperties {
  table.warnUnknown(TABLE_KEYS);
  const outer = source.mapping("config");
  const inner = table.mapping("config");
  const sourceMeta = { ...source.mapping("meta"), ...mappingOf(outer["meta"]) };
  const config: Mapping = { ...outer, ...inner };
  copyPlaces(inner, config);
  copyPlaces(outer, config);
  const external = readExternal(table);
  const database = source.text("database") ?? source.text("catalog");
  const freshness = mergeFreshness([
    thresholds(source.value, "freshness"),
    thresholds(outer, "freshness"),
    thresholds(table.value, "freshness"),
    thresholds(inner, "freshness"),
  ]);
  // The table's own way of dating its rows wins over both of its source's.
  const dated = [inner, table.value, outer, source.value].find(
    (one) => one["loaded_at_field"] || one["loaded_at_query"],
  );
  return {
    source: source.name,
    name: table.name,
    sourceDescription: source.text("description") ?? "",
    description: table.text("description") ?? "",
    ...(database !== undefined && { database }),
    schema: source.text("schema") ?? source.name,
    identifier: table.text("identifier") ?? table.name,
    loader: table.text("loader") ?? source.text("loader") ?? "",
    config,
    tags: [
      ...new Set([source.texts("tags"), textsOf(outer["tags"]), table.texts("tags"), textsOf(inner["tags"])].flat()),
    ],
    meta: { ...sourceMeta, ...table.mapping("meta"), ...mappingOf(inner["meta"]) },
    sourceMeta,
    columns: readColumns(table, rendering),
    tests: readTests(table, rendering),
    ...(external && { external }),
    ...(table.has("external") && { externalAsWritten: table.value["external"]! }),
    ...(freshness !== undefined && { freshness }),
    ...text("loadedAtField", dated?.["loaded_at_field"]),
    ...text("loadedAtQuery", dated?.["loaded_at_query"]),
    quoting: { ...source.mapping("quoting"), ...table.mapping("quoting") },
    at: table.at,
  };
}

const mappingOf = (value: Value | undefined): Mapping => (isMapping(value) ? value : {});

function text<K extends string>(key: K, value: Value | undefined): Partial<Record<K, string>> {
  // A computed key's type is lost to the compiler.
  return typeof value === "string" && value !== "" ? ({ [key]: value } as Partial<Record<K, string>>) : {};
}

/** Undefined where not set; null where freshness is switched off by an empty value. */
function thresholds(owner: Mapping, key: string): Mapping | null | undefined {
  if (!Object.hasOwn(owner, key)) return undefined;
  return isMapping(owner[key]) ? owner[key] : null;
}

/** Later thresholds win, key by key, and within warn_after and error_after too; null takes back what stood before. */
function mergeFreshness(all: readonly (Mapping | null | undefined)[]): Mapping | null | undefined {
  let merged: Mapping | null | undefined;
  for (const one of all) {
    if (one === undefined) continue;
    if (one === null) {
      merged = null;
      continue;
    }
    const next: Mapping = { ...merged };
    for (const [key, value] of Object.entries(one)) {
      const before = next[key];
      next[key] = isMapping(before) && isMapping(value) ? { ...before, ...value } : value;
      if (value === null) delete next[key];
    }
    merged = next;
  }
  return merged && Object.keys(merged).length === 0 ? undefined : merged;
}

/** Entries of `models:`, `seeds:`, `snapshots:`, `analyses:` and top-level `data_tests:` → `NodeProperties`. */
import { error } from "../diagnostics/diagnostic.ts";
import { readDeprecationDate } from "./deprecation-date.ts";
import type { Rendering } from "./render.ts";
import { isMapping } from "./shape.ts";
import type { Shape } from "./shape.ts";
import { readTests } from "./test-properties.ts";
import type { ColumnProperties, ConstraintProperties, Mapping, NodeProperties, Value } from "./types.ts";
import { copyPlaces, keySpan } from "./written.ts";

export type Entry = Shape & { readonly name: string };

/** Keys that count as config where they stand beside `config:`. */
const CONFIG_KEYS = ["meta", "tags", "docs", "access", "group", "contract"];

const KNOWN = [
  "name",
  "description",
  "config",
  "columns",
  "tests",
  "data_tests",
  "constraints",
  "latest_version",
  "versions",
  "relation",
  "deprecation_date",
  "quote_columns",
  "time_spine",
  "enabled",
  "data_type",
  "unit_tests",
  "semantic_model",
  "version",
  "agg_time_dimension",
  "primary_entity",
  "derived_semantics",
  "metrics",
  "freshness",
  ...CONFIG_KEYS,
];

export function readNode(entry: Entry, rendering: Rendering): NodeProperties {
  entry.warnUnknown(KNOWN);
  const timeSpine = entry.get("time_spine");
  const relation = entry.text("relation");
  const deprecationDate = readDeprecationDate(entry);
  return {
    name: entry.name,
    description: entry.text("description") ?? "",
    config: readConfig(entry),
    columns: readColumns(entry, rendering),
    tests: readTests(entry, rendering),
    constraints: readConstraints(entry),
    ...(timeSpine !== undefined && { timeSpine }),
    ...(relation !== undefined && { relation }),
    ...(deprecationDate !== undefined && { deprecationDate }),
    at: entry.at,
  };
}

/** `config:` with the keys beside it that are config too; the same key in both places is a mistake, as in dbt. */
export function readConfig(entry: Shape, keys: readonly string[] = CONFIG_KEYS): Mapping {
  const inner = entry.mapping("config");
  const config: Mapping = { ...inner };
  copyPlaces(inner, config);
  const beside: Mapping = {};
  for (const key of keys) {
    const value: Value | undefined = entry.get(key);
    if (value === undefined) continue;
    if (Object.hasOwn(inner, key)) {
      const at = keySpan(inner, key);
      const notes = [at ? { message: "also under config, here", at } : "also under config"];
      entry.problems.push(error("config-twice", `"${key}" of ${entry.what} is set twice.`, entry.keySpan(key), notes));
      continue;
    }
    beside[key] = value;
  }
  Object.assign(config, beside);
  copyPlaces(entry.value, config);
  return config;
}

const COLUMN_KEYS = [
  "name",
  "description",
  "data_type",
  "quote",
  "constraints",
  "tests",
  "data_tests",
  "tags",
  "meta",
  "docs",
  "config",
  "granularity",
  "policy_tags",
  "dimension",
  "entity",
  "format",
  "encode",
  "dimensions",
  "databricks_tags",
];

export function readColumns(owner: Shape, rendering: Rendering): ColumnProperties[] {
  return owner.entries("columns", "column").map((column) => {
    column.warnUnknown(COLUMN_KEYS);
    const config = column.mapping("config");
    const dataType = column.text("data_type");
    const quote = column.flag("quote");
    return {
      name: column.name,
      description: column.text("description") ?? "",
      ...(dataType !== undefined && { dataType }),
      ...(quote !== undefined && { quote }),
      constraints: readConstraints(column),
      tests: readTests(column, rendering),
      tags: [...new Set([...column.texts("tags"), ...textsOf(config["tags"])])],
      meta: { ...column.mapping("meta"), ...(isMapping(config["meta"]) ? config["meta"] : {}) },
      at: column.at,
    };
  });
}

const CONSTRAINTS = ["not_null", "unique", "primary_key", "foreign_key", "check", "custom"] as const;

export function readConstraints(owner: Shape): ConstraintProperties[] {
  return owner.shapes("constraints", "constraint").flatMap((constraint): ConstraintProperties[] => {
    const written = constraint.required("type", "not_null");
    const type = CONSTRAINTS.find((one) => one === written);
    if (type === undefined) {
      if (written !== undefined) {
        const notes = [`expected one of ${CONSTRAINTS.join(", ")}`];
        const message = `"${written}" is no type of constraint.`;
        owner.problems.push(error("constraint-type", message, constraint.span("type"), notes));
      }
      return [];
    }
    const name = constraint.text("name");
    const expression = constraint.text("expression");
    const to = constraint.text("to");
    return [
      {
        type,
        ...(name !== undefined && { name }),
        ...(expression !== undefined && { expression }),
        columns: constraint.texts("columns"),
        ...(to !== undefined && { to }),
        toColumns: constraint.texts("to_columns"),
        at: constraint.has("type") ? constraint.span("type") : constraint.at,
      },
    ];
  });
}

export function textsOf(value: Value | undefined): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

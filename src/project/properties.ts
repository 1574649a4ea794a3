/** The property YAML files of a package → `Properties`. */
import { error, warning } from "../diagnostics/diagnostic.ts";
import type { Diagnostic, SourceFile } from "../diagnostics/diagnostic.ts";
import { lineSpan } from "../diagnostics/format.ts";
import { readNode } from "./node-properties.ts";
import type { Entry } from "./node-properties.ts";
import { readFunction } from "./function-properties.ts";
import { readExposure, readGroup, readMacro, readUnitTest } from "./other-properties.ts";
import { renderTree } from "./render.ts";
import type { RenderText, Rendering, ShouldRender } from "./render.ts";
import { Shape, describe, isMapping } from "./shape.ts";
import { readSource } from "./source-properties.ts";
import { readVersions } from "./versions.ts";
import type { Mapping, Properties, Value } from "./types.ts";
import { copyPlaces } from "./written.ts";
import type { Key } from "./written.ts";
import { readYaml } from "./yaml.ts";

/** A property file read, but not yet rendered. */
export interface PropertyFile {
  readonly file: SourceFile;
  readonly value: Mapping;
}

/** Kinds of entries that other tools or other warehouses use; they are left alone. */
const NOT_USED = ["metrics", "semantic_models", "saved_queries", "time_spines", "catalogs"];
const KINDS = [
  "models",
  "seeds",
  "snapshots",
  "analyses",
  "data_tests",
  "sources",
  "macros",
  "exposures",
  "unit_tests",
  "groups",
  "functions",
];

export function readPropertyFile(file: SourceFile, problems: Diagnostic[]): PropertyFile | undefined {
  // dbt reads without the white space at the end, which a folded text in the last line would keep.
  const yaml = readYaml(file, file.text.trimEnd());
  problems.push(...yaml.diagnostics);
  if (yaml.value === null) return undefined;
  if (!isMapping(yaml.value)) {
    const notes = ["it begins with a kind of entries, such as  models:"];
    const message = `A property file must be a mapping, but this is ${describe(yaml.value)}.`;
    problems.push(error("yaml-shape", message, lineSpan(file, 1), notes));
    return undefined;
  }
  return { file, value: yaml.value };
}

/** All entries of one package, in the order of its files. */
export function readProperties(files: readonly PropertyFile[], render: RenderText, problems: Diagnostic[]): Properties {
  const all = collect(files, problems);
  const rendering: Rendering = { render, problems };
  const entries = (kind: string, key = kind): Entry[] =>
    all.flatMap((file) => renderEntries(file, key, SHOULD_RENDER[kind] ?? rendersNode, rendering));
  const node = (entry: Entry): ReturnType<typeof readNode> => readNode(entry, rendering);
  return {
    models: entries("models").flatMap((entry) => readVersions(entry, node(entry), rendering)),
    seeds: entries("seeds").map(node),
    snapshots: entries("snapshots").map(node),
    analyses: entries("analyses").map(node),
    singularTests: entries("data_tests").map(node),
    sources: entries("sources").flatMap((entry) => readSource(entry, rendering)),
    macros: entries("macros").map(readMacro),
    exposures: entries("exposures").flatMap(readExposure),
    unitTests: entries("unit_tests").flatMap(readUnitTest),
    groups: entries("groups").map(readGroup),
    functions: entries("functions").flatMap(readFunction),
  };
}

/** Each file as a shape, its unknown kinds reported. */
function collect(files: readonly PropertyFile[], problems: Diagnostic[]): Shape[] {
  return files.map(({ file, value }) => {
    const shape = new Shape(value, "this file", lineSpan(file, 1), problems);
    shape.warnUnknown([
      ...KINDS,
      ...NOT_USED,
      "version",
      "anchors",
      "tests",
      ...Object.keys(value).filter((key) => key.startsWith("x-") || key.startsWith(".")),
    ]);
    const version = shape.get("version");
    if (version !== undefined && version !== 2 && version !== "2") {
      problems.push(
        warning("yaml-version", "Property files have version 2.", shape.span("version"), ["remove the line"]),
      );
    }
    return shape;
  });
}

const KIND_NAMES: Record<string, string> = {
  models: "model",
  seeds: "seed",
  snapshots: "snapshot",
  analyses: "analysis",
  data_tests: "test",
  sources: "source",
  macros: "macro",
  exposures: "exposure",
  unit_tests: "unit test",
  groups: "group",
  functions: "function",
};

function renderEntries(file: Shape, key: string, should: ShouldRender, rendering: Rendering): Entry[] {
  const list: Value[] = file.list(key);
  if (list.length === 0) return [];
  const rendered = list.map((item) => renderTree(item, rendering, should));
  copyPlaces(list, rendered);
  const holder: Mapping = { [key]: rendered };
  copyPlaces(file.value, holder);
  return new Shape(holder, file.what, file.at, file.problems).entries(key, KIND_NAMES[key] ?? key);
}

const LATE = ["tests", "data_tests", "description", "loaded_at_query"];

/** Descriptions, tests and hooks keep their Jinja: it needs a context that exists only later. */
const rendersNode: ShouldRender = (path) => {
  const [first, second, third] = path;
  if (isLate(first) || (path.length === 2 && isLate(second))) return false;
  if (first === "config" && (second === "pre_hook" || second === "post_hook")) return false;
  if (first === "config" && (second === "pre-hook" || second === "post-hook" || second === "loaded_at_query"))
    return false;
  if (first === "columns" && isLate(third)) return false;
  // versions: description, tests, and those of their columns
  if (first === "versions" && (isLate(third) || (third === "columns" && isLate(path[4])))) return false;
  return true;
};

const SHOULD_RENDER: Record<string, ShouldRender> = {
  sources: (path) => {
    if (path[0] === "tables") return rendersNode(path.slice(2));
    return rendersNode(path);
  },
  macros: (path) => (path[0] === "arguments" ? rendersNode(path.slice(1)) : rendersNode(path)),
};

const isLate = (key: Key | undefined): boolean => typeof key === "string" && LATE.includes(key);

/** `versions:` of a model's entry: each version is described as a model of its own, after its file. */
import { error } from "../diagnostics/diagnostic.ts";
import { readDeprecationDate } from "./deprecation-date.ts";
import { readColumns, readConfig, readConstraints, type Entry } from "./node-properties.ts";
import type { Rendering } from "./render.ts";
import { isMapping, Shape } from "./shape.ts";
import { readTests } from "./test-properties.ts";
import type { ColumnProperties, Mapping, NodeProperties, Value, VersionProperties } from "./types.ts";
import { copyPlaces } from "./written.ts";

const KNOWN = [
  "v",
  "defined_in",
  "description",
  "access",
  "config",
  "constraints",
  "docs",
  "tests",
  "data_tests",
  "columns",
  "deprecation_date",
];

/** One entry for each version, or the entry itself where it has none. */
export function readVersions(entry: Entry, base: NodeProperties, rendering: Rendering): NodeProperties[] {
  const written = entry.shapes("versions", "version").flatMap((shape) => {
    const v = shape.required("v", "1");
    return v === undefined ? [] : [{ shape, v, value: shape.get("v") ?? v }];
  });
  if (written.length === 0) return [base];
  const twice = written.find(({ v }, i) => written.findIndex((other) => other.v === v) < i);
  if (twice) {
    const message = `Version ${twice.v} of ${entry.what} is described twice.`;
    entry.problems.push(error("version-twice", message, twice.shape.span("v")));
  }
  const latest = entry.text("latest_version") ?? highest(written.map(({ v }) => v));
  if (!written.some(({ v }) => v === latest)) {
    const message = `latest_version ${latest} of ${entry.what} is not one of its versions.`;
    const notes = [`its versions: ${written.map(({ v }) => v).join(", ")}`];
    entry.problems.push(error("version-unknown", message, entry.span("latest_version"), notes));
  }
  const latestValue = written.find(({ v }) => v === latest)?.value ?? latest;
  return written.map(({ shape, v, value }): NodeProperties => {
    shape.warnUnknown(KNOWN);
    const deprecationDate = readDeprecationDate(shape);
    const version: VersionProperties = {
      value,
      text: v,
      latest: latestValue,
      isLatest: v === latest,
      definedIn: shape.text("defined_in") ?? `${base.name}_v${v}`,
    };
    const constraints = readConstraints(shape);
    const { deprecationDate: _, ...shared } = base;
    return {
      ...shared,
      ...(deprecationDate !== undefined && { deprecationDate }),
      description: shape.text("description") ?? base.description,
      config: merged(base.config, readConfig(shape, ["access", "docs"])),
      columns: columnsOf(shape, base.columns, rendering),
      tests: shape.has("tests") || shape.has("data_tests") ? readTests(shape, rendering) : base.tests,
      constraints: constraints.length > 0 ? constraints : base.constraints,
      version,
    };
  });
}

/** The model's columns as far as `include` and `exclude` let them, then the version's own. */
function columnsOf(shape: Shape, base: readonly ColumnProperties[], rendering: Rendering): readonly ColumnProperties[] {
  const list = shape.list("columns");
  const choice = list.find((item): item is Mapping => isMapping(item) && !("name" in item));
  const includes = choice?.["include"];
  const excluded = names(choice?.["exclude"]);
  const all = includes === undefined || includes === "*" || includes === "all";
  const kept = base.filter(({ name }) => (all || names(includes).includes(name)) && !excluded.includes(name));
  const own = list.filter((item) => item !== choice);
  copyPlaces(list, own);
  const holder: Mapping = { columns: own };
  copyPlaces(shape.value, holder);
  const further = readColumns(new Shape(holder, shape.what, shape.at, shape.problems), rendering);
  return [...kept, ...further];
}

const names = (value: Value | undefined): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/** Mappings are merged to any depth, all else replaced. */
function merged(base: Mapping, layer: Mapping): Mapping {
  const result: Mapping = { ...base };
  for (const [key, value] of Object.entries(layer)) {
    const before = result[key];
    result[key] = isMapping(before) && isMapping(value) ? merged(before, value) : value;
  }
  copyPlaces(layer, result);
  copyPlaces(base, result);
  return result;
}

/** The greatest as numbers, or as texts where one is no number. */
function highest(versions: readonly string[]): string {
  const numeric = versions.every((v) => !Number.isNaN(Number(v)));
  return versions.reduce((a, b) => ((numeric ? Number(b) > Number(a) : b > a) ? b : a));
}

/** Unit tests: a model's SQL over given rows. */
import { error, type Span } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { Mapping, Package, UnitTestProperties, UnitTestRows, Value } from "../project/types.ts";
import { effectiveConfig, isMapping, list, nodeConfig } from "./config.ts";
import type { ModelNode, UnitTestNode } from "./manifest.ts";
import { nodeId } from "./manifest.ts";
import { describe, fqnOf, type ParseState, stem } from "./state.ts";

export function parseUnitTests(state: ParseState, pkg: Package, models: readonly ModelNode[]): UnitTestNode[] {
  const nodes: UnitTestNode[] = [];
  for (const unit of pkg.properties.unitTests) {
    const tested = models.filter((m) => m.name === unit.model && isChosen(unit, m));
    if (tested.length === 0) {
      const names = models.map((m) => m.name);
      state.diagnostics.push(
        error(
          "unit-test-model",
          `Unit test "${unit.name}" tests "${unit.model}", which is not a model.`,
          unit.at,
          didYouMean(unit.model, names),
        ),
      );
      continue;
    }
    for (const model of tested) nodes.push(unitTestOf(state, pkg, unit, model));
  }
  return nodes;
}

/** Of a versioned model, `versions: {include: […]}` or `{exclude: […]}` choose; else all are tested. */
function isChosen({ versions }: UnitTestProperties, { version }: ModelNode): boolean {
  if (version === undefined || !isMapping(versions)) return true;
  const has = (value: Value | undefined): boolean => list(value).map(String).includes(String(version));
  const { include, exclude } = versions;
  return include === undefined ? !has(exclude) : has(include);
}

function unitTestOf(state: ParseState, pkg: Package, unit: UnitTestProperties, model: ModelNode): UnitTestNode {
  const defaults: Mapping = { enabled: true, materialized: "unit", tags: [], meta: {} };
  const fqn = [...fqnOf(pkg.name, unit.at.file.path, pkg.config.paths.models, model.name), unit.name];
  const all = effectiveConfig({
    section: "unit_tests",
    fqn,
    package: pkg,
    root: state.root,
    defaults,
    properties: unit.config,
  });
  const config = nodeConfig(all, unit.at);
  const name = model.version === undefined ? unit.name : `${unit.name}_v${String(model.version)}`;
  return {
    kind: "unit_test",
    id: nodeId("unit_test", pkg.name, model.name, name),
    name: unit.name,
    package: pkg.name,
    fqn,
    tags: config.tags,
    meta: config.meta,
    ...describe(state, pkg.name, unit.description, unit.at),
    file: unit.at.file,
    at: unit.at,
    raw: "",
    config,
    database: model.database,
    schema: model.schema,
    alias: unit.name,
    dependsOn: [model.id],
    refs: [],
    sourceCalls: [],
    functionCalls: [],
    macros: [],
    calls: [],
    columns: [],
    constraints: [],
    writtenConfig: unit.config,
    model: model.id,
    unit: withFixtures(state, pkg, unit),
  };
}

/** Rows that stand in files of their own are put in the place of these files' names. */
function withFixtures(state: ParseState, pkg: Package, unit: UnitTestProperties): UnitTestProperties {
  const filled = <T extends UnitTestRows>(rows: T, at: Span): T => {
    if (rows.fixture === undefined) return rows;
    const ending = rows.format === "sql" ? ".sql" : ".csv";
    const candidates = pkg.files.fixtures.filter((file) => file.path.endsWith(ending));
    const file = candidates.find((candidate) => stem(candidate.path) === rows.fixture);
    if (file) return { ...rows, rows: file.text };
    const message = `There is no fixture "${rows.fixture}${ending}" below tests/fixtures/.`;
    const known = candidates.map((candidate) => stem(candidate.path));
    state.diagnostics.push(error("fixture-not-found", message, at, didYouMean(rows.fixture, known)));
    return rows;
  };
  const given = unit.given.map((input) => filled(input, input.at));
  return { ...unit, given, expect: filled(unit.expect, unit.at) };
}

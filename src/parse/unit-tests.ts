/** Unit tests: a model's SQL over given rows. */
import { type Diagnostic, error, type Span } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { Mapping, Package, UnitTestProperties, UnitTestRows, Value } from "../project/types.ts";
import { effectiveConfig, isMapping, list, nodeConfig } from "./config.ts";
import { Linker } from "./link.ts";
import type { ModelNode, Resource, UnitTestNode } from "./manifest.ts";
import { nodeId } from "./manifest.ts";
import { readCall } from "./sources.ts";
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
    const [file, ...others] = candidates.filter((candidate) => stem(candidate.path) === rows.fixture);
    if (file && others.length > 0) {
      const message = `There are ${others.length + 1} fixtures named "${rows.fixture}${ending}": a name must be one file's.`;
      const notes = [file, ...others].map(({ path }) => path);
      state.diagnostics.push(error("fixture-duplicate", message, at, notes));
    }
    if (file) return { ...rows, rows: file.text };
    const message = `There is no fixture "${rows.fixture}${ending}" below tests/fixtures/.`;
    const known = candidates.map((candidate) => stem(candidate.path));
    state.diagnostics.push(error("fixture-not-found", message, at, didYouMean(rows.fixture, known)));
    return rows;
  };
  const given = unit.given.map((input) => filled(input, input.at));
  return { ...unit, given, expect: filled(unit.expect, unit.at) };
}

/** Rows can only be given for what there is; that the model reads it is seen when the test runs. */
export function unitInputProblems(
  resources: Iterable<Resource>,
  disabled: Iterable<Resource>,
  root: string,
): Diagnostic[] {
  const all = [...resources];
  const linker = new Linker(all, disabled, root);
  return all.flatMap((test) => {
    if (test.kind !== "unit_test") return [];
    return test.unit.given.flatMap(({ input, at, rows }) => {
      const call = readCall(input);
      if (call?.kind !== "ref" || linker.ref(call.ref, test.package)) return [];
      const { name, package: pkg = test.package } = call.ref;
      const what = rows === undefined || rows === null ? "seed" : "node";
      const message = `Unable to find ${what} '${pkg}.${name}' for unit tests: "${test.name}" gives rows for it.`;
      return [
        error(
          "unit-test-input",
          message,
          at,
          didYouMean(
            name,
            all.map((one) => one.name),
          ),
        ),
      ];
    });
  });
}

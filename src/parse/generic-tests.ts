/** Generic tests declared in YAML: one node each, named and hashed as dbt does, so that names in both tools agree. */
import { Relation } from "../context/relation.ts";
import { TemplateContext } from "../context/context.ts";
import { BUILTIN_PACKAGE } from "../context/macros.ts";
import { testArguments } from "../context/test-arguments.ts";
import { error } from "../diagnostics/diagnostic.ts";
import { writtenValue } from "../context/written-value.ts";
import { type Jinja, repr, str, type Template } from "../jinja/index.ts";
import { md5 } from "../lib/hash.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { ColumnProperties, Mapping, NodeProperties, Package, TestProperties, Value } from "../project/types.ts";
import { copyPlaces } from "../project/written.ts";
import { effectiveConfig, isMapping, nodeConfig, writtenConfig } from "./config.ts";
import type { DataTestNode, Node, SourceNode } from "./manifest.ts";
import { nodeId } from "./manifest.ts";
import { testDefaults, versionedName } from "./nodes.ts";
import { quoting, textFile } from "./places.ts";
import { argumentProblems } from "./test-arguments.ts";
import { capturing, attempt, describe, fqnOf, type ParseState, place, renderValue } from "./state.ts";

/** A test name and its alias (cut to 63 characters with a hash), as dbt makes them. */
export function testNames(type: string, on: string, args: Mapping): { full: string; short: string } {
  const flat = Object.keys(args)
    .toSorted()
    .filter((key) => key !== "model")
    .flatMap((key) => {
      const value = args[key] as Value;
      if (Array.isArray(value)) return value.map((_, i) => writtenValue(value, i));
      if (isMapping(value)) return Object.keys(value).map((inner) => writtenValue(value, inner));
      return [writtenValue(args, key)];
    })
    .map((part) => str(part).replace(/[^0-9a-zA-Z_]+/g, "_"));
  const identifier = `${type}_${on}`;
  const full = `${identifier}_${flat.join("__")}`;
  return { full, short: full.length >= 64 ? `${identifier.slice(0, 30)}_${md5(full)}` : full };
}

/** The ten characters that dbt appends to a test's id: of its name and its arguments, printed by Python's repr. */
export function testHash(name: string, metadata: Mapping): string {
  return md5(name + hashable(metadata)).slice(-10);
}

/** As Python prints the dictionary dbt makes of it: sorted, and every value a text. */
function hashable(value: Mapping): string {
  const entries = Object.keys(value)
    .toSorted()
    .map((key) => `${repr(key)}: ${hashableAt(value, key)}`);
  return `{${entries.join(", ")}}`;
}

function hashableAt(container: Mapping | Value[], key: string | number): string {
  const value = (container as Record<string | number, Value>)[key]; // a list's entries have numbers as keys
  if (Array.isArray(value)) return `[${value.map((_, i) => hashableAt(value, i)).join(", ")}]`;
  if (isMapping(value)) return hashable(value);
  return repr(typeof value === "string" ? value : str(writtenValue(container, key)));
}

/** What a test is declared on. */
export type Tested = Exclude<Node, { kind: "test" | "unit_test" | "function" }> | SourceNode;

export function parseGenericTests(
  state: ParseState,
  pkg: Package,
  on: Tested,
  { tests, columns }: Pick<NodeProperties, "tests" | "columns">,
): DataTestNode[] {
  const nodes = tests.map((test) => parseGenericTest(state, pkg, on, test));
  for (const column of columns) {
    for (const test of column.tests) nodes.push(parseGenericTest(state, pkg, on, test, column));
  }
  return nodes.filter((node) => node !== undefined);
}

function parseGenericTest(
  state: ParseState,
  pkg: Package,
  on: Tested,
  test: TestProperties,
  column?: ColumnProperties,
): DataTestNode | undefined {
  const [namespace, bare] = test.test.includes(".")
    ? (test.test.split(".", 2) as [string, string])
    : [undefined, test.test];
  const macro = namespace
    ? state.shared.macros.inPackage(namespace, `test_${bare}`)
    : state.shared.macros.find(`test_${bare}`, pkg.name);
  if (!macro) {
    const known = state.shared.macros
      .names()
      .filter((n) => n.startsWith("test_"))
      .map((n) => n.slice(5));
    state.diagnostics.push(
      error("test-not-found", `No generic test named "${test.test}".`, test.at, [
        ...didYouMean(test.test, known),
        `a generic test is a {% test ${bare}(model, …) %} block below tests/generic/ or macros/`,
      ]),
    );
    return undefined;
  }
  const problems = argumentProblems(macro, test, column !== undefined);
  if (problems.length > 0) {
    state.diagnostics.push(...problems);
    return undefined;
  }
  const args: Mapping = {
    ...test.args,
    ...(column && { column_name: column.quote ? `"${column.name}"` : column.name }),
  };
  copyPlaces(test.args, args);
  const onName = on.kind === "source" ? `${on.source.source}_${on.name}` : versionedName(on);
  const version = on.kind === "model" ? on.version : undefined;
  const type = [namespace ?? "", on.kind === "source" ? "source" : "", bare].filter(Boolean).join("_");
  const names = test.name ? { full: test.name, short: test.name } : testNames(type, onName, args);
  const call =
    on.kind === "source"
      ? `source('${on.source.source}', '${on.name}')`
      : `ref('${on.name}'${versionArgument(version)})`;
  const modelArg = `{{ get_where_subquery(${call}) }}`;
  const kwargs: Mapping = {
    ...(column && { column_name: args["column_name"]! }),
    ...args,
    model: modelArg,
  };
  copyPlaces(args, kwargs);
  const hash = testHash(names.full, { namespace: namespace ?? null, name: bare, kwargs });
  const id = nodeId("test", pkg.name, names.full, hash);
  const folders = [...pkg.config.paths.models, ...pkg.config.paths.seeds, ...pkg.config.paths.snapshots];
  const fqn = fqnOf(pkg.name, test.at.file.path, folders, names.full);

  const { phase, captured } = capturing(new Relation({}));
  const provisional = {
    unique_id: id,
    name: names.full,
    resource_type: "test",
    package_name: pkg.name,
    alias: names.short,
  };
  captured.macros.add(macro.id);
  captured.calls.add(macro.id);
  const sql = genericSql(test.test);
  // dbt, too, knows what these two read without looking.
  const isPlain =
    macro.package === BUILTIN_PACKAGE &&
    (bare === "unique" || bare === "not_null") &&
    Object.keys(test.args).every((key) => key === "column_name");
  if (!isPlain) {
    // The tested relation is wrapped by it, whatever the macro does.
    const where = state.shared.macros.find("get_where_subquery", pkg.name);
    if (where) captured.calls.add(where.id);
    attempt(state, test.at, () => {
      const yamlContext = new TemplateContext(state.shared, { package: pkg.name }, phase);
      const stand = new Relation({ schema: state.project.target.schema, identifier: onName });
      const kwargs = testArguments(args, stand, (text) => renderValue(state, text, test.at, yamlContext));
      const context = new TemplateContext(
        state.shared,
        { package: pkg.name, model: () => provisional, names: new Map([["_dbt_generic_test_kwargs", kwargs]]) },
        phase,
      );
      const template = genericTemplate(sql, state.jinja);
      quoting(textFile(sql, state.jinja), test.at, () => template.renderSync(context));
    });
  }

  // Arguments come first, as in dbt, where the tested relation is one of the macro's.
  if (on.kind === "source") captured.sources.push({ source: on.source.source, name: on.name });
  else captured.refs.push({ name: on.name, ...(version !== undefined && { version }) });

  // What the test's macro configures is its default: the use in YAML has the last word.
  const layers = { section: "tests", fqn, package: pkg, root: state.root } as const;
  const inFile = [...captured.config, ...(names.short === names.full ? [] : [{ alias: names.short }]), test.config];
  const all = effectiveConfig({ ...layers, defaults: testDefaults(state), inFile });
  const config = nodeConfig(all, test.at);
  const tags = [...new Set([...config.tags, ...(on.kind === "source" ? on.tags : []), ...(column?.tags ?? [])])];
  const where = place(state, { package: pkg.name, config: all, model: { ...provisional, config: all }, at: test.at });

  return {
    kind: "test",
    id,
    name: names.full,
    package: pkg.name,
    fqn,
    tags,
    meta: config.meta,
    ...describe(state, pkg.name, test.description, test.at),
    file: test.at.file,
    at: test.at,
    raw: sql,
    config,
    ...where,
    dependsOn: [],
    refs: captured.refs,
    sourceCalls: captured.sources,
    functionCalls: captured.functions,
    macros: [...captured.macros],
    calls: [...captured.calls],
    columns: [],
    constraints: [],
    writtenConfig: writtenConfig({ ...layers, inFile }),
    generic: {
      test: test.test,
      args,
      kwargs,
      path: `${names.short}.sql`,
      configured: configured(test.config, names.short === names.full ? undefined : names.short),
      on: on.kind === "source" ? `sources.${on.source.source}` : `${PLURALS[on.kind]}.${on.name}`,
      ...(column ? { column: column.name } : {}),
    },
    attached: on.id,
  };
}

const templates = new WeakMap<Jinja, Map<string, Template>>();

/** All uses of a test have the same template. */
function genericTemplate(sql: string, jinja: Jinja): Template {
  let known = templates.get(jinja);
  if (!known) templates.set(jinja, (known = new Map()));
  let template = known.get(sql);
  if (!template) known.set(sql, (template = jinja.template(sql, textFile(sql, jinja))));
  return template;
}

const PLURALS = { model: "models", seed: "seeds", snapshot: "snapshots", analysis: "analyses" } as const;

/** dbt's own keys first, in its order. */
const CONFIG_ORDER = [
  "severity",
  "tags",
  "enabled",
  "where",
  "limit",
  "warn_if",
  "error_if",
  "fail_calc",
  "store_failures",
  "store_failures_as",
  "sql_header",
  "meta",
  "database",
  "schema",
  "alias",
];

function configured(config: Mapping, alias: string | undefined): Mapping {
  const all: Mapping = { ...config, ...(alias !== undefined && config["alias"] === undefined && { alias }) };
  const known = CONFIG_ORDER.filter((key) => all[key] !== undefined && all[key] !== null);
  const keys = new Set([...known, ...Object.keys(all).filter((key) => !CONFIG_ORDER.includes(key))]);
  const ordered = Object.fromEntries([...keys].map((key) => [key, all[key]!]));
  copyPlaces(config, ordered);
  return ordered;
}

const versionArgument = (version: Value | undefined): string =>
  version === undefined || version === null ? "" : `, version='${String(version)}'`;

/** The template of every generic test's node. */
const genericSql = (test: string): string => `{{ ${test.replace(/^(.*\.)?/, "$1test_")}(**_dbt_generic_test_kwargs) }}`;

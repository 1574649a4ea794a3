/** Resources as templates (`model`, `graph`) and artifacts see them: dbt's keys, in dbt's order. */
import { str } from "../jinja/index.ts";
import { writtenValue } from "../context/written-value.ts";
import { sha256, textChecksum } from "../lib/hash.ts";
import { quoteIdent, type RelationName } from "../postgres/relation.ts";
import type { Mapping, Value } from "../project/types.ts";
import { isMapping, list } from "./config.ts";
import { configDictionary, hasRelation } from "./config-dictionary.ts";
import type { KeyTarget } from "./foreign-keys.ts";
import type {
  DataTestNode,
  DescribedColumn,
  ExposureNode,
  FunctionNode,
  HookNode,
  Manifest,
  Node,
  SourceNode,
} from "./manifest.ts";
import { unitTestDictionary } from "./unit-test-dictionary.ts";

const byId = <T extends { id: string }>(of: Iterable<T>, make: (one: T) => Mapping): Mapping =>
  Object.fromEntries(Array.from(of, (one) => [one.id, make(one)]));

const mappingOf = (value: Value | undefined): Mapping => (isMapping(value) ? value : {});

/** `graph` in templates. */
export function graphDictionary(manifest: Manifest): Mapping {
  const all = [...manifest.nodes.values()];
  return {
    nodes: byId(
      all.filter((node) => node.kind !== "unit_test" && node.kind !== "function"),
      (node) => nodeDictionary(node),
    ),
    sources: byId(manifest.sources.values(), sourceDictionary),
    exposures: byId(manifest.exposures.values(), exposureDictionary),
    unit_tests: byId(
      all.filter((node) => node.kind === "unit_test"),
      (node) => nodeDictionary(node),
    ),
    metrics: {},
    groups: {},
    functions: byId(
      all.filter((node) => node.kind === "function"),
      nodeDictionary,
    ),
    semantic_models: {},
    saved_queries: {},
  };
}

const relationName = (...parts: readonly string[]): string => parts.map(quoteIdent).join(".");

export function sourceDictionary(node: SourceNode): Mapping {
  const { source, database, schema, identifier } = node;
  const freshness = freshnessOf(source);
  const dated = { loaded_at_field: source.loadedAtField ?? null, loaded_at_query: source.loadedAtQuery ?? null };
  const tags = [...node.tags];
  const meta = { ...source.sourceMeta, ...source.meta };
  return {
    database,
    schema,
    name: node.name,
    resource_type: "source",
    package_name: node.package,
    path: node.file.path,
    original_file_path: node.file.path,
    unique_id: node.id,
    fqn: [...node.fqn],
    source_name: source.source,
    source_description: source.sourceDescription,
    loader: source.loader,
    identifier,
    quoting: { database: null, schema: null, identifier: null, column: null, ...source.quoting },
    ...dated,
    freshness,
    external: source.externalAsWritten ?? null,
    description: node.description,
    columns: columnsOf(node.columns),
    meta: node.meta,
    source_meta: source.sourceMeta,
    tags,
    config: configDictionary("source", { ...node.config.all, freshness, ...dated, meta: node.meta, tags }),
    patch_path: null,
    unrendered_config: { ...source.config, meta, ...dated, tags },
    relation_name: relationName(database, schema, identifier),
    unrendered_database: source.database ?? null,
    unrendered_schema: source.schema,
    doc_blocks: [...node.docBlocks],
  };
}

export function exposureDictionary(node: ExposureNode): Mapping {
  const { exposure } = node;
  return {
    name: node.name,
    resource_type: "exposure",
    package_name: node.package,
    path: belowFolder(node.file.path),
    original_file_path: node.file.path,
    unique_id: node.id,
    fqn: [...node.fqn],
    type: exposure.type,
    owner: { email: null, name: null, ...exposure.owner },
    description: node.description,
    label: exposure.label ?? null,
    maturity: exposure.maturity ?? null,
    meta: node.meta,
    tags: [...node.tags],
    config: configDictionary("exposure", node.config.all),
    unrendered_config: exposure.config,
    url: exposure.url ?? null,
    depends_on: { macros: [], nodes: [...node.dependsOn] },
    refs: refsOf(node.refs),
    sources: node.sourceCalls.map((s) => [s.source, s.name]),
    metrics: [],
  };
}

/** A foreign key's target as it is to be shown; as it is written where nobody knows it. */
type PrintKey = (to: string) => string;
const asWritten: PrintKey = (to) => to;

/** As dbt's compiled manifest has it. `stands` says where a target is at this moment. */
const printKeys =
  ({ keyTargets }: Node, stands: (name: KeyTarget["relation"]) => RelationName): PrintKey =>
  (to) => {
    const target = keyTargets?.get(to)?.relation;
    return target ? relationName(target.database, ...placeOf(stands(target))) : to;
  };
const placeOf = ({ schema, identifier }: RelationName): [string, string] => [schema, identifier];

const columnsOf = (columns: readonly DescribedColumn[], print = asWritten): Mapping =>
  Object.fromEntries(
    columns.map((c) => [
      c.name,
      {
        name: c.name,
        description: c.description,
        meta: c.meta,
        data_type: c.dataType ?? null,
        constraints: constraintsOf(c.constraints, print),
        quote: c.quote ?? null,
        config: { meta: c.meta, tags: [...c.tags] },
        tags: [...c.tags],
        granularity: null,
        dimension: null,
        entity: null,
        doc_blocks: [...c.docBlocks],
      },
    ]),
  );

const constraintsOf = (constraints: Node["constraints"], print = asWritten): Value[] =>
  constraints.map((c) => ({
    type: c.type,
    name: c.name ?? null,
    expression: c.expression ?? null,
    warn_unenforced: true,
    warn_unsupported: true,
    to: c.to === undefined ? null : print(c.to),
    to_columns: [...c.toColumns],
    ...(c.columns.length > 0 && { columns: [...c.columns] }),
  }));

const refsOf = (refs: Node["refs"]): Value[] =>
  refs.map((r) => ({ name: r.name, package: r.package ?? null, version: r.version ?? null }));

/** Both thresholds are always there, so that templates may look into them; null where freshness is switched off. */
function freshnessOf({ freshness }: SourceNode["source"]): Mapping | null {
  if (freshness === null) return null;
  const threshold = (key: string): Mapping => ({ count: null, period: null, ...mappingOf(freshness?.[key]) });
  return {
    warn_after: threshold("warn_after"),
    error_after: threshold("error_after"),
    filter: freshness?.["filter"] ?? null,
  };
}

/** `stands`: where what foreign keys refer to is while the node is built; else it is where it is published. */
export function nodeDictionary(
  node: Node,
  stands: (name: KeyTarget["relation"]) => RelationName = (name) => name,
): Mapping {
  if (node.kind === "unit_test") return unitTestDictionary(node, belowFolder(node.file.path));
  const config = configDictionary(node.kind, node.config.all);
  const described = node.propertiesAt !== undefined && node.kind !== "analysis";
  const patch = described ? `${node.propertiesFrom ?? node.package}://${node.propertiesAt!.file.path}` : null;
  return {
    database: node.database,
    schema: node.schema,
    name: node.name,
    resource_type: node.kind,
    package_name: node.package,
    path: pathOf(node),
    original_file_path: node.file.path,
    unique_id: node.id,
    fqn: [...node.fqn],
    alias: node.alias,
    checksum: checksumOf(node),
    config,
    tags: [...node.tags],
    description: node.description,
    columns: columnsOf(node.columns, printKeys(node, stands)),
    meta: node.meta,
    group: config["group"] ?? null,
    docs: config["docs"] ?? { show: true, node_color: null },
    patch_path: patch === null || isGeneric(node) ? null : patch,
    build_path: null,
    unrendered_config: node.writtenConfig,
    relation_name: hasRelation(node) ? relationName(node.database, node.schema, node.alias) : null,
    raw_code: rawOf(node),
    doc_blocks: [...node.docBlocks],
    ...(node.kind === "seed"
      ? { root_path: node.file.absolute.slice(0, -node.file.path.length - 1), depends_on: { macros: [...node.calls] } }
      : sqlPart(node, config, printKeys(node, stands))),
  };
}

export function hookDictionary(
  hook: HookNode,
  { onRunEnd }: Manifest,
  place: { database: string; schema: string },
): Mapping {
  const config = configDictionary("operation", hook.config);
  const when = onRunEnd.includes(hook) ? "on-run-end" : "on-run-start";
  return {
    ...place,
    name: hook.name,
    resource_type: "operation",
    package_name: hook.package,
    path: `hooks/${hook.name}.sql`,
    original_file_path: "./dbt_project.yml",
    unique_id: hook.id,
    fqn: [...hook.fqn],
    alias: hook.name,
    checksum: fileChecksum(hook.hook.at.file.text),
    config,
    tags: [...new Set([when, ...list(config["tags"])])],
    description: "",
    columns: {},
    meta: config["meta"] ?? {},
    group: null,
    docs: config["docs"] ?? {},
    patch_path: null,
    build_path: null,
    unrendered_config: {},
    relation_name: null,
    raw_code: hook.hook.sql,
    doc_blocks: [],
    language: "sql",
    refs: [],
    sources: [],
    metrics: [],
    functions: [],
    depends_on: { macros: [], nodes: [] },
    compiled_path: null,
    contract: { enforced: false, alias_types: true, checksum: null },
    index: hook.index,
  };
}

/** What everything has that is SQL. */
function sqlPart(node: Exclude<Node, { kind: "unit_test" | "seed" }>, config: Mapping, print: PrintKey): Mapping {
  const enforced = mappingOf(config["contract"]);
  return {
    language: node.kind === "function" ? node.language : "sql",
    refs: refsOf(node.refs),
    sources: node.sourceCalls.map((s) => [s.source, s.name]),
    metrics: [],
    functions: node.functionCalls.map((f) => (f.package === undefined ? [f.name] : [f.package, f.name])),
    depends_on: { macros: [...node.calls], nodes: [...node.dependsOn] },
    compiled_path: null,
    contract: {
      enforced: enforced["enforced"] === true,
      alias_types: enforced["alias_types"] !== false,
      checksum: contractChecksum(node, enforced),
    },
    ...(node.kind === "model" && {
      access: config["access"] ?? "protected",
      constraints: constraintsOf(node.constraints, print),
      version: node.version ?? null,
      latest_version: node.latestVersion ?? null,
      deprecation_date: node.deprecationDate ?? null,
      primary_key: [],
      time_spine: node.timeSpine ?? null,
    }),
    ...(node.kind === "function" && functionPart(node)),
    ...(node.kind === "test" && node.generic && genericPart(node, node.generic)),
  };
}

function functionPart({ arguments: args, returns, overloads }: FunctionNode): Mapping {
  return {
    arguments: args.map(argumentOf),
    returns: returnsOf(returns),
    overloads: overloads.map((one) => ({
      defined_in: one.definedIn,
      arguments: one.arguments.map(argumentOf),
      returns: one.saysReturns ? returnsOf(one.returns) : null,
      description: one.description ?? null,
      raw_body: one.raw.trim(),
      compiled_body: null,
    })),
  };
}

const argumentOf = ({ name, dataType, description, defaultValue }: FunctionNode["arguments"][number]): Mapping => ({
  name,
  data_type: dataType,
  description: description ?? null,
  default_value: defaultValue ?? null,
});

const returnsOf = ({ dataType, description }: FunctionNode["returns"]): Mapping => ({
  data_type: dataType,
  description: description ?? null,
});

const isGeneric = (node: Node): boolean => node.kind === "test" && node.generic !== undefined;

function genericPart(node: DataTestNode, generic: NonNullable<DataTestNode["generic"]>): Mapping {
  const { test, args, on, kwargs, column } = generic;
  const dot = test.indexOf(".");
  return {
    column_name: column === undefined ? null : args["column_name"]!,
    file_key_name: on,
    attached_node: node.attached?.startsWith("source.") ? null : (node.attached ?? null),
    test_metadata: { name: test.slice(dot + 1), kwargs, namespace: dot < 0 ? null : test.slice(0, dot) },
  };
}

/** Of what is promised: columns in order of name, types and constraints; null where no contract is enforced. */
function contractChecksum(node: Node, contract: Mapping): string | null {
  if (contract["enforced"] !== true) return null;
  const columns = node.columns.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const told = columns.map((c) => [c.name, c.dataType ?? null, constraintsOf(c.constraints)]);
  return sha256(JSON.stringify([told, constraintsOf(node.constraints), node.config.materialized]));
}

const fileChecksum = (text: string): Mapping => ({ name: "sha256", checksum: textChecksum(text) });

function checksumOf(node: Node): Mapping {
  if (node.kind === "seed") return { ...node.seed.checksum };
  if (isGeneric(node)) return { name: "none", checksum: "" };
  return fileChecksum(node.file.text);
}

function rawOf(node: Node): string {
  if (node.kind === "seed") return "";
  if (node.kind === "snapshot") return node.raw;
  if (node.kind !== "test" || !node.generic) return node.raw.trim();
  const { configured } = node.generic;
  const words = Object.keys(configured).map((key) => `${key}=${pythonLiteral(configured, key)}`);
  return words.length > 0 ? `${node.raw}{{ config(${words.join(",")}) }}` : node.raw;
}

/** As Python prints it; texts in double quotes. */
function pythonLiteral(of: Mapping, key: string): string {
  const value = of[key];
  return typeof value === "string" ? `"${value.replaceAll('"', '\\"')}"` : str(writtenValue(of, key));
}

/** As dbt: below the folder of its kind; a generic test has a file of its own, by its alias. */
function pathOf(node: Node): string {
  if (node.kind === "test" && node.generic) return node.generic.path;
  const written = node.file.path.slice(node.file.path.lastIndexOf("/") + 1);
  const file = node.kind === "snapshot" && !written.endsWith(".sql") ? `${node.name}.sql` : written;
  // The name of a snapshot's file is a folder of its fqn.
  const folders = node.fqn.slice(1, node.kind === "snapshot" && written.endsWith(".sql") ? -2 : -1);
  return [...folders, file].join("/");
}

/** `models/a/schema.yml` → `a/schema.yml`. */
const belowFolder = (path: string): string => path.split("/").slice(1).join("/") || path;

/** A node as templates and artifacts see it: dbt's keys. */
import type { Mapping, Value } from "../project/types.ts";
import { isMapping } from "./config.ts";
import type { ExposureNode, Manifest, Node, SourceNode } from "./manifest.ts";

const byId = <T extends { id: string }>(of: Iterable<T>, make: (one: T) => Mapping): Mapping =>
  Object.fromEntries(Array.from(of, (one) => [one.id, make(one)]));

const mappingOf = (value: Value | undefined): Mapping => (isMapping(value) ? value : {});

/** `graph` in templates. */
export function graphDictionary(manifest: Manifest): Mapping {
  const all = [...manifest.nodes.values()];
  return {
    nodes: byId(
      all.filter((node) => node.kind !== "unit_test"),
      nodeDictionary,
    ),
    sources: byId(manifest.sources.values(), sourceDictionary),
    exposures: byId(manifest.exposures.values(), exposureDictionary),
    unit_tests: byId(
      all.filter((node) => node.kind === "unit_test"),
      nodeDictionary,
    ),
    metrics: {},
    groups: {},
  };
}

/** What sources and exposures have in common with nodes. */
function commonDictionary(resource: SourceNode | ExposureNode): Mapping {
  return {
    unique_id: resource.id,
    name: resource.name,
    resource_type: resource.kind,
    package_name: resource.package,
    path: resource.file.path,
    original_file_path: resource.file.path,
    fqn: [...resource.fqn],
    config: resource.config.all,
    tags: [...resource.tags],
    meta: resource.meta,
    description: resource.description,
  };
}

export function sourceDictionary(node: SourceNode): Mapping {
  const { source, database, schema, identifier } = node;
  const freshness = freshnessOf(source);
  const dated = { loaded_at_field: source.loadedAtField ?? null, loaded_at_query: source.loadedAtQuery ?? null };
  return {
    ...commonDictionary(node),
    config: { ...node.config.all, freshness, ...dated },
    source_name: source.source,
    source_description: source.sourceDescription,
    source_meta: source.sourceMeta,
    loader: source.loader,
    database,
    schema,
    identifier,
    relation_name: `"${database}"."${schema}"."${identifier}"`,
    columns: columnsOf(node.columns),
    quoting: source.quoting,
    freshness,
    ...dated,
    external: source.externalAsWritten ?? null,
  };
}

export function exposureDictionary(node: ExposureNode): Mapping {
  const { exposure } = node;
  return {
    ...commonDictionary(node),
    type: exposure.type,
    label: exposure.label ?? null,
    url: exposure.url ?? null,
    maturity: exposure.maturity ?? null,
    owner: exposure.owner,
    depends_on: { nodes: [...node.dependsOn], macros: [] },
  };
}

const columnsOf = (columns: Node["columns"]): Value =>
  Object.fromEntries(
    columns.map((c) => [
      c.name,
      {
        name: c.name,
        description: c.description,
        data_type: c.dataType ?? null,
        quote: c.quote ?? null,
        tags: [...c.tags],
        meta: c.meta,
        config: { meta: c.meta, tags: [...c.tags] },
        constraints: constraintsOf(c.constraints),
      },
    ]),
  );

const constraintsOf = (constraints: Node["constraints"]): Value[] =>
  constraints.map((c) => ({
    type: c.type,
    name: c.name ?? null,
    expression: c.expression ?? null,
    warn_unenforced: true,
    warn_unsupported: true,
    to: c.to ?? null,
    to_columns: [...c.toColumns],
    ...(c.columns.length > 0 && { columns: [...c.columns] }),
  }));

/** Both thresholds are always there, so that templates may look into them. */
function freshnessOf({ freshness }: SourceNode["source"]): Mapping {
  const threshold = (key: string): Mapping => ({ count: null, period: null, ...mappingOf(freshness?.[key]) });
  return { filter: null, ...freshness, warn_after: threshold("warn_after"), error_after: threshold("error_after") };
}

export function nodeDictionary(node: Node): Mapping {
  return {
    unique_id: node.id,
    name: node.name,
    resource_type: node.kind,
    package_name: node.package,
    path: pathOf(node),
    original_file_path: node.file.path,
    fqn: [...node.fqn],
    database: node.database,
    schema: node.schema,
    alias: node.alias,
    relation_name: `"${node.database}"."${node.schema}"."${node.alias}"`,
    config: node.config.all,
    tags: [...node.tags],
    meta: node.meta,
    description: node.description,
    raw_code: node.raw,
    version: node.kind === "model" ? (node.version ?? null) : null,
    ...(node.kind === "test" && {
      attached_node: node.attached ?? null,
      column_name: node.generic?.column ?? null,
      test_metadata: node.generic ? testMetadata(node.generic) : null,
    }),
    columns: columnsOf(node.columns),
    constraints: constraintsOf(node.constraints),
    docs: node.config.all["docs"] ?? { show: true, node_color: null },
    contract: { enforced: false, alias_types: true, ...mappingOf(node.config.all["contract"]) },
    group: node.config.all["group"] ?? null,
    ...(node.kind === "model" && {
      access: node.config.all["access"] ?? "protected",
      time_spine: node.timeSpine ?? null,
      latest_version: node.latestVersion ?? null,
      deprecation_date: null,
    }),
    language: "sql",
    depends_on: { nodes: [...node.dependsOn], macros: [...node.macros] },
    refs: node.refs.map((r) => ({ name: r.name, package: r.package ?? null, version: r.version ?? null })),
    sources: node.sourceCalls.map((s) => [s.source, s.name]),
  };
}

/** As dbt: below the folder of its kind; a generic test has a file of its own, by its alias. */
function pathOf(node: Node): string {
  if (node.kind === "test" && node.generic) return `${node.alias}.sql`;
  const file = node.file.path.slice(node.file.path.lastIndexOf("/") + 1);
  // The name of a snapshot's file is a folder of its fqn.
  const folders = node.fqn.slice(1, node.kind === "snapshot" && file.endsWith(".sql") ? -2 : -1);
  return [...folders, file].join("/");
}

function testMetadata({ test, args }: { test: string; args: Mapping }): Mapping {
  const dot = test.indexOf(".");
  return { name: test.slice(dot + 1), namespace: dot < 0 ? null : test.slice(0, dot), kwargs: args };
}

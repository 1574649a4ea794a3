/** A node as templates and artifacts see it: dbt's keys. */
import type { Mapping, Value } from "../project/types.ts";
import type { Node } from "./manifest.ts";

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
    columns: Object.fromEntries(
      node.columns.map((c) => [
        c.name,
        { name: c.name, description: c.description, data_type: c.dataType ?? null, quote: c.quote ?? null, tags: [...c.tags], meta: c.meta },
      ]),
    ) as Value,
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

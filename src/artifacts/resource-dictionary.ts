/** Any resource with dbt's keys, as `ls --output json` prints it. */
import { nodeDictionary } from "../parse/node-dictionary.ts";
import type { Resource } from "../parse/manifest.ts";

export function resourceDictionary(resource: Resource): Record<string, unknown> {
  if (resource.kind !== "source" && resource.kind !== "exposure") return nodeDictionary(resource);
  const common = {
    unique_id: resource.id,
    name: resource.name,
    resource_type: resource.kind,
    package_name: resource.package,
    original_file_path: resource.file.path,
    fqn: resource.fqn,
    config: resource.config.all,
    tags: resource.tags,
    meta: resource.meta,
    description: resource.description,
  };
  if (resource.kind === "exposure") return { ...common, depends_on: { nodes: resource.dependsOn, macros: [] } };
  const { database, schema, identifier, source } = resource;
  return { ...common, source_name: source.source, database, schema, identifier, loader: source.loader };
}

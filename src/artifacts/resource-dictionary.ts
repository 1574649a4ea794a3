/** Any resource with dbt's keys. */
import type { Resource } from "../parse/manifest.ts";
import { exposureDictionary, nodeDictionary, sourceDictionary } from "../parse/node-dictionary.ts";

export function resourceDictionary(resource: Resource): Record<string, unknown> {
  if (resource.kind === "source") return sourceDictionary(resource);
  return resource.kind === "exposure" ? exposureDictionary(resource) : nodeDictionary(resource);
}

/** Any resource with dbt's keys. */
import type { Resource } from "./manifest.ts";
import { exposureDictionary, nodeDictionary, sourceDictionary } from "./node-dictionary.ts";

export function resourceDictionary(resource: Resource): Record<string, unknown> {
  if (resource.kind === "source") return sourceDictionary(resource);
  return resource.kind === "exposure" ? exposureDictionary(resource) : nodeDictionary(resource);
}

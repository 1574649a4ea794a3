/** Which version of a model comes after which. */
import type { Value } from "../project/types.ts";
import type { Resource } from "./manifest.ts";

/** As numbers where both are; as text otherwise. Less than 0: `a` is the older one. */
export function compareVersions(a: Value, b: Value): number {
  const [left, right] = [Number(a), Number(b)];
  if (!Number.isNaN(left) && !Number.isNaN(right)) return left - right;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}

/** The greatest version of each model that has versions, by the model's name. */
export function newestVersions(resources: Iterable<Resource>): Map<string, Value> {
  const newest = new Map<string, Value>();
  for (const one of resources) {
    if (one.kind !== "model" || one.version === undefined) continue;
    const known = newest.get(one.name);
    if (known === undefined || compareVersions(one.version, known) > 0) newest.set(one.name, one.version);
  }
  return newest;
}

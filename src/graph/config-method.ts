/** Selection by configuration: `config.materialized:view`, `config.meta.owner:risk`, `config.severity:warn`. */
import type { Value } from "../project/types.ts";
import type { Matcher, Problem } from "./methods.ts";

/**
 * Compares what the configuration holds under the keys `path` with the text `wanted`. A list matches if it holds the text,
 * a boolean if the text is true or false in any case. Numbers and mappings never match, as in dbt.
 */
export function matchConfig(path: readonly string[], wanted: string): Matcher | Problem {
  if (path.length === 0) {
    return {
      problem: `"config:${wanted}" does not say which configuration.`,
      notes: ['name it before the colon, as in "config.materialized:table" or "config.meta.owner:risk"'],
    };
  }
  const ignoreCase = path.length === 1 && path[0] === "severity";
  const isWanted = (value: Value): boolean => {
    if (typeof value === "boolean") return String(value) === wanted.toLowerCase();
    if (typeof value !== "string") return false;
    return value === wanted || (ignoreCase && value.toLowerCase() === wanted.toLowerCase());
  };
  return (resource) => {
    // dbt looks at the configurations of nodes and sources only.
    if (resource.kind === "exposure" || resource.kind === "unit_test") return false;
    const value = descend(resource.config.all, path);
    if (value === undefined) return false;
    return Array.isArray(value) ? value.some(isWanted) : isWanted(value);
  };
}

function descend(value: Value, path: readonly string[]): Value | undefined {
  let at: Value | undefined = value;
  for (const key of path) {
    if (at === null || typeof at !== "object" || Array.isArray(at) || !Object.hasOwn(at, key)) return undefined;
    at = at[key];
  }
  return at;
}

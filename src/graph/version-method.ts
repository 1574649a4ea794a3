/** Selection by model version: `version:latest`, `prerelease`, `old`, `none`. */
import { didYouMean } from "../lib/nearest.ts";
import type { ModelNode } from "../parse/manifest.ts";
import { compareVersions } from "../parse/model-versions.ts";
import type { Value } from "../project/types.ts";
import { isVersioned } from "./fqn.ts";
import type { Graph } from "./graph.ts";
import type { Matcher, Problem, Query } from "./methods.ts";

const KINDS = ["latest", "prerelease", "old", "none"];

export function versionMatcher({ value, graph, context }: Query): Matcher | Problem {
  if (!KINDS.includes(value)) {
    const suggestions = didYouMean(value, KINDS);
    return {
      problem: `"${value}" is not a kind of version.`,
      notes: suggestions.length > 0 ? suggestions : [`expected ${KINDS.join(", ")}`],
    };
  }
  const highest = highestVersions(graph);
  return (resource) => {
    if (resource.kind !== "model") return false;
    if (!isVersioned(resource)) return value === "none";
    const latest =
      resource.latestVersion ??
      context.latestVersion?.(resource) ??
      resource.latestVersion ??
      highest.get(family(resource)) ??
      null;
    const order = compareVersions(resource.version ?? null, latest);
    return value === "latest" ? order === 0 : value === "prerelease" ? order > 0 : value === "old" && order < 0;
  };
}

/** The highest version of each versioned model. */
function highestVersions(graph: Graph): Map<string, Value> {
  const highest = new Map<string, Value>();
  for (const id of graph.order) {
    const resource = graph.resource(id);
    if (resource.kind !== "model" || !isVersioned(resource)) continue;
    const key = family(resource);
    const known = highest.get(key);
    const version = resource.version ?? null;
    if (known === undefined || compareVersions(version, known) > 0) highest.set(key, version);
  }
  return highest;
}

const family = (model: ModelNode): string => `${model.package}.${model.name}`;

/** The selection methods: what may stand before the colon of a criterion. One entry per method. */
import { didYouMean } from "../lib/nearest.ts";
import type { ModelNode, NodeId, Resource } from "../parse/manifest.ts";
import type { Value } from "../project/types.ts";
import type { Expression } from "./expression.ts";
import type { Graph } from "./graph.ts";
import { matchConfig } from "./config-method.ts";
import { fqnMatches, folders } from "./fqn.ts";
import { versionMatcher } from "./version-method.ts";
import { fits, liesIn } from "./wildcard.ts";

/** What methods may ask beside the graph. What is absent makes the methods that need it a user's mistake. */
export interface SelectionContext {
  /** What `package:this` means. */
  readonly projectName: string;
  /** `state:`, compared with another manifest. */
  readonly state?: StateForSelection;
  /** `result:`: how each node fared in an earlier run. */
  readonly results?: ReadonlyMap<NodeId, string>;
  /** `source_status:fresher`: sources with newer data than at an earlier check. */
  readonly fresherSources?: ReadonlySet<NodeId>;
  /** `version:`: which version a model's `latest_version` names. Absent or undefined: the highest. */
  readonly latestVersion?: (model: ModelNode) => Value | undefined;
  /** `selector:`: the named selectors of `selectors.yml`. */
  readonly selectors?: ReadonlyMap<string, Expression>;
}

export interface StateForSelection {
  /** `what`: `new`, `old`, `modified`, `modified.body`, `unmodified` … Undefined: there is no such comparison. */
  is(id: NodeId, what: string): boolean | undefined;
  /** All comparisons there are. */
  readonly kinds: readonly string[];
}

export interface Query {
  readonly value: string;
  readonly args: readonly string[];
  readonly graph: Graph;
  readonly context: SelectionContext;
  /** Evaluates a named selector. Undefined: it is being evaluated already, so it refers to itself. */
  named(name: string): ReadonlySet<NodeId> | undefined;
}

export type Matcher = (resource: Resource) => boolean;
/** What is wrong with the value, as a sentence, and what to do. */
export interface Problem {
  readonly problem: string;
  readonly notes: readonly string[];
}

export interface Method {
  matcher(query: Query): Matcher | Problem;
  /** Values of this method that exist: what a misspelt one is compared with. */
  values?(graph: Graph): Iterable<string>;
}

/** Kinds that dbt has and no graph of ours holds: asking for them finds nothing, but is no mistake. */
const KINDS_WITHOUT_NODES = ["metric", "semantic_model", "saved_query", "operation", "macro", "doc", "group"];

export const methods: Readonly<Record<string, Method>> = {
  fqn: {
    matcher:
      ({ value }) =>
      (resource) =>
        resource.kind !== "source" && fqnMatches(resource, value),
    values: (graph) =>
      each(graph, (resource) => (resource.kind === "source" ? [] : [resource.name, ...folders(resource)])),
  },
  tag: {
    matcher:
      ({ value }) =>
      (resource) =>
        resource.tags.some((tag) => fits(tag, value)),
    values: (graph) => each(graph, (resource) => resource.tags),
  },
  group: {
    matcher:
      ({ value }) =>
      (resource) =>
        groupOf(resource).some((group) => fits(group, value)),
    values: (graph) => each(graph, groupOf),
  },
  access: {
    matcher:
      ({ value }) =>
      (resource) => {
        return resource.kind === "model" && (resource.config.all.access ?? "protected") === value;
      },
    values: () => ["private", "protected", "public"],
  },
  source: {
    matcher: dotted(["source", "table"], (resource) => {
      return resource.kind === "source" ? [resource.package, resource.source.source, resource.name] : undefined;
    }),
    values: (graph) => {
      return each(graph, (resource) => {
        return resource.kind === "source" ? [resource.source.source, `${resource.source.source}.${resource.name}`] : [];
      });
    },
  },
  exposure: namedResource("exposure"),
  unit_test: namedResource("unit_test"),
  path: {
    matcher:
      ({ value }) =>
      (resource) =>
        pathsOf(resource).some((path) => liesIn(path, value)),
    values: (graph) => each(graph, (resource) => pathsOf(resource).flatMap(withFolders)),
  },
  file: {
    matcher:
      ({ value }) =>
      (resource) =>
        fileNames(resource).some((name) => fits(name, value)),
    values: (graph) => each(graph, fileNames),
  },
  package: {
    matcher: ({ value, context }) => {
      const wanted = value === "this" ? context.projectName : value;
      return (resource) => fits(resource.package, wanted);
    },
    values: (graph) => each(graph, (resource) => [resource.package]),
  },
  config: { matcher: ({ value, args }) => matchConfig(args, value) },
  test_name: {
    matcher:
      ({ value }) =>
      (resource) =>
        testNames(resource).some((name) => fits(name, value)),
    values: (graph) => each(graph, testNames),
  },
  test_type: {
    matcher: oneOf(["generic", "schema", "singular", "data", "unit"], (resource, value) => {
      if (resource.kind === "unit_test") return value === "unit";
      if (resource.kind !== "test" || value === "unit") return false;
      return value === "data" || (value === "singular") === (resource.generic === undefined);
    }),
  },
  resource_type: {
    matcher: oneOf(
      [
        "model",
        "seed",
        "snapshot",
        "test",
        "unit_test",
        "analysis",
        "function",
        "source",
        "exposure",
        ...KINDS_WITHOUT_NODES,
      ],
      (resource, value) => resource.kind === value,
    ),
  },
  version: { matcher: versionMatcher },
  state: {
    matcher: (query) => {
      const { state } = query.context;
      if (!state)
        return needs("state:", "the artifacts of another run to compare with: give their folder with --state");
      return oneOf(state.kinds, (resource, value) => state.is(resource.id, value) ?? false)(query);
    },
  },
  result: {
    matcher: ({ value, context: { results } }) => {
      if (!results) return needs("result:", "the results of an earlier run: give their folder with --state");
      return (resource) => results.get(resource.id) === value;
    },
  },
  source_status: {
    matcher: (query) => {
      const { fresherSources } = query.context;
      if (!fresherSources) return needs("source_status:", "an earlier freshness check: give its folder with --state");
      return oneOf(["fresher"], (resource) => fresherSources.has(resource.id))(query);
    },
  },
  selector: { matcher: matchSelector },
  // The semantic layer is not part of Sluice: projects that have it still list and build everything else.
  metric: nothing(),
  semantic_model: nothing(),
  saved_query: nothing(),
};

function oneOf(allowed: readonly string[], matches: (resource: Resource, value: string) => boolean): Method["matcher"] {
  return ({ value }) => {
    if (allowed.includes(value)) return (resource) => matches(resource, value);
    const suggestions = didYouMean(value, allowed);
    return {
      problem: `"${value}" is none of the values it may have.`,
      notes: suggestions.length > 0 ? suggestions : [`expected ${allowed.join(", ")}`],
    };
  };
}

/**
 * Values such as `source.table` or `package.source.table`: as many parts as `parts` names, with the package before all
 * of them or with some missing at the end. `nameOf` gives a resource's package and parts.
 */
function dotted(
  parts: readonly string[],
  nameOf: (resource: Resource) => readonly string[] | undefined,
): Method["matcher"] {
  return ({ value }) => {
    const words = value.split(".");
    if (words.length > parts.length + 1) {
      const forms = [parts[0], parts.join("."), `package.${parts.join(".")}`];
      return {
        problem: `"${value}" has too many parts.`,
        notes: [`expected ${[...new Set(forms)].join(" or ")}`],
      };
    }
    const patterns = words.length === parts.length + 1 ? words : ["*", ...words];
    return (resource) => {
      const name = nameOf(resource);
      return name !== undefined && patterns.every((pattern, i) => fits(name[i]!, pattern));
    };
  };
}

function namedResource(kind: "exposure" | "unit_test"): Method {
  return {
    matcher: dotted([kind], (resource) => (resource.kind === kind ? [resource.package, resource.name] : undefined)),
    values: (graph) => each(graph, (resource) => (resource.kind === kind ? [resource.name] : [])),
  };
}

function nothing(): Method {
  return { matcher: () => () => false };
}

function needs(method: string, what: string): Problem {
  return { problem: `${method} is not supported without ${what}.`, notes: [] };
}

function matchSelector({ value, context, named }: Query): Matcher | Problem {
  const names = [...(context.selectors?.keys() ?? [])].filter((name) => fits(name, value)).toSorted();
  if (names.length === 0) {
    const notes = didYouMean(value, context.selectors?.keys() ?? []);
    return { problem: `No selector is named "${value}".`, notes };
  }
  const found = new Set<NodeId>();
  for (const name of names) {
    const ids = named(name);
    if (!ids) return { problem: `The selector "${name}" refers to itself.`, notes: [] };
    for (const id of ids) found.add(id);
  }
  return (resource) => found.has(resource.id);
}

function each(graph: Graph, values: (resource: Resource) => readonly string[]): Set<string> {
  return new Set(graph.order.flatMap((id) => values(graph.resource(id))));
}

function groupOf(resource: Resource): string[] {
  if (resource.kind === "source" || resource.kind === "exposure" || resource.kind === "unit_test") return [];
  const { group } = resource.config.all;
  return typeof group === "string" ? [group] : [];
}

/** Its own file, and the property file that describes it. */
function pathsOf(resource: Resource): string[] {
  const described = "propertiesAt" in resource ? resource.propertiesAt : undefined;
  return described ? [resource.file.path, described.file.path] : [resource.file.path];
}

/** `models/staging/a.sql` → itself, `models/staging`, `models`. */
function withFolders(path: string): string[] {
  const parts = path.split("/");
  return parts.map((_, i) => parts.slice(0, i + 1).join("/"));
}

/** `a.sql` and `a`. */
function fileNames(resource: Resource): string[] {
  const name = resource.file.path.split("/").at(-1)!;
  const dot = name.lastIndexOf(".");
  return dot > 0 ? [name, name.slice(0, dot)] : [name];
}

/** The generic test's name without its package, or the unit test's own. */
function testNames(resource: Resource): string[] {
  if (resource.kind === "unit_test") return [resource.name];
  return resource.kind === "test" && resource.generic ? [resource.generic.test.split(".").at(-1)!] : [];
}

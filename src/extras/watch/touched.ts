/** What an edit touches: resources that are not what they were, as the parser sees them. */
import { sep } from "node:path";
import type { Graph, NodeId, Resource, Sluice } from "../../index.ts";
import { sha256 } from "../../lib/hash.ts";

export type Signatures = ReadonlyMap<NodeId, string>;

/** Of everything that decides what a resource becomes: its text, configuration, columns, name, and the macros it calls. */
export function signatures(sluice: Sluice): Signatures {
  const { manifest, graph, project } = sluice;
  const macros = macroTexts(manifest.macros);
  const vars = JSON.stringify([project.cliVars, project.packages.map((p) => p.config.vars)]);
  return new Map(
    graph.order.map((id) => {
      const resource = graph.resource(id);
      const called = "macros" in resource ? resource.macros.map((macro) => macros(macro)).join("\n") : "";
      const text = JSON.stringify(resource, withoutPlaces) + called;
      return [id, sha256(text + (/\bvar\s*\(/.test(text) ? vars : ""))];
    }),
  );
}

const PLACES = new Set(["at", "file", "propertiesAt"]);
/** A resource that moved within its file is the same. Files have texts, which hold their neighbours too. */
function withoutPlaces(key: string, value: unknown): unknown {
  return PLACES.has(key) ? undefined : value;
}

/** A macro's text and those of the macros that it names, however far. */
function macroTexts(all: Sluice["manifest"]["macros"]): (id: string) => string {
  const byName = new Map([...all.values()].map((macro) => [macro.name, macro]));
  const known = new Map<string, string>();
  const textOf = (id: string): string => {
    const macro = all.get(id);
    if (!macro) return "";
    const found = known.get(id);
    if (found !== undefined) return found;
    // Before its inner ones, which may call it.
    known.set(id, macro.source);
    const inner = new Set(
      [...macro.source.matchAll(/\w+/g)].map(([name]) => byName.get(name)).filter((m) => m !== undefined),
    );
    const text =
      macro.source +
      [...inner]
        .filter((m) => m !== macro)
        .map((m) => textOf(m.id))
        .join("\n");
    known.set(id, text);
    return text;
  };
  return textOf;
}

/** Resources that are new or changed since. */
export function changedSince(before: Signatures, after: Signatures): Set<NodeId> {
  return new Set([...after].filter(([id, signature]) => before.get(id) !== signature).map(([id]) => id));
}

/** Sources whose files are among the paths (relative to the project, as the system writes them). */
export function sourcesOf(graph: Graph, paths: readonly string[]): NodeId[] {
  return graph.order.filter((id) => {
    const resource = graph.resource(id);
    const location = resource.kind === "source" ? resource.source.external?.location : undefined;
    if (location === undefined) return false;
    // The part without wildcards is enough: loading looks at contents itself.
    const [fixed = ""] = location.split(/[*?[{]/);
    return paths.some((path) => path.split(sep).join("/").startsWith(fixed.replace(/^\.\//, "")));
  });
}

export interface Wish {
  readonly touched: ReadonlySet<NodeId>;
  /** What failed before and has not changed since. */
  readonly failed: ReadonlySet<NodeId>;
  readonly downstream: boolean;
}

/**
 * What to build: what was touched, through ephemeral models to those that hold them; what failed and stands below; their
 * tests; all descendants if asked.
 */
export function toBuild(graph: Graph, { touched, failed, downstream }: Wish): Set<NodeId> {
  const wanted = new Set<NodeId>();
  const add = (id: NodeId): void => {
    if (wanted.has(id)) return;
    wanted.add(id);
    if (isEphemeral(graph.resource(id))) graph.children(id).forEach(add);
  };
  for (const id of touched) {
    add(id);
    for (const below of graph.descendants(id)) if (downstream || failed.has(below)) add(below);
  }
  // Grows while it is walked; tests have no children.
  for (const id of wanted) {
    for (const child of graph.children(id)) if (isTest(graph.resource(child))) wanted.add(child);
  }
  return new Set(graph.order.filter((id) => wanted.has(id) && graph.resource(id).kind !== "exposure"));
}

const isTest = ({ kind }: Resource): boolean => kind === "test" || kind === "unit_test";
const isEphemeral = (resource: Resource): boolean =>
  resource.kind === "model" && resource.config.materialized === "ephemeral";

/** The graph: a manifest's resources joined by what they read, proven free of cycles. */
import { Graph as Container } from "graphlib";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Manifest, NodeId, Resource } from "../parse/manifest.ts";
import { findCycles } from "./cycles.ts";
import { orderByLevel } from "./order.ts";

/** Asking about an id the graph does not hold is a bug and throws. */
export interface Graph {
  readonly manifest: Manifest;
  has(id: NodeId): boolean;
  /** Node, source or exposure. */
  resource(id: NodeId): Resource;
  /** Direct ones, sorted. A data test's parents are what it reads; a unit test's only parent is its model. */
  parents(id: NodeId): readonly NodeId[];
  children(id: NodeId): readonly NodeId[];
  /** Without `id` itself; `depth` 1 is the parents. */
  ancestors(id: NodeId, depth?: number): Set<NodeId>;
  descendants(id: NodeId, depth?: number): Set<NodeId>;
  /** Parents before children. Level by level, sorted within a level, so the same project always gives the same order. */
  readonly order: readonly NodeId[];
}

/**
 * Builds the graph of everything enabled. Dependencies that the manifest does not hold are left out: the parser has
 * reported them. A cycle is an error and then there is no graph.
 */
export function buildGraph(manifest: Manifest): { graph?: Graph; diagnostics: Diagnostic[] } {
  const resources = new Map<NodeId, Resource>();
  for (const group of [manifest.sources, manifest.nodes, manifest.exposures]) {
    for (const [id, resource] of group) resources.set(id, resource);
  }
  const container = new Container<unknown, Resource>({ directed: true });
  const ids = [...resources.keys()].toSorted();
  for (const id of ids) container.setNode(id, resources.get(id));
  for (const id of ids) {
    for (const parent of declaredParents(resources.get(id)!)) {
      if (resources.has(parent)) container.setEdge(parent, id);
    }
  }

  const parents = neighbours((id) => container.predecessors(id));
  const children = neighbours((id) => container.successors(id));
  const { order, stuck } = orderByLevel(ids, parents);
  if (stuck.length > 0) return { diagnostics: findCycles(stuck, parents, (id) => resources.get(id)!) };

  const graph: Graph = {
    manifest,
    has: (id) => container.hasNode(id),
    resource: (id) => {
      if (!container.hasNode(id)) throw new Error(`Internal error: ${id} is not in the graph`);
      return container.node(id);
    },
    parents,
    children,
    ancestors: (id, depth) => reach([id], parents, depth),
    descendants: (id, depth) => reach([id], children, depth),
    order,
  };
  return { graph, diagnostics: [] };
}

function declaredParents(resource: Resource): readonly NodeId[] {
  if (resource.kind === "source") return resource.filledBy ? [resource.filledBy] : [];
  if (resource.kind === "unit_test") return [resource.model];
  return resource.dependsOn;
}

/** Sorts and keeps the answers: graphlib makes a new, unsorted array at every call. */
function neighbours(ask: (id: NodeId) => string[] | undefined): (id: NodeId) => readonly NodeId[] {
  const known = new Map<NodeId, readonly NodeId[]>();
  return (id) => {
    let answer = known.get(id);
    if (!answer) {
      const found = ask(id);
      if (!found) throw new Error(`Internal error: ${id} is not in the graph`);
      // Only NodeIds were put in; graphlib's types know strings.
      answer = found.toSorted() as NodeId[];
      known.set(id, answer);
    }
    return answer;
  };
}

/**
 * Everything within `depth` steps of `from`. A node of `from` is in the answer only if another one leads to it, as dbt
 * counts. Breadth first with a list, so that long chains do not exhaust the stack.
 */
export function reach(
  from: Iterable<NodeId>,
  next: (id: NodeId) => readonly NodeId[],
  depth: number = Number.POSITIVE_INFINITY,
): Set<NodeId> {
  const reached = new Set<NodeId>();
  let layer = new Set(from);
  for (let step = 0; step < depth && layer.size > 0; step++) {
    const following = new Set<NodeId>();
    for (const id of layer) {
      for (const neighbour of next(id)) {
        if (!reached.has(neighbour)) following.add(neighbour);
      }
    }
    for (const id of following) reached.add(id);
    layer = following;
  }
  return reached;
}

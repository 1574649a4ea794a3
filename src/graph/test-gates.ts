/** Which tests stand between which nodes. */
import type { NodeId, Resource } from "../parse/manifest.ts";
import { reach, type Graph } from "./graph.ts";
import type { Selection } from "./select.ts";

export interface Gates {
  /** Node → selected data tests it must wait for. Its descendants wait for them through it. */
  readonly data: ReadonlyMap<NodeId, readonly NodeId[]>;
  /** Model → its selected unit tests. */
  readonly unit: ReadonlyMap<NodeId, readonly NodeId[]>;
}

/**
 * A data test gates the nodes that descend from *everything* it reads. A node that descends only from part of it is not
 * held up: the test may read what comes after that node, and then waiting would be a circle. Gating such nodes only
 * where no other way is open would make the order depend on unrelated tests, so, like dbt, we do not.
 *
 * A gate is recorded at the first such nodes only; whatever lies behind them waits for them anyway.
 */
export function findGates(graph: Graph, selection: Selection): Gates {
  const data = new Map<NodeId, NodeId[]>();
  const unit = new Map<NodeId, NodeId[]>();
  const descendants = remember((id) => reach([id], graph.children));
  for (const id of [...selection].toSorted()) {
    const resource = graph.resource(id);
    if (resource.kind === "unit_test") add(unit, resource.model, id);
    if (resource.kind !== "test") continue;
    for (const gated of firstBehindAll(graph, graph.parents(id), descendants)) add(data, gated, id);
  }
  return { data, unit };
}

/** Nodes that descend from all of `tested`, but none of whose parents do. */
function firstBehindAll(
  graph: Graph,
  tested: readonly NodeId[],
  descendants: (id: NodeId) => ReadonlySet<NodeId>,
): NodeId[] {
  const [first, ...others] = tested;
  if (first === undefined) return [];
  const canWait = (id: NodeId) => isHeldBack(graph.resource(id));
  // Most tests read one node: its children are the answer, and its descendants need not be counted.
  if (others.length === 0) return graph.children(first).filter(canWait);
  const sets = tested.map(descendants).toSorted((a, b) => a.size - b.size);
  const isBehindAll = (id: NodeId) => sets.every((set) => set.has(id));
  return [...sets[0]!].filter((id) => canWait(id) && isBehindAll(id) && !graph.parents(id).some(isBehindAll));
}

/** A failing test holds back everything but other tests and exposures, which nothing is made of. */
const isHeldBack = (resource: Resource): boolean =>
  resource.kind !== "test" && resource.kind !== "unit_test" && resource.kind !== "exposure";

function add(map: Map<NodeId, NodeId[]>, key: NodeId, value: NodeId): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function remember<T>(compute: (id: NodeId) => T): (id: NodeId) => T {
  const known = new Map<NodeId, T>();
  return (id) => {
    if (!known.has(id)) known.set(id, compute(id));
    return known.get(id)!;
  };
}

/** Topological order, the same for the same graph whatever order its nodes were found in. */
import type { NodeId } from "../parse/manifest.ts";

/**
 * Sorts so that every id stands after the ids it waits for: first all that wait for nothing, then all that wait only for
 * those, and so on, each level by id. `waitsFor` names no id twice; ids that are not in the list are no hindrance. `stuck`
 * are the ids on cycles and all that wait for them.
 */
export function orderByLevel(
  ids: Iterable<NodeId>,
  waitsFor: (id: NodeId) => Iterable<NodeId>,
): { order: NodeId[]; stuck: NodeId[] } {
  const open = new Map<NodeId, number>();
  for (const id of ids) open.set(id, 0);
  const releases = new Map<NodeId, NodeId[]>();
  for (const id of open.keys()) {
    for (const before of waitsFor(id)) {
      if (!open.has(before)) continue;
      open.set(id, open.get(id)! + 1);
      const list = releases.get(before);
      if (list) list.push(id);
      else releases.set(before, [id]);
    }
  }

  const order: NodeId[] = [];
  let level = [...open].filter(([, count]) => count === 0).map(([id]) => id);
  while (level.length > 0) {
    level.sort();
    const next: NodeId[] = [];
    for (const id of level) {
      order.push(id);
      for (const released of releases.get(id) ?? []) {
        const left = open.get(released)! - 1;
        open.set(released, left);
        if (left === 0) next.push(released);
      }
    }
    level = next;
  }
  return { order, stuck: [...open].filter(([, count]) => count > 0).map(([id]) => id) };
}

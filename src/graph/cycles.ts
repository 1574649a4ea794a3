/** Finds circular dependencies and says where each of their refs is written. */
import { error, type Diagnostic, type Note, type Span } from "../diagnostics/diagnostic.ts";
import type { NodeId, Resource } from "../parse/manifest.ts";

/** More than this many at once is one mistake with many faces: the rest shows after the first are mended. */
const MOST_REPORTED = 25;

/**
 * One error per cycle. Cycles that share no dependency are all found in one go; of those that share one, the shortest is
 * named, because removing that dependency mends both.
 */
export function findCycles(
  ids: readonly NodeId[],
  parents: (id: NodeId) => readonly NodeId[],
  resource: (id: NodeId) => Resource,
): Diagnostic[] {
  const reported = new Map<NodeId, Set<NodeId>>();
  const unreported = (id: NodeId) => {
    const gone = reported.get(id);
    return gone ? parents(id).filter((parent) => !gone.has(parent)) : parents(id);
  };

  const diagnostics: Diagnostic[] = [];
  let candidates: NodeId[] = [...ids];
  while (diagnostics.length < MOST_REPORTED) {
    const knots = knotted(candidates, unreported);
    if (knots.length === 0) break;
    for (const knot of knots) {
      const cycle = shortestCycle(knot, unreported);
      diagnostics.push(describe(cycle, resource));
      for (const [i, id] of cycle.entries()) {
        const parent = cycle[(i + 1) % cycle.length]!;
        if (!reported.get(id)?.add(parent)) reported.set(id, new Set([parent]));
      }
    }
    candidates = knots.flat();
  }
  return diagnostics;
}

/** Strongly connected sets that hold a cycle (Tarjan's algorithm with a list in place of recursion). */
function knotted(ids: readonly NodeId[], parents: (id: NodeId) => readonly NodeId[]): NodeId[][] {
  const among = new Set(ids);
  const index = new Map<NodeId, number>();
  const low = new Map<NodeId, number>();
  const stack: NodeId[] = [];
  const onStack = new Set<NodeId>();
  const knots: NodeId[][] = [];

  for (const root of ids) {
    if (index.has(root)) continue;
    const visits: { id: NodeId; next: readonly NodeId[]; at: number }[] = [];
    const enter = (id: NodeId) => {
      index.set(id, index.size);
      low.set(id, index.get(id)!);
      stack.push(id);
      onStack.add(id);
      visits.push({ id, next: parents(id).filter((parent) => among.has(parent)), at: 0 });
    };
    enter(root);
    while (visits.length > 0) {
      const visit = visits.at(-1)!;
      const { id } = visit;
      const neighbour = visit.next[visit.at++];
      if (neighbour !== undefined) {
        if (!index.has(neighbour)) enter(neighbour);
        else if (onStack.has(neighbour)) low.set(id, Math.min(low.get(id)!, index.get(neighbour)!));
        continue;
      }
      visits.pop();
      const above = visits.at(-1)?.id;
      if (above !== undefined) low.set(above, Math.min(low.get(above)!, low.get(id)!));
      if (low.get(id) !== index.get(id)) continue;
      const members = stack.splice(stack.lastIndexOf(id));
      for (const member of members) onStack.delete(member);
      if (members.length > 1 || visit.next.includes(id)) knots.push(members.toSorted());
    }
  }
  return knots.toSorted((a, b) => (a[0]! < b[0]! ? -1 : 1));
}

/**
 * A shortest cycle of the knot through its first member that lies on one: `[a, b, c]` means a reads b, b reads c, c reads a.
 * Every member of a knot lies on a cycle inside it.
 */
function shortestCycle(knot: readonly NodeId[], parents: (id: NodeId) => readonly NodeId[]): NodeId[] {
  const members = new Set(knot);
  const start = knot[0]!;
  const cameFrom = new Map<NodeId, NodeId>();
  const queue: NodeId[] = [start];
  for (const id of queue) {
    for (const parent of parents(id)) {
      if (parent === start) {
        const path = [id];
        for (let at = id; at !== start; path.push(at)) at = cameFrom.get(at)!;
        return path.toReversed();
      }
      if (!members.has(parent) || cameFrom.has(parent)) continue;
      cameFrom.set(parent, id);
      queue.push(parent);
    }
  }
  throw new Error(`Internal error: no cycle through ${start}`);
}

function describe(cycle: readonly NodeId[], resource: (id: NodeId) => Resource): Diagnostic {
  const members = cycle.map(resource);
  const names = [...members, members[0]!].map((member) => member.name);
  const notes: Note[] = members.map((reader, i) => {
    const read = members[(i + 1) % members.length]!;
    return { message: `"${reader.name}" reads "${read.name}" here`, at: refSpan(reader, read) };
  });
  notes.push({ message: "remove one of these refs: a node can be built only after everything it reads" });
  const message =
    cycle.length === 1
      ? `Found a cycle: "${names[0]}" reads itself: ${names.join(" → ")}.`
      : `Found a cycle: ${cycle.length} nodes read one another: ${names.join(" → ")}.`;
  return error("cycle", message, notes[0]?.at, notes);
}

/** Where `reader`'s file names `read`; its declaration, if the ref is made by a macro. */
function refSpan(reader: Resource, read: Resource): Span {
  const name = read.name.replace(/[^\w]/g, "\\$&");
  const ref = new RegExp(`\\bref\\s*\\(\\s*(?:(['"])\\w+\\1\\s*,\\s*)?(['"])${name}\\2[^()]*\\)`, "g");
  const { file } = reader;
  // A file may hold several snapshots: look from the declaration on first.
  for (const from of [reader.at.start, 0]) {
    ref.lastIndex = from;
    const found = ref.exec(file.text);
    if (found) return { file, start: found.index, end: found.index + found[0].length };
  }
  return reader.at;
}

/** A part of the lineage with its places, and what belongs to such a part. */
import { layout } from "./layout.ts";
import { children, nodeAt } from "./store.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Drawn {
  readonly at: ReadonlyMap<number, Point>;
  readonly edges: readonly { readonly from: number; readonly to: number; readonly path: string }[];
  readonly width: number;
  readonly height: number;
}

export function placed(nodes: readonly number[], shape: number): Drawn {
  const place = new Map(nodes.map((node, i) => [node, i]));
  const edges = nodes.flatMap((to) => nodeAt(to).parents.flatMap((from) => (place.has(from) ? [{ from, to }] : [])));
  const found = layout(
    nodes.length,
    edges.map(({ from, to }) => [place.get(from)!, place.get(to)!] as const),
    shape,
  );
  return {
    at: new Map(nodes.map((node, i) => [node, found.nodes[i]!])),
    edges: edges.map((edge, i) => ({ ...edge, path: found.edges[i]! })),
    width: found.width,
    height: found.height,
  };
}

/** The node, everything it is made of, and everything made of it. */
export function related(node: number, up = Infinity, down = Infinity): Set<number> {
  const found = new Set([node]);
  for (const [next, levels] of [
    [(n: number) => nodeAt(n).parents, up],
    [(n: number) => children[n]!, down],
  ] as const) {
    let edge = [node];
    const seen = new Set(edge);
    for (let level = 0; level < levels && edge.length > 0; level++) {
      edge = edge.flatMap((n) => next(n)).filter((n) => !seen.has(n) && seen.add(n));
      for (const n of edge) found.add(n);
    }
  }
  return found;
}

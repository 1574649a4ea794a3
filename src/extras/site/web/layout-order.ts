/** The second half of the layout: in which order nodes stand in their ranks, and at which height. */
export const ROW = 70;
/** What an edge needs that only passes. */
const PASSING = 14;
const SWEEPS = 8;

export interface Graph {
  /** Of nodes, and behind them of stand-ins. */
  readonly rank: number[];
  readonly up: number[][];
  readonly down: number[][];
  /** The stand-ins of each edge, left to right. */
  readonly chains: number[][];
  /** Nodes without any edge are placed apart. */
  readonly loose: ReadonlySet<number>;
}

/** Each rank's nodes in an order with few crossings: the best of some sweeps to and fro. */
export function order({ rank, up, down, loose }: Graph): number[][] {
  const layers: number[][] = Array.from({ length: Math.max(-1, ...rank) + 1 }, () => []);
  const seen = new Set<number>(loose);
  // Depth first from the left, so that what hangs together begins together.
  for (const root of rank.keys()) {
    const stack = up[root]!.length === 0 ? [root] : [];
    while (stack.length > 0) {
      const node = stack.pop()!;
      if (seen.has(node)) continue;
      seen.add(node);
      layers[rank[node]!]!.push(node);
      stack.push(...down[node]!.toReversed());
    }
  }
  const place: number[] = [];
  const renumber = (layer: readonly number[]): void => layer.forEach((node, i) => void (place[node] = i));
  layers.forEach(renumber);
  let best = layers.map((layer) => [...layer]);
  let least = crossings(best, down, place);
  for (let sweep = 0; sweep < SWEEPS && least > 0; sweep++) {
    const forth = sweep % 2 === 0;
    const side = forth ? up : down;
    for (const layer of forth ? layers : layers.toReversed()) {
      const wish = new Map(
        layer.map((node, i) => [
          node,
          median(
            side[node]!.map((n) => place[n]!),
            i,
          ),
        ]),
      );
      layer.sort((a, b) => wish.get(a)! - wish.get(b)!);
      renumber(layer);
    }
    const now = crossings(layers, down, place);
    if (now < least) {
      least = now;
      best = layers.map((layer) => [...layer]);
    }
  }
  return best;
}

/** Between the two middle values, nearer to where its side is denser; `otherwise` without neighbours. */
function median(values: number[], otherwise: number): number {
  if (values.length === 0) return otherwise;
  values.sort((a, b) => a - b);
  const middle = values.length >> 1;
  if (values.length % 2 === 1) return values[middle]!;
  return (values[middle - 1]! + values[middle]!) / 2;
}

/** Pairs of edges that cross, counted with a binary indexed tree. */
export function crossings(
  layers: readonly (readonly number[])[],
  down: readonly number[][],
  place: readonly number[],
): number {
  let found = 0;
  for (const [i, layer] of layers.entries()) {
    const below = layers[i + 1];
    if (!below) break;
    const tree = new Int32Array(below.length + 1);
    let sum = 0;
    for (const node of layer) {
      const ends = down[node]!.map((to) => place[to]!);
      for (const end of ends) {
        let upTo = 0;
        for (let k = end + 1; k > 0; k -= k & -k) upTo += tree[k]!;
        found += sum - upTo;
      }
      for (const end of ends) {
        for (let k = end + 1; k <= below.length; k += k & -k) tree[k]!++;
        sum++;
      }
    }
  }
  return found;
}

/** Heights: each node wants to stand level with its neighbours; order and distance are kept. */
export function positions(layers: readonly number[][], { up, down }: Graph, count: number): number[] {
  const y: number[] = [];
  const room = (node: number): number => (node < count ? ROW : PASSING);
  for (const layer of layers) {
    let at = 0;
    for (const node of layer) {
      y[node] = at + room(node) / 2;
      at += room(node);
    }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const forth = sweep % 2 === 0;
    for (const layer of forth ? layers : layers.toReversed()) {
      const wishes = layer.map((node) => {
        const side = sweep < SWEEPS - 2 ? (forth ? up : down)[node]! : [...up[node]!, ...down[node]!];
        return median(
          side.map((n) => y[n]!),
          y[node]!,
        );
      });
      const offsets: number[] = [];
      layer.forEach((node, i) => {
        offsets[i] = i === 0 ? 0 : offsets[i - 1]! + (room(layer[i - 1]!) + room(node)) / 2;
      });
      const risen = isotonic(wishes.map((wish, i) => wish - offsets[i]!));
      layer.forEach((node, i) => void (y[node] = risen[i]! + offsets[i]!));
    }
  }
  return y;
}

/** The nearest values, in squares, that never fall: neighbours that would are pooled. */
export function isotonic(values: readonly number[]): number[] {
  const pools: { mean: number; size: number }[] = [];
  for (const value of values) {
    let pool = { mean: value, size: 1 };
    for (let last = pools.at(-1); last && last.mean > pool.mean; last = pools.at(-1)) {
      pools.pop();
      const size = last.size + pool.size;
      pool = { mean: (last.mean * last.size + pool.mean * pool.size) / size, size };
    }
    pools.push(pool);
  }
  return pools.flatMap(({ mean, size }) => Array.from({ length: size }, () => mean));
}

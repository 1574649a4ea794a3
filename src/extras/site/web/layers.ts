/** Layers of the project, in the order in which data passes them, and their colours. */
import { site } from "./store.ts";

let found: string[] | undefined;

export function layers(): string[] {
  if (found) return found;
  const depth: number[] = [];
  const depthOf = (index: number): number => {
    if (depth[index] !== undefined) return depth[index];
    depth[index] = 0; // ends a circle, which no project has
    return (depth[index] = Math.max(-1, ...site.nodes[index]!.parents.map(depthOf)) + 1);
  };
  const sums = new Map<string, { sum: number; size: number }>();
  for (const [i, { layer, kind }] of site.nodes.entries()) {
    const entry = sums.get(layer) ?? { sum: 0, size: 0 };
    const first = kind === "source" ? -100 : kind === "seed" ? -50 : kind === "exposure" ? 1e6 : 0;
    sums.set(layer, { sum: entry.sum + depthOf(i) + first, size: entry.size + 1 });
  }
  const mean = (layer: string): number => sums.get(layer)!.sum / sums.get(layer)!.size;
  return (found = [...sums.keys()].toSorted((a, b) => mean(a) - mean(b)));
}

const SERIES = ["series-6", "series-2", "series-5", "series-3", "series-1", "series-4", "series-7", "series-8"];

export const layerColour = (layer: string): string => `var(--${SERIES[layers().indexOf(layer) % SERIES.length]!})`;

/** The data that stands beside the page as scripts: `site.js` is there at the start, the rest is loaded when it is needed. */
import type { Chunk, NodeDetail, SearchEntry, SiteData, SiteNode } from "../data.ts";

type Loaded = Record<string, unknown> & { site: SiteData & { readonly version: string } };

declare global {
  interface Window {
    sluice?: Loaded;
  }
}

export const site: Loaded["site"] = window.sluice!.site;

/** Children of each node: edges the other way. */
export const children: readonly number[][] = (() => {
  const all: number[][] = site.nodes.map(() => []);
  for (const [i, node] of site.nodes.entries()) for (const parent of node.parents) all[parent]!.push(i);
  return all;
})();

const byId = new Map(site.nodes.map((node, i) => [node.id, i]));
export const indexOf = (id: string): number | undefined => byId.get(id);
export const nodeAt = (index: number): SiteNode => site.nodes[index]!;

const loading = new Map<string, Promise<unknown>>();

/** Runs a script beside the page once; what it leaves under `name`. */
export function load<T>(path: string, name: string): Promise<T> {
  let promise = loading.get(path);
  if (!promise) {
    promise = new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `${path}?${site.version}`;
      script.addEventListener("load", () => resolve(window.sluice![name]));
      script.addEventListener("error", () => reject(new Error(`${path} is missing`)));
      document.head.append(script);
    });
    loading.set(path, promise);
  }
  // The script of that path is known to leave this.
  return promise as Promise<T>;
}

export async function detailOf(index: number): Promise<NodeDetail> {
  const chunk = Math.floor(index / site.chunkSize);
  const details = await load<Chunk>(`data/nodes-${chunk}.js`, `nodes-${chunk}`);
  return details[index % site.chunkSize]!;
}

export const searchEntries = (): Promise<readonly SearchEntry[]> => load("data/search.js", "search");

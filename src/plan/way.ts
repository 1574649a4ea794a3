/** How each build of a publishing plan stays out of sight until all have passed. */
import type { Graph } from "../graph/graph.ts";
import type { Selection } from "../graph/select.ts";
import type { ModelNode, NodeId, Resource, SeedNode, SnapshotNode } from "../parse/manifest.ts";
import { relationKey, wantsFullRefresh, type Way, type World } from "./plan.ts";
import { relationOf } from "./relations.ts";

/** `why`, for a copy: what keeps it from being a delta, for people. */
export interface ChosenWay {
  readonly way: Way;
  readonly why?: string;
}

type Built = ModelNode | SeedNode | SnapshotNode;

/** Only incremental models and snapshots that stand already are not made anew. */
export function wayOf(
  node: Built,
  graph: Graph,
  selection: Selection,
  world: World,
  { fullRefresh, opaque }: { readonly fullRefresh: boolean; readonly opaque: ReadonlyMap<NodeId, string> },
): ChosenWay {
  const isTable = world.relations.get(relationKey(relationOf(node)))?.kind === "table";
  const unseen = opaque.get(node.id);
  if (unseen !== undefined) {
    const anew = !isTable || wantsFullRefresh(node.config.all, fullRefresh);
    return anew ? { way: "stage" } : { way: "copy", why: unseen };
  }
  if (!isTable || !isAddedTo(node, fullRefresh)) return { way: "stage" };
  const why = obstacle(node, graph, selection);
  return why === undefined ? { way: "delta" } : { way: "copy", why };
}

function isAddedTo(node: Built, fullRefresh: boolean): boolean {
  if (node.kind === "snapshot") return true;
  const isIncremental = node.kind === "model" && node.config.materialized === "incremental";
  return isIncremental && !wantsFullRefresh(node.config.all, fullRefresh);
}

/** What these give is a value or a name; any other macro may write, or call what does. */
const HARMLESS = /^(config|var|env_var|target|source|ref)$/;
const CALLS = /([a-z_]\w*)\s*\(/gi;

const mayWrite = (hook: string): boolean =>
  WRITES.test(hook) ||
  [...hook.matchAll(/\{[{%][\s\S]*?[}%]\}/g)].some(([tag]) =>
    [...tag.matchAll(CALLS)].some(([, name]) => !HARMLESS.test(name!)),
  );

const WRITES = /\b(insert|update|delete|merge|truncate|copy)\b/i;

/** A delta is a table beside the one that stays; what would change that one before all have passed cannot be part of it. */
function obstacle(node: Built, graph: Graph, selection: Selection): string | undefined {
  if (node.config.pre_hook.some((hook) => mayWrite(hook.sql) || /\bthis\b/.test(hook.sql)))
    return "its pre-hook works on the table";
  if (node.config.post_hook.some((hook) => WRITES.test(hook.sql))) return "its post-hook writes rows";
  const view = materializedViewOver(node.id, graph, selection);
  return view === undefined ? undefined : `the materialized view ${view.name} reads it`;
}

/** A materialized view cannot be pointed to another relation without being filled anew. */
function materializedViewOver(id: NodeId, graph: Graph, selection: Selection): Resource | undefined {
  const seen = new Set<NodeId>([id]);
  for (const at of seen) {
    for (const child of graph.children(at)) {
      const resource = graph.resource(child);
      if (resource.kind !== "model") continue;
      const { materialized } = resource.config;
      if (materialized === "materialized_view" && selection.has(child)) return resource;
      if (materialized === "view" || materialized === "ephemeral") seen.add(child);
    }
  }
  return undefined;
}

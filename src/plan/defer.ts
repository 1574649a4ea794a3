/** `--defer`: what is not selected, and not there, is read where another run built it. */
import type { PreviousManifest } from "../graph/state.ts";
import type { Selection } from "../graph/select.ts";
import type { NodeId } from "../parse/manifest.ts";
import type { RelationName } from "../postgres/relation.ts";
import { relationKey, type World } from "./plan.ts";
import type { Relations } from "./relations.ts";

export interface Defer {
  readonly manifest: PreviousManifest;
  /** Read it there even if it is here. */
  readonly favorState: boolean;
}

/** Changes where `relations` say that things are read. */
export function deferTo(
  { manifest, favorState }: Defer,
  relations: Relations,
  selection: Selection,
  world: World,
): void {
  const readHere = relations.readFrom.bind(relations);
  relations.readFrom = (id: NodeId): RelationName => {
    const own = readHere(id);
    const present = isFunction(id) ? world.functions : world.relations;
    if (selection.has(id) || (!favorState && present.has(relationKey(own)))) return own;
    return relationIn(manifest, id) ?? own;
  };
}

const isFunction = (id: NodeId): boolean => id.startsWith("function.");

/** Where another run's manifest says a node is; undefined where it has none. */
export function relationIn(manifest: PreviousManifest, id: NodeId): RelationName | undefined {
  const node = manifest.nodes[id] ?? manifest.functions?.[id];
  if (typeof node?.["relation_name"] !== "string") return undefined;
  const [database, schema, identifier] = ["database", "schema", "alias"].map((key) => node[key]);
  if (typeof schema !== "string" || typeof identifier !== "string") return undefined;
  return { ...(typeof database === "string" && { database }), schema, identifier };
}

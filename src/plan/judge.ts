/** Whether a node must be built, or is what building would give already. Unknown means it must. */
import type { Graph } from "../graph/graph.ts";
import type { NodeId } from "../parse/manifest.ts";
import type { BuildRecord } from "../state/publications.ts";
import type { Reason } from "./plan.ts";

/** What the ledger says a node holds, and whether its relation is still as we left it. */
export interface Held extends BuildRecord {
  /** Nobody else replaced it, rewrote it, or wrote into it. Tests have no relation. */
  readonly intact: boolean;
}

/** The version of each thing a node reads, by id; null where it cannot be known. */
export type ParentVersions = Readonly<Record<string, string | null>>;

export interface Judged {
  readonly reuse: boolean;
  readonly reason: Reason;
}

export function judge(
  graph: Graph,
  held: Held | undefined,
  now: { readonly fingerprint: string; readonly parents: ParentVersions },
  otherwise: Reason,
): Judged {
  if (!held || otherwise.code === "kind-changed") return { reuse: false, reason: otherwise };
  if (!held.intact) return build("touched", "somebody else replaced it or wrote into it, or that cannot be known");
  if (held.fingerprint !== now.fingerprint) return build("changed", "its SQL or configuration changed");
  const unknown = names(
    graph,
    Object.keys(now.parents).filter((id) => now.parents[id] === null),
  );
  if (unknown.length) return build("unknown", `cannot tell whether ${few(unknown)} changed`);
  const all = new Set([...Object.keys(now.parents), ...Object.keys(held.parents)]);
  const changed = names(
    graph,
    [...all].filter((id) => now.parents[id] !== held.parents[id]),
  );
  if (changed.length) return build("parents", `${few(changed)} changed`);
  return { reuse: true, reason: { code: "unchanged", text: "nothing it depends on changed" } };
}

const build = (code: Reason["code"], text: string): Judged => ({ reuse: false, reason: { code, text } });

/** Of nodes their names; `clock: now()` and the like as they are. */
const names = (graph: Graph, ids: readonly string[]): string[] =>
  ids.map((id) => (graph.has(id as NodeId) ? graph.resource(id as NodeId).name : id));

const few = (list: readonly string[]): string =>
  list.length > 3 ? `${list.slice(0, 3).join(", ")} and ${list.length - 3} more` : list.join(", ");

import type { LoadRequest } from "../load/load.ts";
import type { SourceNode } from "../parse/manifest.ts";
import type { RelationName } from "../postgres/relation.ts";

/** A source with files, as the loader wants it. */
export function loadRequest(
  source: SourceNode,
  relation: RelationName,
  run: { root: string; id: string; fullRefresh: boolean },
): LoadRequest {
  const external = source.source.external;
  if (!external) throw new Error(`Internal error: ${source.id} has no files`);
  return {
    relation,
    nodeId: source.id,
    columns: source.columns.map((c) => ({ name: c.name, type: c.dataType ?? "text" })),
    external,
    root: run.root,
    fullRefresh: run.fullRefresh,
    runId: run.id,
  };
}

/** What the database holds now, in the schemas that a selection reads or writes. */
import type { Graph } from "../graph/graph.ts";
import type { Selection } from "../graph/select.ts";
import { planLoad } from "../load/load.ts";
import type { NodeId } from "../parse/manifest.ts";
import type { Held } from "../plan/judge.ts";
import { relationOf } from "../plan/relations.ts";
import { type FileOutlook, relationKey, type World } from "../plan/plan.ts";
import { listRelations, type RelationInfo } from "../postgres/catalog.ts";
import { listRoutineNames } from "../postgres/routines.ts";
import type { Session } from "../postgres/database.ts";
import { QueryError, SQLSTATE } from "../postgres/errors.ts";
import { STATE_SCHEMA } from "../state/ensure.ts";
import { heldBuilds } from "../state/publications.ts";
import { loadRequest } from "./load-request.ts";

export interface Look {
  readonly world: World;
  /** All schemas of the database. */
  readonly schemas: ReadonlySet<string>;
}

/** Changes nothing. `run` is what a load would be recorded as; `held`: what nodes hold is asked for, to publish them. */
export async function look(
  session: Session,
  graph: Graph,
  selection: Selection,
  run: { root: string; id: string; fullRefresh: boolean; site: string; held: boolean },
): Promise<Look> {
  const relevant = new Set<NodeId>();
  for (const id of selection) for (const near of [id, ...graph.parents(id)]) relevant.add(near);
  const resources = [...relevant].map((id) => graph.resource(id)).filter((r) => r.kind !== "exposure");
  const wanted = [...new Set(resources.map((r) => relationOf(r).schema))];
  const found = await session.query<RelationInfo & Record<string, unknown>>(listRelations(wanted));
  const routines = await session.query<{ schema: string; name: string }>(listRoutineNames(wanted));
  const functions = new Set(routines.rows.map((row) => relationKey({ schema: row.schema, identifier: row.name })));
  const existing = await session.query<{ name: string }>("select nspname as name from pg_namespace");
  const schemas = new Set(existing.rows.map((row) => row.name));
  const loads = new Map<NodeId, readonly FileOutlook[]>();
  for (const id of selection) {
    const source = graph.resource(id);
    if (source.kind !== "source" || !source.source.external || !schemas.has(STATE_SCHEMA)) continue;
    const outlook = await planLoad(session, loadRequest(source, relationOf(source), run)).catch(unreadableLedger);
    if (outlook) loads.set(id, outlook);
  }
  const relations = new Map(found.rows.map((row) => [relationKey({ schema: row.schema, identifier: row.name }), row]));
  const isAsked = run.held && schemas.has(STATE_SCHEMA);
  const held = isAsked ? await heldBuilds(session, run.site).catch(unreadableLedger) : undefined;
  return { world: { relations, functions, loads, held: (held ?? new Map()) as ReadonlyMap<NodeId, Held> }, schemas };
}

/** Another run is making the ledger at this moment, or it is an older one, or we may not read it: then nothing is known. */
function unreadableLedger(thrown: unknown): undefined {
  const isKnown =
    thrown instanceof QueryError &&
    (thrown.sqlstate === SQLSTATE.undefinedTable ||
      thrown.sqlstate === SQLSTATE.undefinedColumn ||
      thrown.sqlstate === SQLSTATE.insufficientPrivilege);
  if (!isKnown) throw thrown;
  return undefined;
}

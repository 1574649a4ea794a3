/** What a run built out of sight takes its place: all of it in one transaction, or nothing. */
import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { LockHolder } from "../postgres/kept.ts";
import { ALREADY_THERE, QueryError } from "../postgres/errors.ts";
import type { Session } from "../postgres/database.ts";
import { quoteIdent } from "../postgres/relation.ts";
import { prevSchema } from "../postgres/sql/swap.ts";
import {
  recordKeys,
  recordPublished,
  recordRecreated,
  recordTouched,
  type StagedNode,
  stagedNodes,
} from "../state/publications.ts";
import { withLocks } from "./locks.ts";
import { doEarly, look, nothingEarly, swap } from "./swap.ts";
import { placedRoutines, publicationPlan, type SwapPlan } from "./swap-plan.ts";
import { tidy } from "./tidy.ts";

export interface PublishOptions {
  readonly site: string;
  /** Publications that can be rolled back afterwards. */
  readonly keep: number;
  /** Seconds to go on trying to get the locks. */
  readonly budget: number;
  readonly serverVersion: number;
  readonly signal?: AbortSignal | undefined;
  onWait(holders: readonly LockHolder[]): void;
  onWarning(text: string): void;
}

export interface Publication {
  readonly id: number;
  /** None: everything came out as it was. */
  readonly relations: number;
  /** Of these, functions: names, not overloads. */
  readonly functions: number;
  /** Seconds: until all locks were had; from then to the commit. */
  readonly waited: number;
  readonly held: number;
}

/** Throws `Failure`, and `QueryError` for what Postgres says of a delta; nothing has changed then. */
export async function publish(session: Session, id: number, options: PublishOptions): Promise<Publication> {
  const nodes = await stagedNodes(session, id);
  const plan = await publicationPlan(session, id, nodes);
  await createAside(session, plan);
  const functions = plan.routines.length;
  const relations = plan.moves.length + plan.additions.length + functions;
  const seen = await look(session, plan);
  let early = nothingEarly(seen);
  const { waited, held } = await withLocks(session, [plan], options, {
    before: async () => {
      early = await doEarly(session, plan, seen);
      return early.keys.size > 0;
    },
    locked: async () => {
      const { again, keys } = await swap(session, plan, early);
      const kept = options.keep > 0 && relations > 0;
      await recordPublished(session, id, { relations, kept, routines: placedRoutines(plan) });
      await recordRecreated(session, again);
      await recordKeys(session, id, keys);
    },
  });
  await recordTimes(session, id, waited, held);
  await recordTouched(session, id, options.serverVersion, true);
  const failed = await runOutside(session, nodes);
  if (failed !== "none") await recordTouched(session, id, options.serverVersion, true);
  await tidy(session, options);
  if (failed instanceof Failure) throw failed;
  return { id, relations, functions, waited, held };
}

/** Hooks that are to run after the transaction. Everything is published by then; that one failed must be known all the same. */
async function runOutside(session: Session, nodes: readonly StagedNode[]): Promise<"none" | "done" | Failure> {
  const hooks = nodes.flatMap(({ entry }) => (entry.how === "apply" ? entry.outside : []));
  try {
    for (const sql of hooks) await session.query(sql);
    return hooks.length ? "done" : "none";
  } catch (thrown) {
    if (!(thrown instanceof QueryError)) throw thrown;
    const message = `Everything was published, but a hook that runs after that failed: ${thrown.message}`;
    return new Failure(error("hook-after-publish", message, undefined, ["run it by hand, or build again"]));
  }
}

/** Before the locks are taken: making a schema is nobody's business. */
export async function createAside(
  session: Session,
  { moves, additions, routines, publication }: SwapPlan,
): Promise<void> {
  const leaving = [...moves.filter((move) => move.live), ...routines.filter(({ live }) => live.length > 0)];
  const needed = [...leaving, ...additions].map(({ published }) => published.schema);
  const made = [...new Set(needed)].map((schema) => quoteIdent(prevSchema(schema, publication)));
  if (made.length === 0) return;
  const sql = made.map((schema) => `create schema if not exists ${schema}`).join(";\n");
  try {
    await session.query(sql);
  } catch (thrown) {
    if (!(thrown instanceof QueryError) || !ALREADY_THERE.has(thrown.sqlstate)) throw thrown;
    // Somebody made one at the same moment, and now it is there.
    await session.query(sql);
  }
}

/** Told to people only, so it need not be part of the transaction. */
async function recordTimes(session: Session, id: number, waited: number, held: number): Promise<void> {
  await session.query("update sluice.publication set waited = $2, seconds = $3 where id = $1", [id, waited, held]);
}

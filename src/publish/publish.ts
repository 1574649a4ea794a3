/** What a run built out of sight takes its place: all of it in one transaction, or nothing. */
import type { LockHolder } from "../postgres/kept.ts";
import { ALREADY_THERE, QueryError } from "../postgres/errors.ts";
import type { Session } from "../postgres/database.ts";
import { quoteIdent } from "../postgres/relation.ts";
import { prevSchema } from "../postgres/sql/swap.ts";
import { recordPublished, recordRecreated, stagedNodes } from "../state/publications.ts";
import { withLocks } from "./locks.ts";
import { applyEarly, look, swap } from "./swap.ts";
import { publicationPlan, type SwapPlan } from "./swap-plan.ts";
import { tidy } from "./tidy.ts";

export interface PublishOptions {
  readonly site: string;
  /** Publications that can be rolled back afterwards. */
  readonly keep: number;
  /** Seconds to go on trying to get the locks. */
  readonly budget: number;
  readonly signal?: AbortSignal | undefined;
  onWait(holders: readonly LockHolder[]): void;
  onWarning(text: string): void;
}

export interface Publication {
  readonly id: number;
  /** None: everything came out as it was. */
  readonly relations: number;
  /** Seconds: until all locks were had; from then to the commit. */
  readonly waited: number;
  readonly held: number;
}

/** Throws `Failure`, and `QueryError` for what Postgres says of a delta; nothing has changed then. */
export async function publish(session: Session, id: number, options: PublishOptions): Promise<Publication> {
  const nodes = await stagedNodes(session, id);
  const plan = await publicationPlan(session, id, nodes);
  await createAside(session, plan);
  const relations = plan.moves.length + plan.additions.length;
  const seen = await look(session, plan);
  let applied = false;
  const { waited, held } = await withLocks(session, [plan], options, {
    before: async () => void (applied = await applyEarly(session, plan)),
    locked: async () => {
      const again = await swap(session, plan, seen, applied);
      await recordPublished(session, id, relations, options.keep > 0);
      await recordRecreated(session, again);
    },
  });
  await recordTimes(session, id, waited, held);
  for (const { entry } of nodes) if (entry.how === "apply") for (const sql of entry.outside) await session.query(sql);
  await tidy(session, options);
  return { id, relations, waited, held };
}

/** Before the locks are taken: making a schema is nobody's business. */
export async function createAside(session: Session, { moves, additions, publication }: SwapPlan): Promise<void> {
  const needed = [...moves.filter((move) => move.live), ...additions].map(({ published }) => published.schema);
  for (const schema of new Set(needed)) {
    try {
      await session.query(`create schema if not exists ${quoteIdent(prevSchema(schema, publication))}`);
    } catch (thrown) {
      if (!(thrown instanceof QueryError) || !ALREADY_THERE.has(thrown.sqlstate)) throw thrown;
    }
  }
}

/** Told to people only, so it need not be part of the transaction. */
async function recordTimes(session: Session, id: number, waited: number, held: number): Promise<void> {
  await session.query("update sluice.publication set waited = $2, seconds = $3 where id = $1", [id, waited, held]);
}

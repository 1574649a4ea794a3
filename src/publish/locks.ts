/** All locks of a publication, or none: tried again until they are had or a budget of time is spent. */
import { setTimeout as sleep } from "node:timers/promises";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import { listLockHolders, type LockHolder, publishLocks } from "../postgres/kept.ts";
import type { Session } from "../postgres/database.ts";
import { QueryError, SQLSTATE } from "../postgres/errors.ts";
import { LOCK_WAIT_MS, SWAP_LOCK } from "../postgres/sql/locks.ts";
import { leavingOf, type SwapPlan } from "./swap-plan.ts";

export interface LockOptions {
  /** Seconds to go on trying. */
  readonly budget: number;
  readonly signal?: AbortSignal | undefined;
  /** Once, when it takes a while; with who is in the way. */
  onWait(holders: readonly LockHolder[]): void;
}

/** Milliseconds until it is said that others are waited for. */
const SAY_AFTER = 1500;
/** Milliseconds for which locks that hold up those who write are kept while others are waited for. */
const HOLD_MOST = 1000;
/** Between two attempts, in milliseconds, with a random part that grows to `REST_MOST`: others get their turn. */
const REST = 15;
const REST_MOST = 250;

export interface Work {
  /** In the transaction, before any lock that readers could feel. Returns whether those who write are held up by it. */
  before(): Promise<boolean>;
  /** With all locks. */
  locked(): Promise<void>;
}

/**
 * Does `work` in one transaction. Its first part takes its time; its second begins when all locks are held, and what fails
 * for lack of one goes back to before the locks and is tried again. A reader that waits behind us is held up for
 * `LOCK_WAIT_MS` at most, well below the server's `deadlock_timeout`, so that nobody is killed on our account. Returns
 * seconds waited and held.
 */
export async function withLocks(
  session: Session,
  plans: readonly SwapPlan[],
  options: LockOptions,
  work: Work,
): Promise<{ waited: number; held: number }> {
  const oids = lockedOids(plans);
  const patience = new Patience(session, oids, options);
  for (;;) {
    try {
      let [locked, waited] = [0, 0];
      await session.transaction(async () => {
        // Questions to the catalog look dear to the planner, and compiling them would take longer than answering.
        await session.query(`set local lock_timeout = '${LOCK_WAIT_MS}ms'; set local jit = off`);
        const holdsUp = await work.before();
        const started = performance.now();
        await untilLocked(session, patience, holdsUp ? HOLD_MOST : Infinity, async () => {
          await takeAll(session, oids);
          locked = performance.now();
          waited = locked - started;
          await work.locked();
          if (oids.addedTo.length && patience.givesWay && (await holdsUpTransaction(session))) throw GIVE_WAY;
        });
      });
      return { waited: waited / 1000, held: (performance.now() - locked) / 1000 };
    } catch (thrown) {
      if (!isContended(thrown)) throw thrown;
    }
    await patience.rest();
  }
}

/** Each attempt in a savepoint: what was done before it stays done, and its locks are given back with it. For `most` milliseconds. */
async function untilLocked(
  session: Session,
  patience: Patience,
  most: number,
  attempt: () => Promise<void>,
): Promise<void> {
  const started = performance.now();
  for (;;) {
    await session.query("savepoint sluice_locks");
    try {
      return await attempt();
    } catch (thrown) {
      if (!isContended(thrown) || performance.now() - started > most) throw thrown;
    }
    await session.query("rollback to savepoint sluice_locks; release savepoint sluice_locks");
    await patience.rest();
  }
}

/** The rests between attempts, until the budget is spent. */
class Patience {
  readonly #session: Session;
  readonly #oids: LockedOids;
  readonly #options: LockOptions;
  readonly #started = performance.now();
  #attempts = 0;
  #said = false;

  constructor(session: Session, oids: LockedOids, options: LockOptions) {
    this.#session = session;
    this.#oids = oids;
    this.#options = options;
  }

  /** Not for ever: where transactions follow one another without a gap, publishing is what must get on. */
  get givesWay(): boolean {
    return performance.now() - this.#started < this.#options.budget * 500;
  }

  /** Throws `Failure` when there was enough of it. */
  async rest(): Promise<void> {
    const { budget, signal, onWait } = this.#options;
    const spent = performance.now() - this.#started;
    if (spent > budget * 1000) throw await busy(this.#session, this.#oids, budget);
    if (spent > SAY_AFTER && !this.#said) {
      this.#said = true;
      onWait(await holdersOf(this.#session, this.#oids));
    }
    await sleep(REST + Math.random() * Math.min(REST_MOST, REST * ++this.#attempts));
    signal?.throwIfAborted();
  }
}

/** Somebody would get to see a mixture if the publication came now. */
const GIVE_WAY = new Error("Internal error: a publication gave way and was not tried again");

/**
 * Whether a transaction waits for us that is more than one statement. If it is a repeatable read one that begins at this
 * moment, it has its snapshot already: from before the deltas, while the names of tables would lead it to the new ones.
 */
async function holdsUpTransaction(session: Session): Promise<boolean> {
  const { rows } = await session.query<{ found: boolean }>(
    // Within a transaction the server goes on showing the activity that it showed first.
    `select pg_stat_clear_snapshot();
     select exists (select from pg_stat_activity a where a.datname = current_database() and a.wait_event_type = 'Lock'
       and a.xact_start < a.query_start and pg_backend_pid() = any (pg_blocking_pids(a.pid))) as found`,
  );
  return rows[0]!.found;
}

interface LockedOids {
  readonly replaced: readonly number[];
  readonly addedTo: readonly number[];
  /** Functions to be replaced, which have no locks: views that call them have. */
  readonly functions: readonly number[];
}

const lockedOids = (plans: readonly SwapPlan[]): LockedOids => ({
  replaced: plans.flatMap(({ moves }) => moves.flatMap(({ live }) => (live ? [live.oid] : []))),
  addedTo: plans.flatMap(({ additions }) => additions.map(({ oid }) => oid)),
  functions: plans.flatMap(leavingOf),
});

/** In one message: from the first lock to the last no time is lost on the way. */
async function takeAll(session: Session, { replaced, addedTo, functions }: LockedOids): Promise<void> {
  const { rows } = await session.query<{ sql: string }>(publishLocks(replaced, addedTo, functions));
  await session.query([`select pg_advisory_xact_lock(${SWAP_LOCK})`, ...rows.map(({ sql }) => sql)].join(";\n"));
}

const CONTENDED: ReadonlySet<string> = new Set([
  SQLSTATE.lockNotAvailable,
  SQLSTATE.deadlock,
  SQLSTATE.serializationFailure,
]);

const isContended = (thrown: unknown): boolean =>
  thrown === GIVE_WAY ||
  (thrown instanceof QueryError &&
    (CONTENDED.has(thrown.sqlstate) ||
      (thrown.sqlstate === "XX000" && /concurrently (updated|deleted)/.test(thrown.message))));

async function holdersOf(session: Session, { replaced, addedTo }: LockedOids): Promise<readonly LockHolder[]> {
  const sql = `select pg_stat_clear_snapshot();\n${listLockHolders([...replaced, ...addedTo])}`;
  return (await session.query<LockHolder>(sql)).rows;
}

export const describeHolder = (h: LockHolder): string =>
  `${h.relation}: pid ${h.pid}, user ${h.user ?? "unknown"}, ${h.application || "no application name"}, since ${h.since ?? "unknown"}: ${h.query ?? ""}`;

async function busy(session: Session, oids: LockedOids, budget: number): Promise<Failure> {
  const holders = await holdersOf(session, oids);
  return new Failure(
    error(
      "publish-busy",
      `Nothing was published: in ${budget} seconds there was no moment at which all relations were free. What was built is kept.`,
      undefined,
      [...holders.map(describeHolder), "`sluice publish` tries again without building"],
    ),
  );
}

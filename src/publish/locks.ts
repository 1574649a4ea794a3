/** All locks of a publication, or none: tried again until they are had or a budget of time is spent. */
import { setTimeout as sleep } from "node:timers/promises";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import { listLockHolders, type LockHolder, publishLocks } from "../postgres/kept.ts";
import type { Session } from "../postgres/database.ts";
import { QueryError, SQLSTATE } from "../postgres/errors.ts";
import { LOCK_WAIT_MS, SWAP_LOCK } from "../postgres/sql/locks.ts";
import type { SwapPlan } from "./swap-plan.ts";

export interface LockOptions {
  /** Seconds to go on trying. */
  readonly budget: number;
  readonly signal?: AbortSignal | undefined;
  /** Once, when it takes a while; with who is in the way. */
  onWait(holders: readonly LockHolder[]): void;
}

/** Milliseconds until it is said that others are waited for. */
const SAY_AFTER = 1500;
/** Between two attempts, in milliseconds, with a random part that grows to `REST_MOST`: others get their turn. */
const REST = 15;
const REST_MOST = 250;

/**
 * Opens a transaction in which all locks are held, and does `work` in it; what fails for lack of a lock is rolled back and
 * tried again. A reader that waits behind us is held up for `LOCK_WAIT_MS` at most, well below the server's
 * `deadlock_timeout`, so that nobody is killed on our account. Returns seconds waited and held.
 */
export async function withLocks(
  session: Session,
  plans: readonly SwapPlan[],
  options: LockOptions,
  work: () => Promise<void>,
): Promise<{ waited: number; held: number }> {
  const started = performance.now();
  const oids = lockedOids(plans);
  let said = false;
  for (let attempt = 1; ; attempt++) {
    options.signal?.throwIfAborted();
    try {
      let locked = 0;
      await session.transaction(async () => {
        await takeAll(session, oids);
        locked = performance.now();
        await work();
      });
      return { waited: (locked - started) / 1000, held: (performance.now() - locked) / 1000 };
    } catch (thrown) {
      if (!isContended(thrown)) throw thrown;
    }
    const spent = performance.now() - started;
    if (spent > options.budget * 1000) throw await busy(session, oids, options.budget);
    if (spent > SAY_AFTER && !said) {
      said = true;
      options.onWait(await holdersOf(session, oids));
    }
    await sleep(REST + Math.random() * Math.min(REST_MOST, REST * attempt));
  }
}

interface LockedOids {
  readonly replaced: readonly number[];
  readonly addedTo: readonly number[];
}

const lockedOids = (plans: readonly SwapPlan[]): LockedOids => ({
  replaced: plans.flatMap(({ moves }) => moves.flatMap(({ live }) => (live ? [live.oid] : []))),
  addedTo: plans.flatMap(({ additions }) => additions.map(({ oid }) => oid)),
});

/** In one message: from the first lock to the last no time is lost on the way. */
async function takeAll(session: Session, { replaced, addedTo }: LockedOids): Promise<void> {
  const { rows } = await session.query<{ sql: string }>(publishLocks(replaced, addedTo));
  const wait = `set local lock_timeout = '${LOCK_WAIT_MS}ms'`;
  await session.query([wait, `select pg_advisory_xact_lock(${SWAP_LOCK})`, ...rows.map(({ sql }) => sql)].join(";\n"));
}

const CONTENDED: ReadonlySet<string> = new Set([
  SQLSTATE.lockNotAvailable,
  SQLSTATE.deadlock,
  SQLSTATE.serializationFailure,
]);

const isContended = (thrown: unknown): boolean =>
  thrown instanceof QueryError &&
  (CONTENDED.has(thrown.sqlstate) ||
    (thrown.sqlstate === "XX000" && /concurrently (updated|deleted)/.test(thrown.message)));

async function holdersOf(session: Session, { replaced, addedTo }: LockedOids): Promise<readonly LockHolder[]> {
  return (await session.query<LockHolder>(listLockHolders([...replaced, ...addedTo]))).rows;
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

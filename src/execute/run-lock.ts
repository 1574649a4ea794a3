/** Runs that write or read what another one writes wait for it; runs that have nothing in common do not. */
import type { Graph } from "../graph/graph.ts";
import type { NodeId } from "../parse/manifest.ts";
import { type Plan, relationKey } from "../plan/plan.ts";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { Database, Session } from "../postgres/database.ts";
import { QueryError, SQLSTATE } from "../postgres/errors.ts";
import { ALIVE, BUCKET } from "../state/locks.ts";

/** Relations share this many locks: a run of any size takes few, and two small runs seldom meet without need. */
const BUCKETS = 64;
/** Buckets count from here. */
const FIRST = 1000;

/** Milliseconds until a run that waits says so. */
const SAY_AFTER = 700;

export interface BucketLock {
  readonly key: number;
  /** Written by this run; otherwise only read. */
  readonly exclusive: boolean;
}

/** What a plan locks, ascending: two runs that ask in the same order cannot wait for each other. Tests alone lock nothing. */
export function bucketLocks(plan: Plan, graph: Graph): BucketLock[] {
  const exclusive = new Map<number, boolean>();
  const writing = plan.steps.filter((step) => step.action === "build" || step.action === "load");
  for (const { node } of writing) {
    for (const parent of readBy(node, graph)) {
      const key = bucketOf(relationKey(plan.relations.published(parent)));
      exclusive.set(key, exclusive.get(key) ?? false);
    }
  }
  for (const { node } of writing) exclusive.set(bucketOf(relationKey(plan.relations.published(node))), true);
  return [...exclusive].map(([key, is]) => ({ key, exclusive: is })).toSorted((a, b) => a.key - b.key);
}

/** For what concerns relations of any run. */
export const everyLock: readonly BucketLock[] = Array.from({ length: BUCKETS }, (_, i) => ({
  key: FIRST + i,
  exclusive: true,
}));

/** The relations that a node's SQL names: through ephemeral models, which are part of it. */
function readBy(node: NodeId, graph: Graph): Set<NodeId> {
  const found = new Set<NodeId>();
  const open = [node];
  const seen = new Set(open);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const parent of graph.parents(next)) {
      const resource = graph.resource(parent);
      if (resource.kind !== "model" || resource.config.materialized !== "ephemeral") found.add(parent);
      else if (!seen.has(parent)) {
        seen.add(parent);
        open.push(parent);
      }
    }
  }
  return found;
}

/** FNV-1a: any spread will do, as long as it stays the same from version to version. */
function bucketOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return FIRST + ((hash >>> 0) % BUCKETS);
}

/** Of one run, on a connection that is for this purpose only: the server frees them when it ends, however it ends. */
export class RunLocks {
  readonly #database: Database;

  #waited = false;

  private constructor(database: Database) {
    this.#database = database;
  }

  /** Waits for other runs, and says so, naming them. Closes the database when it cannot have the locks. */
  static async take(database: Database, locks: readonly BucketLock[], say: (text: string) => void): Promise<RunLocks> {
    const taken = new RunLocks(database);
    try {
      await taken.#take(locks, say);
      return taken;
    } catch (thrown) {
      await database.close();
      throw thrown;
    }
  }

  async #take(locks: readonly BucketLock[], say: (text: string) => void): Promise<void> {
    const keys = [locks.map((lock) => lock.key), locks.map((lock) => lock.exclusive)];
    await this.#database.session(async (session) => {
      // At once, if nobody has them; else after a while it is said who has.
      for (const patience of [1, SAY_AFTER, 0]) {
        await session.query(`set lock_timeout = ${patience}`);
        try {
          await session.query(TAKE, keys);
          return;
        } catch (thrown) {
          if (!(thrown instanceof QueryError) || thrown.sqlstate !== SQLSTATE.lockNotAvailable) throw thrown;
        }
        if (this.#waited) say(await waitingText(session, locks));
        this.#waited = true;
      }
    });
  }

  /** Another run had them first. */
  get waited(): boolean {
    return this.#waited;
  }

  /** Says that the run of this publication is alive. */
  async hold(publication: number): Promise<void> {
    await this.#database.session((session) => session.query("select pg_advisory_lock($1, $2)", [ALIVE, publication]));
  }

  /** Throws `Failure` when the connection is gone, and the locks with it. */
  async confirm(): Promise<void> {
    const held = await this.#database
      .session(async (session) => {
        const { rows } = await session.query<{ n: number }>(
          "select count(*) as n from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
        );
        return rows[0]!.n > 0;
      })
      .catch(() => false);
    if (held) return;
    throw new Failure(
      error("run-lock-lost", "Nothing was published: the connection that kept other runs out was lost.", undefined, [
        "`sluice publish` publishes what was built, if no other run has built the same since",
      ]),
    );
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}

const TAKE = `select case when exclusive then pg_advisory_lock(${BUCKET}, key) else pg_advisory_lock_shared(${BUCKET}, key) end
  from unnest($1::int[], $2::bool[]) as asked(key, exclusive)`;

/** Who holds them, from the ledger where it tells. */
async function waitingText(session: Session, locks: readonly BucketLock[]): Promise<string> {
  const { rows } = await session.query<{ pid: number; user: string; application: string; since: string }>(
    `select distinct on (l.pid) l.pid, a.usename as user, a.application_name as application, a.backend_start::text as since
     from pg_locks l join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.granted and l.classid = ${BUCKET} and l.objid::int8 = any ($1::int8[])
       and l.pid <> pg_backend_pid() and l.database = (select oid from pg_database where datname = current_database())`,
    [locks.map((lock) => lock.key)],
  );
  const who = rows.map(
    (r) => `pid ${r.pid}, user ${r.user}, ${r.application || "no application name"}, since ${r.since}`,
  );
  return ["Waiting for another run …", ...who].join("\n  ");
}

/** Runs that write or read what another one writes wait for it; runs that have nothing in common do not. */
import type { Graph } from "../graph/graph.ts";
import type { NodeId } from "../parse/manifest.ts";
import { type Plan, relationKey } from "../plan/plan.ts";
import type { Database } from "../postgres/database.ts";

/** Relations share this many locks: a run of any size takes few, and two small runs seldom meet without need. */
const BUCKETS = 64;
/** The first of two integers of all our advisory locks; buckets count from 1000. */
const FAMILY = 1_936_486_515;
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
      const key = bucketOf(relationKey(plan.relations.readFrom(parent)));
      exclusive.set(key, exclusive.get(key) ?? false);
    }
  }
  for (const { node } of writing) exclusive.set(bucketOf(relationKey(plan.relations.writeTo(node))), true);
  return [...exclusive].map(([key, is]) => ({ key, exclusive: is })).toSorted((a, b) => a.key - b.key);
}

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

/** Takes the locks; they are held until the database, which is for this purpose only, is closed. */
export async function takeLocks(database: Database, locks: readonly BucketLock[], onWait: () => void): Promise<void> {
  const timer = setTimeout(onWait, SAY_AFTER);
  try {
    await database.session((session) =>
      session.query(
        `select case when exclusive then pg_advisory_lock(${FAMILY}, key) else pg_advisory_lock_shared(${FAMILY}, key) end
         from unnest($1::int[], $2::bool[]) as asked(key, exclusive)`,
        [locks.map((lock) => lock.key), locks.map((lock) => lock.exclusive)],
      ),
    );
  } finally {
    clearTimeout(timer);
  }
}

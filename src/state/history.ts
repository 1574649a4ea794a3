import type { Session } from "../postgres/database.ts";
import { STATE_SCHEMA } from "./ensure.ts";

/** A run and what became of it. Numbers are of nodes; absent where a run published nothing. */
export interface PastRun {
  readonly id: string;
  readonly command: string;
  readonly target: string;
  readonly startedAt: string;
  /** Seconds; null while it runs, or when it was killed. */
  readonly seconds: number | null;
  readonly status: string;
  readonly by: string;
  readonly gitCommit: string | null;
  readonly built: number;
  /** Built or tested before, and nothing has changed since. */
  readonly reused: number;
  readonly rows: number;
  readonly passed: number;
  readonly failed: number;
  readonly publication: number | null;
  /** `published`, `undone`, `failed` … */
  readonly outcome: string | null;
  readonly relations: number | null;
  /** Taken back by this run: the publication's id. */
  readonly rollbackOf: number | null;
}

/** Newest first. */
export async function history(session: Session, limit: number): Promise<PastRun[]> {
  const { rows } = await session.query<PastRun>(
    `select r.id, r.command, r.target, r.started_at::text as "startedAt",
       extract(epoch from r.finished_at - r.started_at)::float8 as seconds, r.status, r.run_by as by,
       r.git_commit as "gitCommit", n.built, n.reused, n.rows, n.passed, n.failed, p.id as publication, p.status as outcome,
       p.relations, p.rollback_of as "rollbackOf"
     from ${STATE_SCHEMA}.run r
     left join lateral (select count(*) filter (where status = 'success') as built,
         count(*) filter (where status = 'reused') as reused,
         coalesce(sum(rows) filter (where status = 'success'), 0)::int8 as rows,
         count(*) filter (where status = 'pass') as passed,
         count(*) filter (where status in ('fail', 'error')) as failed
       from ${STATE_SCHEMA}.node_result where run_id = r.id) n on true
     left join lateral (select * from ${STATE_SCHEMA}.publication where run_id = r.id order by id desc limit 1) p on true
     order by r.started_at desc limit $1`,
    [limit],
  );
  return rows;
}

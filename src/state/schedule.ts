/** The schedule's part of the ledger. All times are compared by the server's clock where two schedulers could disagree. */
import type { Session } from "../postgres/database.ts";
import { STATE_SCHEMA } from "./ensure.ts";

const JOB = `${STATE_SCHEMA}.schedule_job`;
const FIRING = `${STATE_SCHEMA}.schedule_firing`;

/** A job's firing that nobody has heard of for this many seconds has lost its scheduler. */
const LOST_AFTER = 60;

export type FiringStatus = "running" | "success" | "error" | "timeout" | "cancelled" | "lost" | "skipped" | "missed";

export interface JobKey {
  /** Project and target: `bank/prod`. */
  readonly scope: string;
  readonly name: string;
}

export interface JobLine extends JobKey {
  readonly cron: string;
  readonly timezone: string;
}

/** When the job is due next by the ledger; undefined when it is new or its line has changed, since nothing can be missed. */
export async function nextDue(session: Session, job: JobLine): Promise<Date | undefined> {
  const { rows } = await session.query<{ at: Date | string }>(
    `select next_due as at from ${JOB} where scope = $1 and name = $2 and cron = $3 and timezone = $4`,
    [job.scope, job.name, job.cron, job.timezone],
  );
  return rows[0] && new Date(rows[0].at);
}

/** Another scheduler of the same job may be further already. */
export async function recordNextDue(session: Session, job: JobLine, at: Date): Promise<void> {
  await session.query(
    `insert into ${JOB} as j (scope, name, cron, timezone, next_due) values ($1, $2, $3, $4, $5)
     on conflict (scope, name) do update set cron = excluded.cron, timezone = excluded.timezone,
       next_due = case when (j.cron, j.timezone) = (excluded.cron, excluded.timezone)
         then greatest(j.next_due, excluded.next_due) else excluded.next_due end`,
    [job.scope, job.name, job.cron, job.timezone, at.toISOString()],
  );
}

export type Claim =
  | { readonly outcome: "claimed"; readonly id: number }
  /** Another scheduler has this very firing. */
  | { readonly outcome: "taken" }
  /** An earlier firing of the job still runs; recorded as skipped. */
  | { readonly outcome: "skipped"; readonly since: Date };

/** Makes the firing ours, or says why not. At most one firing of a job runs at a time, whoever asks. */
export async function claimFiring(session: Session, job: JobKey, dueAt: Date, scheduler: string): Promise<Claim> {
  const values = [job.scope, job.name, dueAt.toISOString(), scheduler];
  const { rows } = await session.query<{ id: number }>(
    `insert into ${FIRING} (scope, job, due_at, scheduler, status, started_at, alive_at)
     values ($1, $2, $3, $4, 'running', now(), now()) on conflict do nothing returning id`,
    values,
  );
  if (rows[0]) return { outcome: "claimed", id: rows[0].id };
  const running = await session.query<{ since: Date | string }>(
    `select started_at as since from ${FIRING} where scope = $1 and job = $2 and status = 'running' and due_at <> $3`,
    values.slice(0, 3),
  );
  if (!running.rows[0]) return { outcome: "taken" };
  const since = new Date(running.rows[0].since);
  const skipped = await session.query(
    `insert into ${FIRING} (scope, job, due_at, scheduler, status, finished_at, message)
     values ($1, $2, $3, $4, 'skipped', now(), 'an earlier firing was still running') on conflict do nothing`,
    values,
  );
  return skipped.rowCount === 1 ? { outcome: "skipped", since } : { outcome: "taken" };
}

/** False when another scheduler has told of them already. `last` is when the last of them was due. */
export async function recordMissed(
  session: Session,
  job: JobKey,
  { first, last, times }: { first: Date; last: Date; times: number },
  scheduler: string,
): Promise<boolean> {
  const { rowCount } = await session.query(
    `insert into ${FIRING} (scope, job, due_at, scheduler, status, finished_at, times, message)
     values ($1, $2, $3, $4, 'missed', now(), $5, $6) on conflict do nothing`,
    [
      job.scope,
      job.name,
      last.toISOString(),
      scheduler,
      times,
      `no scheduler was running since ${first.toISOString()}`,
    ],
  );
  return rowCount === 1;
}

export interface Outcome {
  readonly status: Exclude<FiringStatus, "running" | "missed" | "skipped" | "lost">;
  readonly exitCode?: number | undefined;
  readonly message?: string | undefined;
}

export async function finishFiring(
  session: Session,
  id: number,
  { status, exitCode, message }: Outcome,
): Promise<void> {
  await session.query(
    `update ${FIRING} set status = $2, exit_code = $3, message = $4, finished_at = now() where id = $1`,
    [id, status, exitCode ?? null, message?.replaceAll("\0", "") ?? null],
  );
}

export async function keepAlive(session: Session, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await session.query(`update ${FIRING} set alive_at = now() where id = any($1::bigint[]) and status = 'running'`, [
    ids,
  ]);
}

export interface LostFiring {
  readonly job: string;
  readonly dueAt: Date;
  readonly scheduler: string;
}

/** Firings whose scheduler was killed: they end here, and each is told of once. */
export async function takeLost(session: Session, scope: string): Promise<LostFiring[]> {
  const { rows } = await session.query<{ job: string; dueAt: Date | string; scheduler: string }>(
    `update ${FIRING} set status = 'lost', finished_at = alive_at, message = 'its scheduler was not heard of any more'
     where scope = $1 and status = 'running' and alive_at < now() - make_interval(secs => ${LOST_AFTER})
     returning job, due_at as "dueAt", scheduler`,
    [scope],
  );
  return rows.map((row) => ({ ...row, dueAt: new Date(row.dueAt) }));
}

export interface JobHistory {
  /** Firings by status. */
  readonly counts: Readonly<Partial<Record<FiringStatus, number>>>;
  readonly lastStatus: FiringStatus;
  readonly lastDueAt: Date;
  /** Of the last one that ran, in seconds. */
  readonly lastSeconds?: number;
  readonly lastSuccessAt?: Date;
}

/** Of all jobs of the scope that ever fired. */
export async function histories(session: Session, scope: string): Promise<Map<string, JobHistory>> {
  const { rows } = await session.query<{
    job: string;
    counts: Partial<Record<FiringStatus, number>>;
    status: FiringStatus;
    due: Date | string;
    seconds: number | null;
    success: Date | string | null;
  }>(
    `with counted as (
       select job, jsonb_object_agg(status, n) as counts
       from (select job, status, sum(times)::int8 as n from ${FIRING} where scope = $1 group by job, status) by_status
       group by job
     )
     select c.job, c.counts, l.status, l.due_at as due, r.seconds, s.at as success
     from counted c
     cross join lateral (
       select status, due_at from ${FIRING} where scope = $1 and job = c.job order by due_at desc limit 1
     ) l
     left join lateral (
       select extract(epoch from finished_at - started_at)::float8 as seconds from ${FIRING}
       where scope = $1 and job = c.job and started_at is not null and finished_at is not null
       order by started_at desc limit 1
     ) r on true
     left join lateral (
       select max(finished_at) as at from ${FIRING} where scope = $1 and job = c.job and status = 'success'
     ) s on true`,
    [scope],
  );
  return new Map(
    rows.map(({ job, counts, status, due, seconds, success }) => [
      job,
      {
        counts,
        lastStatus: status,
        lastDueAt: new Date(due),
        ...(seconds !== null && { lastSeconds: seconds }),
        ...(success !== null && { lastSuccessAt: new Date(success) }),
      },
    ]),
  );
}

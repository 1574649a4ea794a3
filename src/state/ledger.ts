import type { Session } from "../postgres/database.ts";
import type { RelationName } from "../postgres/relation.ts";
import { STATE_SCHEMA } from "./ensure.ts";

/** A command that changes the database; `id` is the caller's. */
export interface RunRecord {
  readonly id: string;
  /** `build`, `load` … */
  readonly command: string;
  readonly target: string;
  readonly startedAt: Date;
  readonly sluiceVersion: string;
  readonly gitCommit?: string | undefined;
  /** Who runs it: the user of the machine, not of the database. */
  readonly user: string;
}

export type RunStatus = "success" | "error" | "cancelled";

export interface NodeResultRecord {
  readonly nodeId: string;
  readonly status: string;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly rows?: number | undefined;
  readonly message?: string | undefined;
}

/** A file whose rows stand in a table. */
export interface LoadRecord {
  /** From `newBatchId`: the rows themselves carry it. */
  readonly id: number;
  readonly sourceNodeId: string;
  /** Relative to the project's root, with forward slashes. */
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly rows: number;
  readonly rejected: number;
  /** Of everything besides the content that decides what the rows are: dialect, columns, formats. */
  readonly optionsHash: string;
  readonly runId?: string | undefined;
}

export async function recordRun(session: Session, run: RunRecord): Promise<void> {
  await session.query(
    `insert into ${STATE_SCHEMA}.run (id, command, target, started_at, sluice_version, git_commit, run_by)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [run.id, run.command, run.target, run.startedAt.toISOString(), run.sluiceVersion, run.gitCommit ?? null, run.user],
  );
}

export async function finishRun(session: Session, id: string, status: RunStatus, finishedAt: Date): Promise<void> {
  const sql = `update ${STATE_SCHEMA}.run set status = $2, finished_at = $3 where id = $1`;
  const { rowCount } = await session.query(sql, [id, status, finishedAt.toISOString()]);
  if (rowCount !== 1) throw new Error(`Internal error: run ${id} was never recorded`);
}

/** One statement for any number of nodes; a node recorded twice in a run (retried) keeps its last result. */
export async function recordResults(
  session: Session,
  runId: string,
  results: readonly NodeResultRecord[],
): Promise<void> {
  if (results.length === 0) return;
  const last = new Map(results.map((result) => [result.nodeId, result]));
  const rows = [...last.values()].map((r) => ({
    node_id: r.nodeId,
    status: r.status,
    started_at: r.startedAt,
    finished_at: r.finishedAt,
    rows: r.rows ?? null,
    // jsonb holds everything but this character, which messages of strange programs may.
    message: r.message?.replaceAll("\0", "") ?? null,
  }));
  await session.query(
    `insert into ${STATE_SCHEMA}.node_result (run_id, node_id, status, started_at, finished_at, rows, message)
     select $1, r.* from jsonb_to_recordset($2) as
       r(node_id text, status text, started_at timestamptz, finished_at timestamptz, rows bigint, message text)
     on conflict (run_id, node_id) do update set status = excluded.status, started_at = excluded.started_at,
       finished_at = excluded.finished_at, rows = excluded.rows, message = excluded.message`,
    [runId, JSON.stringify(rows)],
  );
}

/**
 * The files whose rows stand in `table` now, by name of the file. None when the table was dropped, or dropped and made
 * again, since.
 */
export async function loadedFiles(session: Session, table: RelationName): Promise<Map<string, LoadRecord>> {
  const { rows } = await session.query<LoadRecord>(
    `select id, source_node_id as "sourceNodeId", file, sha256, bytes, rows, rejected, options_hash as "optionsHash",
       run_id as "runId"
     from ${STATE_SCHEMA}.load_batch
     where schema_name = $1 and table_name = $2 and current and table_oid = to_regclass(format('%I.%I', $1, $2))
     order by file`,
    [table.schema, table.identifier],
  );
  return new Map(rows.map((row) => [row.file, row]));
}

/** The number for the next load's rows (`_batch_id`); one that is never used does no harm. */
export async function newBatchId(session: Session): Promise<number> {
  const { rows } = await session.query<{ id: number }>(
    `select nextval(pg_get_serial_sequence('${STATE_SCHEMA}.load_batch', 'id')) as id`,
  );
  return rows[0]!.id;
}

/** Says that the file's rows stand in the table, instead of what it held before: in the transaction that put them there. */
export async function recordLoad(session: Session, table: RelationName, load: LoadRecord): Promise<void> {
  await forgetLoad(session, table, load.file);
  const { rowCount } = await session.query(
    `insert into ${STATE_SCHEMA}.load_batch (id, source_node_id, schema_name, table_name, table_oid, file, sha256, bytes,
       rows, rejected, options_hash, run_id)
     select $1, $2, $3, $4, to_regclass(format('%I.%I', $3::text, $4::text)), $5, $6, $7, $8, $9, $10, $11`,
    [
      load.id,
      load.sourceNodeId,
      table.schema,
      table.identifier,
      load.file,
      load.sha256,
      load.bytes,
      load.rows,
      load.rejected,
      load.optionsHash,
      load.runId ?? null,
    ],
  );
  if (rowCount !== 1) throw new Error(`Internal error: the load of ${load.file} was not recorded`);
}

/** Says that the file's rows are gone, in the transaction that removed them. What was once loaded stays on record. */
export async function forgetLoad(session: Session, table: RelationName, file: string): Promise<void> {
  await session.query(
    `update ${STATE_SCHEMA}.load_batch set current = false
     where schema_name = $1 and table_name = $2 and file = $3 and current`,
    [table.schema, table.identifier, file],
  );
}

/** Runs that found everything as it was: what must still be so for the same command to find that again. */
import type { Session } from "../postgres/database.ts";
import { INTACT } from "./publications.ts";
import { STATE_SCHEMA } from "./ensure.ts";
import { lateWrites } from "./late-writes.ts";

export interface Rest {
  /** A hash of the project's files. */
  readonly inputs: string;
  /** Environment variables that were read, and a hash of their values. */
  readonly variables: readonly string[];
  readonly environment: string;
  /** Nodes that were found as they were, and what the log says of the project. */
  readonly nodes: number;
  readonly found: string;
  readonly runId: string;
}

/** Null as soon as one relation is not as we left it. */
const SIGNATURE = `(select case when bool_and(held.intact) then md5(string_agg(held.line, ',' order by held.line)) end
  from (select ${INTACT} as intact, concat_ws(' ', b.node_id, b.relation_oid, b.relation_mark, b.touched, b.version, b.fingerprint) as line
    from ${STATE_SCHEMA}.build b
    left join pg_namespace s on s.nspname = b.schema_name
    left join pg_class c on c.relnamespace = s.oid and c.relname = b.relation_name
    where b.site = $1
    union all
    select coalesce(l.table_oid = to_regclass(format('%I.%I', l.schema_name, l.table_name))::oid, false), concat_ws(' ', l.id, l.file)
    from ${STATE_SCHEMA}.load_batch l where l.current) as held)`;

/** What is on record for the command, if all that it held is as it was then. */
export async function findRest(session: Session, site: string, command: string): Promise<Rest | undefined> {
  if ((await lateWrites(session, site)).size > 0) return undefined;
  const { rows } = await session.query<Rest>(
    `select inputs, variables, environment, nodes, found, run_id as "runId" from ${STATE_SCHEMA}.rest
     where site = $1 and command = $2 and signature = ${SIGNATURE}`,
    [site, command],
  );
  return rows[0];
}

export async function recordRest(session: Session, site: string, command: string, rest: Rest): Promise<void> {
  await session.query(
    `insert into ${STATE_SCHEMA}.rest (site, command, inputs, variables, environment, nodes, found, run_id, signature)
     select $1, $2, $3, $4, $5, $6, $7, $8, signature from (select ${SIGNATURE} as signature) as now where signature is not null
     on conflict (site, command) do update set inputs = excluded.inputs, variables = excluded.variables,
       environment = excluded.environment, nodes = excluded.nodes, found = excluded.found, run_id = excluded.run_id,
       signature = excluded.signature, recorded_at = now()`,
    [site, command, rest.inputs, JSON.stringify(rest.variables), rest.environment, rest.nodes, rest.found, rest.runId],
  );
}

/** What runs built out of sight, what became of it, and what each node holds now. */
import type { RelationKind } from "../postgres/catalog.ts";
import { MARK } from "../postgres/kept.ts";
import { marksOf, stillMarked } from "../postgres/routines.ts";
import type { Session } from "../postgres/database.ts";
import { quote, quoteLiteral, type RelationName } from "../postgres/relation.ts";
import { forceStatistics } from "../postgres/sql/content.ts";
import { COUNTED, TOUCHED } from "../postgres/standing.ts";
import { STATE_SCHEMA } from "./ensure.ts";
import { ALIVE } from "./locks.ts";
import { lateWrites, noteRows } from "./late-writes.ts";

export type PublicationStatus = "building" | "ready" | "failed" | "published" | "superseded" | "undone";

/** How one relation is published, and how that is undone. Statements are SQL. */
export type Entry =
  | {
      readonly how: "move";
      readonly kind: RelationKind;
      /** Views that may read a delta: the query by published names. */
      readonly definition?: string;
      /** The project's configuration says who may do what. */
      readonly ownGrants?: boolean;
    }
  | {
      readonly how: "apply";
      /** How the table stood when the delta was made; see `postgres/standing.ts`. */
      readonly base?: string;
      /** What had been written then: a snapshot. */
      readonly asOf?: string;
      /** The view that shows the table as it will be; absent where no rows change. */
      readonly view?: RelationName;
      readonly tables: readonly RelationName[];
      readonly keep: readonly string[];
      readonly apply: readonly string[];
      readonly undo: readonly string[];
      /** Hooks, grants and comments, afterwards in the same transaction; `outside`: after it. */
      readonly after: readonly string[];
      readonly outside: readonly string[];
    }
  | {
      /** A function, with those of the same name that take other arguments. */
      readonly how: "routine";
      /** Statements that write bodies anew which named work schemas. */
      readonly definitions: readonly string[];
      readonly ownGrants?: boolean;
    };

/** What a node was built from, and what it holds. */
export interface BuildRecord {
  readonly fingerprint: string;
  /** The version of each thing read, by id. */
  readonly parents: Readonly<Record<string, string>>;
  readonly version: string;
  readonly content?: string | undefined;
  readonly rows?: number | undefined;
}

/** The relation came out as it was and stays; only what is known of it is new. */
export interface Unmoved {
  readonly how: "keep";
}

/** A foreign key that a table had before it was put aside. */
export interface KeptKey {
  readonly name: string;
  /** What follows its name in `add constraint …`; what it refers to is named as it is published. */
  readonly definition: string;
}

export interface StagedNode {
  readonly nodeId: string;
  readonly published: RelationName;
  readonly entry: Entry | Unmoved;
  readonly record: BuildRecord;
  /** Of the relation that stands published, as long as this publication is the last that made it. */
  readonly oid?: number;
  /** The same of a function's routines. */
  readonly routines?: readonly number[];
  /** Nobody has written to it since. */
  readonly isUntouched?: boolean;
  /** Of the relation that it replaced. */
  readonly keys?: readonly KeptKey[];
}

/** Of rows of `build` and `publication_node`: functions have no relation, and may have the name of one. */
const isFunction = (row: string): string => `(${row}.node_id like 'function.%')`;

/** Greater than any that names a schema, also where the ledger was dropped and begun anew. */
export async function newPublicationId(session: Session): Promise<number> {
  const sequence = `pg_get_serial_sequence('${STATE_SCHEMA}.publication', 'id')`;
  const { rows } = await session.query<{ id: number; used: number }>(
    `select nextval(${sequence}) as id, coalesce((select max(substring(nspname from '__sluice_prev_([0-9]+)$')::int8)
       from pg_namespace where nspname ~ '__sluice_prev_[0-9]{1,18}$'), 0) as used`,
  );
  const { id, used } = rows[0]!;
  if (id > used) return id;
  await session.query(`select setval(${sequence}, $1)`, [used + 1]);
  return used + 1;
}

export async function openPublication(session: Session, id: number, runId: string, site: string): Promise<void> {
  await session.query(`insert into ${STATE_SCHEMA}.publication (id, run_id, site) values ($1, $2, $3)`, [
    id,
    runId,
    site,
  ]);
}

/**
 * In the transaction that builds the relation, which tells the server's counters what it wrote when it ends. Built again in
 * the same run (a retry), it has one row.
 */
export async function recordStaged(
  session: Session,
  publication: number,
  node: StagedNode,
  serverVersion: number,
): Promise<void> {
  await session.query(
    `with recorded as (
       insert into ${STATE_SCHEMA}.publication_node (publication_id, node_id, schema_name, relation_name, entry, record)
       values ($1, $2, $3, $4, $5, $6)
       on conflict (publication_id, node_id) do update set entry = excluded.entry, record = excluded.record
     ) ${forceStatistics(serverVersion)}`,
    [
      publication,
      node.nodeId,
      node.published.schema,
      node.published.identifier,
      JSON.stringify(node.entry),
      JSON.stringify(node.record),
    ],
  );
}

/** Of relation `c` and the `build` b that made it. */
const ROUTINES_INTACT = stillMarked("b.relation_mark", "b.schema_name", "b.relation_name");
const UNTOUCHED = `coalesce(${MARK} = b.relation_mark, false)
  and (b.touched is null or ${COUNTED} is not distinct from case when ${COUNTED} is not null then b.touched end)`;

export async function stagedNodes(session: Session, publication: number): Promise<StagedNode[]> {
  const { rows } = await session.query<{
    nodeId: string;
    schema: string;
    name: string;
    entry: StagedNode["entry"];
    record: BuildRecord;
    oid: number | null;
    marks: string | null;
    isUntouched: boolean;
    keys: readonly KeptKey[] | null;
  }>(
    `select n.node_id as "nodeId", n.schema_name as schema, n.relation_name as name, n.entry, n.record, n.keys, b.relation_oid as oid,
       case when ${isFunction("n")} then b.relation_mark end as marks,
       case when ${isFunction("n")} then ${ROUTINES_INTACT} else ${UNTOUCHED} end as "isUntouched"
     from ${STATE_SCHEMA}.publication_node n
     left join ${STATE_SCHEMA}.build b on b.publication_id = n.publication_id and b.node_id = n.node_id
     left join pg_class c on c.oid = b.relation_oid
     where n.publication_id = $1 order by n.node_id`,
    [publication],
  );
  return rows.map(({ nodeId, schema, name, entry, record, oid, marks, isUntouched, keys }) => ({
    nodeId,
    published: { schema, identifier: name },
    entry,
    record,
    ...(oid !== null && { oid, isUntouched }),
    ...(keys && { keys }),
    ...(marks !== null && { routines: oidsOf(marks), isUntouched }),
  }));
}

const oidsOf = (marks: string): number[] => marks.split(",").map((mark) => Number(mark.split("/")[0]));

/** The routines that stand published for functions of a publication's site, by quoted name. */
export async function standingRoutines(session: Session, publication: number): Promise<Map<string, number[]>> {
  const { rows } = await session.query<{ schema: string; name: string; marks: string }>(
    `select b.schema_name as schema, b.relation_name as name, b.relation_mark as marks
     from ${STATE_SCHEMA}.build b join ${STATE_SCHEMA}.publication p on p.site = b.site
     where p.id = $1 and ${isFunction("b")} and b.relation_mark is not null`,
    [publication],
  );
  return new Map(rows.map(({ schema, name, marks }) => [quote({ schema, identifier: name }), oidsOf(marks)]));
}

export async function setPublicationStatus(session: Session, id: number, status: PublicationStatus): Promise<void> {
  await session.query(`update ${STATE_SCHEMA}.publication set status = $2 where id = $1 and status <> 'superseded'`, [
    id,
    status,
  ]);
}

/** A publication as `sluice history` and `rollback` see it. */
export interface PublicationInfo {
  readonly id: number;
  readonly runId: string;
  readonly site: string;
  readonly status: PublicationStatus;
  readonly rollbackOf: number | null;
  readonly publishedAt: string | null;
  readonly relations: number;
  /** What it replaced still exists. */
  readonly kept: boolean;
}

const INFO = `id, run_id as "runId", site, status, rollback_of as "rollbackOf", published_at as "publishedAt",
  coalesce(relations, 0) as relations, kept`;

/** Newest first. */
export async function publications(
  session: Session,
  site: string,
  statuses: readonly PublicationStatus[],
): Promise<PublicationInfo[]> {
  const { rows } = await session.query<PublicationInfo>(
    `select ${INFO} from ${STATE_SCHEMA}.publication where site = $1 and status = any ($2) order by id desc`,
    [site, statuses],
  );
  return rows;
}

/** Routines that stand under a name from now on. */
export interface PlacedRoutines {
  readonly name: RelationName;
  readonly oids: readonly number[];
}

/** Rows `(schema, name, mark)`. */
const placed = (routines: readonly PlacedRoutines[]): string =>
  [
    "select null::text, null::text, null::text where false",
    ...routines.map(
      ({ name, oids }) => `select ${quoteLiteral(name.schema)}, ${quoteLiteral(name.identifier)}, ${marksOf(oids)}`,
    ),
  ].join(" union all ");

/**
 * In the transaction that publishes: what each node holds from now on, and what it held before, for a rollback. The rows of
 * nodes that had these relations before under other names go.
 */
export async function recordPublished(
  session: Session,
  id: number,
  { relations, kept, routines }: { relations: number; kept: boolean; routines: readonly PlacedRoutines[] },
): Promise<void> {
  // In one message: locks are held. They keep others from writing at the moment of `as_of`.
  const { rowCount } = await session.query(`
    ${transactionOf(id)};

    update ${STATE_SCHEMA}.publication_node n
    set previous = (select to_jsonb(b) from ${STATE_SCHEMA}.build b where b.site = p.site and b.node_id = n.node_id)
    from ${STATE_SCHEMA}.publication p where p.id = ${id} and n.publication_id = p.id;

    delete from ${STATE_SCHEMA}.build b using ${STATE_SCHEMA}.publication_node n
    where n.publication_id = ${id} and b.schema_name = n.schema_name and b.relation_name = n.relation_name
      and ${isFunction("b")} = ${isFunction("n")};

    insert into ${STATE_SCHEMA}.build (site, node_id, schema_name, relation_name, relation_oid, relation_mark, fingerprint,
      parents, version, content, rows, run_id, publication_id, as_of, own_xids)
    select p.site, n.node_id, n.schema_name, n.relation_name, at.oid, at.mark, n.record->>'fingerprint',
      n.record->'parents', n.record->>'version', n.record->>'content', (n.record->>'rows')::bigint, p.run_id, p.id,
      pg_current_snapshot(), p.xids
    from ${STATE_SCHEMA}.publication p join ${STATE_SCHEMA}.publication_node n on n.publication_id = p.id
    cross join lateral (
      select c.oid, ${MARK} as mark from pg_class c join pg_namespace s on s.oid = c.relnamespace
      where s.nspname = n.schema_name and c.relname = n.relation_name and not ${isFunction("n")}
      union all
      select null, r.mark from (${placed(routines)}) r(schema, name, mark)
      where r.schema = n.schema_name and r.name = n.relation_name and ${isFunction("n")}
    ) at
    where p.id = ${id}
    on conflict (site, node_id) do update set schema_name = excluded.schema_name, relation_name = excluded.relation_name,
      relation_oid = excluded.relation_oid, relation_mark = excluded.relation_mark, touched = null,
      fingerprint = excluded.fingerprint, parents = excluded.parents, version = excluded.version,
      content = excluded.content, rows = excluded.rows, run_id = excluded.run_id,
      publication_id = excluded.publication_id, built_at = excluded.built_at, as_of = excluded.as_of,
      own_xids = excluded.own_xids;

    update ${STATE_SCHEMA}.publication set status = 'published', published_at = clock_timestamp(),
      relations = ${relations}, kept = ${kept} where id = ${id} and status = 'ready'`);
  if (rowCount !== 1) throw new Error(`Internal error: publication ${id} is not ready`);
}

/** In that transaction as well: what was taken off tables that were put aside, by their published names. */
export async function recordKeys(
  session: Session,
  id: number,
  keys: ReadonlyMap<RelationName, readonly KeptKey[]>,
): Promise<void> {
  for (const [{ schema, identifier }, kept] of keys)
    await session.query(
      `update ${STATE_SCHEMA}.publication_node set keys = $4
       where publication_id = $1 and schema_name = $2 and relation_name = $3`,
      [id, schema, identifier, JSON.stringify(kept)],
    );
}

/** In the transaction that takes a publication back: each node holds what it held before. */
export async function recordUndone(
  session: Session,
  id: number,
  by: number,
  routines: readonly PlacedRoutines[],
): Promise<void> {
  // In one message: locks are held.
  await session.query(`
    ${transactionOf(by)};

    delete from ${STATE_SCHEMA}.build b using ${STATE_SCHEMA}.publication_node n, ${STATE_SCHEMA}.publication p
    where p.id = ${id} and n.publication_id = p.id and b.site = p.site and b.node_id = n.node_id;

    insert into ${STATE_SCHEMA}.build
    select b.* from ${STATE_SCHEMA}.publication_node n,
      jsonb_populate_record(null::${STATE_SCHEMA}.build, n.previous) b
    where n.publication_id = ${id} and n.previous is not null;

    update ${STATE_SCHEMA}.build b set relation_oid = c.oid, relation_mark = ${MARK}, touched = null,
      as_of = pg_current_snapshot(), own_xids = (select xids from ${STATE_SCHEMA}.publication where id = ${by})
    from ${STATE_SCHEMA}.publication_node n, pg_class c, pg_namespace s
    where n.publication_id = ${id} and b.node_id = n.node_id and b.schema_name = s.nspname and b.relation_name = c.relname
      and c.relnamespace = s.oid and b.site = (select site from ${STATE_SCHEMA}.publication where id = ${id})
      and not ${isFunction("b")};

    update ${STATE_SCHEMA}.build b set relation_mark = r.mark
    from ${STATE_SCHEMA}.publication_node n, (${placed(routines)}) r(schema, name, mark)
    where n.publication_id = ${id} and b.node_id = n.node_id and b.schema_name = r.schema and b.relation_name = r.name
      and b.site = (select site from ${STATE_SCHEMA}.publication where id = ${id}) and ${isFunction("b")};

    update ${STATE_SCHEMA}.publication set status = 'undone', kept = false where id = ${id};

    update ${STATE_SCHEMA}.publication set status = 'published', published_at = clock_timestamp(), rollback_of = ${id},
      relations = (select relations from ${STATE_SCHEMA}.publication where id = ${id}) where id = ${by}`);
}

/** The part of the transaction that holds the locks has an id of its own, which only a row tells that it has just written. */
const transactionOf = (id: number): string => `update ${STATE_SCHEMA}.publication set xids = null where id = ${id};
    update ${STATE_SCHEMA}.publication set xids = array[pg_current_xact_id()::xid, xmin] where id = ${id}`;

/** Relations that were made again with the same meaning, whoever's node they are: they are still as we left them. */
export async function recordRecreated(session: Session, relations: readonly RelationName[]): Promise<void> {
  if (relations.length === 0) return;
  await session.query(
    `update ${STATE_SCHEMA}.build b set relation_oid = c.oid, relation_mark = ${MARK}, as_of = null
     from unnest($1::text[], $2::text[]) as again(schema, name) join pg_namespace s on s.nspname = again.schema
     join pg_class c on c.relnamespace = s.oid and c.relname = again.name
     where b.schema_name = again.schema and b.relation_name = again.name and not ${isFunction("b")}`,
    [relations.map((r) => r.schema), relations.map((r) => r.identifier)],
  );
}

/** What the publication replaced is dropped. */
export async function forgetKept(session: Session, id: number): Promise<void> {
  await session.query(`update ${STATE_SCHEMA}.publication set kept = false where id = $1`, [id]);
}

/**
 * Unpublished work that nobody will finish: of runs that are dead, and of finished ones that wait to be published although
 * `planned` is about to be built again. What failed is kept until now, to be looked at.
 */
export async function leftBehind(session: Session, site: string, planned: readonly RelationName[]): Promise<number[]> {
  const { rows } = await session.query<{ id: number }>(
    `select p.id from ${STATE_SCHEMA}.publication p
     where p.site = $1 and (p.status = 'failed' or p.status = 'building')
       and not exists (select from pg_locks l where l.locktype = 'advisory' and l.classid = ${ALIVE}
         and l.objid = p.id::oid and l.database = (select oid from pg_database where datname = current_database()))
     union
     select p.id from ${STATE_SCHEMA}.publication p join ${STATE_SCHEMA}.publication_node n on n.publication_id = p.id
     join unnest($2::text[], $3::text[]) as planned(schema, name)
       on n.schema_name = planned.schema and n.relation_name = planned.name
     where p.status in ('ready', 'failed') order by id`,
    [site, planned.map((r) => r.schema), planned.map((r) => r.identifier)],
  );
  return rows.map((row) => row.id);
}

interface HeldRow extends BuildRecord {
  readonly nodeId: string;
  readonly intact: boolean;
}

/** Whether the relation of a `build` b is as we left it; `c` is what stands there now. Tests have none. */
export const INTACT = `case when ${isFunction("b")} then ${ROUTINES_INTACT}
  else b.relation_oid is null or coalesce(c.oid = b.relation_oid and ${MARK} = b.relation_mark and ${TOUCHED} = b.touched, false) end`;

/** What each node of a site holds, by node id. */
export async function heldBuilds(session: Session, site: string): Promise<Map<string, HeldRow>> {
  const written = await lateWrites(session, site);
  const { rows } = await session.query<HeldRow>(
    `select b.node_id as "nodeId", b.fingerprint, b.parents, b.version, b.content, b.rows,
       ${INTACT} as intact
     from ${STATE_SCHEMA}.build b
     left join pg_namespace s on s.nspname = b.schema_name
     left join pg_class c on c.relnamespace = s.oid and c.relname = b.relation_name
     where b.site = $1`,
    [site],
  );
  return new Map(rows.map((row) => [row.nodeId, { ...row, intact: row.intact && !written.has(row.nodeId) }]));
}

/**
 * After a publication (`made`), or when it was taken back, when all sessions that wrote have reported: later writes are a
 * stranger's. `session` itself wrote the deltas.
 */
export async function recordTouched(
  session: Session,
  publication: number,
  serverVersion: number,
  made: boolean,
): Promise<void> {
  await session.query(forceStatistics(serverVersion));
  await session.query(
    `update ${STATE_SCHEMA}.build b set touched = ${TOUCHED}, live = null from pg_class c
     where c.oid = b.relation_oid and exists (select from ${STATE_SCHEMA}.publication p
       join ${STATE_SCHEMA}.publication_node n on n.publication_id = p.id
       where p.id = $1 and p.site = b.site and n.node_id = b.node_id)`,
    [publication],
  );
  await noteRows(session, publication, made);
}

/** Tests that passed, by node id, and what they passed on. */
export async function recordPassed(
  session: Session,
  site: string,
  runId: string,
  passed: ReadonlyMap<string, BuildRecord>,
): Promise<void> {
  if (passed.size === 0) return;
  // In one order: two runs may record the same tests.
  await session.query(
    `insert into ${STATE_SCHEMA}.build (site, node_id, fingerprint, parents, version, run_id)
     select $1, r."nodeId", r.fingerprint, r.parents, r.version, $2
     from jsonb_to_recordset($3) as r("nodeId" text, fingerprint text, parents jsonb, version text) order by 2
     on conflict (site, node_id) do update set fingerprint = excluded.fingerprint, parents = excluded.parents,
       version = excluded.version, run_id = excluded.run_id, built_at = now()`,
    [site, runId, JSON.stringify([...passed].map(([nodeId, record]) => ({ nodeId, ...record })))],
  );
}

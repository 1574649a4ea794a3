/**
 * Writes that the server's counters do not tell of yet. A session reports what it wrote when it ends, or when it has rested for
 * ten seconds; who has been at work more recently may have written unnoticed. Then what they may write to is looked at row
 * by row: a row that was written since has another transaction, and one that is gone is missing from the count.
 */
import type { Session } from "../postgres/database.ts";
import { quote, quoteLiteral, type RelationName } from "../postgres/relation.ts";
import { STATE_SCHEMA } from "./ensure.ts";
import { RUN_LOCKS } from "./locks.ts";

/** Seconds after which a session that rests has reported. */
const REPORTED_AFTER = 15;

/** Backends that write no rows of their own, or only such as are none of a table's content. */
const IDLE_KINDS =
  "'autovacuum launcher', 'autovacuum worker', 'parallel worker', 'walsender', 'logical replication launcher'";

/** Pages: up to here ANALYZE counts the rows one by one, and looking at them takes less than building them. */
const LARGEST = 30_000;
const ALL_TOGETHER = 250_000;

interface Suspect {
  readonly nodeId: string;
  readonly schema: string;
  readonly name: string;
  readonly pages: number;
  readonly asOf: string | null;
  readonly ownXids: string;
  readonly live: string | null;
}

/**
 * Nobody, where nobody else is there: a moment's work. Others' states can only be read with a right. Left out are the
 * connections of this run, which report what they write at once, and those that hold the locks of runs, which write nothing.
 */
const writers = ({ poolPids }: Session): string => `
late as materialized (
  select distinct usesysid from pg_stat_activity
  where datid = (select oid from pg_database where datname = current_database())
    and pid <> all (array[${poolPids.join(", ")}]::int[])
    and pid not in (select l.pid from pg_locks l where l.locktype = 'advisory' and l.classid in (${RUN_LOCKS.join(", ")}))
    and coalesce(backend_type, '') not in (${IDLE_KINDS})
    and (state is distinct from 'idle' or state_change > clock_timestamp() - interval '${REPORTED_AFTER} s')
),
-- As themselves, or as anybody they may become.
writer as materialized (select distinct r.oid from late l join pg_roles r on l.usesysid is null or pg_has_role(l.usesysid, r.oid, 'member'))`;

/** Of relation `c`. */
const MAY_BE_WRITTEN = `c.relkind in ('r', 'm', 'p') and exists (select from writer where
  has_any_column_privilege(writer.oid, c.oid, 'insert, update') or has_table_privilege(writer.oid, c.oid, 'delete, truncate'))`;
const PAGES = "pg_relation_size(c.oid) / current_setting('block_size')::int";

/** Rows: `Suspect`, smallest first. */
const suspects = (session: Session): string => `
with ${writers(session)}
select b.node_id as "nodeId", n.nspname as schema, c.relname as name, ${PAGES} as pages, b.as_of::text as "asOf",
  coalesce(array_to_string(b.own_xids, ','), '') as "ownXids", b.live::text as live
from ${STATE_SCHEMA}.build b join pg_class c on c.oid = b.relation_oid join pg_namespace n on n.oid = c.relnamespace
where b.site = $1 and ${MAY_BE_WRITTEN}
order by pages`;

/** Nodes whose relation somebody wrote to since it was published; or of which that is not known. */
export type LateWrites = ReadonlyMap<string, "written" | "unknown">;

/** Of a site; to be asked before the counters are read. */
export async function lateWrites(session: Session, site: string): Promise<LateWrites> {
  const { rows: suspected } = await session.query<Suspect>(suspects(session), [site]);
  const found = new Map<string, "written" | "unknown">();
  const looked: Suspect[] = [];
  let pages = 0;
  for (const suspect of suspected) {
    pages += Number(suspect.pages);
    const isKnown = suspect.asOf !== null && suspect.live !== null;
    if (isKnown && Number(suspect.pages) <= LARGEST && pages <= ALL_TOGETHER) looked.push(suspect);
    else found.set(suspect.nodeId, "unknown");
  }
  if (looked.length === 0) return found;
  const { rows } = await session.query<{ place: number; intact: boolean }>(looked.map(isIntact).join("\nunion all\n"));
  for (const { place, intact } of rows) if (!intact) found.set(looked[place]!.nodeId, "written");
  return found;
}

/** Row `{ place, intact }`. */
const isIntact = ({ schema, name, asOf, ownXids, live }: Suspect, place: number): string => `
select ${place} as place, coalesce(sum(n), 0) = ${live}
  and coalesce(bool_and(x = any ('{${ownXids}}'::int8[]) or ${seenBy("x", asOf!)}), true) as intact
from (select xmin::text::int8 as x, count(*) as n from ${quote({ schema, identifier: name })} group by xmin) as written`;

/**
 * Whether a snapshot had seen transaction `x`, which is known by 32 bits only: it is the last one of that number. Those of the
 * distant past can be taken for later ones, and the relation for one that was written to.
 */
function seenBy(x: string, snapshot: string): string {
  const last = "pg_snapshot_xmax(pg_current_snapshot())::text::int8";
  return `pg_visible_in_snapshot((${last} - ((${last} - ${x}) & 4294967295))::text::xid8, ${quoteLiteral(snapshot)})`;
}

/**
 * Notes how many rows the relations of a publication hold, where they can be looked at. The server's count is right for tables
 * that were just made; of others it may have begun in the middle (a crash, a copy of the database).
 */
export async function noteRows(session: Session, publication: number, made: boolean): Promise<void> {
  const { rows } = await session.query<{ nodeId: string; schema: string; name: string; live: number | null }>(
    `select b.node_id as "nodeId", n.nspname as schema, c.relname as name,
       case when ${made} and x.entry->>'how' = 'move' then pg_stat_get_live_tuples(c.oid) end as live
     from ${OF_PUBLICATION} join pg_class c on c.oid = b.relation_oid join pg_namespace n on n.oid = c.relnamespace
     where p.id = $1 and c.relkind in ('r', 'm', 'p') and ${PAGES} <= ${LARGEST}`,
    [publication],
  );
  if (rows.length === 0) return;
  const counted = rows.map(({ nodeId, schema, name, live }) => {
    const count = live ?? `(select count(*) from ${quote({ schema, identifier: name })})`;
    return `(${quoteLiteral(nodeId)}, ${count}::int8)`;
  });
  await session.query(
    `update ${STATE_SCHEMA}.build b set live = counted.live
     from (values ${counted.join(", ")}) as counted(node_id, live), ${STATE_SCHEMA}.publication p
     where p.id = ${publication} and b.site = p.site and b.node_id = counted.node_id`,
  );
}

const OF_PUBLICATION = `${STATE_SCHEMA}.publication p join ${STATE_SCHEMA}.publication_node x on x.publication_id = p.id
     join ${STATE_SCHEMA}.build b on b.site = p.site and b.node_id = x.node_id`;

/** Of the tables, those to which somebody has added rows, or changed some, since a snapshot: as far as they can be looked at. */
export async function changedLately(
  session: Session,
  tables: readonly { readonly oid: number; readonly name: RelationName; readonly asOf: string }[],
): Promise<ReadonlySet<number>> {
  if (tables.length === 0) return new Set();
  const { rows: found } = await session.query<{ oid: number }>(
    `with ${writers(session)} select c.oid::int8 as oid from pg_class c
     where c.oid = any ($1::oid[]) and ${PAGES} <= ${LARGEST} and ${MAY_BE_WRITTEN}`,
    [tables.map(({ oid }) => oid)],
  );
  const suspected = new Set(found.map(({ oid }) => Number(oid)));
  const looked = tables.filter(({ oid }) => suspected.has(Number(oid)));
  if (looked.length === 0) return new Set();
  const { rows } = await session.query<{ oid: number }>(
    looked
      .map(
        ({ oid, name, asOf }) => `
select ${oid}::int8 as oid where exists (select from (select distinct xmin::text::int8 as x from ${quote(name)}) w
  where not ${seenBy("x", asOf)})`,
      )
      .join("\nunion all\n"),
  );
  return new Set(rows.map(({ oid }) => Number(oid)));
}

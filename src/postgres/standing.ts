/** Whether a relation is as it was: by what the catalog and the server's statistics tell, without reading it. */
import { MARK } from "./kept.ts";
import { quoteLiteral, type RelationName } from "./relation.ts";

/** Rows written into relation `c` of `pg_class` so far; null where the server does not count or may have forgotten. */
export const TOUCHED = `case when c.relkind in ('v') then 'view' when current_setting('track_counts') = 'on'
  then format('%s %s %s', pg_stat_get_tuples_inserted(c.oid), pg_stat_get_tuples_updated(c.oid), pg_stat_get_tuples_deleted(c.oid)) end`;

/** Before PostgreSQL 15 counts arrive late, so that they tell nothing of what was written when. */
export const COUNTED = `case when current_setting('server_version_num')::int >= 150000 then ${TOUCHED} end`;

/** Rows `{ schema, name, standing, asOf }`: another text once the relation is another one, or was written to; and a snapshot. */
export const listStandings = (names: readonly RelationName[]): string => `
select n.nspname as schema, c.relname as name, concat_ws(' ', c.oid, ${MARK}, ${COUNTED}) as standing, pg_current_snapshot()::text as "asOf"
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where (n.nspname, c.relname) in (${names.map((name) => `(${quoteLiteral(name.schema)}, ${quoteLiteral(name.identifier)})`).join(", ")})`;

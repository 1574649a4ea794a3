/** What tells whether two relations hold the same. */
import { quote, quoteLiteral, type RelationName } from "../relation.ts";

/**
 * Rows `{ content }`: a hash of the columns' names and types and of all rows, in any order. Fails (42883) where a column's
 * type has no hash function; costs about 0.7 s per million rows.
 */
export const contentHash = (name: RelationName): string => `
select (select md5(string_agg(format('%s %s', a.attname, format_type(a.atttypid, a.atttypmod)), ',' order by a.attnum))
    from pg_attribute a where a.attrelid = ${quoteLiteral(quote(name))}::regclass and a.attnum > 0 and not a.attisdropped)
  || ':' || count(*) || ':' || coalesce(bit_xor(hash_record_extended(t, 0)), 0)
  || ':' || coalesce(sum(hash_record_extended(t, 1)::numeric), 0) as content
from ${quote(name)} t`;

/** Before PostgreSQL 15 counts arrive when they arrive, and then nobody relies on them. */
export const forceStatistics = (serverVersion: number): string =>
  serverVersion >= 150_000 ? "select pg_stat_force_next_flush()" : "select";

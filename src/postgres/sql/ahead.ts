/** Views that are made again before what they read takes its place. SQL as text with the shape of its rows. */
import { optionsOf } from "../catalog.ts";
import { quoteIdent, quoteLiteral } from "../relation.ts";

const listed = (oids: readonly number[]): string => `array[${oids.join(", ")}]::oid[]`;

/** Of a view or materialised view, `w.ev_class`. */
const READS = `pg_rewrite w join pg_depend p on p.classid = 'pg_rewrite'::regclass and p.objid = w.oid and w.ev_type = '1'
  and not (p.refclassid = 'pg_class'::regclass and p.refobjid = w.ev_class)`;

/** Rows `{ reader, read }`: the relations that views read directly. */
export const listReads = (readers: readonly number[]): string => `
select distinct w.ev_class::int8 as reader, p.refobjid::int8 as read from ${READS}
where p.refclassid = 'pg_class'::regclass and w.ev_class = any (${listed(readers)})`;

export interface Definition {
  readonly oid: number;
  /** `storage = value, …`, or nothing. */
  readonly options: string;
  /** By the names that the search path leaves. */
  readonly query: string;
  /** `schema.name`, as Postgres writes it. */
  readonly own: string;
}

/** Rows: `Definition`. */
export const listDefinitions = (oids: readonly number[]): string => `
select c.oid::int8 as oid, ${optionsOf("c")} as options, rtrim(pg_get_viewdef(c.oid), ';') as query,
  format('%I.%I', n.nspname, c.relname) as own
from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = any (${listed(oids)})`;

/** Until the transaction, or the part of it, ends. */
export const searchIn = (schemas: readonly string[]): string =>
  `set local search_path = ${schemas.map(quoteIdent).join(", ")}`;

/**
 * Rows `{ same }`, one: whether each of `made` reads exactly what the one it was made after reads, but for what takes another's
 * place: `places` are oids of relations and of those that come after them.
 */
export const readsTheSame = (
  made: readonly (readonly [old: number, made: number])[],
  places: readonly (readonly [old: number, incoming: number])[],
): string => `
with place(old, new) as (values ${[...places, ...made].map(([a, b]) => `(${a}::oid, ${b}::oid)`).join(", ")}),
means(class, old, new) as (
  select 'pg_class'::regclass::oid, old, new from place
  union all
  select 'pg_type'::regclass::oid, o.reltype, n.reltype from place join pg_class o on o.oid = old join pg_class n on n.oid = new
),
made(old, new) as (values ${made.map(([a, b]) => `(${a}::oid, ${b}::oid)`).join(", ")}),
expected as (
  select made.new as reader, p.refclassid, coalesce(m.new, p.refobjid) as refobjid
  from made join pg_rewrite v on v.ev_class = made.old
  cross join lateral (select p.* from ${READS} where w.oid = v.oid) p
  left join means m on m.class = p.refclassid and m.old = p.refobjid
),
found as (select w.ev_class as reader, p.refclassid, p.refobjid from ${READS} where w.ev_class in (select new from made))
select not exists (select * from expected except select * from found)
  and not exists (select * from found except select * from expected) as same`;

/** An index's definition for the same relation under another name. */
export const indexOn = (definition: string, own: string, name: string): string =>
  definition.replace(` ON ${own} `, () => ` ON ${name} `);

/** Rows `{ name }`: those of some schemas that exist. */
export const listSchemas = (names: readonly string[]): string =>
  `select nspname as name from pg_namespace where nspname in (${names.map(quoteLiteral).join(", ")})`;

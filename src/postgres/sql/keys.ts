/** Foreign keys across relations that take one another's place, read from `pg_catalog`. SQL as text with the shape of its rows. */
import { IS_WORK_SCHEMA } from "../kept.ts";
import { quote, quoteIdent, quoteLiteral, type RelationName } from "../relation.ts";

const listed = (oids: readonly number[]): string => `array[${oids.join(", ")}]::oid[]`;

/** A foreign key as it stands. */
export interface ForeignKey {
  /** The referring table: its oid, and its name as SQL. */
  readonly oid: number;
  readonly table: string;
  readonly name: string;
  /** `FOREIGN KEY (…) REFERENCES ` and, after the name of the table referred to, the rest. */
  readonly before: string;
  readonly after: string;
  /** The table referred to: its oid, and its name. */
  readonly to: number;
  readonly schema: string;
  readonly identifier: string;
  readonly columns: readonly string[];
  readonly toColumns: readonly string[];
  /** The rows that were there when it was made are not known to hold. */
  readonly unchecked: boolean;
  /** Made by us, to be checked by the publication. */
  readonly pending: boolean;
}

/** What is said of a foreign key that only the publication can check. */
const PENDING = "Sluice: checked when it is published";

export const markPending = (table: RelationName, name: string): string =>
  `comment on constraint ${quoteIdent(name)} on ${quote(table)} is ${quoteLiteral(PENDING)}`;

const columnsBy = (relation: string, numbers: string): string => `(select json_agg(a.attname order by n.place)
    from unnest(${numbers}) with ordinality n(number, place) join pg_attribute a on a.attrelid = ${relation} and a.attnum = n.number)`;

const keys = (where: string): string => `
select k.conrelid::int8 as oid, format('%I.%I', n.nspname, c.relname) as table, k.conname as name,
  left(d.definition, strpos(d.definition, d.target) + 10) as before,
  substr(d.definition, strpos(d.definition, d.target) + length(d.target) - 1) as after,
  k.confrelid::int8 as to, tn.nspname as schema, t.relname as identifier,
  ${columnsBy("k.conrelid", "k.conkey")} as columns, ${columnsBy("k.confrelid", "k.confkey")} as "toColumns",
  not k.convalidated as unchecked,
  not k.convalidated and obj_description(k.oid, 'pg_constraint') is not distinct from ${quoteLiteral(PENDING)} as pending
from pg_constraint k
join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
join pg_class t on t.oid = k.confrelid join pg_namespace tn on tn.oid = t.relnamespace
cross join lateral (select pg_get_constraintdef(k.oid) as definition, 'REFERENCES ' || k.confrelid::regclass::text || '(' as target) d
where k.contype = 'f' and k.conparentid = 0 and (${where})
order by n.nspname, c.relname, k.conname`;

/** Rows: `ForeignKey`, of one table. */
export const keysOf = ({ schema, identifier }: RelationName): string =>
  keys(`n.nspname = ${quoteLiteral(schema)} and c.relname = ${quoteLiteral(identifier)}`);

/**
 * Rows: `ForeignKey`, all that a publication has to do with: of tables that stay or come and refer to one that goes, of
 * those that go and refer to one that stays; and those of tables that come which are pending, or refer to what was put aside
 * since they were built.
 */
export const keysAcross = (going: readonly number[], coming: readonly number[]): string =>
  keys(`k.confrelid = any (${listed(going)}) and k.conrelid <> all (${listed(going)})
    and (k.conrelid = any (${listed(coming)}) or n.nspname !~ ${IS_WORK_SCHEMA})
  or k.conrelid = any (${listed(going)}) and k.confrelid <> all (${listed(going)})
  or k.conrelid = any (${listed(coming)}) and (not k.convalidated or tn.nspname ~ '__sluice_prev_[0-9]+$')`);

/** Rows `{ child, parent }`: which of some tables refer to which others of them. */
export const keysAmong = (oids: readonly number[]): string => `
select distinct conrelid::int8 as child, confrelid::int8 as parent from pg_constraint
where contype = 'f' and conrelid = any (${listed(oids)}) and confrelid = any (${listed(oids)}) and conrelid <> confrelid`;

/** The only reader of `pg_catalog`: SQL as text with the shape of its rows. Pure; whoever holds a session runs it. */
import { quoteLiteral, type RelationName } from "./relation.ts";

export type RelationKind = "table" | "view" | "materialized_view" | "foreign_table" | "partitioned_table";

export interface RelationInfo {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  readonly owner: string;
}

const KIND = `case c.relkind when 'r' then 'table' when 'v' then 'view' when 'm' then 'materialized_view'
  when 'f' then 'foreign_table' when 'p' then 'partitioned_table' end`;

/** Rows: `RelationInfo`. All relations of the schemas, tables first by name. */
export const listRelations = (schemas: readonly string[]): string => `
select c.oid::int8 as oid, n.nspname as schema, c.relname as name, ${KIND} as kind, pg_get_userbyid(c.relowner) as owner
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'v', 'm', 'f', 'p') and n.nspname in (${schemas.map(quoteLiteral).join(", ") || "null"})
order by n.nspname, c.relname`;

/** Rows: `RelationInfo`, at most one. */
export const findRelation = (name: RelationName): string => `
select c.oid::int8 as oid, n.nspname as schema, c.relname as name, ${KIND} as kind, pg_get_userbyid(c.relowner) as owner
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'v', 'm', 'f', 'p') and n.nspname = ${quoteLiteral(name.schema)}
  and c.relname = ${quoteLiteral(name.identifier)}`;

export interface ColumnInfo {
  readonly name: string;
  /** `numeric(18,2)`, as `format_type` writes it. */
  readonly type: string;
  readonly oid: number;
  readonly notNull: boolean;
}

/** Rows: `ColumnInfo`, in column order. */
export const listColumns = (name: RelationName): string => `
select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.atttypid::int8 as oid, a.attnotnull as "notNull"
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = ${quoteLiteral(name.schema)} and c.relname = ${quoteLiteral(name.identifier)}
  and a.attnum > 0 and not a.attisdropped
order by a.attnum`;

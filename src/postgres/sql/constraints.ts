/** Column definitions and table constraints. Expressions are the user's own SQL. */
import { quote, quoteIdent, quoteLiteral as literal, type RelationName } from "../relation.ts";

const list = (columns: readonly string[]): string => columns.map(quoteIdent).join(", ");
const tail = (expression: string | undefined): string => (expression ? ` ${expression}` : "");
export const named = (name: string, rest: string): string => `constraint ${quoteIdent(name)} ${rest}`;

export const columnDefinition = (name: string, type: string, clauses: readonly string[]): string =>
  [quoteIdent(name), type, ...clauses].join(" ");

/** The name is kept from PostgreSQL 18 on and ignored before. */
export const notNull = (name: string, expression?: string): string => named(name, `not null${tail(expression)}`);

export const primaryKey = (name: string, columns: readonly string[], expression?: string): string =>
  named(name, `primary key (${list(columns)})${tail(expression)}`);

export const unique = (name: string, columns: readonly string[], expression?: string): string =>
  named(name, `unique (${list(columns)})${tail(expression)}`);

export const check = (name: string, expression: string): string => named(name, `check (${expression})`);

/** `references` is SQL: `"s"."parent" (id) on delete cascade`. */
export const foreignKey = (name: string, columns: readonly string[], references: string): string =>
  named(name, `foreign key (${list(columns)}) references ${references}`);

/** Rows: `{ type, oid }`, in order; `oid` null where the type is not known. */
export const resolveTypes = (types: readonly string[]): string =>
  `select t.type, to_regtype(t.type)::oid::int8 as oid from unnest(array[${types.map(literal).join(", ")}]::text[]) with ordinality t(type, place) order by t.place`;

/** Rows: `{ oid, type }`. */
export const nameTypes = (oids: readonly number[]): string =>
  `select o::int8 as oid, format_type(o, null) as type from unnest(array[${oids.join(", ")}]::oid[]) o`;

/**
 * Rows: `{ n, examples }`, one: how many rows of `table`, which is SQL, refer to no row, and the first three of their values.
 * As in a foreign key, a null refers to nothing.
 */
export function orphans(
  table: string,
  columns: readonly string[],
  towards: RelationName,
  toColumns: readonly string[],
): string {
  const own = columns.map((column) => `c.${quoteIdent(column)}`);
  const pairs = toColumns.map((column, i) => `p.${quoteIdent(column)} = ${own[i]}`).join(" and ");
  const shown = own.map((column, i) => `${literal(`${columns[i]} = `)} || ${column}::text`).join(" || ', ' || ");
  return `select count(*)::int8 as n, array_to_string((array_agg(distinct shown order by shown))[1:3], '; ') as examples
from (select ${shown} as shown from ${table} c
  where ${own.map((column) => `${column} is not null`).join(" and ")}
    and not exists (select from ${quote(towards)} p where ${pairs})) orphan`;
}

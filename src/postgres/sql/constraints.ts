/** Column definitions and table constraints. Expressions are the user's own SQL. */
import { quoteIdent, quoteLiteral as literal } from "../relation.ts";

const list = (columns: readonly string[]): string => columns.map(quoteIdent).join(", ");
const tail = (expression: string | undefined): string => (expression ? ` ${expression}` : "");
const named = (name: string, rest: string): string => `constraint ${quoteIdent(name)} ${rest}`;

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

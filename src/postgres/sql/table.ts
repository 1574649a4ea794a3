/** Making tables and their indexes. */
import { quote, quoteIdent, type RelationName } from "../relation.ts";
import { withBody, type WithBody } from "./body.ts";

export interface TableOptions {
  readonly unlogged: boolean;
}

const create = (options: TableOptions): string => (options.unlogged ? "create unlogged table" : "create table");

export const createTableAs = (name: RelationName, sql: string, options: TableOptions): WithBody =>
  withBody(`${create(options)} ${quote(name)} as (\n`, sql, "\n)");

/** Lives until the transaction ends, whatever the outcome. `name` must not be qualified. */
export const createTemporaryTableAs = (name: string, sql: string): WithBody =>
  withBody(`create temporary table ${quoteIdent(name)} on commit drop as (\n`, sql, "\n)");

/** `lines` are column definitions and table constraints. */
export const createTable = (name: RelationName, lines: readonly string[], options: TableOptions): string =>
  `${create(options)} ${quote(name)} (\n  ${lines.join(",\n  ")}\n)`;

/** With the columns, defaults and checks of another; keys and references stay with that one. */
export const createTableLike = (name: RelationName, like: RelationName): string =>
  `create table ${quote(name)} (like ${quote(like)} including defaults including constraints)`;

export const addConstraint = (name: RelationName, constraint: string): string =>
  `alter table ${quote(name)} add ${constraint}`;

/** Takes the columns by name, in the table's order. */
export function insertFromQuery(name: RelationName, columns: readonly string[], sql: string): WithBody {
  const list = columns.map(quoteIdent).join(", ");
  return withBody(`insert into ${quote(name)} (${list})\nselect ${list}\nfrom (\n`, sql, "\n) as model_subquery");
}

/** No rows: only the names and types of the columns are of interest. */
export const describeQuery = (sql: string): WithBody =>
  withBody("select * from (\n", sql, "\n) as model_subquery where false limit 0");

/** An index to be had; columns may be expressions in SQL, as dbt passes them on unquoted. */
export interface IndexDefinition {
  readonly columns: readonly string[];
  readonly unique: boolean;
  readonly type: string;
  readonly where?: string;
  readonly include: readonly string[];
}

export function createIndex(on: RelationName, name: string, index: IndexDefinition): string {
  const kind = index.unique ? "create unique index" : "create index";
  const include = index.include.length ? ` include (${index.include.join(", ")})` : "";
  const where = index.where ? ` where ${index.where}` : "";
  return `${kind} ${quoteIdent(name)} on ${quote(on)} using ${index.type} (${index.columns.join(", ")})${include}${where}`;
}

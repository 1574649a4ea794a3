/** Bringing new rows into a table. Keys and predicates are SQL; columns are names. */
import { quote, quoteIdent, type RelationName } from "../relation.ts";

/** The names dbt gives the two sides; predicates in projects use them. */
const DEST = "DBT_INTERNAL_DEST";
const SOURCE = "DBT_INTERNAL_SOURCE";

const list = (columns: readonly string[], of = ""): string =>
  columns.map((column) => (of ? `${of}.${quoteIdent(column)}` : quoteIdent(column))).join(", ");

/** `source` is a temporary table, named without a schema. */
export const appendRows = (target: RelationName, source: string, columns: readonly string[]): string =>
  `insert into ${quote(target)} (${list(columns)})\nselect ${list(columns)}\nfrom ${quoteIdent(source)}`;

/** A semi-join: each side's keys are read within that side alone, so they may be expressions. Null keys match nothing. */
export function deleteMatching(
  target: RelationName,
  source: string,
  keys: readonly string[],
  predicates: readonly string[],
): string {
  const key = keys.length === 1 ? keys[0]! : keys.join(", ");
  const further = predicates.map((predicate) => `\n  and (${predicate})`).join("");
  return `delete from ${quote(target)} as ${DEST}
where (${key}) in (select ${key} from ${quoteIdent(source)} as ${SOURCE})${further}`;
}

export interface Merge {
  readonly keys: readonly string[];
  readonly predicates: readonly string[];
  readonly columns: readonly string[];
  readonly update: readonly string[];
}

export function mergeRows(target: RelationName, source: string, merge: Merge): string {
  const { keys, predicates, columns, update } = merge;
  const matches = keys.map((key) => `${SOURCE}.${key} = ${DEST}.${key}`);
  const on = keys.length ? [...predicates, ...matches] : ["false"];
  const sets = update.map((column) => `${quoteIdent(column)} = ${SOURCE}.${quoteIdent(column)}`).join(", ");
  return `merge into ${quote(target)} as ${DEST}
using ${quoteIdent(source)} as ${SOURCE}
on ${on.map((condition) => `(${condition})`).join(" and ")}${sets && keys.length ? `\nwhen matched then update set ${sets}` : ""}
when not matched then insert (${list(columns)}) values (${list(columns, SOURCE)})`;
}

/** Rows: the keys and `count`, some that occur more than once. */
export const findDuplicates = (source: string, keys: readonly string[]): string =>
  `select ${keys.join(", ")}, count(*) as count from ${quoteIdent(source)} group by ${keys.join(", ")} having count(*) > 1 limit 3`;

export const addColumn = (target: RelationName, column: string, type: string): string =>
  `alter table ${quote(target)} add column ${quoteIdent(column)} ${type}`;

export const dropColumn = (target: RelationName, column: string): string =>
  `alter table ${quote(target)} drop column ${quoteIdent(column)}`;

export const changeType = (target: RelationName, column: string, type: string): string =>
  `alter table ${quote(target)} alter column ${quoteIdent(column)} type ${type} using ${quoteIdent(column)}::${type}`;

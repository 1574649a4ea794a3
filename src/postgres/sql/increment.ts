/** Bringing new rows into a table. Keys and predicates are SQL; columns are names. */
import { quote, quoteIdent, type RelationName } from "../relation.ts";

/** The names dbt gives the two sides; predicates in projects use them. */
const DEST = "DBT_INTERNAL_DEST";
const SOURCE = "DBT_INTERNAL_SOURCE";

const list = (columns: readonly string[], of = ""): string =>
  columns.map((column) => (of ? `${of}.${quoteIdent(column)}` : quoteIdent(column))).join(", ");

/** Here and below, `source` is the SQL of a table's name. */
export const appendRows = (target: RelationName, source: string, columns: readonly string[]): string =>
  `insert into ${quote(target)} (${list(columns)})\nselect ${list(columns)}\nfrom ${source}`;

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
where (${key}) in (select ${key} from ${source} as ${SOURCE})${further}`;
}

export interface Merge {
  readonly keys: readonly string[];
  readonly predicates: readonly string[];
  readonly columns: readonly string[];
  readonly update: readonly string[];
}

/** Without keys nothing matches. */
function mergeCondition({ keys, predicates }: Merge): string {
  const matches = keys.map((key) => `${SOURCE}.${key} = ${DEST}.${key}`);
  const on = keys.length ? [...predicates, ...matches] : ["false"];
  return on.map((condition) => `(${condition})`).join(" and ");
}

export function mergeRows(target: RelationName, source: string, merge: Merge): string {
  const { keys, columns, update } = merge;
  const sets = update.map((column) => `${quoteIdent(column)} = ${SOURCE}.${quoteIdent(column)}`).join(", ");
  return `merge into ${quote(target)} as ${DEST}
using ${source} as ${SOURCE}
on ${mergeCondition(merge)}${sets && keys.length ? `\nwhen matched then update set ${sets}` : ""}
when not matched then insert (${list(columns)}) values (${list(columns, SOURCE)})`;
}

/** Rows: the keys and `count`, some that occur more than once. */
export const findDuplicates = (source: string, keys: readonly string[]): string =>
  `select ${keys.join(", ")}, count(*) as count from ${source} group by ${keys.join(", ")} having count(*) > 1 limit 3`;

export const addColumn = (target: RelationName, column: string, type: string): string =>
  `alter table ${quote(target)} add column ${quoteIdent(column)} ${type}`;

export const dropColumn = (target: RelationName, column: string): string =>
  `alter table ${quote(target)} drop column ${quoteIdent(column)}`;

export const changeType = (target: RelationName, column: string, type: string): string =>
  `alter table ${quote(target)} alter column ${quoteIdent(column)} type ${type} using ${quoteIdent(column)}::${type}`;

/** What a table will hold once a delta has been applied, as a query over both: it is read before that happens. */
export interface Outcome {
  /** The table's columns; those that the delta does not fill become null in its rows. */
  readonly columns: readonly { readonly name: string; readonly type: string; readonly filled: boolean }[];
  /** SQL of the names. */
  readonly table: string;
  readonly delta: string;
}

type OutcomeColumn = Outcome["columns"][number];

/** With the table's own type, modifiers included: the view's columns must be those of the table. */
const given = (column: OutcomeColumn): string =>
  column.filled ? `${SOURCE}.${quoteIdent(column.name)}::${column.type}` : `null::${column.type}`;

const kept = (column: OutcomeColumn): string => `${DEST}.${quoteIdent(column.name)}`;

const select = ({ columns }: Outcome, value: (column: OutcomeColumn) => string): string =>
  columns.map((column) => `${value(column)} as ${quoteIdent(column.name)}`).join(", ");

const newRows = (outcome: Outcome): string => `select ${select(outcome, given)}\nfrom ${outcome.delta} as ${SOURCE}`;

const oldRows = (outcome: Outcome): string => `select ${select(outcome, kept)}\nfrom ${outcome.table} as ${DEST}`;

export const afterAppend = (outcome: Outcome): string => `${oldRows(outcome)}\nunion all\n${newRows(outcome)}`;

/** Null where a key is null, which deletes nothing. */
const isDeleted = (outcome: Outcome, keys: readonly string[], predicates: readonly string[]): string => {
  const key = keys.join(", ");
  const matches = `(${key}) in (select ${key} from ${outcome.delta} as ${SOURCE})`;
  return [matches, ...predicates.map((predicate) => `(${predicate})`)].join(" and ");
};

export const afterDelete = (outcome: Outcome, keys: readonly string[], predicates: readonly string[]): string =>
  `${oldRows(outcome)}\nwhere (${isDeleted(outcome, keys, predicates)}) is not true\nunion all\n${newRows(outcome)}`;

export function afterMerge(outcome: Outcome, merge: Merge): string {
  const updated = new Set(merge.update);
  const merged = (column: OutcomeColumn): string =>
    updated.has(column.name)
      ? `case when ${SOURCE}.ctid is not null then ${given(column)} else ${kept(column)} end`
      : kept(column);
  return `select ${select(outcome, merged)}
from ${outcome.table} as ${DEST} left join ${outcome.delta} as ${SOURCE} on ${mergeCondition(merge)}
union all
${newRows(outcome)}
where not exists (select from ${outcome.table} as ${DEST} where ${mergeCondition(merge)})`;
}

/** Rows: the keys and `count` of source rows, some of those that match the same row of the table. */
export const findAmbiguous = (table: string, source: string, merge: Merge): string =>
  `select ${merge.keys.map((key) => `min((${SOURCE}.${key})::text) as ${key}`).join(", ")}, count(*) as count
from ${table} as ${DEST} join ${source} as ${SOURCE} on ${mergeCondition(merge)}
group by ${DEST}.tableoid, ${DEST}.ctid having count(*) > 1 limit 3`;

/** Keeps the rows that a delta will delete or overwrite. */
export const keepDeleted = (
  into: RelationName,
  outcome: Outcome,
  keys: readonly string[],
  predicates: readonly string[],
): string =>
  `create table ${quote(into)} as select * from ${outcome.table} as ${DEST} where ${isDeleted(outcome, keys, predicates)}`;

export const keepMerged = (into: RelationName, outcome: Outcome, merge: Merge): string =>
  `create table ${quote(into)} as select ${DEST}.* from ${outcome.table} as ${DEST}
where exists (select from ${outcome.delta} as ${SOURCE} where ${mergeCondition(merge)})`;

/**
 * Takes away the rows that a publication wrote: those of its transaction, looked for among the delta's keys where there
 * are keys. There, rows that rollbacks of later publications have put back since are its own as well.
 */
export function deleteWritten(
  target: RelationName,
  publication: number,
  keys: readonly string[],
  delta: string,
): string {
  const own = `select unnest(xids) from sluice.publication where id = ${publication}`;
  if (keys.length === 0) return `delete from ${quote(target)} as ${DEST} where ${DEST}.xmin in (${own})`;
  const key = keys.join(", ");
  return `delete from ${quote(target)} as ${DEST} where (${key}) in (select ${key} from ${delta} as ${SOURCE})
  and ${DEST}.xmin in (${own} or rollback_of > ${publication})`;
}

export const putBack = (target: RelationName, kept: RelationName, columns: readonly string[]): string =>
  `insert into ${quote(target)} (${list(columns)}) select ${list(columns)} from ${quote(kept)}`;

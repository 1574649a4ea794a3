/** When the query of an incremental model (or snapshot) has other columns than the table it feeds. */
import { Failure, error } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { ColumnInfo, RelationInfo } from "../postgres/catalog.ts";
import { quote } from "../postgres/relation.ts";
import { addColumn, changeType, dropColumn } from "../postgres/sql/increment.ts";
import { run } from "./ask.ts";
import type { OnSchemaChange } from "./config.ts";
import type { Site, Statements } from "./materialization.ts";
import { lock, withDependantsAside } from "./replace.ts";

export interface ColumnChanges {
  readonly added: readonly ColumnInfo[];
  readonly removed: readonly ColumnInfo[];
  /** `from` is the table's column, `to` the query's. */
  readonly retyped: readonly { readonly from: ColumnInfo; readonly to: ColumnInfo }[];
}

export function compareColumns(table: readonly ColumnInfo[], query: readonly ColumnInfo[]): ColumnChanges {
  const inTable = new Map(table.map((column) => [column.name, column]));
  const inQuery = new Set(query.map((column) => column.name));
  return {
    added: query.filter((column) => !inTable.has(column.name)),
    removed: table.filter((column) => !inQuery.has(column.name)),
    retyped: query.flatMap((to) => {
      const from = inTable.get(to.name);
      return from && from.type !== to.type ? { from, to } : [];
    }),
  };
}

/** Returns the columns to fill. Text that got longer is let in whatever the setting, as in dbt. */
export function* applySchemaChange(
  input: Site,
  relation: RelationInfo,
  table: readonly ColumnInfo[],
  query: readonly ColumnInfo[],
  setting: OnSchemaChange,
): Statements<readonly string[]> {
  const changes = compareColumns(table, query);
  const longer = changes.retyped.filter(({ from, to }) => isLongerText(from.type, to.type));
  const names = query.map((column) => column.name);
  switch (setting) {
    case "ignore":
      if (changes.removed.length) throw new Failure(missing(input, changes.removed, names));
      yield* change(input, relation, { added: [], removed: [], retyped: longer });
      return table.map((column) => column.name);
    case "fail":
      if (changes.added.length || changes.removed.length || changes.retyped.length > longer.length)
        throw new Failure(refused(input, changes));
      yield* change(input, relation, { added: [], removed: [], retyped: longer });
      return names;
    case "append_new_columns":
      yield* change(input, relation, { added: changes.added, removed: [], retyped: longer });
      return names;
    case "sync_all_columns":
      yield* change(input, relation, changes);
      return names;
  }
}

/**
 * The columns that a delta fills while the table's own columns stay as they are; nothing when the setting asks for them to
 * be changed.
 */
export function filledColumns(
  input: Site,
  changes: ColumnChanges,
  table: readonly ColumnInfo[],
  query: readonly ColumnInfo[],
  setting: OnSchemaChange,
): readonly string[] | undefined {
  const { added, removed, retyped } = changes;
  const names = query.map((column) => column.name);
  const longer = retyped.filter(({ from, to }) => isLongerText(from.type, to.type));
  if (setting === "fail" && (added.length || removed.length || retyped.length > longer.length))
    throw new Failure(refused(input, changes));
  if (setting === "ignore" && removed.length) throw new Failure(missing(input, removed, names));
  if (longer.length) return undefined;
  if (setting === "ignore") return table.map((column) => column.name);
  if (setting === "append_new_columns") return added.length ? undefined : names;
  return added.length || removed.length || retyped.length ? undefined : names;
}

/** Added columns and longer texts only: what a snapshot, which forgets nothing, takes over. */
export function* widen(input: Site, relation: RelationInfo, changes: ColumnChanges): Statements {
  const retyped = changes.retyped.filter(({ from, to }) => isLongerText(from.type, to.type));
  yield* change(input, relation, { added: changes.added, removed: [], retyped });
}

function* change(input: Site, relation: RelationInfo, changes: ColumnChanges): Statements {
  const { added, removed, retyped } = changes;
  const { target } = input;
  const statements = [
    ...removed.map((column) => dropColumn(target, column.name)),
    ...retyped.map(({ to }) => changeType(target, to.name, to.type)),
    ...added.map((column) => addColumn(target, column.name, column.type)),
  ];
  if (statements.length === 0) return;
  const alter = function* (): Statements {
    yield* run("change columns", statements.join(";\n"));
  };
  // A view holds on to the columns it reads and their types; new columns disturb nobody.
  if (removed.length || retyped.length) yield* withDependantsAside(input, relation, alter);
  else {
    yield* lock(input, relation, { dependants: false, drops: false });
    yield* alter();
  }
}

/** `character varying(10)` to `(20)`, to one without limit, or to `text`. */
export function isLongerText(from: string, to: string): boolean {
  const limit = /^character varying\((\d+)\)$/;
  const before = limit.exec(from);
  if (!before) return false;
  const after = limit.exec(to);
  return after ? Number(after[1]) > Number(before[1]) : to === "text" || to === "character varying";
}

const missing = (input: Site, columns: readonly ColumnInfo[], names: readonly string[]) =>
  error(
    "column-missing-in-query",
    `${quote(input.target)} has ${some(columns)}, which the query of "${input.node.name}" does not give.`,
    input.node.at,
    [
      ...columns.flatMap((column) => didYouMean(column.name, names)),
      "set on_schema_change to append_new_columns (missing columns become null) or sync_all_columns (they are dropped), or build with --full-refresh",
    ],
  );

const refused = (input: Site, { added, removed, retyped }: ColumnChanges) =>
  error(
    "schema-changed",
    `The columns of "${input.node.name}" have changed, and its on_schema_change is "fail".`,
    input.node.at,
    [
      ...added.map((column) => `new: "${column.name}" ${column.type}`),
      ...removed.map((column) => `gone: "${column.name}" ${column.type}`),
      ...retyped.map(({ from, to }) => `other type: "${from.name}" was ${from.type}, is ${to.type}`),
      "build with --full-refresh to make the table anew",
    ],
  );

const some = (columns: readonly ColumnInfo[]): string =>
  `${columns.length === 1 ? "a column" : "columns"} ${columns.map((column) => `"${column.name}"`).join(", ")}`;

import { Failure, error } from "../diagnostics/diagnostic.ts";
import { listTemporaryColumns, type ColumnInfo, type RelationInfo } from "../postgres/catalog.ts";
import { fitName, foldName, quote, quoteIdent } from "../postgres/relation.ts";
import { analyzeTemporary } from "../postgres/sql/relation.ts";
import {
  applyVersions,
  firstVersions,
  SNAPSHOT_TIME,
  stagedRows,
  type SnapshotShape,
  type SnapshotUpdate,
} from "../postgres/sql/snapshot.ts";
import { createTableAs, createTemporaryTableAs, describeQuery } from "../postgres/sql/table.ts";
import { ask, columnsOf, findTarget, run } from "./ask.ts";
import { readSnapshotConfig, type SnapshotConfig } from "./config.ts";
import { columnNamed, resolveColumns } from "./keys.ts";
import type { Aftermath, BuildInput, Statements } from "./materialization.ts";
import { type ColumnChanges, compareColumns, widen } from "./schema-change.ts";
import { placeTable } from "./table.ts";

/** Keeps every version of a row. A full refresh means nothing here: the past cannot be made again. */
export function* snapshot(input: BuildInput): Statements<Aftermath> {
  const config = readSnapshotConfig(input.node);
  const old = yield* findTarget(input);
  if (old && old.kind !== "table") throw new Failure(notATable(input, old));
  const { fields } = yield* run("describe query", describeQuery(input.sql));
  const query = fields.map((field) => field.name);
  const shape = shapeOf(input, config, query);
  if (!old) {
    const sql = firstVersions(input.sql, shape);
    return yield* placeTable(input, config, undefined, undefined, function* (into) {
      const create = createTableAs(into, sql.sql, config);
      yield* run("create table", { sql: create.sql, bodyAt: create.bodyAt + sql.bodyAt }, { main: true });
    });
  }
  yield* addVersions(input, config, old, shape, query);
  return [];
}

/** dbt writes these names unquoted. */
const ownName = (written: string): string => (/^".+"$/s.test(written) ? written.slice(1, -1) : foldName(written));

export function shapeOf(input: BuildInput, config: SnapshotConfig, query: readonly string[]): SnapshotShape {
  const { columns: own } = config;
  const [updatedAt] = resolveColumns(
    input,
    "updated_at",
    config.updatedAt === undefined ? [] : [config.updatedAt],
    query,
  );
  return {
    keys: resolveColumns(input, "unique_key", config.uniqueKey, query),
    updatedAt: updatedAt ?? SNAPSHOT_TIME,
    current: config.validToCurrent,
    names: {
      scdId: ownName(own.scdId),
      updatedAt: ownName(own.updatedAt),
      validFrom: ownName(own.validFrom),
      validTo: ownName(own.validTo),
      isDeleted: config.hardDeletes === "new_record" ? ownName(own.isDeleted) : undefined,
    },
  };
}

function* addVersions(
  input: BuildInput,
  config: SnapshotConfig,
  old: RelationInfo,
  shape: SnapshotShape,
  columns: readonly string[],
): Statements {
  const { source, update, changes } = yield* compareVersions(input, config, shape, columns);
  yield* widen(input, old, changes);
  yield* run("snapshot", applyVersions(input.target, source, update), { main: true });
}

interface Compared {
  /** SQL of the name of the query's rows. */
  readonly source: string;
  readonly update: SnapshotUpdate;
  readonly table: readonly ColumnInfo[];
  readonly changes: ColumnChanges;
}

/** Takes the query's rows and says how they are to be compared with those in the table. */
export function* compareVersions(
  input: BuildInput,
  config: SnapshotConfig,
  shape: SnapshotShape,
  columns: readonly string[],
): Statements<Compared> {
  const { target } = input;
  const table = yield* columnsOf(target);
  const has = new Set(table.map((column) => column.name));
  const lacking = Object.values(shape.names).filter((name) => name !== undefined && !has.has(name));
  if (lacking.length) throw new Failure(notASnapshot(input, lacking as string[]));
  const staged = fitName(target.identifier, "__sluice_staged");
  const rows = stagedRows(input.sql, shape);
  const create = createTemporaryTableAs(staged, rows.sql);
  yield* run("new rows", { sql: create.sql, bodyAt: create.bodyAt + rows.bodyAt });
  yield* run("analyze", analyzeTemporary(staged));
  const query = (yield* ask<ColumnInfo>("list columns", listTemporaryColumns(staged))).filter((c) =>
    columns.includes(c.name),
  );
  const change = changeOf(input, config, columns, has);
  return {
    source: quoteIdent(staged),
    update: { ...shape, columns, change, hardDeletes: config.hardDeletes },
    table,
    changes: compareColumns(table, query),
  };
}

function changeOf(
  input: BuildInput,
  config: SnapshotConfig,
  query: readonly string[],
  table: ReadonlySet<string>,
): SnapshotUpdate["change"] {
  if (config.strategy === "timestamp") return { by: "time" };
  if (config.checkCols !== "all") resolveColumns(input, "check_cols", config.checkCols, query);
  const compared =
    config.checkCols === "all" ? query : config.checkCols.map((name) => columnNamed(name, query) ?? name);
  // A column that was not there before may have any value in the past: every row counts as changed, as in dbt.
  return compared.every((column) => table.has(column)) ? { by: "columns", columns: compared } : { by: "any" };
}

const notATable = (input: BuildInput, old: RelationInfo) =>
  error(
    "snapshot-target-kind",
    `${quote(input.target)} is a ${old.kind.replace("_", " ")}; a snapshot must be a table, and its history cannot be replaced.`,
    input.node.at,
    ["rename or drop it, or give the snapshot another name with the config `alias`"],
  );

const notASnapshot = (input: BuildInput, lacking: readonly string[]) =>
  error(
    "snapshot-columns-missing",
    `${quote(input.target)} has no ${lacking.map(quoteIdent).join(", ")}, so it cannot be carried on as a snapshot with this configuration.`,
    input.node.at,
    [
      "hard_deletes: new_record needs the column dbt_is_deleted in a table that was begun without it: add it as text, filled with 'False'",
      "with snapshot_meta_column_names, give the names the table has",
    ],
  );

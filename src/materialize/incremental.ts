import { Failure, error } from "../diagnostics/diagnostic.ts";
import { listTemporaryColumns, type ColumnInfo, type RelationInfo } from "../postgres/catalog.ts";
import type { Row } from "../postgres/database.ts";
import { fitName, quote, quoteIdent } from "../postgres/relation.ts";
import { appendRows, deleteMatching, findDuplicates, mergeRows } from "../postgres/sql/increment.ts";
import { analyzeTemporary } from "../postgres/sql/relation.ts";
import { createTemporaryTableAs } from "../postgres/sql/table.ts";
import { ask, columnsOf, findTarget, run } from "./ask.ts";
import { readIncrementalConfig, type IncrementalConfig } from "./config.ts";
import { promise } from "./model-contract.ts";
import { createMissingIndexes } from "./indexes.ts";
import { columnNamed, resolveColumns } from "./keys.ts";
import type { Aftermath, BuildInput, Statements } from "./materialization.ts";
import { applySchemaChange } from "./schema-change.ts";
import { buildTable } from "./table.ts";

export const MERGE_SINCE = 150_000;
/** A row of the table matched two rows of the query. */
const MATCHED_TWICE = "21000";

/** The first time, and with a full refresh, a table; else only what the query gives is brought into the one that is there. */
export function* incremental(input: BuildInput): Statements<Aftermath> {
  const config = readIncrementalConfig(input.node);
  if (config.strategy === "merge" && input.serverVersion < MERGE_SINCE) throw new Failure(mergeTooNew(input));
  const old = yield* findTarget(input);
  if (!old || old.kind !== "table" || input.fullRefresh) return yield* buildTable(input, config, old);
  if (config.contractEnforced) yield* promise(input);
  yield* addIncrement(input, config, old);
  yield* createMissingIndexes(input.target, config.indexes);
  return [];
}

function* addIncrement(input: BuildInput, config: IncrementalConfig, old: RelationInfo): Statements {
  const { target } = input;
  const name = fitName(target.identifier, "__sluice_delta");
  const source = quoteIdent(name);
  yield* run("new rows", createTemporaryTableAs(name, input.sql));
  // Without statistics a join with a large table is planned for ten pages' worth of rows.
  yield* run("analyze", analyzeTemporary(name));
  const query = yield* ask<ColumnInfo>("list columns", listTemporaryColumns(name));
  const names = query.map((column) => column.name);
  const keys = resolveColumns(input, "unique_key", config.uniqueKey, names);
  const columns = yield* applySchemaChange(input, old, yield* columnsOf(target), query, config.onSchemaChange);
  if (config.strategy === "merge") {
    yield* merge(input, config, source, keys, columns);
    return;
  }
  if (config.strategy === "delete+insert" && keys.length)
    yield* run("delete", deleteMatching(target, source, keys, config.predicates));
  yield* run("insert", appendRows(target, source, columns), { main: true });
}

function* merge(
  input: BuildInput,
  config: IncrementalConfig,
  source: string,
  keys: readonly string[],
  columns: readonly string[],
): Statements {
  const how = mergeOf(input, config, keys, columns);
  const merged = yield* run("merge", mergeRows(input.target, source, how), { main: true, rescue: [MATCHED_TWICE] });
  if (!merged.failed) return;
  const { rows } = yield* run("find duplicates", findDuplicates(source, keys));
  throw new Failure(ambiguous(input, config, keys, rows));
}

export const mergeOf = (
  input: BuildInput,
  config: IncrementalConfig,
  keys: readonly string[],
  columns: readonly string[],
) => ({
  keys,
  columns,
  predicates: config.predicates,
  update: columnsToUpdate(input, config, columns),
});

export const ambiguous = (
  input: BuildInput,
  config: IncrementalConfig,
  keys: readonly string[],
  rows: readonly Row[],
) =>
  error(
    "duplicate-key",
    `The query of "${input.node.name}" gives several rows with the same unique_key (${config.uniqueKey.join(", ")}), so merge cannot tell which is to stay in ${quote(input.target)}.`,
    input.node.at,
    [
      ...rows.map(({ count, ...key }) => `${JSON.stringify(key)}: ${String(count)} rows`),
      `keep one row per key, for example with \`distinct on (${keys.join(", ")})\``,
    ],
  );

function columnsToUpdate(input: BuildInput, config: IncrementalConfig, columns: readonly string[]): readonly string[] {
  const { mergeUpdateColumns: update, mergeExcludeColumns: exclude } = config;
  if (update) {
    resolveColumns(input, "merge_update_columns", update, columns);
    return update.flatMap((name) => columnNamed(name, columns) ?? []);
  }
  const left = exclude.map((name) => name.toLowerCase());
  return columns.filter((column) => !left.includes(column.toLowerCase()) && !left.includes(quoteIdent(column)));
}

export const mergeTooNew = (input: BuildInput) =>
  error(
    "merge-not-available",
    `"${input.node.name}" uses the incremental strategy merge, which PostgreSQL has from version 15 on; this server is version ${Math.floor(input.serverVersion / 10_000)}.`,
    input.node.at,
    ["use incremental_strategy: delete+insert, which leaves the same rows"],
  );

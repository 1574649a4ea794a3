import { Failure } from "../diagnostics/diagnostic.ts";
import { quote } from "../postgres/relation.ts";
import {
  afterAppend,
  afterDelete,
  afterMerge,
  appendRows,
  deleteMatching,
  deleteWritten,
  findAmbiguous,
  findDuplicates,
  keepDeleted,
  keepMerged,
  mergeRows,
  type Outcome,
  putBack,
} from "../postgres/sql/increment.ts";
import { analyze, dropRelation } from "../postgres/sql/relation.ts";
import type { RelationName } from "../postgres/relation.ts";
import { createTableAs, createTableLike, insertFromQuery } from "../postgres/sql/table.ts";
import { createView } from "../postgres/sql/view.ts";
import { columnsOf, run } from "./ask.ts";
import { readIncrementalConfig } from "./config.ts";
import { ambiguous, MERGE_SINCE, mergeOf, mergeTooNew } from "./incremental.ts";
import { resolveColumns } from "./keys.ts";
import type { BuildInput, Delta, DeltaSite, Refusal, StatementResult, Statements } from "./materialization.ts";
import { promise, type PromisedTable } from "./model-contract.ts";
import { compareColumns, filledColumns } from "./schema-change.ts";

/**
 * What a contract says of rows is checked as they are made, and not only when they are published: the table's checks are
 * the delta's too, as long as both have the same columns.
 */
function* makeDelta(
  { sql, target }: BuildInput,
  delta: RelationName,
  promised: PromisedTable | undefined,
): Statements<StatementResult> {
  const names = promised?.columns.map((column) => column.name) ?? [];
  const table = promised ? (yield* columnsOf(target)).map((column) => column.name) : [];
  if (!promised || names.length !== table.length || !names.every((name) => table.includes(name)))
    return yield* run("new rows", createTableAs(delta, sql, { unlogged: false }), { main: true });
  yield* run("table for new rows", createTableLike(delta, target));
  return yield* run("new rows", insertFromQuery(delta, names, sql), { main: true });
}

/** The new rows, kept apart from the table until they are published. */
export function* stageIncrement(input: BuildInput, site: DeltaSite): Statements<Delta | Refusal> {
  const config = readIncrementalConfig(input.node);
  if (config.strategy === "merge" && input.serverVersion < MERGE_SINCE) throw new Failure(mergeTooNew(input));
  const promised = config.contractEnforced ? yield* promise(input) : undefined;
  const { target } = input;
  const delta = site.table("delta");
  const made = yield* makeDelta(input, delta, promised);
  yield* run("analyze", analyze(delta));
  const query = yield* columnsOf(delta);
  const table = yield* columnsOf(target);
  const names = query.map((column) => column.name);
  const keys = resolveColumns(input, "unique_key", config.uniqueKey, names);
  const filled = filledColumns(input, compareColumns(table, query), table, query, config.onSchemaChange);
  if (!filled) {
    yield* run("drop", dropRelation(delta, "table"));
    return { refused: "its columns have changed" };
  }
  const outcome: Outcome = {
    columns: table.map(({ name, type }) => ({ name, type, filled: filled.includes(name) })),
    table: quote(target),
    delta: quote(delta),
  };
  const kept = site.kept("kept");
  const written = [deleteWritten(target, site.publication, keys, quote(site.kept("delta")))];
  const putBackKept = putBack(
    target,
    kept,
    table.map((column) => column.name),
  );
  const changes = made.rowCount > 0;
  const tables = [delta];
  if (config.strategy === "merge" && keys.length) {
    const how = mergeOf(input, config, keys, filled);
    if ((yield* run("find duplicates", findDuplicates(outcome.delta, keys))).rows.length) {
      const { rows } = yield* run("find duplicates", findAmbiguous(outcome.table, outcome.delta, how));
      if (rows.length) throw new Failure(ambiguous(input, config, keys, rows));
    }
    yield* run("view", createView(site.view, afterMerge(outcome, how)));
    const apply = [mergeRows(target, outcome.delta, how)];
    // Rows that only come in overwrite none.
    if (how.update.length === 0) return { tables, changes, keep: [], apply, undo: written };
    return { tables, changes, keep: [keepMerged(kept, outcome, how)], apply, undo: [...written, putBackKept] };
  }
  const insert = appendRows(target, outcome.delta, filled);
  if (config.strategy === "append" || keys.length === 0) {
    yield* run("view", createView(site.view, afterAppend(outcome)));
    return { tables, changes, keep: [], apply: [insert], undo: written };
  }
  const { predicates } = config;
  yield* run("view", createView(site.view, afterDelete(outcome, keys, predicates)));
  return {
    tables,
    changes,
    keep: [keepDeleted(kept, outcome, keys, predicates)],
    apply: [deleteMatching(target, outcome.delta, keys, predicates), insert],
    undo: [...written, putBackKept],
  };
}

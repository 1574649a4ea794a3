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
import { createTableAs } from "../postgres/sql/table.ts";
import { createView } from "../postgres/sql/view.ts";
import { columnsOf, run } from "./ask.ts";
import { readIncrementalConfig } from "./config.ts";
import { ambiguous, MERGE_SINCE, mergeOf, mergeTooNew } from "./incremental.ts";
import { resolveColumns } from "./keys.ts";
import type { BuildInput, Delta, DeltaSite, Refusal, Statements } from "./materialization.ts";
import { promise } from "./model-contract.ts";
import { compareColumns, filledColumns } from "./schema-change.ts";

/** The new rows, kept apart from the table until they are published. */
export function* stageIncrement(input: BuildInput, site: DeltaSite): Statements<Delta | Refusal> {
  const config = readIncrementalConfig(input.node);
  if (config.strategy === "merge" && input.serverVersion < MERGE_SINCE) throw new Failure(mergeTooNew(input));
  if (config.contractEnforced) yield* promise(input);
  const { target } = input;
  const delta = site.table("delta");
  const made = yield* run("new rows", createTableAs(delta, input.sql, { unlogged: false }), { main: true });
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

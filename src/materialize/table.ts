import { workName, type RelationName } from "../postgres/relation.ts";
import { analyze, renameRelation } from "../postgres/sql/relation.ts";
import { createTableAs } from "../postgres/sql/table.ts";
import { findTarget, run } from "./ask.ts";
import { readRelationConfig, type RelationConfig } from "./config.ts";
import { addReferences } from "./foreign-keys.ts";
import { createPromised, promise, renamePromised, type PromisedTable } from "./model-contract.ts";
import { createIndexes, createWorkIndexes, renameWorkIndexes } from "./indexes.ts";
import type { Aftermath, BuildInput, Site, Statements } from "./materialization.ts";
import { replace } from "./replace.ts";
import type { RelationInfo } from "../postgres/catalog.ts";

export function* table(input: BuildInput): Statements<Aftermath> {
  const config = readRelationConfig(input.node);
  return yield* buildTable(input, config, yield* findTarget(input));
}

/** The whole of a table from a query: what `table` always does and `incremental` does first. */
export function* buildTable(input: Site, config: RelationConfig, old: RelationInfo | undefined): Statements<Aftermath> {
  const promised = config.contractEnforced ? yield* promise(input) : undefined;
  return yield* placeTable(input, config, old, promised, (into) => fill(input, config, into, promised));
}

/**
 * Nobody sees a table before the transaction ends, so a first build takes its own name at once; a rebuild is made beside
 * the old table, which stays readable until the swap.
 */
export function* placeTable(
  input: Site,
  config: RelationConfig,
  old: RelationInfo | undefined,
  promised: PromisedTable | undefined,
  make: (into: RelationName) => Statements,
): Statements<Aftermath> {
  const { target } = input;
  if (!old) {
    yield* make(target);
    yield* createIndexes(target, config.indexes);
    yield* run("analyze", analyze(target));
    return promised ? yield* addReferences(input, promised.references) : [];
  }
  const work = { ...target, identifier: workName(target.identifier) };
  yield* make(work);
  yield* createWorkIndexes(work, target, config.indexes);
  yield* run("analyze", analyze(work));
  let pending: Aftermath = [];
  const kept = yield* replace(input, old, "table", function* () {
    yield* run("swap", renameRelation(work, "table", target.identifier));
    yield* renameWorkIndexes(target, config.indexes);
    if (!promised) return;
    yield* renamePromised(target, promised);
    pending = yield* addReferences(input, promised.references);
  });
  return [...kept, ...pending];
}

function* fill(
  input: Site,
  config: RelationConfig,
  into: RelationName,
  promised: PromisedTable | undefined,
): Statements {
  if (promised) yield* createPromised(input, into, config, promised);
  else yield* run("create table", createTableAs(into, input.sql, config), { main: true });
}

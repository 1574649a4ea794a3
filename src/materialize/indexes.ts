/** Names of indexes are made from what they index, so that a rebuild gives the same ones. */
import { sha256 } from "../lib/hash.ts";
import { listIndexes, type PresentIndex } from "../postgres/catalog.ts";
import { fitName, workName, type RelationName } from "../postgres/relation.ts";
import { renameIndex } from "../postgres/sql/relation.ts";
import { createIndex } from "../postgres/sql/table.ts";
import { ask, run } from "./ask.ts";
import type { IndexConfig } from "./config.ts";
import type { Statements } from "./materialization.ts";

interface NamedIndex {
  readonly name: string;
  readonly index: IndexConfig;
}

/** `orders_customer_id_day_idx`; a second index on the same columns gets a hash of its definition. */
export function nameIndexes(table: string, indexes: readonly IndexConfig[]): readonly NamedIndex[] {
  const taken = new Set<string>();
  return indexes.map((index) => {
    const columns = index.columns.map((column) => column.replaceAll('"', "")).join("_");
    let name = index.name ?? fitName(`${table}_${columns}`, "_idx");
    if (taken.has(name)) name = fitName(`${table}_${columns}_${definitionHash(index)}`, "_idx");
    taken.add(name);
    return { name, index };
  });
}

const definitionHash = (index: IndexConfig): string => sha256(JSON.stringify(index)).slice(0, 8);

/** On a relation that has its own name already. */
export function* createIndexes(target: RelationName, indexes: readonly IndexConfig[]): Statements {
  for (const { name, index } of nameIndexes(target.identifier, indexes))
    yield* run("index", createIndex(target, name, index));
}

/** On a relation that stays: an index added to the configuration is made without a full refresh. */
export function* createMissingIndexes(target: RelationName, indexes: readonly IndexConfig[]): Statements {
  if (indexes.length === 0) return;
  const present = yield* ask<PresentIndex>("list indexes", listIndexes(target));
  for (const { name, index } of nameIndexes(target.identifier, indexes))
    if (!present.some((p) => p.name === name || isSame(p, index)))
      yield* run("index", createIndex(target, name, index));
}

const plain = (columns: readonly string[]): string => columns.map((column) => column.replaceAll('"', "").trim()).join();

/** Under whatever name: dbt and people name indexes otherwise. */
export function isSame(present: PresentIndex, index: IndexConfig): boolean {
  return (
    present.unique === index.unique &&
    present.type === index.type &&
    present.partial === (index.where !== undefined) &&
    plain(present.columns) === plain(index.columns) &&
    plain(present.include) === plain(index.include)
  );
}

/** On a relation under its work name: an index's own name is still held by the relation to be replaced. */
export function* createWorkIndexes(
  work: RelationName,
  target: RelationName,
  indexes: readonly IndexConfig[],
): Statements {
  for (const { name, index } of nameIndexes(target.identifier, indexes))
    yield* run("index", createIndex(work, workName(name), index));
}

export function* renameWorkIndexes(target: RelationName, indexes: readonly IndexConfig[]): Statements {
  for (const { name } of nameIndexes(target.identifier, indexes)) yield* renameWorkIndex(target.schema, name);
}

/** Should another relation's index have the name, a hash of the name is added to it. */
export function* renameWorkIndex(schema: string, name: string): Statements {
  const renamed = yield* run("name index", renameIndex(schema, workName(name), name), { rescue: ["42P07"] });
  if (!renamed.failed) return;
  yield* run("name index", renameIndex(schema, workName(name), fitName(`${name}_${sha256(name).slice(0, 8)}`)));
}

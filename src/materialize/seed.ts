import { foldName } from "../postgres/relation.ts";
import { columnDefinition } from "../postgres/sql/constraints.ts";
import { copyIntoNew } from "../postgres/sql/copy.ts";
import { createTable } from "../postgres/sql/table.ts";
import { findTarget, run } from "./ask.ts";
import { readSeedConfig } from "./config.ts";
import type { Aftermath, BuildInput, Statements } from "./materialization.ts";
import { placeTable } from "./table.ts";

/** Always into a new table that then takes the old one's place: nobody sees it empty or half full. */
export function* seed(input: BuildInput): Statements<Aftermath> {
  const config = readSeedConfig(input.node);
  if (!input.seed) throw new Error(`Internal error: the seed ${input.node.name} came without its rows`);
  const { columns, copyOptions, open } = input.seed;
  const named = columns.map(({ name, type }) => ({ name: config.quoteColumns ? name : foldName(name), type }));
  const old = yield* findTarget(input);
  return yield* placeTable(input, config, old, undefined, function* (into) {
    const lines = named.map(({ name, type }) => columnDefinition(name, type, []));
    yield* run("create table", createTable(into, lines, config));
    const names = named.map((column) => column.name);
    yield { do: "copy", sql: copyIntoNew(into, names, copyOptions), label: "copy", source: open, main: true };
  });
}

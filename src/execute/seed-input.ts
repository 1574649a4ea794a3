/** A seed's columns, inferred as dbt does, and its rows as COPY wants them. */
import { Readable } from "node:stream";
import { error, Failure, hasErrors } from "../diagnostics/diagnostic.ts";
import type { SeedInput } from "../materialize/materialization.ts";
import type { SeedNode } from "../parse/manifest.ts";
import { SEED_COPY_OPTIONS, seedRows } from "../project/seed-rows.ts";
import { inferSeedFile } from "../project/seed-types.ts";

/** `empty`: no rows, whatever the file holds. Throws `Failure` with everything that is wrong with the file. */
export async function seedInput(node: SeedNode, { empty = false } = {}): Promise<SeedInput> {
  const { column_types: given } = node.config.all;
  const delimiter = delimiterOf(node);
  const types = typeof given === "object" && given !== null && !Array.isArray(given) ? given : {};
  const overrides = Object.fromEntries(Object.entries(types).map(([column, type]) => [column, String(type)]));
  const found = await inferSeedFile(node.seed, delimiter, overrides);
  if (hasErrors(found.diagnostics)) throw new Failure(found.diagnostics);
  return {
    columns: found.columns,
    copyOptions: SEED_COPY_OPTIONS,
    open: () => (empty ? Readable.from([]) : seedRows(node.seed.file, delimiter, found)),
  };
}

/** One character, as in Python's csv. */
function delimiterOf({ name, at, config }: SeedNode): string {
  const delimiter = config.all["delimiter"] ?? ",";
  if (typeof delimiter === "string" && [...delimiter].length === 1 && !/[\r\n"]/.test(delimiter)) return delimiter;
  const notes = ["give one character, such as  delimiter: ';'  or leave it out for a comma"];
  const found = delimiter === "" ? "is empty" : `is ${JSON.stringify(delimiter)}`;
  throw new Failure(
    error("seed-delimiter", `The delimiter of "${name}" must be one character, and ${found}.`, at, notes),
  );
}

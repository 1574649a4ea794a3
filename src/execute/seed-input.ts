/** A seed's columns, inferred as dbt does, and its rows as COPY wants them. */
import { Readable } from "node:stream";
import { error, Failure, hasErrors } from "../diagnostics/diagnostic.ts";
import type { SeedInput } from "../materialize/materialization.ts";
import type { SeedNode } from "../parse/manifest.ts";
import { SEED_COPY_OPTIONS, seedRows } from "../project/seed-rows.ts";
import { inferSeedFile } from "../project/seed-types.ts";

/** `empty`: no rows, whatever the file holds. Throws `Failure` with everything that is wrong with the file. */
export async function seedInput(node: SeedNode, { empty = false } = {}): Promise<SeedInput> {
  const { delimiter: written, column_types: given } = node.config.all;
  const delimiter = typeof written === "string" ? written : ",";
  if (delimiter === "") {
    const notes = ["give one character, such as  delimiter: ';'  or leave it out for a comma"];
    throw new Failure(error("seed-delimiter", `The delimiter of "${node.name}" is empty.`, node.at, notes));
  }
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

/** A seed's columns, inferred as dbt does, and its bytes as COPY wants them. */
import type { SeedInput } from "../materialize/materialization.ts";
import type { SeedNode } from "../parse/manifest.ts";
import { copyCsv } from "../load/seed.ts";
import { inferSeedTypes } from "../project/seed-types.ts";

export async function seedInput(node: SeedNode): Promise<SeedInput> {
  const config = node.config.all;
  const delimiter = typeof config["delimiter"] === "string" ? config["delimiter"] : ",";
  const given = config["column_types"];
  const overrides = typeof given === "object" && given !== null && !Array.isArray(given) ? given : {};
  const { columns } = await inferSeedTypes(node.seed.file.absolute, delimiter, overrides as Record<string, string>);
  return copyCsv(node.seed.file, columns, delimiter);
}

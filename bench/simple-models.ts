/** Parsing dbt's own performance project, generated in its shape: simple models, a property file for each, three tests. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cost, costOf, timed } from "./measure.ts";

/** Cold: parsed, checked, and target/manifest.json written. */
export interface SimpleModelsBench extends Cost {
  readonly models: number;
  /** Wall seconds of the dbt that SLUICE_DBT names, cold, on the same files. */
  readonly dbt?: number;
}

export function benchSimpleModels(models: number, runs: number): SimpleModelsBench {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  try {
    writeProject(folder, models);
    const cost = costOf(["parse"], folder, runs);
    const dbt = process.env["SLUICE_DBT"];
    return {
      models,
      ...cost,
      ...(dbt && { dbt: timed(dbt, ["parse", "--no-partial-parse", "--target-path", "target-dbt"], folder).seconds }),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each model reads the one before it and the one at half its number. */
function writeProject(folder: string, models: number): void {
  writeFileSync(
    join(folder, "dbt_project.yml"),
    "name: simple\nversion: '1.0'\nprofile: simple\nmodels: {+materialized: view}\n",
  );
  const output =
    "{type: postgres, host: localhost, user: u, password: p, port: 5432, dbname: d, schema: s, threads: 1}";
  writeFileSync(join(folder, "profiles.yml"), `simple: {target: dev, outputs: {dev: ${output}}}\n`);
  for (let i = 0; i < models; i++) {
    const below = join(folder, "models", `path_${Math.floor(i / 100)}`);
    if (i % 100 === 0) mkdirSync(below, { recursive: true });
    const read = [...new Set(i === 0 ? [] : [i - 1, Math.floor(i / 2)])].map(
      (n) => `select * from {{ ref('node_${n}') }}`,
    );
    writeFileSync(join(below, `node_${i}.sql`), `${["select 1 as id", ...read].join("\nunion all\n")}\n`);
    writeFileSync(
      join(below, `node_${i}.yml`),
      `models:
- columns:
  - name: id
    tests:
    - unique
    - not_null
    - relationships:
        field: id
        to: ref('node_0')
  name: node_${i}
version: 2
`,
    );
  }
}

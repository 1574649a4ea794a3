/** `seed --show`: some rows of each seed that was loaded, as dbt prints them after the run. */
import type { RunResult, Sluice } from "../index.ts";
import type { Reporter } from "../report/reporter.ts";
import { rowLines } from "../report/table.ts";

const ROWS = 10;

export async function showSeeds(sluice: Sluice, result: RunResult, reporter: Reporter): Promise<void> {
  for (const { node, status } of result.results) {
    const seed = sluice.graph.resource(node);
    if (seed.kind !== "seed" || status !== "success") continue;
    const compiled = await sluice.compileInline(
      `select * from {{ ref('${seed.package}', '${seed.name}') }} order by random()`,
    );
    const { fields, rows } = await sluice.show(compiled, ROWS);
    const header = `Random sample of table: ${seed.schema}.${seed.alias}`;
    const columns = fields.map((field) => field.name);
    for (const line of ["", header, "-".repeat(header.length), ...rowLines(columns, rows, Infinity), ""])
      reporter.line(line);
  }
}

/** Parsing a generated project of 1,000 models, cold: the whole process. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cost, costOf } from "./measure.ts";

export interface ParseBench extends Cost {
  readonly models: number;
  readonly tests: number;
}

export async function benchParse(models = 1000, runs = 5): Promise<ParseBench> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  try {
    const tests = writeProject(folder, models);
    return { models, tests, ...costOf(["parse"], folder, runs) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A layered project: a tenth staging over one source, then models that join two before them; macros, a loop, YAML, tests. */
export function writeProject(folder: string, models: number): number {
  const write = (path: string, text: string): void => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write(
    "dbt_project.yml",
    "name: big\nversion: '1.0'\nprofile: big\nmodels: {big: {+materialized: view}}\nvars: {cutoff: 10}\n",
  );
  write(
    "profiles.yml",
    "big: {target: dev, outputs: {dev: {type: postgres, host: embedded, dbname: big, schema: big}}}\n",
  );
  write("macros/cents.sql", "{% macro cents(column) %}round({{ column }} / 100.0, 2){% endmacro %}\n");
  write("models/sources.yml", "sources: [{name: raw, tables: [{name: events}]}]\n");
  const staging = Math.max(1, Math.floor(models / 10));
  let tests = 0;
  for (let i = 0; i < models; i++) {
    const sql =
      i < staging
        ? `select id, kind, {{ cents('amount') }} as amount\nfrom {{ source('raw', 'events') }}\nwhere id % ${staging} = ${i} and id > {{ var('cutoff') }}\n`
        : `{{ config(tags=['layer_${Math.floor((i * 10) / models)}']) }}\n{% set kinds = ['a', 'b', 'c'] %}\nselect l.id,\n{% for kind in kinds %}  sum(case when l.kind = '{{ kind }}' then {{ cents('r.amount') }} end) as {{ kind }}_amount{{ ',' if not loop.last }}\n{% endfor %}\nfrom {{ ref('m${i - staging}') }} as l\njoin {{ ref('m${Math.floor(i / 2)}') }} as r using (id)\ngroup by 1\n`;
    write(`models/layer_${Math.floor((i * 10) / models)}/m${i}.sql`, sql);
    if (i % 10 === 0) {
      const entries = Array.from({ length: Math.min(10, models - i) }, (_, k) => {
        tests += 2;
        return `  - name: m${i + k}\n    description: Model number ${i + k}.\n    columns:\n      - name: id\n        description: The key.\n        data_tests: [unique, not_null]\n`;
      });
      write(`models/layer_${Math.floor((i * 10) / models)}/m${i}.yml`, `version: 2\nmodels:\n${entries.join("")}`);
    }
  }
  return tests;
}

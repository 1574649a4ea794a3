/**
 * Expressions of every corner of the context, with the answers of dbt 1.12 on Postgres. To ask dbt anew: `ask-dbt.py` beside
 * the answers.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rig } from "../rig.ts";
import answers from "../dbt-context/answers.json" with { type: "json" };

const HEAD = `{{ config(custom_key='v', persist_docs={'relation': true}, meta={'m': 1}) }}
-- depends_on: {{ ref('a') }} {{ ref('v') }}
select 1 as one /*\n`;

const PROJECT = `name: ctx
version: '1.0'
profile: shop
vars: {a: 1, b: [1, two], c: {d: 4.0}, s: text, ctx: {scoped: yes}}
models: {ctx: {+tags: [t1], +meta: {x: 1}}}
`;

test(
  "templates see what dbt shows them",
  rig(async ({ write, sluice, dir, url }) => {
    const database = new URL(url).pathname.slice(1);
    const name = (i: number): string => `e${String(i).padStart(3, "0")}`;
    const models = answers.map(([text], i) => [`models/x/${name(i)}.sql`, `${HEAD}${text}\n*/\n`]);
    await write({
      "dbt_project.yml": PROJECT,
      "profiles.yml": `shop: {target: dev, outputs: {dev: {type: postgres, url: '${url}', schema: ctx, threads: 3}}}`,
      "macros/m.sql": await readFile(join(import.meta.dirname, "../dbt-context/macros.sql"), "utf8"),
      "models/a.sql": `{{ config(materialized='table', meta={'owner': 'me'}, custom=5, tags=['t2']) }}
select 1 as id, 'x'::varchar(20) as name, 1.5::numeric(10,2) as amount, now() as at, true as ok`,
      "models/v.sql": "select * from {{ ref('a') }}",
      ...Object.fromEntries(models),
    });
    expect((await sluice("run", "-s", "a", "v")).code).toBe(0);
    const compiled = await sluice("compile");
    expect(compiled.code, compiled.all).toBe(0);
    const found = await Promise.all(
      answers.map(async ([text], i) => {
        const sql = await readFile(join(dir, `target/compiled/ctx/models/x/${name(i)}.sql`), "utf8");
        const shown = sql.slice(sql.indexOf("/*\n") + 3, sql.lastIndexOf("\n*/"));
        return [
          text,
          shown.replaceAll(name(i), "NAME").replaceAll(database, "DATABASE").replaceAll('"ctx"', '"SCHEMA"'),
        ];
      }),
    );
    expect(found).toEqual(answers);
  }),
);

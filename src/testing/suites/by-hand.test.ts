/** Models that name relations without `ref`, by hand or out of the catalog, while what they name stands out of sight. */
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

const table = (sql: string): string => `{{ config(materialized='table') }} ${sql}`;

test(
  "a name written out means what this run has built, in models, columns, tests, hooks and queries of templates",
  rig(async ({ write, sluice, rows }) => {
    const made = (v: number): Record<string, string> => ({
      "models/a.sql": table(`select ${v} as v`),
      "models/b.sql": `-- depends_on: {{ ref('a') }}
        {{ config(materialized='view') }} select {{ this.schema }}.a.v, x.* from {{ this.schema }}.a, lateral (select a.v + 1 as w) x`,
      "models/c.sql": `-- depends_on: {{ ref('a') }}
        {{ config(materialized='table', post_hook='update {{ this }} set v = v * (select v from ' ~ target.schema ~ '.a)') }}
        select {{ run_query('select v from ' ~ target.schema ~ '.a').rows[0][0] if execute }} as v`,
      "tests/t.sql": `-- depends_on: {{ ref('b') }}
        select * from "{{ target.schema }}"."b" where w <> ${v + 1}`,
    });
    for (const v of [5, 7]) {
      await write(made(v));
      const { code, all } = await sluice("build");
      expect(code, all).toBe(0);
      expect(await rows("select b.v, b.w, c.v as c from analytics.b, analytics.c")).toEqual([
        { v, w: v + 1, c: v * v },
      ]);
    }
  }),
);

test(
  "a view that names a table of deltas by hand is published over the table",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "models/log.sql": `{{ config(materialized='incremental', unique_key='id') }}
        select n as id from generate_series(1, {{ var('n') }}) n {% if is_incremental() %} where n > (select max(id) from {{ this }}) {% endif %}`,
      "models/seen.sql": `-- depends_on: {{ ref('log') }}
        {{ config(materialized='view') }} select count(*)::int as n, {{ var('n') }} as asked from {{ this.schema }}.log`,
    });
    for (const n of [1, 3, 4]) {
      const { code, all } = await sluice("build", "--vars", `{n: ${n}}`);
      expect(code, all).toBe(0);
      expect(await rows("select * from analytics.seen")).toEqual([{ n, asked: n }]);
    }
  }),
);

const CATALOGS = {
  tables: "select table_schema, table_name from {{ target.database }}.information_schema.tables",
  columns: `select distinct columns.table_schema, information_schema.columns.table_name
    from information_schema.columns join information_schema.tables as t using (table_schema, table_name) where column_name = 'k'`,
  pg_tables: "select schemaname as table_schema, tablename as table_name from pg_tables",
  pg_class: `select n.nspname as table_schema, c.relname as table_name
    from pg_catalog.pg_class c join pg_namespace n on n.oid = c.relnamespace where relkind = 'r'`,
};

test(
  "catalogs show templates what was built where it is going to be, and nothing twice",
  rig(async ({ write, sluice, rows }) => {
    const union = (query: string): string => `-- depends_on: {{ ref('part_x') }} {{ ref('part_y') }}
      {% set query %}select * from (${query}) q
        where table_schema = '{{ target.schema }}' and table_name like 'part%' order by 1, 2{% endset %}
      {% set found = run_query(query) %}
      {% for row in found.rows %}
        select '{{ row.table_name }}' as name, k from {{ api.Relation.create(database=target.database, schema=row.table_schema, identifier=row.table_name) }}
        {{ 'union all' if not loop.last }}
      {% else %} select 'none' as name, 0 as k {% endfor %}`;
    const models = Object.fromEntries(
      Object.entries(CATALOGS).map(([name, query]) => [`models/by_${name}.sql`, table(union(query))]),
    );
    await write({
      ...models,
      "models/by_list.sql": table(`-- depends_on: {{ ref('part_x') }} {{ ref('part_y') }}
        {% set found = adapter.list_relations(target.database, target.schema) if execute else [] %}
        select '{{ found | map(attribute='identifier') | select('in', ['part_x', 'part_y']) | sort | join(' ') }}' as name, 0 as k`),
    });
    for (const k of [1, 2]) {
      await write({
        "models/part_x.sql": table(`select ${k} as k`),
        "models/part_y.sql": table(`select ${k * 10} as k`),
      });
      const { code, all } = await sluice("build");
      expect(code, all).toBe(0);
      for (const name of Object.keys(CATALOGS))
        expect(await rows(`select * from analytics.by_${name} order by 1`), name).toEqual([
          { name: "part_x", k },
          { name: "part_y", k: k * 10 },
        ]);
      expect(await rows("select name from analytics.by_list")).toEqual([{ name: "part_x part_y" }]);
    }
  }),
);

test(
  "the SQL of models and tests sees the catalogs as they will be; a view goes on seeing them as they are",
  rig(async ({ write, sluice, rows }) => {
    const asking = `-- depends_on: {{ ref('part') }}
      select count(*)::int as n, max(column_name)::text as name from information_schema.columns
      where table_schema = '{{ target.schema }}' and table_name = 'part'`;
    await write({
      "models/t.sql": table(asking),
      "models/v.sql": `{{ config(materialized='view') }} ${asking}`,
      "tests/one.sql": `select * from (${asking}) q where n <> 1`,
    });
    for (const name of ["x", "y"]) {
      await write({ "models/part.sql": table(`select 1 as ${name}`) });
      const { code, all } = await sluice("build");
      expect(code, all).toBe(0);
      for (const model of ["t", "v"]) expect(await rows(`select * from analytics.${model}`)).toEqual([{ n: 1, name }]);
    }
    await rows("alter table analytics.part add z int");
    expect(await rows("select n, name from analytics.v")).toEqual([{ n: 2, name: "z" }]);
  }),
);

test(
  "a template that asks its own table before it is made again sees what is published",
  rig(async ({ write, sluice, rows }) => {
    const head = "{% set there = execute and load_relation(this) is not none %}";
    const last = "(run_query('select max(n) from ' ~ this).rows[0][0] if there else 0)";
    await write({
      // A pre-hook that works on the table makes it a copy, which is there only when the hook runs.
      "models/copied.sql": `{{ config(materialized='incremental', pre_hook=[
          "{% if is_incremental() %} update {{ this }} set n = n + 10 {% endif %}",
          {'sql': "{% if is_incremental() %} update {{ this }} set asked = -1 {% endif %}", 'transaction': false}]) }}
        ${head} select {{ ${last} }} as asked, {% if is_incremental() %} (select max(n) from {{ this }}) + 1 {% else %} 1 {% endif %} as n`,
      "models/again.sql": `{{ config(materialized='table') }}
        ${head} select {{ ${last} }} as asked, {% if there %} (select max(n) from {{ this }}) + 1 {% else %} 1 {% endif %} as n`,
    });
    for (let round = 0; round < 3; round++) {
      const { code, all } = await sluice("build", "--force");
      expect(code, all).toBe(0);
    }
    expect(await rows("select * from analytics.again")).toEqual([{ asked: 2, n: 3 }]);
    expect(await rows("select * from analytics.copied order by n")).toEqual([
      { asked: -1, n: 21 },
      { asked: -1, n: 22 },
      { asked: 12, n: 23 },
    ]);
  }),
);

test(
  "hooks at the end of a run read what is published, after a publication and after a failure",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "dbt_project.yml":
        "name: shop\nversion: '1.0'\nprofile: shop\non-run-end: insert into public.seen select v from {{ ref('a') }}\n",
      "models/a.sql": table("select 1 as v"),
      "tests/t.sql": "select * from {{ ref('a') }} where v > 1",
    });
    await rows("create table public.seen (v int)");
    expect((await sluice("build")).code).toBe(0);
    await write({ "models/a.sql": table("select 2 as v") });
    expect((await sluice("build")).code).toBe(1);
    expect(await rows("select v from public.seen")).toEqual([{ v: 1 }, { v: 1 }]);
  }),
);

/** Materializations, strategies and statements that a project writes itself. */
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

const relations = `select c.relname as name, c.relkind::text as kind from pg_class c
  join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'analytics' and c.relkind in ('r', 'v', 'm') order by 1`;

test(
  "a materialization block of the project builds its models, with hooks in and around its transaction",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "macros/mat.sql": `{% materialization stamped, adapter='postgres' %}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set old = load_cached_relation(this) -%}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {%- if old is not none -%}{%- do adapter.drop_relation(old) -%}{%- endif -%}
  {% call statement('main') -%}
    create table {{ target_relation }} as select q.*, {{ config.get('stamp') }} as stamp from ({{ sql }}) q
  {%- endcall %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {{ adapter.commit() }}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}`,
      "models/m.sql": `{{ config(materialized='stamped', stamp=7, post_hook=["insert into {{ this }} values (2, 8)", after_commit('vacuum {{ this }}')]) }}
select 1 as id`,
      "models/reads.sql": "select count(*)::int as n from {{ ref('m') }}",
    });
    for (let i = 0; i < 2; i++) {
      const { code, all } = await sluice("build", "--force");
      expect(code, all).toBe(0);
      expect(all).toContain("OK created sql stamped model analytics.m");
      expect(all).toContain("SELECT 1 in");
      expect(await rows("select * from analytics.m order by id")).toEqual([
        { id: 1, stamp: 7 },
        { id: 2, stamp: 8 },
      ]);
      expect(await rows("select * from analytics.reads")).toEqual([{ n: 2 }]);
    }
  }),
);

test(
  "what a block did is rolled back when it fails",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "macros/mat.sql": `{% materialization broken, default %}
  {% call statement('main') %}create table {{ this }} as {{ sql }}{% endcall %}
  {% do exceptions.raise_compiler_error('no, ' ~ this.identifier) %}
{% endmaterialization %}`,
      "models/m.sql": "{{ config(materialized='broken') }}\nselect 1 as id",
    });
    const { code, all } = await sluice("build");
    expect(code).toBe(1);
    expect(all).toContain("no, m");
    expect(await rows(relations)).toEqual([]);
  }),
);

test(
  "a block that makes no relation publishes none, and runs each time",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "macros/mat.sql": `{% materialization noted, default %}
  {% call statement('main') %}insert into raw.log select n from ({{ sql }}) q{% endcall %}
  {{ return({'relations': []}) }}
{% endmaterialization %}`,
      "models/m.sql": "{{ config(materialized='noted') }}\nselect 1 as n",
    });
    await rows("create schema raw; create table raw.log (n int)");
    for (let i = 0; i < 2; i++) {
      const { code, all } = await sluice("build");
      expect(code, all).toBe(0);
    }
    expect(await rows("select count(*)::int as n from raw.log")).toEqual([{ n: 2 }]);
  }),
);

test(
  "an incremental strategy of the project is called with what dbt's are",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "macros/strategy.sql": `{% macro get_incremental_keep_greatest_sql(arg_dict) %}
  {%- set key = arg_dict['unique_key'] -%}
  delete from {{ arg_dict['target_relation'] }} t using {{ arg_dict['temp_relation'] }} s where t.{{ key }} = s.{{ key }} and s.n > t.n;
  insert into {{ arg_dict['target_relation'] }} ({{ get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) }})
  select s.* from {{ arg_dict['temp_relation'] }} s where not exists (select from {{ arg_dict['target_relation'] }} t where t.{{ key }} = s.{{ key }})
{% endmacro %}`,
      "models/m.sql": `{{ config(materialized='incremental', incremental_strategy='keep_greatest', unique_key='id', indexes=[{'columns': ['id'], 'unique': true}]) }}
select * from (values {% if is_incremental() %}(1, 5), (2, 1), (3, 9){% else %}(1, 4), (2, 4){% endif %}) v(id, n)`,
    });
    for (let i = 0; i < 2; i++) {
      const { code, all } = await sluice("build", "--force");
      expect(code, all).toBe(0);
    }
    expect(await rows("select id, n from analytics.m order by id")).toEqual([
      { id: 1, n: 5 },
      { id: 2, n: 4 },
      { id: 3, n: 9 },
    ]);
    expect(await rows("select count(*)::int as n from pg_indexes where schemaname = 'analytics'")).toEqual([{ n: 1 }]);
  }),
);

test(
  "macros of dbt's that a project overrides are called by tables, views and incremental models",
  rig(async ({ write, sluice, rows }) => {
    const overriding = {
      "macros/mine.sql": `{% macro postgres__create_table_as(temporary, relation, sql) -%}
  create {{ 'temporary' if temporary }} table {{ relation }} {{ 'with (fillfactor = 50)' if not temporary }} as ({{ sql }});
{%- endmacro %}
{% macro create_view_as(relation, sql) %}create view {{ relation }} with (security_barrier) as {{ sql }}{% endmacro %}`,
    };
    await write({
      ...overriding,
      "models/t.sql": "{{ config(materialized='table') }}\nselect 1 as id",
      "models/v.sql": "select * from {{ ref('t') }}",
      "models/i.sql":
        "{{ config(materialized='incremental', unique_key='id', on_schema_change='append_new_columns') }}\nselect 1 as id {{ ', 2 as more' if is_incremental() }}",
    });
    for (let i = 0; i < 3; i++) {
      const { code, all } = await sluice("build", "--force", ...(i === 2 ? ["--full-refresh"] : []));
      expect(code, all).toBe(0);
      const options = await rows(
        "select relname as name, reloptions as options from pg_class where relnamespace = 'analytics'::regnamespace order by 1",
      );
      expect(options).toEqual([
        { name: "i", options: ["fillfactor=50"] },
        { name: "t", options: ["fillfactor=50"] },
        { name: "v", options: ["security_barrier=true"] },
      ]);
      expect(await rows("select * from analytics.i")).toEqual([i === 1 ? { id: 1, more: 2 } : { id: 1 }]);
    }
  }),
);

test(
  "a model's sql_header is run before its own statements, and comes before the query that shows it",
  rig(async ({ write, sluice, rows }) => {
    const zone = (name: string) => `{% call set_sql_header(config) %}set local timezone to '${name}';{% endcall %}
select current_setting('timezone') as zone`;
    await write({
      "models/t.sql": `{{ config(materialized='table') }}${zone("Asia/Kolkata")}`,
      "models/i.sql": `{{ config(materialized='incremental') }}${zone("Asia/Tokyo")}`,
      "models/without.sql": "{{ config(materialized='table') }}select current_setting('timezone') as zone",
      "models/cte.sql": "{% call set_sql_header(config) %}with v as (select 7 as n){% endcall %}\nselect n from v",
    });
    const built = await sluice("build", "--exclude", "cte", "--threads", "1");
    expect(built.code, built.all).toBe(0);
    expect(await rows("select (select zone from analytics.t) as t, (select zone from analytics.i) as i")).toEqual([
      { t: "Asia/Kolkata", i: "Asia/Tokyo" },
    ]);
    expect(await rows("select zone like 'Asia/%' as leaked from analytics.without")).toEqual([{ leaked: false }]);
    await write({ "models/t.sql": `{{ config(materialized='table') }}${zone("Asia/Seoul")}` });
    expect((await sluice("build", "--select", "t")).code).toBe(0);
    expect(await rows("select zone from analytics.t")).toEqual([{ zone: "Asia/Seoul" }]);
    const shown = await sluice("show", "--select", "cte", "--output", "json");
    expect([shown.code, JSON.parse(shown.stdout)]).toEqual([0, { node: "cte", show: [{ n: 7 }] }]);
  }),
);

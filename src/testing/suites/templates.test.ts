/** What templates may do while they run, through the real command line. */
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

const table = (sql: string): string => `{{ config(materialized='table') }}\n${sql}`;
const ephemeral = (sql: string): string => `{{ config(materialized='ephemeral') }}\n${sql}`;
const project = (more: string): string => `name: shop\nversion: '1.0'\nprofile: shop\n${more}`;

test(
  "the rows of run_query are read by column, by position, by name and by attribute",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "models/a.sql": table(
        "select 1 as id, 'x' as n, 1.50 as p, date '2024-01-02' as d, timestamptz '2024-01-02 03:04:05+00' as t union all select 2, 'y', 2.50, null, null",
      ),
      "models/b.sql": table(`-- depends_on: {{ ref('a') }}
{% set found = run_query('select * from ' ~ ref('a') ~ ' order by id') %}
{% if execute %}
select '{{ found.columns[0].values() | join(',') }}' as by_position,
  '{{ found.columns['n'].values() | join(',') }} {{ found.columns.n.values()[1] }}' as by_name,
  '{{ found.rows[0].n }}{{ found.rows[1]['n'] }}{{ found.rows[0][1] }}' as of_rows,
  {% for row in found %}{{ row.p }}{{ ' + ' if not loop.last }}{% endfor %} as summed,
  '{{ found.column_names | join('|') }} {{ found.rows | length }}' as shape,
  '{{ found.rows[0].d.strftime('%d.%m.%Y') }} {{ found.rows[0].d.year }} {{ found.rows[1].d is none }}' as dates
{% endif %}`),
    });
    const { code, all } = await sluice("build");
    expect(code, all).toBe(0);
    expect(await rows("select * from analytics.b")).toEqual([
      {
        by_position: "1,2",
        by_name: "x,y y",
        of_rows: "xyx",
        summed: "4.00",
        shape: "id|n|p|d|t 2",
        dates: "02.01.2024 2024 True",
      },
    ]);
  }),
);

test(
  "a statement block runs, and load_result gives what it found",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "models/a.sql":
        "{% call statement('found', fetch_result=True) %}select 5 as five, 'x' as x{% endcall %}{% set r = load_result('found') %}select {{ r['data'][0][0] if execute else 0 }} as five, '{{ r.table.columns[1].values()[0] if execute }}' as x",
    });
    expect((await sluice("build")).code).toBe(0);
    expect(await rows("select * from analytics.a")).toEqual([{ five: 5, x: "x" }]);
  }),
);

test(
  "macros return lists and mappings, call one another, and see their extra arguments",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "macros/m.sql": `{% macro numbers() %}{{ return([1, 2, 3]) }}{% endmacro %}
{% macro nested() %}{% do return({'a': {'b': 5}}) %}{% endmacro %}
{% macro early(n) %}{% if n > 1 %}{{ return('big') }}{% endif %}small{% endmacro %}
{% macro factorial(n) %}{% if n <= 1 %}{{ return(1) }}{% endif %}{{ return(n * factorial(n - 1)) }}{% endmacro %}
{% macro extra() %}{{ varargs | join('-') }}/{{ kwargs['k'] }}{% endmacro %}
{% macro wrap(n) %}<{{ caller(n) }}>{% endmacro %}`,
      "models/a.sql": `select {{ numbers() | sum }} + {{ numbers()[-1] }} as n, {{ nested().a.b }} as b,
  '{{ early(2) }}{{ early(1) }}' as e, {{ factorial(5) }} as f, '{{ extra(1, 2, k='v') }}' as x,
  '{% call(y) wrap(3) %}{{ y * 2 }}{% endcall %}' as c, '{%- if true -%}  tight  {%- endif -%}' as w`,
    });
    expect((await sluice("build")).code).toBe(0);
    expect(await rows("select * from analytics.a")).toEqual([
      { n: 9, b: 5, e: "bigsmall", f: 120, x: "1-2/v", c: "<6>", w: "tight" },
    ]);
  }),
);

test(
  "a project overrides the naming macros, ref, is_incremental and a generic test by macros of the same names",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "macros/m.sql": `{% macro generate_schema_name(custom_schema_name, node) -%}{{ custom_schema_name or target.schema }}{%- endmacro %}
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}{{ custom_alias_name or 't_' ~ node.name }}{%- endmacro %}
{% macro ref(name) %}{% do return(builtins.ref(name).include(database=false)) %}{% endmacro %}
{% macro is_incremental() %}{{ return(true) }}{% endmacro %}
{% test not_null(model, column_name) %}select 1 where '{{ model }}' <> '"other"."t_a"'{% endtest %}`,
      "models/a.sql": "{{ config(schema='other') }} select null::int as id",
      "models/b.sql":
        "{{ config(alias='bee') }} select '{{ ref('a') }} {{ is_incremental() }}' as said from {{ ref('a') }}",
      "models/s.yml": "models: [{name: a, columns: [{name: id, data_tests: [not_null]}]}]",
    });
    const { code, all } = await sluice("build", "--direct");
    expect(code, all).toBe(0);
    expect(await rows("select * from analytics.bee")).toEqual([{ said: '"other"."t_a" True' }]);
  }),
);

test(
  "adapter.dispatch prefers the postgres__ macro, and finds default__",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "macros/m.sql":
        "{% macro f() %}{{ adapter.dispatch('f', 'shop')() }}{% endmacro %}{% macro default__f() %}d{% endmacro %}{% macro postgres__f() %}p{% endmacro %}{% macro g() %}{{ adapter.dispatch('g')() }}{% endmacro %}{% macro default__g() %}g{% endmacro %}",
      "models/a.sql": "select '{{ f() }}{{ shop.g() }}' as x",
    });
    expect((await sluice("build")).code).toBe(0);
    expect(await rows("select x from analytics.a")).toEqual([{ x: "pg" }]);
  }),
);

test(
  "adapter and api tell of relations and columns",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "models/a.sql": table("select 1 as id, 'x'::varchar(20) as n, 1.5::numeric(10,2) as p"),
      "models/b.sql": `-- depends_on: {{ ref('a') }}
{% set found = adapter.get_relation(target.database, target.schema, 'a') %}
{% set columns = adapter.get_columns_in_relation(ref('a')) %}
{% set made = api.Relation.create(schema='s', identifier='i', type='view') %}
select '{{ found.type }} {{ found.is_table }} {{ load_relation(ref('a')).name }} {{ adapter.get_relation(target.database, target.schema, 'none') is none }}' as relation,
  '{% for c in columns %}{{ c.name }}:{{ c.data_type }}:{{ c.is_string() }} {% endfor %}' as columns,
  '{{ made }} {{ made.is_view }} {{ made.quote(identifier=false) }} {{ made.include(schema=false) }}' as made,
  '{{ api.Column.create('q', 'int').quoted }} {{ api.Column.string_type(9) }}' as col, '{{ this }}' = '"{{ database }}"."analytics"."b"' as this`,
    });
    const { code, all } = await sluice("build");
    expect(code, all).toBe(0);
    expect(await rows("select * from analytics.b")).toEqual([
      {
        relation: "table True a True",
        columns: "id:integer:False n:character varying(20):True p:numeric(10,2):False ",
        made: '"s"."i" True "s".i "i"',
        col: '"q" character varying(9)',
        this: true,
      },
    ]);
  }),
);

test(
  "vars come from the command line, the project and the package's own block; defaults come last",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "dbt_project.yml": project("vars:\n  a: 1\n  l: [1, x]\n  shop: {b: two, a: inner}\n"),
      "models/a.sql":
        "select '{{ var('a') }}' as a, '{{ var('b') }}' as b, '{{ var('c', 'dflt') }}' as c, $${{ var('l') }}$$ as l, '{{ var.has_var('zz') }}' as h",
    });
    expect((await sluice("build")).code).toBe(0);
    expect(await rows("select * from analytics.a")).toEqual([
      { a: "inner", b: "two", c: "dflt", l: "[1, 'x']", h: "False" },
    ]);
    expect((await sluice("build", "--vars", "{a: 9, c: cli}")).code).toBe(0);
    expect(await rows("select a, c from analytics.a")).toEqual([{ a: "9", c: "cli" }]);
  }),
);

test(
  "modules, run_started_at, JSON, YAML, sets and zips are Python's",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "models/a.sql": `{% set d = fromjson('{"a": [1, 2.5, null]}') %}{% do d.a.append(true) %}
select '{{ modules.datetime.date(2024, 1, 31) + modules.datetime.timedelta(days=1) }}' as date,
  '{{ modules.re.sub('[0-9]', '#', 'a1b2') }}' as re, '{{ run_started_at.strftime('%Y') | length }}' as year,
  $\${{ tojson(d) }}$$ as json, $\${{ fromyaml('a: [1, x]') }}$$ as yaml, {{ set([1, 2, 2]) | length }} as set,
  $\${{ zip([1, 2], ['a', 'b']) | list }}$$ as zip`,
    });
    expect((await sluice("build")).code).toBe(0);
    expect(await rows("select * from analytics.a")).toEqual([
      {
        date: "2024-02-01",
        re: "a#b#",
        year: "4",
        json: '{"a": [1, 2.5, null, true]}',
        yaml: "{'a': [1, 'x']}",
        set: 2,
        zip: "[(1, 'a'), (2, 'b')]",
      },
    ]);
  }),
);

test(
  "graph holds nodes, sources and exposures when a template runs",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "models/a.sql": "{{ config(tags=['t'], meta={'k': 1}) }} select 1 as id",
      "models/b.sql": `-- {{ ref('a') }}
{% set names = [] %}{% if execute %}
{% for n in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | selectattr('tags') %}{% do names.append(n.name ~ n.meta.k) %}{% endfor %}
{% for s in graph.sources.values() %}{% do names.append(s.source_name ~ '.' ~ s.identifier) %}{% endfor %}
{% for e in graph.exposures.values() %}{% do names.append(e.owner.name) %}{% endfor %}{% endif %}
select '{{ names | join(' ') }}' as names`,
      "models/s.yml":
        "sources: [{name: r, tables: [{name: t, identifier: tt}]}]\nexposures: [{name: e, type: dashboard, owner: {name: me}}]",
    });
    expect((await sluice("build")).code).toBe(0);
    expect(await rows("select * from analytics.b")).toEqual([{ names: "a1 r.tt me" }]);
  }),
);

test(
  "log and print say what they are told once, when the node runs; quiet logs stay in the dark",
  rig(async ({ write, sluice }) => {
    await write({
      "models/a.sql":
        "{{ log('dark') }}{{ log('loud', info=true) }}{% do print('printed') %}{% do exceptions.warn('careful') %} select 1 as x",
    });
    const { stdout } = await sluice("build");
    expect(stdout.match(/dark|loud|printed|careful/g)).toEqual(["loud", "printed", "careful"]);
  }),
);

test(
  "ephemeral models are injected in order, whatever their SQL begins with",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "models/e1.sql": ephemeral("-- with\n/* with */ with x as (select 1 as id) select * from x -- end"),
      "models/e2.sql": ephemeral(
        "with recursive t(n) as (select 1 union all select n + 1 from t where n < 3) select n, id from t, {{ ref('e1') }}",
      ),
      "models/e3.sql": ephemeral("select * from {{ ref('e2') }} join {{ ref('e1') }} using (id)"),
      "models/a.sql": table("-- {{ ref('e1') }}\nWITH RECURSIVE q as (select * from {{ ref('e3') }}) select * from q"),
      "models/s.yml": "models: [{name: e3, columns: [{name: n, data_tests: [unique]}]}]",
    });
    expect((await sluice("build")).code).toBe(0);
    expect(await rows("select n from analytics.a order by n")).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  }),
);

test(
  "env_var reads the environment, else its default",
  rig(async ({ write, start, rows }) => {
    await write({
      "models/a.sql":
        "select '{{ env_var('SHOP_A') }} {{ env_var('SHOP_A', 'b') }} {{ env_var('SHOP_NONE', 'c') }}' as x",
    });
    expect((await start(["build"], { env: { SHOP_A: "a" } }).done).code).toBe(0);
    expect(await rows("select x from analytics.a")).toEqual([{ x: "a a c" }]);
  }),
);

test(
  "a ref that parsing did not see is refused, with the line that makes it known",
  rig(async ({ write, sluice }) => {
    await write({
      "models/a.sql": "select 1 as id",
      "models/b.sql": "{% if execute %}select * from {{ ref('a') }}{% else %}select 1 as id{% endif %}",
    });
    const { code, stdout } = await sluice("build");
    expect([code, stdout]).toEqual([1, expect.stringContaining("models/b.sql:1:39  ref-undeclared")]);
    expect(stdout).toContain("-- depends_on: {{ ref('a') }}");
  }),
);

/** Small things that dbt projects and packages rely on. */
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

test(
  "a model without a word is not built, and with --empty nothing has rows",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "models/nothing.sql": "\n",
      "seeds/s.csv": "id,name\n1,a\n2,b\n",
      "models/e.sql": "{{ config(materialized='ephemeral') }}\nselect 1 as id",
      "models/m.sql": "select id from {{ ref('s') }} union all select id from {{ ref('e') }}",
    });
    const full = await sluice("build");
    expect(full.code, full.all).toBe(0);
    expect(full.all).toContain("TOTAL=2");
    expect(await rows("select count(*)::int as n from analytics.m")).toEqual([{ n: 3 }]);
    const empty = await sluice("build", "--empty");
    expect(empty.code, empty.all).toBe(0);
    expect(await rows("select count(*)::int as n from analytics.m")).toEqual([{ n: 0 }]);
    expect(await rows("select count(*)::int as n from analytics.s")).toEqual([{ n: 0 }]);
  }),
);

test(
  "templates may put names into context, find the configuration behind ref, and be given what they override",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "macros/m.sql": `{% macro ref(name) %}{% do return(builtins.ref(name).include(database=false)) %}{% endmacro %}
{% macro get_columns_in_relation(relation) %}{{ return('columns of ' ~ relation.identifier) }}{% endmacro %}`,
      "models/a.sql": "select 1 as id",
      "models/b.sql": `{% do context.update({'mine': 'kept'}) %}
select '{{ context.mine }} {{ mine }}' as mine, '{{ builtins.ref.config.project_name }}' as project,
  '{{ adapter.get_columns_in_relation(this) if execute }}' as columns, id from {{ ref('a') }}`,
    });
    const { code, all } = await sluice("build");
    expect(code, all).toBe(0);
    expect(await rows("select * from analytics.b")).toEqual([
      { mine: "kept kept", project: "shop", columns: "columns of b", id: 1 },
    ]);
  }),
);

test(
  "unit tests take names in any case, longer texts than the column holds, and the rows of a seed",
  rig(async ({ write, sluice }) => {
    await write({
      "seeds/codes.csv": "code\nx\ny\n",
      "models/a.sql": "select 'ab'::varchar(2) as name",
      "models/b.sql":
        "select length(name) as n, (select count(*) from {{ ref('codes') }}) as codes from {{ ref('a') }}",
      "models/schema.yml": `unit_tests:
  - name: t
    model: b
    given:
      - {input: ref('a'), rows: [{NAME: abcdef}, {name: abc}]}
      - {input: ref('codes')}
    expect:
      rows: [{n: 6, codes: 2}, {N: 3, codes: 2}]
`,
    });
    const { code, all } = await sluice("build");
    expect(code, all).toBe(0);
    expect(all).toContain("PASS b::t");
  }),
);

test(
  "the result of a statement is given once, and its table's rows are found by number",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "models/a.sql": `{% call statement('s', fetch_result=true) %}select 7 as n, array['a', 'b'] as l{% endcall %}
{% set found = load_result('s') %}select {{ found['table'][0]['n'] if execute else 0 }} as n, '{{ found.table.columns['l'].values()[0] if execute }}' as l`,
      "models/twice.sql":
        "{% call statement('s', fetch_result=true) %}select 1{% endcall %}{% set a = load_result('s') %}{% set b = load_result('s') %}select 1 as id",
    });
    expect((await sluice("build", "-s", "a")).code).toBe(0);
    expect(await rows("select * from analytics.a")).toEqual([{ n: 7, l: '["a", "b"]' }]);
    const { code, all } = await sluice("build", "-s", "twice");
    expect(code).toBe(1);
    expect(all).toContain("The 'statement' result named 's' has already been loaded");
  }),
);

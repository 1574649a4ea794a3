/** Data tests and unit tests as projects declare them, through the real command line. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

const table = (sql: string): string => `{{ config(materialized='table') }}\n${sql}`;

const name = (id: string): string => (id.startsWith("unit_test.") ? id.split(".")[3] : id.split(".")[2]) ?? id;

/** Verdicts by test, with the count of failures. */
async function verdicts(dir: string): Promise<Record<string, string>> {
  const { results } = JSON.parse(await readFile(join(dir, "target", "run_results.json"), "utf8")) as {
    results: { unique_id: string; status: string; failures: number | null }[];
  };
  const tests = results.filter((r) => /^(unit_)?test\./.test(r.unique_id));
  return Object.fromEntries(tests.map((r) => [name(r.unique_id), `${r.status} ${r.failures ?? 0}`]));
}

test(
  "where, limit, severity, thresholds, fail_calc and enabled decide the verdict",
  rig(async ({ dir, write, sluice }) => {
    await write({
      "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\nvars: {top: 2, letters: [a, b]}\n",
      "models/a.sql": table(
        "select 1 as id, 'a' as s, 10 as v union all select 2, 'b', null union all select 2, 'c', -5",
      ),
      "models/p.sql": table("select 1 as id"),
      "macros/t.sql":
        "{% test above(model, column_name, than=0) %}select * from {{ model }} where {{ column_name }} <= {{ than }}{% endtest %}",
      "tests/generic/g.sql":
        "{% test same_count(model, other) %}select 1 from (select count(*) n from {{ model }}) x, (select count(*) n from {{ other }}) y where x.n <> y.n{% endtest %}",
      "tests/negative.sql": "{{ config(severity='warn') }} select * from {{ ref('a') }} where v < 0",
      "models/s.yml": `models:
  - name: a
    data_tests:
      - same_count: {arguments: {other: ref('p')}}
      - unique: {name: together, arguments: {column_name: id || s}}
    columns:
      - name: id
        data_tests:
          - unique
          - unique: {name: below, config: {where: "id < {{ var('top') }}"}}
          - relationships: {name: related, arguments: {to: ref('p'), field: id}, config: {severity: warn}}
      - name: s
        data_tests:
          - accepted_values: {name: letters, arguments: {values: "{{ var('letters') }}"}}
          - accepted_values: {name: limited, arguments: {values: [x]}, config: {limit: 2}}
      - name: v
        data_tests:
          - not_null: {name: few, config: {warn_if: ">0", error_if: ">5"}}
          - above: {name: summed, config: {fail_calc: "sum(v)", error_if: "< 0"}}
          - above: {name: never, config: {enabled: false}}
`,
    });
    expect((await sluice("build")).code).toBe(1);
    expect(await verdicts(dir)).toEqual({
      same_count_a_ref_p_: "fail 1",
      together: "pass 0",
      unique_a_id: "fail 1",
      below: "pass 0",
      related: "warn 2",
      letters: "fail 1",
      limited: "fail 2",
      few: "warn 1",
      summed: "fail -5",
      negative: "warn 1",
    });
  }),
);

test(
  "sources, seeds, snapshots and quoted columns are tested, and long names are cut as dbt cuts them",
  rig(async ({ dir, write, sluice, rows }) => {
    await rows("create table public.raw_t as select 1 as id");
    await write({
      "seeds/sd.csv": "id\n1\n1\n",
      "models/a.sql": table('select 1 as "Weird Col", 1 as id'),
      "tests/generic/odd.sql":
        "{% test odd(model, column_name) %}select * from {{ model }} where {{ column_name }} % 2 = 0{% endtest %}",
      "snapshots/s.yml":
        "snapshots:\n  - name: sn\n    relation: ref('a')\n    config: {unique_key: id, strategy: check, check_cols: [id]}\n    columns: [{name: id, data_tests: [unique]}]\n",
      "models/s.yml": `models:
  - name: a
    columns:
      - {name: Weird Col, quote: true, data_tests: [not_null]}
      - name: id
        data_tests:
          - accepted_values:
              arguments: {values: [1, 20000000000000000000, 30000000000000000000], quote: false}
              config: {store_failures: true, limit: 1}
      - {name: id + 0, data_tests: [relationships: {name: sums, arguments: {to: ref('sd'), field: 1 + id}}]}
sources:
  - {name: raw, schema: public, tables: [{name: t, identifier: raw_t, columns: [{name: id, data_tests: [unique, shop.odd]}]}]}
seeds: [{name: sd, columns: [{name: id, data_tests: [unique]}]}]
`,
    });
    const { code, all } = await sluice("build");
    expect(code, all).toBe(1);
    const found = await verdicts(dir);
    expect(found).toMatchObject({
      source_unique_raw_t_id: "pass 0",
      shop_source_odd_raw_t_id: "pass 0",
      sums: "fail 1",
      unique_sd_id: "fail 1",
      unique_sn_id: "pass 0",
      not_null_a__Weird_Col_: "pass 0",
    });
    expect(await rows("select table_name from information_schema.tables where table_schema like '%audit'")).toEqual([
      { table_name: expect.stringMatching(/^accepted_values_a_[0-9a-f]{32}$/) },
    ]);
  }),
);

test(
  "unit tests replace inputs, macros, vars and the environment; the rows are YAML, CSV, SQL or a file",
  rig(async ({ dir, write, sluice }) => {
    await write({
      "models/up.sql": table("select 1 as id, 'x'::text as n, 1.5::numeric as p"),
      "models/inline.sql": "{{ config(materialized='ephemeral') }} select id, upper(n) as n, p from {{ ref('up') }}",
      "macros/m.sql": "{% macro label() %}orig{% endmacro %}",
      "models/m.sql": `{{ config(materialized='incremental') }}
select id, n, p * {{ var('f', 2) }} as p, '{{ label() }}' as m, '{{ env_var('EE', 'none') }}' as e,
'{{ invocation_id }}' as i from {{ ref('inline') }}
{% if is_incremental() %}where id > (select max(id) from {{ this }}){% endif %}`,
      "tests/fixtures/fx.csv": "id,n\n5,abc\n",
      "models/s.yml": `unit_tests:
  - name: overridden
    model: m
    overrides: {macros: {is_incremental: false, label: fake, invocation_id: 123}, vars: {f: 10}, env_vars: {EE: 'yes!'}}
    given: [{input: ref('inline'), rows: [{id: 1, n: A, p: 2}]}]
    expect: {rows: [{id: 1, n: A, p: 20, m: fake, e: 'yes!', i: '123'}]}
  - name: incremental
    model: m
    overrides: {macros: {is_incremental: true}}
    given:
      - {input: ref('inline'), format: csv, rows: "id,n\\n1,a\\n2,b\\n"}
      - {input: this, rows: [{id: 1}]}
    expect: {format: csv, rows: "id,n\\n2,b\\n"}
  - name: in_sql
    model: m
    overrides: {macros: {is_incremental: false, invocation_id: 123}}
    given: [{input: ref('inline'), format: sql, rows: "select 7 as id, 'z' as n, 1 as p"}]
    expect: {format: sql, rows: "select 7 as id, 'z' as n, 2 as p, 'orig' as m, 'none' as e, '123' as i"}
  - name: from_file
    model: inline
    given: [{input: ref('up'), format: csv, fixture: fx}]
    expect: {rows: [{id: 5, n: ABC, p: null}]}
  - name: no_rows
    model: inline
    given: [{input: ref('up'), rows: []}]
    expect: {rows: []}
`,
    });
    const { code, all } = await sluice("build");
    expect(code, all).toBe(0);
    expect(await verdicts(dir)).toEqual({
      overridden: "pass 0",
      incremental: "pass 0",
      in_sql: "pass 0",
      from_file: "pass 0",
      no_rows: "pass 0",
    });
  }),
);

test(
  "a unit test that fails shows what came and what was expected",
  rig(async ({ write, sluice }) => {
    await write({
      "models/up.sql": table("select 1 as id, 'x' as n"),
      "models/m.sql": "select id, upper(n) as n from {{ ref('up') }}",
      "models/s.yml":
        "unit_tests:\n  - name: wrong\n    model: m\n    given: [{input: ref('up'), rows: [{id: 5, n: q}]}]\n    expect: {rows: [{id: 5, n: Z}]}\n",
    });
    const { code, stdout } = await sluice("build");
    expect(code).toBe(1);
    expect(stdout).toMatch(/actual +5 +Q\n.*expected +5 +Z/);
  }),
);

test(
  "the four generic tests pass over what is none of their business: nulls, and quotes within values",
  rig(async ({ dir, write, sluice }) => {
    await write({
      "models/p.sql": table("select 1 as id"),
      "models/a.sql": table("select 1 as id, 'it''s' as s union all select null, null union all select null, null"),
      "models/s.yml": `models:
  - name: a
    columns:
      - name: id
        data_tests:
          - unique: {name: once}
          - not_null: {name: given}
          - relationships: {name: related, arguments: {to: ref('p'), field: id}}
      - name: s
        data_tests:
          - accepted_values: {name: known, arguments: {values: ["it's"]}}
`,
    });
    expect((await sluice("build")).code).toBe(1);
    expect(await verdicts(dir)).toEqual({ once: "pass 0", given: "fail 2", related: "pass 0", known: "pass 0" });
  }),
);

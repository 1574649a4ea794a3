/** What dbt says and refuses, where projects and tools rely on it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

interface Result {
  readonly unique_id: string;
  readonly status: string;
  readonly message: string;
}

async function resultsOf(dir: string): Promise<Map<string, Result>> {
  const { results } = JSON.parse(await readFile(join(dir, "target", "run_results.json"), "utf8")) as {
    results: Result[];
  };
  return new Map(results.map((result) => [result.unique_id.split(".").at(-1)!, result]));
}

test(
  "a contract is kept by views too, and what does not match is told in dbt's table",
  rig(async ({ dir, write, sluice }) => {
    await write({
      "models/v.sql": "select 1 as id, 'a' as title, 2 as more",
      "models/s.yml": `models:
  - name: v
    config: {contract: {enforced: true}}
    columns: [{name: id, data_type: text}, {name: name, data_type: integer}]
`,
    });
    const { code, stdout } = await sluice("run");
    expect(code).toBe(1);
    expect(stdout).toContain("Compilation Error in model v (models/v.sql)");
    const { message } = (await resultsOf(dir)).get("v")!;
    expect(message).toContain("This model has an enforced contract that failed.");
    expect(message).toContain(`
  | column_name | definition_type | contract_type | mismatch_reason       |
  | ----------- | --------------- | ------------- | --------------------- |
  | id          | INT             | TEXT          | data type mismatch    |
  | name        |                 | INT           | missing in definition |
  | title       | TEXT            |               | missing in contract   |
  | more        | INT             |               | missing in contract   |`);
  }),
);

test(
  "new rows of an incremental model that break its contract fail the model, not the publication",
  rig(async ({ dir, write, sluice, rows }) => {
    const head = "{{ config(materialized='incremental', unique_key='id') }}";
    await write({
      "models/i.sql": `${head}select 1 as id, 'a' as name`,
      "models/s.yml": `models:
  - name: i
    config: {contract: {enforced: true}}
    columns:
      - {name: name, data_type: text, constraints: [{type: not_null}]}
      - {name: id, data_type: integer, constraints: [{type: check, expression: id < 9}]}
`,
    });
    expect((await sluice("run")).code).toBe(0);
    for (const [row, said] of [
      ["2 as id, null::text as name", 'null value in column "name"'],
      ["9 as id, 'b' as name", "violates check constraint"],
    ] as const) {
      await write({ "models/i.sql": `${head}select ${row}` });
      expect((await sluice("run")).code).toBe(1);
      const { status, message } = (await resultsOf(dir)).get("i")!;
      expect([status, message]).toEqual(["error", expect.stringContaining(said)]);
      expect(message).toMatch(/^Database Error in model i /);
    }
    await write({ "models/i.sql": `${head}select 2 as id, 'b' as name` });
    expect((await sluice("run")).code).toBe(0);
    expect(await rows("select id, name from analytics.i order by id")).toEqual([
      { id: 1, name: "a" },
      { id: 2, name: "b" },
    ]);
  }),
);

test(
  "what is described and not there is warned of each time, and is an error with --warn-error",
  rig(async ({ write, sluice }) => {
    await write({
      "models/t.sql": "{{ config(materialized='table', persist_docs={'columns': true}) }}select 1 as id, 2 as other",
      "models/w.sql": "{% if execute %}{% do exceptions.warn('mind the gap') %}{% endif %}select 1 as id",
      "models/s.yml": `models:
  - name: t
    columns: [{name: id, description: the key}, {name: odd, description: not there}, {name: off, description: gone}]
`,
    });
    const missing = "The following columns are specified in the schema but are not present in the database: odd, off";
    for (const _ of ["built", "reused"]) {
      const { code, all } = await sluice("run", "--select", "t");
      expect([code, all]).toEqual([0, expect.stringContaining(missing)]);
    }
    const strict = await sluice("--warn-error", "run", "--select", "t");
    expect([strict.code, strict.stdout]).toEqual([1, expect.stringContaining("Compilation Error in model t")]);
    expect((await sluice("run", "--select", "w")).all).toContain("[WARNING]: mind the gap");
    const stopped = await sluice("--warn-error", "run", "--select", "w", "--full-refresh");
    expect([stopped.code, stopped.all]).toEqual([1, expect.stringContaining("mind the gap")]);
    const chosen = await sluice(
      "run",
      "--select",
      "w",
      "--warn-error-options",
      "{error: all, warn: [JinjaLogWarning]}",
      "--full-refresh",
    );
    expect(chosen.code).toBe(0);
  }),
);

test(
  "a project's own way to read columns is used, also where it reads none",
  rig(async ({ write, sluice, rows }) => {
    const model = (setting: string, more = "") =>
      `{{ config(materialized='incremental', unique_key='id', on_schema_change='${setting}') }}
select 1 as id, 'a' as name${more}`;
    await write({
      "macros/columns.sql": `{% macro postgres__get_columns_in_relation(relation) -%}
  {%- if '__dbt_tmp' in relation.identifier -%}{{ return([]) }}{%- endif -%}
  {%- set found = run_query("select column_name, data_type, character_maximum_length, numeric_precision, numeric_scale from " ~ relation.information_schema('columns') ~ " where table_name = '" ~ relation.identifier ~ "' order by ordinal_position") -%}
  {{ return(sql_convert_columns_in_relation(found)) }}
{%- endmacro %}`,
      "models/sync.sql": model("sync_all_columns"),
      "models/append.sql": model("append_new_columns"),
      "models/names.sql":
        "{{ config(materialized='table') }}select '{{ adapter.get_columns_in_relation(ref('sync')) | map(attribute='data_type') | join(' ') }}' as types",
    });
    const first = await sluice("run");
    expect(first.code, first.all).toBe(0);
    expect(await rows("select types from analytics.names")).toEqual([{ types: "integer text" }]);
    await write({ "models/append.sql": model("append_new_columns", ", 1 as more") });
    const { code, all } = await sluice("run", "--select", "sync", "append", "--force");
    expect([code, all]).toEqual([1, expect.stringContaining("'sync_all_columns' cannot be followed")]);
    expect(all).toContain("[WARNING]: Could not read any columns of");
  }),
);

test(
  "adapter_macro is refused by name, with what has taken its place",
  rig(async ({ write, sluice }) => {
    await write({ "models/a.sql": "select {{ adapter_macro('my_macro', 1) }} as id" });
    const { code, all } = await sluice("run");
    expect([code, all]).toEqual([2, expect.stringContaining('The "adapter_macro" macro has been deprecated')]);
  }),
);

test(
  "indexes of a materialized view stay with continue and fail, and change with apply",
  rig(async ({ write, sluice, rows }) => {
    const indexes = () =>
      rows(`select pg_get_indexdef(indexrelid, 1, true) as name from pg_index
where indrelid = 'analytics.m'::regclass order by 1`);
    const model = (column: string, on: string) =>
      write({
        "models/m.sql": `{{ config(materialized='materialized_view', on_configuration_change='${on}', indexes=[{'columns': ['${column}']}]) }}
select 1 as id, 2 as value`,
      });
    await model("id", "continue");
    expect((await sluice("run")).code).toBe(0);
    const identified = (on: string) =>
      `Configuration changes were identified and \`on_configuration_change\` was set to \`${on}\` for`;
    await model("value", "continue");
    const kept = await sluice("run");
    expect([kept.code, kept.all]).toEqual([0, expect.stringContaining(identified("continue"))]);
    expect(await indexes()).toEqual([{ name: "id" }]);
    await model("value", "fail");
    const refused = await sluice("run");
    expect([refused.code, refused.all]).toEqual([1, expect.stringContaining(identified("fail"))]);
    expect((await sluice("run", "--direct")).code).toBe(1);
    expect(await indexes()).toEqual([{ name: "id" }]);
    await model("value", "apply");
    const applied = await sluice("--debug", "run");
    expect([applied.code, applied.all]).toEqual([
      0,
      expect.stringMatching(/Applying REPLACE to: ".*"\."analytics"\."m"/),
    ]);
    expect(await indexes()).toEqual([{ name: "value" }]);
  }),
);

test(
  "sources.json tells times, thresholds and the server's answer as dbt does",
  rig(async ({ dir, write, sluice, rows }) => {
    await rows("create schema raw; create table raw.events as select timestamp '2024-01-02 03:04:05' as at");
    await write({
      "models/s.yml": `sources:
  - name: raw
    loaded_at_field: at
    tables: [{name: events, config: {freshness: {warn_after: {count: 1, period: day}, error_after: null}}}]
`,
    });
    expect((await sluice("source", "freshness")).code).toBe(0);
    const { results } = JSON.parse(await readFile(join(dir, "target", "sources.json"), "utf8"));
    expect(results).toMatchObject([
      {
        status: "warn",
        max_loaded_at: "2024-01-02T03:04:05+00:00",
        criteria: { warn_after: { count: 1, period: "day" }, error_after: null, filter: null },
        adapter_response: { _message: "SELECT 1", code: "SELECT", rows_affected: 1 },
      },
    ]);
    const { code, all } = await sluice("ls", "--select", "source_status:fresher", "--state", "elsewhere");
    expect([code, all]).toEqual([2, expect.stringContaining("No previous state comparison freshness results")]);
  }),
);

test(
  "compile asks nothing of the database with --no-introspect",
  rig(async ({ write, sluice }) => {
    await write({
      "models/a.sql": "select 1 as id",
      "models/asks.sql": "{% set found = run_query('select 1') %}select {{ found.columns[0].values()[0] }} as id",
    });
    expect((await sluice("compile")).code).toBe(0);
    const { code, all } = await sluice("compile", "--no-introspect");
    expect([code, all]).toEqual([1, expect.stringContaining("connection never acquired for thread")]);
    expect((await sluice("compile", "--no-introspect", "--select", "a")).code).toBe(0);
  }),
);

test(
  "mistakes that dbt refuses are refused where they are written",
  rig(async ({ write, sluice }) => {
    const unit = (input: string, rows: string) => `unit_tests:
  - name: t
    model: m
    given: [{input: ref('${input}')${rows}}]
    expect: {format: csv, fixture: wanted}
`;
    const tried: Record<string, readonly [files: Record<string, string>, said: string]> = {
      hooks: [
        { "models/h.sql": "{{ config({'pre_hook': 'a', 'pre-hook': 'b'}) }}select 1 as id" },
        "which are the same",
      ],
      enabled: [
        { "models/e.sql": "{{ config(enabled='false') }}select 1 as id" },
        '"enabled" of "e" must be true or false',
      ],
      input: [{ "models/u.yml": unit("nothing", "") }, "Unable to find seed 'shop.nothing' for unit tests"],
      fixtures: [
        { "models/u.yml": unit("s", ", rows: [{id: 1}]"), "tests/fixtures/b/wanted.csv": "id\n1\n" },
        "There are 2 fixtures",
      ],
    };
    const project = {
      "seeds/s.csv": "id\n1\n",
      "models/m.sql": "select id from {{ ref('s') }}",
      "tests/fixtures/a/wanted.csv": "id\n1\n",
    };
    await write(project);
    for (const [files, said] of Object.values(tried)) {
      await write(files);
      const { code, all } = await sluice("parse");
      expect([code, all]).toEqual([2, expect.stringContaining(said)]);
      await write(
        Object.fromEntries(Object.keys(files).map((file) => [file, file.endsWith(".sql") ? "select 1 as id" : ""])),
      );
    }
    await write({
      "models/schema.yml": "seeds: [{name: s, config: {delimiter: ''}}]",
      "tests/fixtures/b/wanted.csv": "",
    });
    const empty = await sluice("seed");
    expect([empty.code, empty.all]).toEqual([1, expect.stringContaining("Compilation Error in seed s (seeds/s.csv)")]);
  }),
);

test(
  "analyses are described in property files, and CTEs of ephemeral models join those of a recursive query as in dbt",
  rig(async ({ dir, write, sluice }) => {
    await write({
      "analyses/a.sql": "select 1 as id",
      "analyses/s.yml": "analyses: [{name: a, description: how many}]",
      "models/e.sql": "{{ config(materialized='ephemeral') }}select 1 as n",
      "models/r.sql":
        "with recursive t(n) as (select n from {{ ref('e') }} union all select n + 1 from t where n < 3)\nselect n from t",
    });
    expect((await sluice("compile")).code).toBe(0);
    const { nodes } = JSON.parse(await readFile(join(dir, "target", "manifest.json"), "utf8"));
    expect(nodes["analysis.shop.a"]).toMatchObject({ description: "how many" });
    expect(nodes["model.shop.r"].compiled_code).toMatch(
      /^with recursive {2}__dbt__cte__e as \(\nselect 1 as n\n\), t\(n\) as \(/,
    );
  }),
);

test(
  "wrong settings of nodes that are not selected stop nothing, and are warned of",
  rig(async ({ write, sluice }) => {
    await write({
      "models/good.sql": "select 1 as id",
      "models/bad.sql": "{{ config(materialized='incremental', incremental_strategy='odd') }}select 1 as id",
      "tests/t.sql": "{{ config(store_failures_as='odd') }}select 1 as id where false",
    });
    const run = await sluice("run", "--select", "good");
    expect([run.code, run.stderr]).toEqual([
      0,
      expect.stringMatching(/strategy-unknown[^]*store_failures_as[^]*2 warnings/),
    ]);
    expect((await sluice("ls")).code).toBe(0);
    for (const args of [["run"], ["build", "--select", "bad"], ["test"], ["plan"], ["parse"]]) {
      const { code, stderr } = await sluice(...args);
      expect([args, code, stderr]).toEqual([args, 2, expect.stringContaining("error")]);
    }
  }),
);

test(
  "a materialization block that takes no SQL is refused, and the project's version must be one",
  rig(async ({ write, sluice }) => {
    await write({
      "macros/m.sql": `{% materialization other, default, supported_languages=['python'] %}{{ return({}) }}{% endmaterialization %}`,
      "models/a.sql": "{{ config(materialized='other') }}select 1 as id",
    });
    const { code, all } = await sluice("run");
    expect([code, all]).toEqual([1, expect.stringContaining('Materialization "other" only supports languages python')]);
    await write({ "dbt_project.yml": "name: shop\nprofile: shop\nversion: invalid\ndbt-cloud: some\n" });
    const project = await sluice("parse");
    expect(project.code).toBe(2);
    for (const said of ["['version']: 'invalid' is not valid", "['dbt-cloud']: 'some' is not valid"])
      expect(project.all).toContain(said);
  }),
);

test(
  "docs generate puts assets beside the artifacts and beside the page",
  rig(async ({ dir, write, sluice }) => {
    await write({
      "dbt_project.yml": "name: shop\nprofile: shop\nasset-paths: [assets, missing]\n",
      "assets/a/logo.txt": "a picture",
      "models/m.sql": "select 1 as id",
    });
    expect((await sluice("docs", "generate")).code).toBe(0);
    for (const folder of ["target", "target/site"])
      expect(await readFile(join(dir, folder, "assets", "a", "logo.txt"), "utf8")).toBe("a picture");
  }),
);

test(
  "a build with nothing to do fills a target folder that was cleaned",
  rig(async ({ dir, write, sluice }) => {
    await write({ "models/m.sql": "select 1 as id" });
    for (let i = 0; i < 2; i++) expect((await sluice("run")).code).toBe(0);
    expect((await sluice("run")).stdout).toContain("nothing to do");
    expect((await sluice("clean")).code).toBe(0);
    expect((await sluice("run")).code).toBe(0);
    expect(JSON.parse(await readFile(join(dir, "target", "manifest.json"), "utf8")).nodes).toHaveProperty(
      "model.shop.m",
    );
  }),
);

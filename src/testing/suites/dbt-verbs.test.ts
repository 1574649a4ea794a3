/** dbt's further verbs, as orchestrators and people call them. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rig, type Rig } from "../rig.ts";

const artifact = async <T>(dir: string, name: string): Promise<T> =>
  JSON.parse(await readFile(join(dir, "target", name), "utf8")) as T;

interface RunResults {
  results: { unique_id: string; status: string }[];
  args: Record<string, unknown>;
}

const SHOP = {
  "seeds/s.csv": "id,name\n1,a\n2,b\n",
  "models/stg.sql": "select id, name, now() as loaded_at from {{ ref('s') }}",
  "models/mart.sql": "{{ config(materialized='table') }}\nselect id, name from {{ ref('stg') }}",
};

test(
  "docs generate writes a catalog of relations as the database holds them, and a manifest with compiled SQL",
  rig(async ({ dir, write, sluice, rows }) => {
    await write({
      ...SHOP,
      "models/schema.yml": `
sources: [{name: raw, schema: raw, tables: [{name: events}, {name: gone}]}]
models: [{name: mart, description: "It's the mart", config: {persist_docs: {relation: true}}}]`,
    });
    await rows("create schema raw");
    await rows("create table raw.events (id int, old text, at timestamptz, amount numeric(12,2))");
    await rows("alter table raw.events drop column old; comment on column raw.events.amount is 'in euros'");
    expect((await sluice("build")).code).toBe(0);
    expect((await sluice("docs", "generate")).code).toBe(0);
    type Entry = { metadata: object; columns: Record<string, object> };
    const catalog = await artifact<{ nodes: Record<string, Entry>; sources: Record<string, Entry> }>(
      dir,
      "catalog.json",
    );
    expect(Object.keys(catalog.nodes).toSorted()).toEqual(["model.shop.mart", "model.shop.stg", "seed.shop.s"]);
    expect(Object.keys(catalog.sources)).toEqual(["source.shop.raw.events"]);
    expect(catalog.nodes["model.shop.stg"]!.metadata).toMatchObject({
      type: "VIEW",
      schema: "analytics",
      comment: null,
    });
    expect(catalog.nodes["model.shop.mart"]!.metadata).toMatchObject({ type: "BASE TABLE", comment: "It's the mart" });
    expect(catalog.sources["source.shop.raw.events"]!.columns).toEqual({
      id: { type: "integer", index: 1, name: "id", comment: null },
      at: { type: "timestamp with time zone", index: 3, name: "at", comment: null },
      amount: { type: "numeric(12,2)", index: 4, name: "amount", comment: "in euros" },
    });
    const { nodes } = await artifact<{ nodes: Record<string, Record<string, unknown>> }>(dir, "manifest.json");
    expect(nodes["model.shop.mart"]).toMatchObject({
      compiled: true,
      compiled_path: "target/compiled/shop/models/mart.sql",
      compiled_code: expect.stringContaining('"analytics"."stg"'),
    });
    await sluice("docs", "generate", "--no-compile", "--empty-catalog");
    expect((await artifact<{ nodes: object }>(dir, "catalog.json")).nodes).toEqual({});
  }),
);

test(
  "source freshness passes, warns and fails by the age of the newest row, and says what cannot be told",
  rig(async ({ dir, write, sluice, rows }) => {
    await write({
      "dbt_project.yml": "name: shop\nprofile: shop\non-run-start: create table if not exists hooked (n int)\n",
      "models/sources.yml": `
sources:
  - name: raw
    freshness: {warn_after: {count: 1, period: hour}, error_after: {count: 1, period: day}}
    loaded_at_field: at
    tables:
      - {name: fresh}
      - {name: late}
      - {name: stale}
      - {name: mixed}
      - {name: filtered, identifier: mixed, freshness: {filter: "{{ 'id' }} > 0"}}
      - {name: asked, identifier: stale, loaded_at_query: "select max(at) + interval '3 days' from {{ this }}"}
      - {name: naive, loaded_at_field: at_utc, identifier: fresh}
      - {name: empty, identifier: nothing}
      - {name: wrong, identifier: fresh, loaded_at_field: nope}
      - {name: silent, freshness: null}`,
    });
    await rows("create schema raw");
    for (const [name, age] of [
      ["fresh", "1 minute"],
      ["late", "2 hours"],
      ["stale", "3 days"],
    ]) {
      await rows(`create table raw.${name} as select 1 as id, now() - interval '${age}' as at,
        (now() - interval '${age}') at time zone 'UTC' as at_utc`);
    }
    await rows("create table raw.mixed as table raw.stale; insert into raw.mixed (id, at) values (0, now())");
    await rows("create table raw.nothing as table raw.fresh with no data");
    const { code, stdout, stderr } = await sluice("source", "freshness");
    expect(code).toBe(1);
    const { results } = await artifact<{ results: Record<string, unknown>[] }>(dir, "sources.json");
    const told = Object.fromEntries(results.map((r) => [String(r["unique_id"]).split(".").at(-1), r["status"]]));
    expect(told).toEqual({
      fresh: "pass",
      late: "warn",
      stale: "error",
      mixed: "pass",
      filtered: "error",
      asked: "pass",
      naive: "pass",
      empty: "error",
      wrong: "runtime error",
    });
    expect(results.find((r) => r["unique_id"] === "source.shop.raw.filtered")!["criteria"]).toEqual({
      warn_after: { count: 1, period: "hour" },
      error_after: { count: 1, period: "day" },
      filter: "id > 0",
    });
    expect(stdout).toMatch(/\d of 9 PASS freshness of raw\.fresh \.+ \[PASS in/);
    expect(stdout).toMatch(/ERROR STALE freshness of raw\.stale/);
    expect(stderr).toContain('column "nope" does not exist');
    expect(await rows("select * from hooked")).toEqual([]);
    expect((await sluice("source", "freshness", "-s", "source:raw.fresh source:raw.late")).code).toBe(0);
  }),
);

test(
  "run-operation calls a macro with arguments, and what it does stays",
  rig(async ({ dir, write, sluice, rows }) => {
    await write({
      "macros/op.sql": `{% macro keep(n, name='x') %}
{% do run_query("create table kept as select " ~ n ~ " as n, '" ~ name ~ "' as name") %}
{% set found = run_query('select count(*) as c from kept') %}
{{ log('kept ' ~ found.columns[0].values()[0], info=true) }}
{% endmacro %}`,
    });
    const { code, stdout } = await sluice("run-operation", "keep", "--args", "{n: 7, name: it}");
    expect([code, stdout]).toEqual([0, expect.stringContaining("kept 1")]);
    expect(await rows("select * from kept")).toEqual([{ n: 7, name: "it" }]);
    const { results, args } = await artifact<RunResults>(dir, "run_results.json");
    expect(results).toMatchObject([{ unique_id: "macro.shop.keep", status: "success" }]);
    expect(args["which"]).toBe("run-operation");
    expect((await sluice("run-operation", "keep", "--args", "{n: 7}")).code).toBe(1);
    expect((await sluice("run-operation", "--sql", "drop table kept")).code).toBe(0);
    const wrong = await sluice("run-operation", "kep");
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('No macro named "kep"')]);
    expect(wrong.stderr).toContain('did you mean "keep"?');
  }),
);

test(
  "retry runs what failed and what was skipped because of it, with the flags of that run",
  rig(async ({ dir, write, sluice, rows }) => {
    await write({
      ...SHOP,
      "models/stg.sql": "select id, name, 1 / {{ var('by') }} as share from {{ ref('s') }}",
      "models/other.sql": "select 1 as id",
      "models/mart.sql": "{{ config(materialized='table') }}\nselect * from {{ ref('stg') }}",
      "models/after.sql": "select * from {{ ref('mart') }}",
    });
    expect((await sluice("retry")).code).toBe(2);
    expect((await sluice("build", "--direct", "--vars", "{by: 0}")).code).toBe(1);
    await write({
      "models/mart.sql": "{{ config(materialized='table') }}\nselect id, {{ var('by') }} as by from {{ ref('s') }}",
    });
    expect((await sluice("retry", "--direct")).code).toBe(0);
    const { results, args } = await artifact<RunResults>(dir, "run_results.json");
    expect(results.map((r) => r.unique_id).toSorted()).toEqual(["model.shop.after", "model.shop.mart"]);
    expect(args).toMatchObject({ which: "build", vars: { by: 0 } });
    const again = await sluice("retry");
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("Nothing to retry")]);
    // Published together: what was built beside the failure was not published, and is planned again.
    await write({ "models/mart.sql": "{{ config(materialized='table') }}\nselect 1 / {{ var('by') }} as id" });
    await write({ "models/other.sql": "select 2 as id" });
    expect((await sluice("build", "--vars", "{by: 0}")).code).toBe(1);
    expect((await sluice("retry", "--vars", "{by: 1}")).code).toBe(0);
    expect(await rows("select id from analytics.other")).toEqual([{ id: 2 }]);
  }),
);

async function production({ dir, write, sluice, url }: Rig): Promise<string> {
  await write({
    "profiles.yml": `shop:
  target: dev
  outputs:
    dev: {type: postgres, url: '${url}', schema: dev, threads: 2}
    prod: {type: postgres, url: '${url}', schema: prod, threads: 2}
`,
    ...SHOP,
  });
  const state = join(dir, "state");
  expect((await sluice("build", "--target", "prod", "--target-path", state)).code).toBe(0);
  return state;
}

test(
  "--defer reads what is not here from where the other run built it, and --favor-state even what is here",
  rig(async (rig) => {
    const { sluice, rows, write } = rig;
    const state = await production(rig);
    expect((await sluice("run", "-s", "mart", "--defer", "--state", state)).code).toBe(0);
    expect(await rows("select * from dev.mart order by id")).toHaveLength(2);
    expect(await rows("select 1 from pg_views where schemaname = 'dev'")).toEqual([]);
    await write({ "models/stg.sql": "select 9 as id, 'here' as name" });
    await sluice("run", "-s", "stg");
    await sluice("run", "-s", "mart", "--defer", "--state", state);
    expect(await rows("select id from dev.mart")).toEqual([{ id: 9 }]);
    await sluice("run", "-s", "mart", "--defer", "--favor-state", "--defer-state", state);
    expect(await rows("select id from dev.mart order by id")).toEqual([{ id: 1 }, { id: 2 }]);
    const { code, stderr } = await sluice("run", "--defer");
    expect([code, stderr]).toEqual([2, expect.stringContaining("--defer needs to know which run")]);
  }),
);

test(
  "clone stands in views of the other run's relations, and leaves alone what is here",
  rig(async (rig) => {
    const { sluice, rows } = rig;
    const state = await production(rig);
    await sluice("run", "-s", "stg", "--defer", "--state", state);
    expect((await sluice("clone", "--state", state)).code).toBe(0);
    const views = await rows<{ viewname: string }>("select viewname from pg_views where schemaname = 'dev' order by 1");
    expect(views.map((v) => v.viewname)).toEqual(["mart", "s", "stg"]);
    expect(await rows("select * from dev.mart")).toHaveLength(2);
    expect((await sluice("clone", "--state", state)).stdout).toContain("model.shop.mart: No-op");
  }),
);

test(
  "state: finds what is new and what changed in text, configuration, macros and seeds",
  rig(async (rig) => {
    const { sluice, write } = rig;
    const state = await production(rig);
    const ls = async (...words: string[]): Promise<string[]> => {
      const { stdout } = await sluice("ls", "--state", state, "--output", "name", "-s", ...words);
      return stdout.trim().split("\n").filter(Boolean);
    };
    expect(await ls("state:modified")).toEqual([]);
    expect(await ls("state:unmodified")).toEqual(["mart", "stg", "s"]);
    await write({ "models/mart.sql": "{{ config(materialized='view') }}\nselect id, name from {{ ref('stg') }}" });
    expect(await ls("state:modified")).toEqual(["mart"]);
    expect(await ls("state:modified.configs")).toEqual(["mart"]);
    expect(await ls("state:modified.relation")).toEqual([]);
    await write({ "seeds/s.csv": "id,name\n1,a\n3,c\n", "models/fresh.sql": "select {{ one() }} as id" });
    await write({ "macros/one.sql": "{% macro one() %}{{ two() }}{% endmacro %}{% macro two() %}1{% endmacro %}" });
    expect(await ls("state:new")).toEqual(["fresh"]);
    expect(await ls("state:modified.body")).toEqual(["fresh", "mart", "s"]);
    await sluice("build", "--target", "prod", "--target-path", state);
    expect(await ls("state:modified")).toEqual([]);
    await write({ "macros/one.sql": "{% macro one() %}{{ two() }}{% endmacro %}{% macro two() %}2{% endmacro %}" });
    expect(await ls("state:modified.macros")).toEqual(["fresh"]);
    expect(await ls("state:modified+")).toEqual(["fresh"]);
    expect(await ls("result:success,resource_type:model")).toEqual(["fresh", "mart", "stg"]);
    const { code, stderr } = await sluice("ls", "--state", state, "-s", "state:modifed");
    expect([code, stderr]).toEqual([2, expect.stringContaining('did you mean "modified"?')]);
  }),
);

test(
  "state: what is written the same is the same, whatever each target makes of it",
  rig(async (rig) => {
    const { sluice, write } = rig;
    await write({
      "models/by_name.sql": "{{ config(schema=target.name, meta={'at': target.name}) }} select 1 as id",
      "models/by_yaml.sql": "select 1 as id",
      "models/s.yml": "models: [{name: by_yaml, config: {schema: '{{ target.name }}', tags: ['{{ target.name }}']}}]",
    });
    const state = await production(rig);
    const modified = async (): Promise<string> => (await sluice("ls", "--state", state, "-s", "state:modified")).stdout;
    expect(await modified()).toBe("");
    await write({ "models/s.yml": "models: [{name: by_yaml, config: {schema: '{{ target.schema }}'}}]" });
    expect(await modified()).toBe("shop.by_yaml\n");
  }),
);

test(
  "source_status:fresher selects what follows sources with newer rows than at the other check",
  rig(async ({ dir, write, sluice, rows }) => {
    await write({
      "models/sources.yml":
        "sources: [{name: raw, loaded_at_field: at, freshness: {warn_after: {count: 1, period: day}}, tables: [{name: a}, {name: b}]}]",
      "models/from_a.sql": "select * from {{ source('raw', 'a') }}",
      "models/from_b.sql": "select * from {{ source('raw', 'b') }}",
    });
    await rows("create schema raw; create table raw.a as select now() as at; create table raw.b as select now() as at");
    await sluice("source", "freshness", "--target-path", join(dir, "state"));
    await rows("insert into raw.b values (now())");
    await sluice("source", "freshness");
    const { stdout } = await sluice("ls", "-s", "source_status:fresher+", "--state", "state", "--output", "name");
    expect(stdout.trim().split("\n")).toEqual(["from_b", "raw.b"]);
  }),
);

test(
  "selectors.yml names selections, with relatives, exclusions and one another; a default stands for no words",
  rig(async ({ write, sluice }) => {
    await write({
      ...SHOP,
      "models/off.sql": "{{ config(tags=['night']) }} select 1 as id",
      "selectors.yml": `
selectors:
  - name: night
    description: what runs at night
    definition: "tag:night"
  - name: marts
    definition: {method: fqn, value: mart, parents: true, parents_depth: 1, exclude: [{method: fqn, value: off}]}
  - name: both
    definition:
      union:
        - {method: selector, value: night}
        - intersection: ["mart+", {config.materialized: table}]
        - exclude: [{resource_type: seed}]
  - name: usual
    default: "{{ target.name == 'dev' | as_bool }}"
    definition: {resource_type: seed}
`,
    });
    const ls = async (...args: string[]): Promise<string> =>
      (await sluice("ls", "--output", "name", ...args)).stdout.trim().replaceAll("\n", " ");
    expect(await ls("--selector", "night")).toBe("off");
    expect(await ls("--selector", "marts")).toBe("mart stg");
    expect(await ls("--selector", "both")).toBe("mart off");
    expect(await ls()).toBe("s");
    expect(await ls("-s", "stg")).toBe("stg");
    await write({
      "selectors.yml": "selectors: [{name: a, definition: {methud: x, value: y}}, {name: b, definition: {tagg: x}}]",
    });
    const { code, stderr } = await sluice("ls");
    expect(code).toBe(2);
    expect(stderr).toContain('Selector "a" cannot be read');
    expect(stderr).toContain('"tagg" is not a selection method');
  }),
);

test(
  "--empty builds the shape of everything, and no rows",
  rig(async ({ write, sluice, rows }) => {
    await write({ ...SHOP, "models/stg.sql": "select id, name from {{ ref('s') }}" });
    expect((await sluice("build")).code).toBe(0);
    expect((await sluice("run", "--empty")).code).toBe(0);
    expect(await rows("select * from analytics.mart")).toEqual([]);
    expect(await rows("select * from analytics.stg")).toEqual([]);
  }),
);

test(
  "--warn-error makes warnings errors, by name where options say so, and tests that warn fail",
  rig(async ({ write, sluice }) => {
    await write({
      "models/m.sql": "select 1 as id",
      "models/schema.yml": "models: [{name: gone}, {name: m, data_tests: [{rows: {config: {severity: warn}}}]}]",
      "tests/generic/rows.sql": "{% test rows(model) %}select * from {{ model }}{% endtest %}",
    });
    expect((await sluice("build")).code).toBe(0);
    expect((await sluice("build", "--warn-error")).code).toBe(2);
    expect((await sluice("build", "--warn-error-options", "{error: [NoNodeForYamlKey]}")).code).toBe(2);
    const silent = await sluice("build", "--warn-error-options", "{silence: [NoNodeForYamlKey]}");
    expect([silent.code, silent.stderr]).toEqual([0, ""]);
    const failed = await sluice("build", "--warn-error-options", "{error: all, warn: [NoNodeForYamlKey]}");
    expect([failed.code, failed.stdout]).toEqual([1, expect.stringContaining("FAIL 1 rows_m_")]);
  }),
);

test(
  "--store-failures keeps failing rows of tests that do not say; flags: and DBT_… stand for options, in dbt's order",
  rig(async ({ dir, write, sluice, start, rows }) => {
    await write({
      "models/m.sql": "select 1 as id",
      "models/schema.yml": "models: [{name: m, data_tests: [rows]}]",
      "tests/generic/rows.sql": "{% test rows(model) %}select * from {{ model }}{% endtest %}",
    });
    await sluice("build", "--store-failures");
    expect(await rows("select * from analytics_dbt_test__audit.rows_m_")).toEqual([{ id: 1 }]);
    await write({ "dbt_project.yml": "name: shop\nprofile: shop\nflags: {write_json: false, warn_error: true}\n" });
    await write({ "models/more.yml": "models: [{name: gone}]" });
    expect((await sluice("parse", "--target-path", "a")).code).toBe(2);
    expect((await sluice("parse", "--no-warn-error", "--target-path", "b")).code).toBe(0);
    const env = { DBT_WARN_ERROR: "false", DBT_WRITE_JSON: "true" };
    expect((await start(["parse", "--target-path", "c"], { env }).done).code).toBe(0);
    expect([existsSync(join(dir, "b")), existsSync(join(dir, "c", "manifest.json"))]).toEqual([false, true]);
    const wrong = await start(["parse"], { env: { DBT_WARN_ERROR: "maybe" } }).done;
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("$DBT_WARN_ERROR must be true or false")]);
  }),
);

test(
  "--log-path keeps the whole log in a file, statements included, whatever the terminal shows",
  rig(async ({ dir, write, sluice }) => {
    await write({ "models/m.sql": "select 42 as answer" });
    expect((await sluice("run", "--quiet", "--log-path", "logs")).stdout).toBe("");
    const text = await readFile(join(dir, "logs", "dbt.log"), "utf8");
    expect(text).toMatch(/^\d\d:\d\d:\d\d\.\d{6} \[info \] \[MainThread\]: Found 1 model$/m);
    expect(text).toMatch(/^[\d:.]+ \[debug\] \[Thread-1\]: Began running node model\.shop\.m$/m);
    expect(text).toContain("select 42 as answer");
    await sluice("run", "--log-path", "json", "--log-format-file", "json", "--log-level-file", "info");
    const lines = (await readFile(join(dir, "json", "dbt.log"), "utf8")).trim().split("\n");
    const names = lines.map((line) => (JSON.parse(line) as { info: { name: string } }).info.name);
    expect(names).toEqual(expect.arrayContaining(["MainReportVersion", "LogStartLine", "StatsLine"]));
    expect(names).not.toContain("SQLQuery");
  }),
);

test(
  "deps installs local and git packages, and what they ask for, and locks the commit",
  rig(async ({ dir, write, sluice }) => {
    const repository = join(dir, "..", `${dir.split("/").at(-1)}-git`);
    await mkdir(join(repository, "sub", "macros"), { recursive: true });
    await writeFile(join(repository, "sub", "dbt_project.yml"), "name: far\n");
    await writeFile(join(repository, "sub", "macros", "m.sql"), "{% macro n() %}41{% endmacro %}");
    const git = (...args: string[]): string =>
      execFileSync("git", ["-c", "user.name=x", "-c", "user.email=x@example.org", ...args], {
        cwd: repository,
        encoding: "utf8",
      }).trim();
    git("init", "--quiet", "--initial-branch", "main");
    git("add", "-A");
    git("commit", "--quiet", "-m", "one");
    const commit = git("rev-parse", "HEAD");
    await write({
      "near/dbt_project.yml": "name: near\n",
      "near/packages.yml": `packages: [{git: "${repository}", subdirectory: sub, revision: main}]`,
      "near/macros/m.sql": "{% macro n() %}{{ far.n() }} + 1{% endmacro %}",
      "packages.yml": "packages: [{local: near}]",
      "models/m.sql": "select {{ near.n() }} as id",
    });
    expect((await sluice("parse")).stderr).toContain("sluice deps");
    const { code, stdout } = await sluice("deps");
    expect([code, stdout]).toEqual([0, expect.stringContaining("Installed near from near")]);
    expect(await readFile(join(dir, "package-lock.yml"), "utf8")).toContain(`revision: ${commit}`);
    expect((await sluice("build")).code).toBe(0);
    git("commit", "--quiet", "--allow-empty", "-m", "two");
    await write({ "packages.yml": `packages: [{local: near}, {git: "${repository}", revision: nowhere}]` });
    const wrong = await sluice("deps");
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("cannot be cloned")]);
    expect(existsSync(join(dir, "dbt_packages", "far", "dbt_project.yml"))).toBe(true);
  }),
);

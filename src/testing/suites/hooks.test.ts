import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

const PROJECT = "name: shop\nversion: '1.0'\nprofile: shop\n";

async function statuses(dir: string): Promise<string[][]> {
  const text = await readFile(join(dir, "target", "run_results.json"), "utf8");
  const { results } = JSON.parse(text) as { results: { unique_id: string; status: string }[] };
  return results.map((r) => [r.unique_id, r.status]);
}

test(
  "on-run-start runs before the first node and on-run-end after the last, which sees the results",
  rig(async ({ dir, write, sluice, rows }) => {
    await write({
      "dbt_project.yml": `${PROJECT}on-run-start:\n  - create table if not exists audit (at serial, what text)\n  - insert into audit (what) values ('start')\non-run-end:\n  - "{% for r in results %}insert into audit (what) values ('{{ r.node.name }} {{ r.status }} {{ r.node.config.full_refresh is none }} {{ r.node.config.get('nothing', 1) }}');{% endfor %}"\n`,
      "models/a.sql":
        "{{ config(materialized='table', post_hook=\"insert into audit (what) values ('hook of {{ this.name }}')\") }} select 1 as id",
      "models/b.sql": "{{ config(materialized='table') }} select 1 / 0 as id from {{ ref('a') }}",
    });
    const { code, stdout } = await sluice("run");
    expect(code).toBe(1);
    expect(await rows("select what from audit order by at")).toEqual([
      { what: "start" },
      { what: "hook of a" },
      { what: "a success True 1" },
      { what: "b error True 1" },
    ]);
    expect(await statuses(dir)).toEqual([
      ["operation.shop.shop-on-run-start-0", "success"],
      ["operation.shop.shop-on-run-start-1", "success"],
      ["model.shop.a", "success"],
      ["model.shop.b", "error"],
      ["operation.shop.shop-on-run-end-0", "success"],
    ]);
    expect(stdout).toContain("OK hook: shop.on-run-start.0");
  }),
);

test(
  "where the selection matches nothing, no hook runs, and success is not claimed",
  rig(async ({ write, sluice }) => {
    await write({
      "dbt_project.yml": `${PROJECT}on-run-start: select 1\non-run-end: select 2\n`,
      "models/a.sql": "select 1 as id",
    });
    const { code, stdout, stderr } = await sluice("build", "-s", "b+");
    expect([code, stderr]).toEqual([0, expect.stringContaining('"b+" matches nothing')]);
    expect(stdout).toMatch(/Nothing to do[^]*Done\. PASS=0 WARN=0 ERROR=0 SKIP=0 NO-OP=0 REUSED=0 TOTAL=0\n$/);
    expect(stdout).not.toMatch(/hook|Completed|psql/);
  }),
);

test(
  "a failing on-run-start hook keeps every node from running, and is told at its line",
  rig(async ({ dir, write, sluice, rows }) => {
    await write({
      "dbt_project.yml": `${PROJECT}on-run-start:\n  - insert into nowhere values (1)\n  - create table never (id int)\n`,
      "models/a.sql": "select 1 as id",
    });
    const { code, stdout } = await sluice("build");
    expect(code).toBe(1);
    expect(stdout).toContain("Failure in hook shop-on-run-start-0");
    expect(stdout).toContain("SKIP hook: shop.on-run-start.1");
    expect(stdout).toContain('dbt_project.yml:5:5  sql-42P01  relation "nowhere" does not exist');
    expect(await statuses(dir)).toEqual([
      ["operation.shop.shop-on-run-start-0", "error"],
      ["operation.shop.shop-on-run-start-1", "skipped"],
      ["model.shop.a", "skipped"],
    ]);
    expect(await rows("select to_regclass('analytics.a') as a, to_regclass('never') as b")).toEqual([
      { a: null, b: null },
    ]);
  }),
);

test(
  "hooks that commit leave a transaction for what follows them",
  rig(async ({ write, sluice, rows }) => {
    await rows("create table public.log (what text)");
    const own = `{% macro note() %}{% do run_query("begin; insert into public.log values ('x'); commit") %}{% endmacro %}`;
    await write({ "macros/note.sql": own });
    for (const kind of ["table", "incremental"])
      await write({
        [`models/${kind}.sql`]: `{{ config(materialized='${kind}', post_hook='{{ note() }}') }} select 1 as id`,
      });
    for (const flags of [[], ["--direct", "--full-refresh"]]) {
      const { code, all } = await sluice("build", "--force", ...flags);
      expect(code, all).toBe(0);
    }
    expect(await rows("select count(*)::int as n from public.log")).toEqual([{ n: 4 }]);
  }),
);

test(
  "hooks of a package see its own variables and macros",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "packages.yml": "packages: [{local: lib}]\n",
      "lib/dbt_project.yml":
        "name: lib\nversion: '1.0'\nvars: {lib: {what: theirs}}\non-run-start: \"{{ note(var('what')) }}\"\n",
      "lib/macros/note.sql": "{% macro note(what) %}create table noted as select '{{ what }}' as what{% endmacro %}",
      "models/a.sql": "select 1 as id",
    });
    expect((await sluice("deps")).code).toBe(0);
    const { code, all } = await sluice("build");
    expect(code, all).toBe(0);
    expect(await rows("select what from noted")).toEqual([{ what: "theirs" }]);
  }),
);

test(
  "a failing on-run-end hook is exit code 1, and leaves the models",
  rig(async ({ write, sluice, rows }) => {
    await write({ "dbt_project.yml": `${PROJECT}on-run-end: select 1 / 0\n`, "models/a.sql": "select 1 as id" });
    const { code, stdout } = await sluice("build");
    expect(code).toBe(1);
    expect(stdout).toContain("Failure in hook shop-on-run-end-0");
    expect(await rows("select id from analytics.a")).toEqual([{ id: 1 }]);
  }),
);

test(
  "a hook of a model belongs to its transaction, unless it says otherwise",
  rig(async ({ write, sluice, rows }) => {
    const hooks = `pre_hook=[{'sql': "insert into audit values ('inside')"}, {'sql': "insert into audit values ('outside')", 'transaction': false}]`;
    await write({
      "models/a.sql": `{{ config(materialized='table', ${hooks}) }} select 1 / 0 as id`,
      "models/b.sql": `{{ config(materialized='table', ${hooks}) }} select 1 as id`,
      "models/vacuumed.sql":
        "{{ config(materialized='table', post_hook=after_commit('vacuum {{ this }}')) }} select 1 as id",
    });
    await rows("create table audit (what text)");
    expect((await sluice("run", "-s", "a")).code).toBe(1);
    expect(await rows("select what from audit")).toEqual([{ what: "outside" }]);
    expect((await sluice("run", "-s", "b", "vacuumed")).code).toBe(0);
    expect(await rows("select what from audit order by 1")).toEqual([
      { what: "inside" },
      { what: "outside" },
      { what: "outside" },
    ]);
  }),
);

test(
  "a post-hook that fails undoes the model, and is told at its own line",
  rig(async ({ write, sluice, rows }) => {
    await write({ "models/a.sql": "{{ config(materialized='table') }} select 1 as id" });
    expect((await sluice("run")).code).toBe(0);
    await write({
      "models/a.sql":
        "{{ config(materialized='table',\n    post_hook='insert into nowhere values (1)') }}\nselect 2 as id",
    });
    const { code, stdout } = await sluice("run");
    expect(code).toBe(1);
    expect(stdout).toMatch(/models\/a\.sql:\d+:\d+ {2}sql-42P01 {2}relation "nowhere" does not exist/);
    expect(await rows("select id from analytics.a")).toEqual([{ id: 1 }]);
  }),
);

test(
  "what is configured has the last word: grants and comments come after the hooks",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "models/a.sql": `{{ config(materialized='table', persist_docs={'relation': true}, post_hook="comment on table {{ this }} is 'by the hook'") }} select 1 as id`,
      "models/a.yml": "models: [{name: a, description: By the file.}]",
    });
    for (const _ of ["first", "second"]) {
      expect((await sluice("run")).code).toBe(0);
      expect(await rows("select obj_description('analytics.a'::regclass) as said")).toEqual([{ said: "By the file." }]);
    }
  }),
);

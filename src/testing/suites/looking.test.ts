import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

const PROJECT = {
  "seeds/s.csv": "id,name\n1,a\n2,b\n",
  "models/staging/stg.sql": "select id, name, 1.5 as share, true as good from {{ ref('s') }}",
  "models/marts/mart.sql": "{{ config(materialized='table', tags=['nightly']) }}\nselect * from {{ ref('stg') }}",
  "models/schema.yml": `sources:
  - name: raw
    tables: [{name: events}]
models:
  - name: mart
    columns: [{name: id, data_tests: [unique]}]
unit_tests:
  - name: keeps_names
    model: stg
    given: [{input: ref('s'), rows: [{id: 1, name: a}]}]
    expect: {rows: [{id: 1, name: a}]}
exposures:
  - {name: board, type: dashboard, owner: {name: Ada}, depends_on: [ref('mart'), metric('revenue')]}
`,
  "tests/no_negative.sql": "select * from {{ ref('mart') }} where id < 0",
  "analyses/look.sql": "select count(*) from {{ ref('mart') }}",
};

test(
  "ls prints what --select takes, sorted as dbt does, and analyses only when asked for",
  rig(async ({ write, sluice }) => {
    await write(PROJECT);
    const lines = async (...args: string[]): Promise<string[]> =>
      (await sluice("ls", ...args)).stdout.trim().split("\n");
    const usual = await lines();
    expect(usual).toEqual([
      "exposure:shop.board",
      "shop.marts.mart",
      "shop.staging.stg",
      "shop.s",
      "source:shop.raw.events",
      "shop.no_negative",
      "shop.unique_mart_id",
      "unit_test:shop.keeps_names",
    ]);
    expect(await lines("--resource-type", "all")).toContain("shop.analysis.look");
    expect(await lines("--resource-type", "model", "seed")).toEqual(["shop.marts.mart", "shop.staging.stg", "shop.s"]);
    expect(await lines("--exclude-resource-type", "test", "unit_test", "exposure", "source")).toEqual([
      "shop.marts.mart",
      "shop.staging.stg",
      "shop.s",
    ]);
    // Several words, one word of several, and what each line says can be selected again.
    expect(await lines("-s", "stg s", "--resource-type", "model seed")).toEqual(["shop.staging.stg", "shop.s"]);
    expect(await lines("-s", "stg", "s", "--exclude", "s", "--output", "path", "--resource-type", "model")).toEqual([
      "models/staging/stg.sql",
    ]);
    for (const line of usual) expect(await lines("-s", line)).toContain(line);
    const [json] = await lines("-s", "mart", "--resource-type", "model", "--output", "json");
    expect(JSON.parse(json!)).toMatchObject({
      unique_id: "model.shop.mart",
      resource_type: "model",
      depends_on: { nodes: ["model.shop.stg"] },
      config: { materialized: "table" },
      original_file_path: "models/marts/mart.sql",
    });
    const keys = ["--output", "json", "--output-keys", "name", "config.materialized"];
    expect(await lines("-s", "tag:nightly", "--resource-type", "model", ...keys)).toEqual([
      '{"name":"mart","config.materialized":"table"}',
    ]);
  }),
);

test(
  "plan tells what would be done and why, and changes nothing, not even a schema",
  rig(async ({ dir, write, sluice, rows }) => {
    await write(PROJECT);
    const schemas = "select nspname from pg_namespace where nspname !~ '^(pg_|information_schema)' order by 1";
    const before = await rows(schemas);
    const first = await sluice("plan");
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(/build +mart +table → analytics\.mart +does not exist yet/);
    expect(await rows(schemas)).toEqual(before);
    expect(existsSync(join(dir, "target"))).toBe(false);
    expect((await sluice("build")).code).toBe(0);
    await write({ "models/marts/mart.sql": "select * from {{ ref('stg') }}" });
    const { steps } = JSON.parse((await sluice("plan", "--output", "json")).stdout) as {
      steps: { unique_id: string; reason: { code: string }; after: string[] }[];
    };
    expect(steps.find((s) => s.unique_id === "model.shop.mart")).toMatchObject({
      reason: { code: "kind-changed", text: "is a table, becomes a view" },
      after: expect.arrayContaining(["model.shop.stg"]),
    });
    expect(await rows("select relkind::text from pg_class where relname = 'mart'")).toEqual([{ relkind: "r" }]);
  }),
);

test(
  "compile writes the tree of target/compiled and prints what is selected; a template that fails does not stop the others",
  rig(async ({ dir, write, sluice }) => {
    await write(PROJECT);
    expect((await sluice("compile")).stdout).toMatch(/^Compiled 5 nodes to .*target.compiled\.\n$/);
    const compiled = (path: string): Promise<string> => readFile(join(dir, "target", "compiled", "shop", path), "utf8");
    expect(await compiled("models/marts/mart.sql")).toMatch(/^select \* from "[^"]+"\."analytics"\."stg"\n$/);
    expect(await compiled("models/schema.yml/unique_mart_id.sql")).toContain("having count(*) > 1");
    expect(await compiled("tests/no_negative.sql")).toContain("where id < 0");
    expect(await compiled("analyses/look.sql")).toContain("count(*)");
    expect((await sluice("compile", "-s", "stg")).stdout).toMatch(
      /^Compiled node 'stg' is:\nselect id, name.*\."s"\n\n$/,
    );
    expect((await sluice("compile", "-q", "-s", "stg")).stdout).toMatch(/^select id, name.*\."s"\n$/);
    const inline = await sluice("compile", "--inline", "select * from {{ ref('s') }}");
    expect(inline.stdout).toMatch(/^Compiled inline node is:\nselect .*\."s"\n\n$/);
    const left = JSON.parse(await readFile(join(dir, "target", "run_results.json"), "utf8")) as { results: object[] };
    expect(left.results).toMatchObject([{ unique_id: "sql_operation.shop.inline_query", status: "success" }]);
    await write({
      "models/a_bad.sql": "{% if execute %}{{ exceptions.raise_compiler_error('not today') }}{% endif %}",
    });
    const { code, stdout, stderr } = await sluice("compile");
    expect([code, stdout]).toEqual([1, expect.stringContaining("Compiled 5 of 6 nodes")]);
    expect(stderr).toContain("not today");
  }),
);

test(
  "show runs a model, a seed or any SQL; JSON has JSON's types; a failing query is exit code 1",
  rig(async ({ dir, write, sluice }) => {
    await write(PROJECT);
    await sluice("build", "-s", "s", "stg");
    expect((await sluice("show", "-s", "mart")).stdout).toBe(
      "Previewing node 'mart':\nid  name  share  good\n──  ────  ─────  ────\n 1  a       1.5  t\n 2  b       1.5  t\n",
    );
    const json = await sluice("show", "-s", "mart", "--limit", "1", "--output", "json");
    expect(JSON.parse(json.stdout)).toEqual({ node: "mart", show: [{ id: 1, name: "a", share: 1.5, good: true }] });
    const inline = await sluice(
      "show",
      "--inline",
      "select name from {{ ref('s') }} order by 1 desc -- the last",
      "--limit",
      "1",
    );
    expect(inline.stdout).toBe("Previewing inline node:\nname\n────\nb\n");
    const both = await sluice("show", "-s", "mart", "stg", "--limit", "1");
    expect(both.stdout.match(/^Previewing node .*$/gm)).toEqual(["Previewing node 'stg':", "Previewing node 'mart':"]);
    const kept = JSON.parse(await readFile(join(dir, "target", "run_results.json"), "utf8"));
    expect(kept).toMatchObject({ args: { which: "show" }, results: [{ status: "success" }, { status: "success" }] });
    const missing = await sluice("show", "--inline", "select * from {{ ref('nothing') }}");
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("Error parsing inline query: ")]);
    const wrong = await sluice("show", "--inline", "select nam from {{ ref('s') }}");
    expect([wrong.code, wrong.stdout]).toEqual([1, ""]);
    expect(wrong.stderr).toContain('--inline:1:8  sql-42703  column "nam" does not exist');
    expect((await sluice("show")).code).toBe(2);
  }),
);

test(
  "parse and debug say that all is well, and the server's version",
  rig(async ({ write, sluice }) => {
    await write(PROJECT);
    const parse = await sluice("parse");
    expect([parse.code, parse.stdout]).toEqual([0, expect.stringMatching(/^shop is sound: .*2 models/)]);
    const debug = await sluice("debug");
    expect([debug.code, debug.stdout]).toEqual([0, expect.stringMatching(/PostgreSQL \d+[^]*All checks passed!/)]);
    const target = await sluice("debug", "--target", "none");
    expect([target.code, target.stdout]).toEqual([1, expect.stringContaining("profiles.yml file [ERROR invalid]")]);
    expect(target.stdout).toContain("1 check failed");
    expect(target.stderr).toContain("The profile 'shop' does not have a target named 'none'.");
    await write({ "dbt_project.yml": "" });
    const project = await sluice("debug", "--profile", "shop");
    expect([project.code, project.stdout]).toEqual([
      1,
      expect.stringContaining("dbt_project.yml file [ERROR invalid]"),
    ]);
    await write({ "dbt_project.yml": "name: shop\nprofile: shop\n" });
    await write({ "models/wrong.sql": "select * from {{ ref('strg') }} {{ ref('marrt') }}" });
    const wrong = await sluice("parse");
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(
      /models\/wrong\.sql:1:\d+[^]*did you mean "stg"[^]*models\/wrong\.sql:1:\d+[^]*did you mean "mart"/,
    );
  }),
);

test(
  "clean deletes output, and refuses sources, the project and what lies outside",
  rig(async ({ dir, write, sluice }) => {
    await write(PROJECT);
    await sluice("compile");
    expect(existsSync(join(dir, "target"))).toBe(true);
    expect((await sluice("clean")).stdout).toBe("Deleted target\n");
    expect(existsSync(join(dir, "target"))).toBe(false);
    for (const folder of ["models", "models/staging", ".", "..", "/tmp", "seeds", ".sluice", "analyses"]) {
      await write({
        "dbt_project.yml": `name: shop\nversion: '1.0'\nprofile: shop\nclean-targets: [target, '${folder}']\n`,
      });
      const { code, stderr } = await sluice("clean");
      expect([folder, code, stderr]).toEqual([folder, 2, expect.stringContaining("clean-refused")]);
      expect(existsSync(join(dir, "models", "staging", "stg.sql"))).toBe(true);
    }
    // A folder beside the project, and one that sources lie deep within.
    const beside = `${dir} beside`;
    await mkdir(beside);
    await write({ "src/models/a.sql": "select 1 as id" });
    for (const folder of [beside, `../${basename(beside)}`, "src"]) {
      await write({
        "dbt_project.yml": `name: shop\nversion: '1.0'\nprofile: shop\nmodel-paths: [models, src/models]\nclean-targets: ['${folder}']\n`,
      });
      const { code, stderr } = await sluice("clean");
      expect([folder, code, stderr]).toEqual([folder, 2, expect.stringContaining("clean-refused")]);
      expect([existsSync(beside), existsSync(join(dir, "src", "models", "a.sql"))]).toEqual([true, true]);
    }
    await write({ "dbt_project.yml": `name: shop\nprofile: shop\nclean-targets: ['${beside}']\n` });
    expect((await sluice("clean")).stderr).toContain("will not clean the following directories outside the project");
    expect((await sluice("clean", "--no-clean-project-files-only")).code).toBe(0);
    expect(existsSync(beside)).toBe(false);
    for (const folder of ["..", dirname(dirname(dir))]) {
      await write({ "dbt_project.yml": `name: shop\nprofile: shop\nclean-targets: ['${folder}']\n` });
      expect((await sluice("clean", "--no-clean-project-files-only")).code).toBe(2);
    }
  }),
);

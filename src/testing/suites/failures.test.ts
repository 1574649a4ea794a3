import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

interface Result {
  readonly unique_id: string;
  readonly status: string;
  readonly message: string | null;
  readonly failures: number | null;
  readonly relation_name: string | null;
  readonly compiled_code: string | null;
}

async function results(dir: string): Promise<Record<string, Result>> {
  const text = await readFile(join(dir, "target", "run_results.json"), "utf8");
  const { results } = JSON.parse(text) as { results: Result[] };
  return Object.fromEntries(results.map((r) => [r.unique_id.split(".").slice(2, 3).join("."), r]));
}

const statuses = (found: Record<string, Result>): Record<string, string> =>
  Object.fromEntries(Object.entries(found).map(([name, r]) => [name, r.status]));

const table = (sql: string): string => `{{ config(materialized='table') }}\n${sql}`;

test(
  "a model that fails skips exactly its descendants, everything else is built, and nothing is published",
  rig(async ({ dir, write, sluice, rows }) => {
    await write({
      "models/good.sql": table("select 1 as id"),
      "models/bad.sql": table("select 1 / (id - 1) as id\nfrom {{ ref('good') }}"),
      "models/inlined.sql": "{{ config(materialized='ephemeral') }} select * from {{ ref('bad') }}",
      "models/below.sql": table("select * from {{ ref('inlined') }}"),
      "models/further_below.sql": table("select * from {{ ref('below') }}"),
      "models/beside.sql": table("select * from {{ ref('good') }}"),
    });
    const { code, stdout } = await sluice("build");
    expect(code).toBe(1);
    const found = await results(dir);
    expect(statuses(found)).toEqual({
      good: "success",
      bad: "error",
      below: "skipped",
      further_below: "skipped",
      beside: "success",
    });
    expect(found["bad"]).toMatchObject({
      message: "Database Error in model bad (models/bad.sql)\n  division by zero",
      compiled_code: expect.stringContaining("1 / (id - 1)"),
    });
    expect(found["below"]!.relation_name).toMatch(/"analytics"\."below"$/);
    expect(stdout).toContain("Failure in model bad (models/bad.sql)");
    expect(stdout).toContain("Skipped 2 nodes because of model bad\n  analytics.below, analytics.further_below");
    expect(stdout).toContain("Nothing was published: not everything passed");
    const relations = (schema: string): Promise<unknown[]> =>
      rows(`select relname from pg_class where relnamespace = '${schema}'::regnamespace order by 1`);
    expect(await relations("analytics")).toEqual([]);
    expect(await relations("analytics__sluice_next")).toEqual([{ relname: "beside" }, { relname: "good" }]);
    expect((await sluice("build", "--direct")).code).toBe(1);
    expect(await relations("analytics")).toEqual([{ relname: "beside" }, { relname: "good" }]);
    // What was tried is there to look at.
    for (const kind of ["compiled", "run"]) {
      expect(await readFile(join(dir, "target", kind, "shop", "models", "bad.sql"), "utf8")).toContain("1 / (id - 1)");
    }
  }),
);

const TESTED = {
  "models/a.sql": table("select * from (values (1, 'x'), (2, 'y'), (2, 'z')) as v (id, name)"),
  "models/b.sql": table("select * from {{ ref('a') }}"),
  "models/c.sql": table("select 1 as id"),
};
const unique = (severity: string): string =>
  `models:\n  - name: a\n    columns:\n      - name: id\n        data_tests:\n          - unique: {config: {severity: ${severity}}}\n`;

test(
  "a failing test skips what follows its model in build, and shows the rows and the query",
  rig(async ({ dir, write, sluice }) => {
    await write({ ...TESTED, "models/schema.yml": unique("error") });
    const { code, stdout } = await sluice("build");
    expect(code).toBe(1);
    expect(statuses(await results(dir))).toEqual({ a: "success", unique_a_id: "fail", b: "skipped", c: "success" });
    expect(stdout).toMatch(/FAIL 1 unique_a_id \.+ \[FAIL 1 in [\d.]+s\]/);
    expect(stdout).toContain("Got 1 result, configured to fail if != 0");
    expect(stdout).toMatch(/unique_field\s+n_records\n\s+─+\s+─+\n\s+2\s+2\n/);
    expect(stdout).toContain("To see them all:");
    expect(stdout).toContain("Skipped 1 node because of test unique_a_id");
  }),
);

test(
  "a warning stops nothing and is exit code 0",
  rig(async ({ dir, write, sluice }) => {
    await write({ ...TESTED, "models/schema.yml": unique("warn") });
    const { code, stdout } = await sluice("build");
    expect(code).toBe(0);
    expect(statuses(await results(dir))).toEqual({ a: "success", unique_a_id: "warn", b: "success", c: "success" });
    expect(stdout).toContain("Completed with 1 warning:");
    expect(stdout).toContain("Done. PASS=3 WARN=1 ERROR=0 SKIP=0");
  }),
);

test(
  "run builds what test would stop, and test tells of it afterwards",
  rig(async ({ dir, write, sluice }) => {
    await write({ ...TESTED, "models/schema.yml": unique("error") });
    expect((await sluice("run")).code).toBe(0);
    expect(statuses(await results(dir))).toEqual({ a: "success", b: "success", c: "success" });
    expect((await sluice("test")).code).toBe(1);
    expect(statuses(await results(dir))).toEqual({ unique_a_id: "fail" });
  }),
);

test(
  "--fail-fast starts nothing after the first failure",
  rig(async ({ dir, write, sluice }) => {
    await write({
      "models/a.sql": table("select 1 / 0 as id"),
      "models/b.sql": table("select 1 as id"),
      "models/c.sql": table("select * from {{ ref('a') }}"),
    });
    const { code, stdout } = await sluice("build", "--fail-fast", "--threads", "1");
    expect(code).toBe(1);
    const found = await results(dir);
    expect(statuses(found)).toEqual({ a: "error", b: "skipped", c: "skipped" });
    expect(found["b"]!.message).toBe("Skipping due to fail_fast");
    expect(stdout).toContain("Done. PASS=0 WARN=0 ERROR=1 SKIP=2");
  }),
);

test(
  "an SQL error is told at the line and column of the model, with hint and compiled excerpt",
  rig(async ({ write, sluice }) => {
    await write({
      "models/a.sql": "select 1 as amount",
      "models/b.sql": "{# a note #}\nselect\n    {{ 'amount' }},\n    ammount\nfrom {{ ref('a') }}",
    });
    const { code, stdout } = await sluice("build");
    expect(code).toBe(1);
    expect(stdout).toContain('models/b.sql:4:5  sql-42703  column "ammount" does not exist');
    expect(stdout).toContain("compiled:     ammount");
    expect(stdout).toContain('Perhaps you meant to reference the column "a.amount"');
  }),
);

test(
  "the log, run_results.json and the ledger agree on how many rows there are",
  rig(async ({ dir, write, sluice, rows }) => {
    await write({
      "seeds/s.csv": "id,name\n1,a\n2,b\n3,c\n",
      "models/t.sql": table("select * from {{ ref('s') }}"),
      "models/v.sql": "select * from {{ ref('t') }}",
      "models/i.sql": "{{ config(materialized='incremental', unique_key='id') }}\nselect * from {{ ref('t') }}",
    });
    const first = await sluice("build");
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(/OK loaded seed file analytics\.s \.+ \[\w+ 3 in/);
    expect(first.stdout).toMatch(/OK created sql table model analytics\.t \.+ \[SELECT 3 in/);
    expect(first.stdout).toMatch(/OK created sql view model analytics\.v \.+ \[CREATE VIEW in/);
    expect(first.stdout).toMatch(/OK created sql incremental model analytics\.i \.+ \[SELECT 3 in/);
    const ran = await rows("select node_id, status, rows::int from sluice.node_result order by 1");
    expect(ran).toEqual([
      { node_id: "model.shop.i", status: "success", rows: 3 },
      { node_id: "model.shop.t", status: "success", rows: 3 },
      { node_id: "model.shop.v", status: "success", rows: null },
      { node_id: "seed.shop.s", status: "success", rows: 3 },
    ]);
    expect((await results(dir))["i"]!.message).toBe("SELECT 3");
    expect((await sluice("build", "-s", "i", "--force")).stdout).toMatch(
      /OK created sql incremental model analytics\.i \.+ \[\w+ 3 in/,
    );
  }),
);

test(
  "a folder for output that cannot be written is told before anything is built",
  rig(async ({ write, sluice, rows }) => {
    await write({ "models/a.sql": table("select 1 as id"), target: "a file where the folder should be" });
    const { code, all } = await sluice("build");
    expect(code).toBe(2);
    expect(all).toContain("target-not-writable");
    expect(await rows("select to_regclass('analytics.a') as a")).toEqual([{ a: null }]);
  }),
);

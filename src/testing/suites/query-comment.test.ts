/** `query-comment:` is written into the statements of nodes, and into nothing else. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Rig, rig } from "../rig.ts";

const PROJECT = "name: shop\nversion: '1.0'\nprofile: shop\n";
/** A table whose only row is the statement that makes it, as the server sees it. */
const ASKING = "{{ config(materialized='table') }}\nselect current_query() as sent";
const sent = async ({ rows }: Pick<Rig, "rows">, name = "a"): Promise<string> =>
  (await rows<{ sent: string }>(`select sent from analytics.${name}`))[0]!.sent;

test(
  "unasked it is dbt's: the node and the target as JSON, before the statement",
  rig(async ({ dir, write, sluice, rows }) => {
    await write({ "models/a.sql": ASKING });
    expect(await sluice("build")).toMatchObject({ code: 0 });
    const [comment] = (await sent({ rows })).split("\n");
    expect(JSON.parse(/^\/\* (.*) \*\/$/.exec(comment!)![1]!)).toEqual({
      app: "dbt",
      dbt_version: expect.stringMatching(/^1\.12\./),
      profile_name: "shop",
      target_name: "dev",
      node_id: "model.shop.a",
    });
    for (const file of ["compiled", "run"])
      expect(await readFile(join(dir, `target/${file}/shop/models/a.sql`), "utf8")).not.toContain("/*");
  }),
);

test(
  "a template of the project's own may call macros and be appended",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "dbt_project.yml": `${PROJECT}query-comment:\n  comment: "{{ whose(node) }}"\n  append: true\n`,
      "macros/whose.sql":
        "{% macro whose(node) %}{{ return(target.name ~ ': ' ~ (node.name if node else 'none') ~ node.no_such) }}{% endmacro %}",
      "models/a.sql": ASKING,
      "models/b.sql":
        "{{ config(materialized='table', post_hook='create table {{ this.schema }}.h as select current_query() as sent') }}\nselect sent from {{ ref('a') }} where sent <> current_query()",
      "tests/t.sql": "select 1 as asked where current_query() not like '%/* dev: t */'",
      "models/queried.sql":
        "{{ config(materialized='table') }}\n{% set q = run_query('select current_query()') %}select $q${{ q.columns[0].values()[0] if execute }}$q$ as sent",
    });
    expect(await sluice("build", "--direct")).toMatchObject({ code: 0 });
    expect(await sent({ rows })).toMatch(/select current_query\(\) as sent\s*\)?\n\/\* dev: a \*\/$/);
    expect(await sent({ rows }, "h")).toMatch(/\n\/\* dev: b \*\/$/);
    expect(await sent({ rows }, "queried")).toBe("select current_query()\n/* dev: queried */");
  }),
);

test(
  "an empty comment asks for none, and a comment that changes rebuilds nothing",
  rig(async ({ write, sluice, rows }) => {
    await write({ "models/a.sql": "{{ config(materialized='table') }}\nselect 1 as id", "models/b.sql": ASKING });
    await write({ "dbt_project.yml": `${PROJECT}query-comment: "by {{ invocation_id }}"\n` });
    await sluice("build");
    expect(await sent({ rows }, "b")).toMatch(/^\/\* by [0-9a-f-]{36} \*\/\n/);
    await write({ "dbt_project.yml": `${PROJECT}query-comment:\n` });
    expect((await sluice("build", "-s", "a")).stdout).toContain("REUSED=1");
    await sluice("build", "-s", "b", "--force");
    expect(await sent({ rows }, "b")).not.toContain("/*");
  }),
);

test(
  "errors of Postgres and of the comment itself are shown at their own places",
  rig(async ({ write, sluice }) => {
    await write({
      "dbt_project.yml": `${PROJECT}query-comment: "𝄞 {{ node.name }}"\n`,
      "models/a.sql": "{{ config(materialized='table') }}\nselect 1 as id,\n  idd",
    });
    expect((await sluice("build")).stdout).toContain("models/a.sql:3:3  sql-42703");
    await write({ "dbt_project.yml": `${PROJECT}query-comment: "by {{ nobody_knows() }}"\n` });
    const undefinedName = await sluice("build");
    expect(undefinedName.code).toBe(2);
    expect(undefinedName.all).toContain("dbt_project.yml:4:");
    expect(undefinedName.all).toContain("'nobody_knows' is undefined");
    await write({ "dbt_project.yml": `${PROJECT}query-comment: "*/ drop table x; /*"\n` });
    expect((await sluice("build")).all).toContain("query-comment-end");
    await write({ "dbt_project.yml": `${PROJECT}query-comment: [a]\n` });
    expect((await sluice("build")).all).toContain('"query-comment" must be text, but it is a list.');
  }),
);

/** What users see of publishing, through the real command line. `publish-contract.test.ts` has the kinds of nodes. */
import { Client } from "pg";
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

const table = (sql: string): string => `{{ config(materialized='table') }} ${sql}`;
const PUBLISHED = /Published (\d+) relations? together/;

test(
  "readers see nothing of a build whose test fails, and all of one that passes",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "models/a.sql": table("select 1 as v"),
      "models/b.sql": table("select v from {{ ref('a') }}"),
      "tests/positive.sql": "select * from {{ ref('b') }} where v < 0",
    });
    expect((await sluice("build")).stdout).toMatch(PUBLISHED);
    await write({ "models/a.sql": table("select -1 as v") });
    const failed = await sluice("build");
    expect(failed.code).toBe(1);
    expect(failed.stdout).toContain("Nothing was published: not everything passed");
    expect(await rows("select a.v as a, b.v as b from analytics.a, analytics.b")).toEqual([{ a: 1, b: 1 }]);
    // The query that the log gives shows the rows that failed, where they are.
    const [, query] = /To see them all:\s+(select [\s\S]*?)\n\n/.exec(failed.stdout)!;
    expect(await rows(query!)).toEqual([{ v: -1 }]);
    await write({ "models/a.sql": table("select 2 as v") });
    expect((await sluice("build")).code).toBe(0);
    expect(await rows("select a.v as a, b.v as b from analytics.a, analytics.b")).toEqual([{ a: 2, b: 2 }]);
  }),
);

test(
  "what a test warned of is found where it was published",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "models/a.sql": table("select -1 as v"),
      "tests/positive.sql": "{{ config(severity='warn') }} select * from {{ ref('a') }} where v < 0",
    });
    const { code, stdout } = await sluice("build");
    expect(code, stdout).toBe(0);
    const [, query] = /To see them all:\s+(select [\s\S]*?)\n\n/.exec(stdout)!;
    expect(await rows(query!)).toEqual([{ v: -1 }]);
  }),
);

test(
  "a relation that its own hook drops is not published, and holds up nothing",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "models/a.sql": "{{ config(materialized='table', post_hook='drop table {{ this }}') }} select 1 as v",
      "models/b.sql": table("{% set a = ref('a') %} select {{ 1 if execute and load_relation(a) else 0 }} as v"),
    });
    for (let round = 0; round < 2; round++) {
      const { code, all } = await sluice("build");
      expect(code, all).toBe(0);
      expect(await rows("select v, to_regclass('analytics.a') is null as gone from analytics.b")).toEqual([
        { v: 0, gone: true },
      ]);
    }
  }),
);

test(
  "a stranger's view that no longer fits stops the publication, with its name and the missing column",
  rig(async ({ write, sluice, rows }) => {
    await write({ "models/a.sql": table("select 1 as id, 'x' as name") });
    await sluice("build");
    await rows("create schema bi; create view bi.names as select name from analytics.a");
    await write({ "models/a.sql": table("select 2 as id") });
    const { code, stdout } = await sluice("build");
    expect(code).toBe(1);
    expect(stdout).toContain("dependant-misfit");
    expect(stdout).toMatch(/view "bi"\."names" .*: column a?\.?"?name"? does not exist/);
    expect(await rows("select a.id, n.name from analytics.a, bi.names n")).toEqual([{ id: 1, name: "x" }]);
    await rows("drop view bi.names");
    const published = await sluice("publish");
    expect(published.code, published.all).toBe(0);
    expect(await rows("select id from analytics.a")).toEqual([{ id: 2 }]);
  }),
);

test(
  "who is in the way is named, what was built is kept, and `sluice publish` needs no second build",
  rig(async ({ write, sluice, rows, url }) => {
    await write({
      "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\nvars: {sluice: {publish_wait: 1}}\n",
      "models/a.sql": table("select 1 as id"),
    });
    await sluice("build");
    const reader = new Client({ connectionString: url, application_name: "the dashboard" });
    await reader.connect();
    try {
      await reader.query("begin; select * from analytics.a");
      await write({ "models/a.sql": table("select 2 as id") });
      const { code, stdout } = await sluice("build");
      expect(code).toBe(1);
      expect(stdout).toContain("publish-busy");
      expect(stdout).toMatch(
        /analytics\.a: pid \d+, user \w+, the dashboard, since .*: begin; select \* from analytics\.a/,
      );
      expect((await sluice("publish")).code).toBe(2);
      expect((await reader.query("select id from analytics.a")).rows).toEqual([{ id: 1 }]);
    } finally {
      await reader.end();
    }
    const { stdout } = await sluice("publish");
    expect(stdout).toMatch(PUBLISHED);
    expect(await rows("select id from analytics.a")).toEqual([{ id: 2 }]);
    expect((await sluice("publish")).all).toContain("Nothing waits to be published");
    expect((await sluice("build")).stdout).toContain("REUSED=1");
  }),
);

test(
  "each node says why it is built: its SQL, what it reads, somebody else's hand, or what nobody can know",
  rig(async ({ write, sluice, rows }) => {
    await rows(
      "create schema raw; create table raw.t as select 1 as id; create table raw.dated as select 1 as id, now() as at",
    );
    await write({
      "models/sources.yml":
        "sources:\n  - name: raw\n    tables:\n      - name: t\n      - {name: dated, config: {loaded_at_field: at}}\n      - {name: fixed, identifier: t, config: {meta: {data_version: 1}}}\n",
      "models/unknown.sql": table("select * from {{ source('raw', 't') }}"),
      "models/dated.sql": table("select id from {{ source('raw', 'dated') }}"),
      "models/fixed.sql": table("select * from {{ source('raw', 'fixed') }}"),
      "models/clock.sql": table("select now() as at"),
      "models/dice.sql": "{{ config(materialized='table', meta={'volatility': 'none'}) }} select random() as n",
      "models/undeclared.sql": table("select * from raw.t"),
      "models/upper.sql": table("select upper('x') as x"),
      "models/below.sql": table("select * from {{ ref('upper') }}"),
      "models/deaf.sql": table("select length(x) as n from {{ ref('upper') }}"),
    });
    expect((await sluice("build")).code).toBe(0);
    const plan = async (): Promise<Record<string, string>> => {
      const { steps } = JSON.parse((await sluice("plan", "--output", "json")).stdout) as {
        steps: { unique_id: string; action: string; reason: { text: string } }[];
      };
      return Object.fromEntries(steps.map((s) => [s.unique_id.split(".")[2], `${s.action}: ${s.reason.text}`]));
    };
    const same = "reuse: nothing it depends on changed";
    expect(await plan()).toEqual({
      unknown: "build: cannot tell whether t changed",
      dated: same,
      fixed: same,
      clock: "build: cannot tell whether the value of now() changed",
      dice: same,
      undeclared: "build: cannot tell whether raw.t, which is no ref or source, changed",
      upper: same,
      below: same,
      deaf: same,
    });
    await rows("insert into raw.dated values (2, now() + interval '1 day'); insert into analytics.below values ('z')");
    await write({ "models/upper.sql": table("select\n  'Y' as x -- another") });
    expect(await plan()).toMatchObject({
      dated: "build: dated changed",
      upper: "build: its SQL or configuration changed",
      below: "build: somebody else replaced it or wrote into it, or that cannot be known",
      deaf: "build: upper changed",
    });
    const { stdout } = await sluice("build");
    expect(stdout).toMatch(/OK created sql table model analytics\.deaf .*\[SELECT 1, unchanged in/);
    expect(stdout).toContain("REUSED sql table model analytics.fixed");
    await write({ "models/upper.sql": table("select 'y' as x /* lower */") });
    // Rebuilt to the same content, and so no reason for what reads it.
    await write({ "models/upper.sql": table("select 'Y' || '' as x") });
    expect((await sluice("build", "-s", "upper+")).stdout).toMatch(/REUSED sql table model analytics\.deaf/);
    expect((await sluice("build", "--force", "-s", "fixed")).stdout).toMatch(
      /OK created sql table model analytics\.fixed/,
    );
  }),
);

test(
  "a rollback takes back one publication or all after a run, and history tells",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\nvars: {sluice: {publish_keep: 2}}\n",
      "models/i.sql":
        "{{ config(materialized='incremental', unique_key='id') }} select {{ var('v') }} as v, id from generate_series(1, {{ var('v') }} + 1) id",
      "models/v.sql": "select max(v) as v, count(*)::int as n from {{ ref('i') }}",
    });
    const runs: string[] = [];
    for (const v of [1, 2, 3]) {
      expect((await sluice("build", "--vars", `{v: ${v}}`)).code).toBe(0);
      const [run] = await rows<{ id: string }>("select id from sluice.run order by started_at desc limit 1");
      runs.push(run!.id);
    }
    expect(await rows("select * from analytics.v")).toEqual([{ v: 3, n: 4 }]);
    const unknown = await sluice("rollback", "--to", "nonsense");
    expect([unknown.code, unknown.all]).toEqual([
      2,
      expect.stringContaining('No publication of a run "nonsense" stands'),
    ]);
    const back = await sluice("rollback", "--to", runs[0]!);
    expect(back.code, back.all).toBe(0);
    expect(await rows("select * from analytics.v")).toEqual([{ v: 1, n: 2 }]);
    expect(await rows("select v, id from analytics.i order by id")).toEqual([
      { v: 1, id: 1 },
      { v: 1, id: 2 },
    ]);
    const refused = await sluice("rollback");
    expect([refused.code, refused.all]).toEqual([2, expect.stringContaining("not-kept")]);
    const { stdout } = await sluice("history");
    expect(stdout.match(/undone/g)).toHaveLength(2);
    expect(stdout).toContain("1: 2 relations");
    // What was taken back is built again.
    expect((await sluice("build", "--vars", "{v: 3}")).code).toBe(0);
    expect(await rows("select * from analytics.v")).toEqual([{ v: 3, n: 4 }]);
  }),
);

test(
  "a rollback refuses with reasons when somebody else has been at the relation since",
  rig(async ({ write, sluice, rows }) => {
    await write({ "models/a.sql": table("select 1 as id") });
    await sluice("build");
    await write({ "models/a.sql": table("select 2 as id") });
    await sluice("build");
    await rows("drop table analytics.a; create table analytics.a as select 9 as id");
    const { code, all } = await sluice("rollback");
    expect([code, all]).toEqual([2, expect.stringContaining("is not what was published any more")]);
    expect(await rows("select id from analytics.a")).toEqual([{ id: 9 }]);
  }),
);

test(
  "what a run lacks is told before it starts, all at once",
  rig(async ({ write, sluice, rows, url }) => {
    const role = `builder_${Math.random().toString(36).slice(2)}`;
    await rows(`create role ${role} login password 'x'; create schema analytics; create table analytics.theirs (id int);
      create schema raw; create table raw.t (id int); grant usage, create on schema analytics to ${role}`);
    try {
      const as = new URL(url);
      as.username = role;
      as.password = "x";
      await write({
        "profiles.yml": `shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, url: '${as.href}', schema: analytics}\n`,
        "models/sources.yml": "sources: [{name: raw, tables: [{name: t}]}]",
        "models/theirs.sql": table("select 1 as id"),
        "models/reader.sql": table("select * from {{ source('raw', 't') }}"),
        [`models/${"long_".repeat(13)}.sql`]: "select 1 as id",
      });
      const { code, all } = await sluice("build");
      expect(code).toBe(2);
      for (const problem of ["may-not-create", "not-owner", "may-not-read", "name-too-long"])
        expect(all).toContain(problem);
      expect(all).not.toContain("START");
    } finally {
      await rows(`drop owned by ${role} cascade; drop role ${role}`);
    }
  }),
);

test(
  "a read-only database is told at once",
  rig(async ({ write, sluice, rows, url }) => {
    await write({ "models/a.sql": "select 1 as id" });
    await rows(`alter database ${new URL(url).pathname.slice(1)} set default_transaction_read_only = on`);
    const { code, all } = await sluice("build");
    expect([code, all]).toEqual([2, expect.stringContaining("server-read-only")]);
  }),
);

test(
  "settings that are none are told at their line",
  rig(async ({ write, sluice }) => {
    await write({
      "dbt_project.yml":
        "name: shop\nversion: '1.0'\nprofile: shop\nvars:\n  sluice:\n    publish: later\n    publish_kep: 2\n    publish_wait: -1\n",
      "models/a.sql": "select 1 as id",
    });
    const { code, all } = await sluice("parse");
    expect(code).toBe(2);
    expect(all).toMatch(/dbt_project\.yml:6:\d+ .*setting-invalid .*"together" or "direct"; found "later"/);
    expect(all).toMatch(/dbt_project\.yml:7:\d+ .*no setting "publish_kep"/);
    expect(all).toContain('did you mean "publish_keep"');
    expect(all).toMatch(/dbt_project\.yml:8:\d+ .*a whole number; found -1/);
  }),
);

test(
  "grants given by hand are carried along, also those given while it was built",
  rig(async ({ write, sluice, rows }) => {
    const role = `bi_${Math.random().toString(36).slice(2)}`;
    await rows(`create role ${role}`);
    try {
      await write({ "models/a.sql": table("select 1 as id") });
      await sluice("build");
      await rows(`grant select on analytics.a to ${role}; alter table analytics.a enable row level security;
        create policy p on analytics.a using (id > 0)`);
      await write({
        "models/a.sql": table(`select 2 as id`),
        "tests/t.sql": "select * from {{ ref('a') }} where id = 1",
      });
      await sluice("build");
      expect(
        await rows(
          `select has_table_privilege('${role}', 'analytics.a', 'select') as may, relrowsecurity as rls, polname from pg_class c join pg_policy p on polrelid = c.oid where c.oid = 'analytics.a'::regclass`,
        ),
      ).toEqual([{ may: true, rls: true, polname: "p" }]);
    } finally {
      await rows(`drop owned by ${role}; drop role ${role}`);
    }
  }),
);

test(
  "a command that found everything as it was need not look again, until a file, a variable or a relation changes",
  rig(async ({ write, sluice, start, rows }) => {
    await write({
      "models/a.sql": table("select '{{ env_var('SHOP_NAME', 'x') }}' as name"),
      "models/b.sql": "select * from {{ ref('a') }}",
      "tests/t.sql": "select * from {{ ref('b') }} where name = ''",
    });
    const IDLE = "nothing to do\n";
    const build = async (env: Record<string, string> = {}): Promise<boolean> => {
      const { code, stdout } = await start(["build"], { env }).done;
      expect(code, stdout).toBe(0);
      return stdout.includes(IDLE);
    };
    // Built, found to be there, known to be there.
    expect([await build(), await build(), await build()]).toEqual([false, false, true]);
    expect((await sluice("build", "-s", "a")).stdout).not.toContain(IDLE);
    expect(await rows("select count(*)::int as n from sluice.run where status = 'success'")).toEqual([{ n: 4 }]);
    await write({ "models/a.sql": table("select '{{ env_var('SHOP_NAME', 'x') }}' as  name") });
    expect([await build(), await build()], "a file was written, to the same effect").toEqual([false, true]);
    expect(await build({ SHOP_NAME: "y" }), "a variable").toBe(false);
    expect(await rows("select name from analytics.b")).toEqual([{ name: "y" }]);
    expect([await build(), await build(), await build()]).toEqual([false, false, true]);
    await rows("insert into analytics.a values ('z')");
    expect(await build(), "a row of somebody else's").toBe(false);
    expect(await rows("select name from analytics.b")).toEqual([{ name: "x" }]);
    await write({ "models/c.sql": table("select '{{ run_started_at }}' as at") });
    expect([await build(), await build(), await build()], "a clock").toEqual([false, false, false]);
  }),
);

test(
  "a stranger's materialized views are filled before anybody waits, and then read what was published",
  rig(async ({ write, sluice, rows }) => {
    const table = (sql: string): string => `{{ config(materialized='table') }} ${sql}`;
    const files = {
      "models/a.sql": table("select g as id, 'n' || g as name from generate_series(1, {{ var('n', 2) }}) g"),
      "models/b.sql": "{{ config(schema='more') }} select count(*)::int as n from {{ ref('a') }}",
    };
    await write(files);
    await sluice("build");
    await rows(`create schema other; create schema "Odd one";
      create function other.locked() returns boolean language sql as
        $$select exists (select from pg_locks where mode = 'AccessExclusiveLock' and relation = 'analytics.a'::regclass)$$;
      create view other.between as select id, x.name from analytics.a as x where x is distinct from null::analytics.a;
      create materialized view other.mv with (fillfactor = 50) as select id, name, n, other.locked() as locked from other.between, analytics_more.b;
      create unique index mv_id on other.mv (id) where id > 0;
      create materialized view "Odd one"."The top" as select max(id) as most, other.locked() as locked from other.mv;
      create view other.last as select most from "Odd one"."The top";
      create materialized view other.empty as select id from analytics.a with no data;
      grant select on other.mv to public; comment on materialized view other.mv is 'mine'`);
    const state = `select format('%s.%s %s %s %s', n.nspname, c.relname, c.reloptions, c.relacl, obj_description(c.oid)) as is, pg_get_viewdef(c.oid) as sql,
        (select string_agg(pg_get_indexdef(indexrelid), '; ') from pg_index where indrelid = c.oid) as indexes
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('other', 'Odd one') and c.relkind in ('v', 'm') order by 1`;
    const before = await rows(state);
    for (const n of [3, 4]) {
      const { code, all } = await sluice("build", "--vars", `n: ${n}`);
      expect(code, all).toBe(0);
      expect(await rows("select count(*)::int as rows, max(n) as n, bool_or(locked) as locked from other.mv")).toEqual([
        { rows: n, n, locked: false },
      ]);
      expect(await rows(`select "The top".*, last.most as last from "Odd one"."The top", other.last`)).toEqual([
        { most: n, locked: false, last: n },
      ]);
      expect(await rows(state)).toEqual(before);
      expect(await rows("select nspname from pg_namespace where nspname ~ '^(other|Odd one)_'")).toEqual([]);
    }
    // What reads a table that stays is filled when its new rows are in it, but for what a view that comes shows of them.
    await write({
      "models/grown.sql": `{{ config(materialized='incremental') }} select {{ var('n', 2) }} as id, {{ var('n', 2) }} as v`,
      "models/shown.sql": "select v, {{ var('n', 2) }} as n from {{ ref('grown') }}",
      "models/still.sql": "select v from {{ ref('grown') }}",
    });
    await sluice("build");
    await rows(`create materialized view other.by_view as select v, n, other.locked() as locked from analytics.shown;
      create materialized view other.by_still as select s.v, other.locked() as locked from analytics.still s join analytics.a on a.id = s.v`);
    await rows(
      "create materialized view other.both as select g.v, other.locked() as locked from analytics.grown g join analytics.a using (id)",
    );
    const { code, all } = await sluice("build", "--exclude", "still", "--vars", "n: 5");
    expect(code, all).toBe(0);
    expect(await rows("select v, locked from other.both order by v")).toEqual([
      { v: 2, locked: true },
      { v: 5, locked: true },
    ]);
    expect(await rows("select v, n, locked from other.by_view order by v")).toEqual([
      { v: 2, n: 5, locked: false },
      { v: 5, n: 5, locked: false },
    ]);
    expect(await rows("select v, locked from other.by_still order by v")).toEqual([
      { v: 2, locked: true },
      { v: 5, locked: true },
    ]);
    // What does not fit is told as ever.
    await write({ "models/a.sql": table("select 1 as id") });
    const misfit = await sluice("build");
    expect([misfit.code, misfit.all]).toEqual([1, expect.stringContaining("dependant-misfit")]);
    expect(misfit.all).toMatch(/view "other"\."between" \(owner \w+\): column "?(x\.)?name"? does not exist/);
    expect(await rows("select count(*)::int as n from other.mv")).toEqual([{ n: 5 }]);
  }),
);

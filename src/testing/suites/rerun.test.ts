/** What runs each time though nothing that it reads has changed. */
import { Client } from "pg";
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

test(
  "a node whose hooks write elsewhere, and one that appends, run each time; hooks on the node itself do not count",
  rig(async ({ write, sluice, rows }) => {
    await rows("create schema raw; create table raw.log (node text)");
    const hooked = (hook: string): string =>
      `{{ config(materialized='table', post_hook=${JSON.stringify(hook)}) }} select 1 as id`;
    await write({
      "macros/log.sql":
        "{% macro note() %}insert into raw.log values ('{{ this.name }}'){% endmacro %}" +
        "{% macro ask() %}{% do run_query('select 1') %}analyze {{ this }}{% endmacro %}",
      "models/logged.sql": hooked("insert into raw.log values ('logged')"),
      "models/noted.sql": hooked("{{ note() }}"),
      "models/asks.sql": hooked("{{ ask() }}"),
      "models/trimmed.sql": hooked("delete from {{ this }} where id > 1"),
      "models/indexed.sql": hooked("create index on {{ this }} (id)"),
      "models/appended.sql": "{{ config(materialized='incremental') }} select id from {{ ref('trimmed') }}",
      "models/filtered.sql":
        "{{ config(materialized='incremental') }} select id from {{ ref('trimmed') }}" +
        "{% if is_incremental() %} where id > (select max(id) from {{ this }}){% endif %}",
      "models/keyed.sql":
        "{{ config(materialized='incremental', unique_key='id') }} " +
        "select {% if is_incremental() %}2{% else %}1{% endif %} as id from {{ ref('trimmed') }}",
    });
    const reused = async (): Promise<string[]> => {
      const { code, all, stdout } = await sluice("run");
      expect(code, all).toBe(0);
      return [...stdout.matchAll(/REUSED .*\.(\w+) /g)].map(([, name]) => name!).toSorted();
    };
    expect(await reused()).toEqual([]);
    // What only the second run of an incremental model asks has never been asked.
    expect(await reused()).toEqual(["indexed", "trimmed"]);
    expect(await rows("select id from analytics.keyed order by 1")).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await reused()).toEqual(["filtered", "indexed", "keyed", "trimmed"]);
    expect(await rows("select node, count(*)::int as n from raw.log group by 1 order by 1")).toEqual([
      { node: "logged", n: 3 },
      { node: "noted", n: 3 },
    ]);
    expect(await rows("select count(*)::int as n from analytics.appended")).toEqual([{ n: 3 }]);
    const { stdout } = await sluice("plan");
    expect(stdout).toContain("it appends its rows each time");
    expect(stdout).toContain("a hook writes to raw.log");
    expect(stdout).toContain("a hook asks the database what to do");
  }),
);

test(
  "what another session has just written is seen at once, before the server's counters tell of it",
  rig(async ({ write, sluice, rows, url }) => {
    const grown = (more: string): string =>
      `{{ config(materialized='incremental', unique_key='id') }} select g as id, 'ours' as by from generate_series(1, 4) g${more}`;
    await write({
      "models/whole.sql":
        "{{ config(materialized='table') }} select g as id, 'ours' as by from generate_series(1, 3) g",
      "models/reads.sql": "{{ config(materialized='table') }} select count(*) as n from {{ ref('whole') }}",
      "models/grown.sql": grown("{% if is_incremental() %} where g > (select max(id) from {{ this }}){% endif %}"),
    });
    const built = async (): Promise<string[]> => {
      const { code, all, stdout } = await sluice("run");
      expect(code, all).toBe(0);
      return [...stdout.matchAll(/OK created sql \w+ model \S+\.(\w+) /g)].map(([, name]) => name!).toSorted();
    };
    await built();
    expect(await built()).toEqual(["grown"]);
    expect(await built()).toEqual([]);

    // One session for all of it: what it writes is not reported while it is at work.
    const other = new Client({ connectionString: url });
    await other.connect();
    try {
      expect(await built()).toEqual([]);
      const told =
        "select pg_stat_get_tuples_inserted(c) + pg_stat_get_tuples_updated(c) + pg_stat_get_tuples_deleted(c) as n from to_regclass('analytics.whole') c";
      for (const sql of [
        "insert into analytics.whole values (4, 'theirs')",
        "update analytics.whole set by = 'theirs' where id = 1",
        "delete from analytics.whole where id = 2",
      ]) {
        await other.query("select 1");
        const before = await rows(told);
        await other.query(sql);
        // Else the test would tell nothing.
        expect(await rows(told)).toEqual(before);
        expect(await built()).toEqual(["reads", "whole"]);
        expect(await rows("select count(*)::int as n, min(by) as by from analytics.whole")).toEqual([
          { n: 3, by: "ours" },
        ]);
      }
      await other.query("delete from analytics.grown where id > 2");
      expect(await built()).toEqual(["grown"]);
      expect(await built()).toEqual([]);
      await other.query("update analytics.grown set by = 'theirs'");
      expect((await sluice("rollback")).all).toContain("was written to since it was published");
      await other.query("update analytics.whole set by = 'theirs'");
      expect(await built()).toEqual(expect.arrayContaining(["whole"]));

      // A transaction that is not over has not written anything yet.
      await built();
      await other.query("begin; insert into analytics.whole values (5, 'theirs')");
      expect(await built()).toEqual([]);
      await other.query("commit; begin");
      expect(await built()).toEqual(["reads", "whole"]);
      await other.query("commit");
    } finally {
      await other.end();
    }
  }),
);

test(
  "who may only read makes nothing doubtful, and a table whose rows cannot be told apart is built when others may write to it",
  rig(async ({ write, sluice, rows, url }) => {
    const role = `reader_${Math.random().toString(36).slice(2)}`;
    await write({ "models/a.sql": "{{ config(materialized='table') }} select 1 as id" });
    await rows(`create role ${role} login password 'reader'`);
    const built = async (): Promise<boolean> => / OK created /.test((await sluice("run")).stdout);
    const beside = async (name: string, password: string): Promise<boolean> => {
      const connectionString = Object.assign(new URL(url), { username: name, password }).href;
      const other = new Client({ connectionString });
      await other.connect();
      try {
        await other.query("begin");
        // As of a table from before such a thing was noted, or a very large one.
        await rows("update sluice.build set as_of = null");
        return await built();
      } finally {
        await other.end();
      }
    };
    try {
      expect(await built()).toBe(true);
      expect(await beside(role, "reader")).toBe(false);
      const { username, password } = new URL(url);
      expect(await beside(username, password)).toBe(true);
      await rows(`grant update (id) on analytics.a to ${role}`);
      expect(await beside(role, "reader")).toBe(true);
    } finally {
      await rows(`drop owned by ${role}; drop role ${role}`);
    }
  }),
);

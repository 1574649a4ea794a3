/** New rows are right for the table as it stood when they were made: others that write meanwhile are never overrun. */
import { Client } from "pg";
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

const PROJECT = "name: shop\nversion: '1.0'\nprofile: shop\nvars: {sluice: {publish_wait: 1, publish_keep: 2}}\n";
const EVENTS = `{{ config(materialized='incremental', unique_key='id') }}
select * from {{ source('raw', 'events') }}
{% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}`;
const SOURCES = "sources: [{name: raw, tables: [{name: events}]}]";
const project = { "dbt_project.yml": PROJECT, "models/sources.yml": SOURCES, "models/events.sql": EVENTS };
const ROWS = "select id, v from analytics.events order by id";

test(
  "rows that somebody wrote after the new ones were made stop the publication; the next build takes them in",
  rig(async ({ write, sluice, rows, url }) => {
    await rows("create schema raw; create table raw.events as select 1 as id, 'a' as v");
    await write(project);
    await sluice("build");
    await rows("insert into raw.events values (2, 'b')");
    const reader = new Client({ connectionString: url });
    await reader.connect();
    await reader.query("begin; select * from analytics.events");
    expect((await sluice("build")).stdout).toContain("publish-busy");
    await reader.end();
    await rows("insert into analytics.events values (9, 'by hand')");
    const { code, all } = await sluice("publish");
    expect([code, all]).toEqual([2, expect.stringMatching(/delta-outdated.*"analytics"\."events" was written to/s)]);
    expect(await rows(ROWS)).toEqual([
      { id: 1, v: "a" },
      { id: 9, v: "by hand" },
    ]);
    await rows("delete from analytics.events where id = 9");
    expect((await sluice("build")).code).toBe(0);
    expect(await rows(ROWS)).toEqual([
      { id: 1, v: "a" },
      { id: 2, v: "b" },
    ]);
  }),
);

test(
  "so do rows that somebody has changed just now, before the server's counters tell of it",
  rig(async ({ write, sluice, rows, url }) => {
    await rows("create schema raw; create table raw.events as select 1 as id, 'a' as v");
    await write(project);
    await sluice("build");
    await rows("insert into raw.events values (2, 'b')");
    const [reader, other] = [new Client({ connectionString: url }), new Client({ connectionString: url })];
    await Promise.all([reader.connect(), other.connect()]);
    await reader.query("begin; select * from analytics.events");
    expect((await sluice("build")).stdout).toContain("publish-busy");
    await reader.end();
    // Its first statement is reported at once, and then none for a while.
    await other.query("select 1");
    const told = "select pg_stat_get_tuples_updated('analytics.events'::regclass)::int as n";
    const before = await rows(told);
    await other.query("update analytics.events set v = 'corrected'");
    expect(await rows(told)).toEqual(before);
    const { code, all } = await sluice("publish");
    await other.end();
    expect([code, all]).toEqual([2, expect.stringMatching(/delta-outdated.*"analytics"\."events" was written to/s)]);
    expect(await rows(ROWS)).toEqual([{ id: 1, v: "corrected" }]);
  }),
);

test(
  "a rollback does not touch rows that somebody wrote since, and a direct run drops what waits for its tables",
  rig(async ({ write, sluice, rows, url }) => {
    await rows("create schema raw; create table raw.events as select 1 as id, 'a' as v");
    await write(project);
    await sluice("build");
    await rows("insert into raw.events values (2, 'b')");
    await sluice("build");
    await rows("update analytics.events set v = 'corrected' where id = 2");
    const { code, all } = await sluice("rollback");
    expect([code, all]).toEqual([2, expect.stringContaining("was written to since it was published")]);
    await rows("insert into raw.events values (3, 'c')");
    const reader = new Client({ connectionString: url });
    await reader.connect();
    await reader.query("begin; select * from analytics.events");
    expect((await sluice("build")).stdout).toContain("publish-busy");
    await reader.end();
    expect((await sluice("build", "--direct")).code).toBe(0);
    expect((await sluice("publish")).all).toContain("Nothing waits to be published");
    expect(await rows("select id from analytics.events order by id")).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
  }),
);

test(
  "two deltas are taken back one after the other",
  rig(async ({ write, sluice, rows }) => {
    await rows("create schema raw; create table raw.events as select 1 as id, 'a' as v");
    await write(project);
    await sluice("build");
    for (const row of ["(2, 'b')", "(3, 'c')"]) {
      await rows(`insert into raw.events values ${row}`);
      await sluice("build");
    }
    for (const left of [2, 1]) {
      const { code, all } = await sluice("rollback");
      expect(code, all).toBe(0);
      expect(await rows("select count(*)::int as n from analytics.events")).toEqual([{ n: left }]);
    }
  }),
);

test(
  "a table with checks, policies, rules and triggers of its own is published again and again",
  rig(async ({ write, sluice, rows }) => {
    await rows("create function public.noop() returns trigger language plpgsql as 'begin return new; end'");
    await write({
      "models/a.sql": `{{ config(materialized='table', post_hook=[
        "alter table {{ this }} add constraint positive check (id > 0)",
        "alter table {{ this }} add column twice int generated always as (id * 2) stored",
        "create policy mine on {{ this }} using (id > 0)",
        "create trigger quiet before insert on {{ this }} for each row when (new.id > 0) execute function public.noop()",
        "create rule still as on delete to {{ this }} where old.id > 5 do instead nothing"]) }}
        select {{ var('n', 1) }} as id`,
    });
    for (const n of [1, 2, 3]) {
      const { code, all } = await sluice("build", "--vars", `n: ${n}`);
      expect(code, all).toBe(0);
      expect(await rows("select id, twice from analytics.a")).toEqual([{ id: n, twice: n * 2 }]);
    }
  }),
);

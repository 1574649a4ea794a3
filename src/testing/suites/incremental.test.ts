/** When a model is incremental, and when it is made anew, through the real command line. */
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

test(
  "a view that becomes incremental is made whole, then grows, and --full-refresh makes it whole again",
  rig(async ({ write, sluice, rows }) => {
    const model = (kind: string): string =>
      `{{ config(materialized='${kind}') }} select {{ 1 if is_incremental() else 0 }} as increments`;
    const built = async (...flags: string[]): Promise<unknown[]> => {
      const { code, all } = await sluice("run", ...flags);
      expect(code, all).toBe(0);
      const found = await rows<{ increments: number }>("select increments from analytics.a order by 1");
      return found.map((row) => row.increments);
    };
    await write({ "models/a.sql": model("view") });
    expect(await built()).toEqual([0]);
    await write({ "models/a.sql": model("incremental") });
    expect(await built()).toEqual([0]);
    expect(await built(), "it has never run with is_incremental()").toEqual([0, 1]);
    expect(await built(), "it appends each time, as nothing in it looks at what is there").toEqual([0, 1, 1]);
    expect(await built("--full-refresh")).toEqual([0]);
  }),
);

const OLD = 'select number, "Serial", label from analytics.log where id <= 2 order by id';

test(
  "a copy goes on counting where the table had come to, and computes what the table computes",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "models/log.sql": `{{ config(materialized='incremental', unique_key='id', on_schema_change='append_new_columns', post_hook="update {{ this }} set seen = true where not seen") }}
        select g as id, false as seen from generate_series(1, {{ var('n', 2) }}) g
        {% if is_incremental() %} where g > (select max(id) from {{ this }}){% endif %}`,
    });
    await sluice("build");
    await rows(`alter table analytics.log
      add column number int generated always as identity (start with 10 increment by 5),
      add column "Serial" bigserial,
      add column label text default 'no ' || nextval('analytics."log_Serial_seq"'::regclass),
      add column twice int generated always as (id * 2) stored`);
    const before = await rows(OLD);
    for (const n of [3, 4]) {
      const { code, all } = await sluice("build", "--vars", `n: ${n}`, "--log-level", "debug");
      expect(code, all).toBe(0);
      expect(all).toContain(`(like "analytics"."log" including all)`);
    }
    expect(await rows(OLD)).toEqual(before);
    const all = await rows<{ id: number; number: number; Serial: string; label: string; twice: number }>(
      "select * from analytics.log order by id",
    );
    expect(all.map(({ id, number, twice }) => [id, number, twice])).toEqual([
      [1, 10, 2],
      [2, 15, 4],
      [3, 20, 6],
      [4, 25, 8],
    ]);
    expect(new Set(all.flatMap(({ Serial, label }) => [Serial, label.replace("no ", "")])).size).toBe(8);
    // All that counts is the table's own, and goes with it.
    expect(
      await rows(
        "select pg_get_serial_sequence('analytics.log', 'number') as number, pg_get_serial_sequence('analytics.log', 'Serial') as serial",
      ),
    ).toEqual([{ number: "analytics.log_number_seq", serial: 'analytics."log_Serial_seq"' }]);
    // Nothing of it is left with tables that were dropped.
    expect(await rows("select count(*)::int as n from pg_namespace where nspname like '%prev%'")).toEqual([{ n: 1 }]);
    await rows("insert into analytics.log (id, seen) values (9, true)");
    expect(await rows("select number, twice from analytics.log where id = 9")).toEqual([{ number: 30, twice: 18 }]);
  }),
);

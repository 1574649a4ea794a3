/** Microbatch models, and parents read by time. */
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

const EVENTS = `{{ config(materialized='table', event_time='at') }}
select n as id, timestamp '2024-01-01' + (n - 1) * interval '12 hours' as at, '{{ var('mark', 'a') }}' as mark from generate_series(1, 8) n`;
const BATCHES = `{{ config(materialized='incremental', incremental_strategy='microbatch', unique_key='id', event_time='at',
  begin=modules.datetime.datetime(2024, 1, 1), batch_size='day', lookback=1, pre_hook="insert into analytics.log values ('pre')", post_hook="insert into analytics.log values ('post')") }}
select *, '{{ model.batch.id }}' as batch, {{ is_incremental() }} as merged from {{ ref('events') }}`;
const window = (start: string, end: string): string[] => ["--event-time-start", start, "--event-time-end", end];

test(
  "each batch reads its own stretch of time, the first makes the table, and hooks run once",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "dbt_project.yml":
        "name: shop\nversion: '1.0'\nprofile: shop\non-run-start: create table if not exists analytics.log (what text)\n",
      "models/events.sql": EVENTS,
      "models/m.sql": BATCHES,
    });
    const first = await sluice("build", ...window("2024-01-01", "2024-01-03"));
    expect(first.code, first.all).toBe(0);
    expect(first.all).toContain("MERGE 4 in");
    expect(await rows("select batch, merged, count(*)::int as n from analytics.m group by 1, 2 order by 1")).toEqual([
      { batch: "20240101", merged: false, n: 2 },
      { batch: "20240102", merged: true, n: 2 },
    ]);
    expect(await rows("select what from analytics.log")).toEqual([{ what: "pre" }, { what: "post" }]);
    const again = await sluice("build", "--vars", "{mark: b}", ...window("2024-01-02", "2024-01-04"));
    expect(again.code, again.all).toBe(0);
    expect(await rows("select mark, count(*)::int as n from analytics.m group by 1 order by 1")).toEqual([
      { mark: "a", n: 2 },
      { mark: "b", n: 4 },
    ]);
    expect((await sluice("run", "-s", "m", "-f", ...window("2024-01-03", "2024-01-04"))).code).toBe(0);
    expect(await rows("select batch, count(*)::int as n from analytics.m group by 1")).toEqual([
      { batch: "20240103", n: 2 },
    ]);
  }),
);

test(
  "a sample reads parents that know their time for a stretch only",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "models/events.sql": EVENTS,
      "models/counted.sql": "select count(*)::int as n from {{ ref('events') }}",
    });
    expect((await sluice("build", "--sample", "{start: 2024-01-02, end: 2024-01-03}")).code).toBe(0);
    expect(await rows("select * from analytics.counted")).toEqual([{ n: 2 }]);
    const wrong = await sluice("build", "--sample", "soon");
    expect(wrong.code).toBe(2);
    expect(wrong.all).toContain("--sample: give a stretch, '3 days'");
  }),
);

test(
  "a microbatch model must say what its batches are",
  rig(async ({ write, sluice }) => {
    await write({
      "models/m.sql": "{{ config(materialized='incremental', incremental_strategy='microbatch') }} select 1",
    });
    const { code, all } = await sluice("build");
    expect(code).toBe(2);
    for (const key of ["event_time", "begin", "unique_key", "batch_size"]) expect(all).toContain(`"${key}" of "m"`);
  }),
);

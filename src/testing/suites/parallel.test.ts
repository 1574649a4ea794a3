import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { open } from "../../index.ts";
import { rig } from "../rig.ts";

const table = (sql: string): string => `{{ config(materialized='table') }}\n${sql}`;

/** Each model notes how many of them are at work at the same time: advisory locks are seen at once, by all. */
const counting = (n: number): string =>
  table(`select ${n} as n, pg_advisory_xact_lock_shared(42)::text as held, pg_sleep(0.4)::text as slept,
  (select count(*) from pg_locks where locktype = 'advisory' and objid = 42 and granted)::int as at_once`);

for (const threads of [1, 3]) {
  test(
    `with --threads ${threads}, ${threads === 1 ? "one step runs" : "three steps run"} at a time, and never more`,
    rig(async ({ write, sluice, rows }) => {
      await write(Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [`models/m${n}.sql`, counting(n)])));
      const { code, stdout } = await sluice("run", "--threads", String(threads));
      expect([code, stdout]).toEqual([0, expect.stringContaining(`Concurrency: ${threads} thread`)]);
      const all = [1, 2, 3, 4, 5, 6].map((n) => `select at_once from analytics.m${n}`).join(" union all ");
      expect(await rows(`select max(at_once) as most from (${all}) as m`)).toEqual([{ most: threads }]);
    }),
  );
}

test(
  "steps taken in any order that the graph allows leave the same tables",
  rig(async ({ dir, write, rows }) => {
    await write({
      "seeds/s.csv": "id\n1\n2\n3\n",
      "models/a.sql": table("select id, id * 2 as twice from {{ ref('s') }}"),
      "models/b.sql": "select id from {{ ref('s') }} where id > 1",
      "models/c.sql":
        "{{ config(materialized='ephemeral') }} select a.id, a.twice from {{ ref('a') }} a join {{ ref('b') }} using (id)",
      "models/d.sql": table("select sum(twice) as total from {{ ref('c') }}"),
      "models/e.sql": table("select count(*) as n from {{ ref('b') }}"),
      "models/schema.yml": "models:\n  - name: a\n    columns: [{name: id, data_tests: [unique, not_null]}]\n",
    });
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat()), async (dice) => {
        await rows("drop schema if exists analytics cascade");
        const sluice = await open(dir, { command: "build" });
        try {
          const plan = await sluice.plan({ selection: sluice.select().selection, testsGate: true });
          const result = await sluice.run(plan, { pick: (ready) => dice.next().value! % ready.length });
          expect(result.results.filter((r) => r.status !== "success" && r.status !== "pass")).toEqual([]);
        } finally {
          await sluice.close();
        }
        expect(await rows("select total::int, n::int from analytics.d, analytics.e")).toEqual([{ total: 10, n: 2 }]);
      }),
      { numRuns: 12 },
    );
  }),
);

test(
  "builds of one project at the same time do not hurt each other",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "seeds/s.csv": "id,name\n1,a\n2,b\n",
      "models/sources.yml":
        "sources:\n  - name: raw\n    tables:\n      - name: files\n        external: {location: data.csv}\n        columns: [{name: id, data_type: bigint, data_tests: [unique]}]\n",
      "data.csv": "id\n1\n2\n3\n",
      "models/t.sql": table("select * from {{ ref('s') }}"),
      "models/v.sql": "select * from {{ ref('t') }}",
      "models/i.sql": "{{ config(materialized='incremental', unique_key='id') }}\nselect * from {{ ref('v') }}",
      "models/f.sql": table("select id from {{ source('raw', 'files') }}"),
    });
    // In a new database first, where schemas and the ledger are to be made as well.
    for (let round = 0; round < 3; round++) {
      const done = await Promise.all([sluice("build"), sluice("build"), sluice("build")]);
      for (const { code, all } of done) expect(code, all).toBe(0);
      // The others wait for the first, and find its work.
      const first = round === 0 ? 1 : 0;
      expect(done.filter((d) => d.stdout.includes("PASS=7 WARN=0 ERROR=0 SKIP=0 NO-OP=0 REUSED=0"))).toHaveLength(
        first,
      );
      // Or that there is nothing to look for: then the load counts as reused too.
      const found = /PASS=(1 .* REUSED=6|0 .* REUSED=7) TOTAL=7/;
      expect(done.filter((d) => found.test(d.stdout))).toHaveLength(3 - first);
      expect(done.map((d) => d.stderr)).toEqual(["", "", ""]);
      const counts = "select (select count(*) from analytics.i)::int as i, (select count(*) from raw.files)::int as f";
      expect(await rows(counts)).toEqual([{ i: 2, f: 3 }]);
    }
  }),
);

test(
  "a build waits for another that builds the same relations, and says so; one of other relations does not",
  rig(async ({ write, start, sluice, rows }) => {
    const gate = "select 1 from pg_locks where locktype = 'advisory' and objid = 7 and";
    const sees = async (sql: string): Promise<void> => {
      while ((await rows(sql)).length === 0) await sleep(50);
    };
    await write({
      "models/gated.sql": table("select 1 as id, pg_advisory_xact_lock(7)::text as held"),
      "models/other.sql": table("select 1 as id"),
    });
    const closed = rows("select pg_advisory_lock(7), pg_sleep(60) as gate").catch(() => {});
    await sees(`${gate} granted`);
    const first = start(["run", "-s", "gated"]);
    await sees(`${gate} not granted`);
    let told = "";
    const second = start(["run", "-s", "gated"], { onStdout: (text) => (told += text) });
    expect((await sluice("run", "-s", "other")).code).toBe(0);
    while (!told.includes("Waiting for another run")) await sleep(50);
    await rows(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like '%as gate' and pid <> pg_backend_pid()",
    );
    await closed;
    expect([(await first.done).code, (await second.done).code]).toEqual([0, 0]);
  }),
);

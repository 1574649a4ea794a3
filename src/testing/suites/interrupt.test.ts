import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { open } from "../../index.ts";
import { type Rig, rig } from "../rig.ts";

const SLOW = {
  "models/a.sql": "{{ config(materialized='table') }} select 1 as id",
  "models/slow.sql": "{{ config(materialized='table') }} select id, pg_sleep(60)::text as s from {{ ref('a') }}",
  "models/z.sql": "{{ config(materialized='table') }} select * from {{ ref('slow') }}",
};

/** Waits until the query gives a row. */
async function until({ rows }: Rig, sql: string): Promise<void> {
  for (let tries = 0; (await rows(sql)).length === 0; tries++) {
    if (tries > 600) throw new Error(`never: ${sql}`);
    await sleep(50);
  }
}

const SLEEPING =
  "select 1 from pg_stat_activity where query like '%pg_sleep(60)%' and state = 'active' and pid <> pg_backend_pid() and datname = current_database()";
const BACKENDS =
  "select pid, query from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'";
const RELATIONS =
  "select relname from pg_class where relnamespace = 'analytics'::regnamespace and relkind in ('r', 'v', 'm') order by 1";
const WORK =
  "select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where nspname like '%sluice_next' and relkind in ('r', 'v', 'm')";

async function statuses(dir: string): Promise<string[][]> {
  const text = await readFile(join(dir, "target", "run_results.json"), "utf8");
  const { results } = JSON.parse(text) as { results: { unique_id: string; status: string }[] };
  return results.map((r) => [r.unique_id, r.status]);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  test(
    `${signal} cancels the statement on the server, publishes nothing, and the next build clears what was done`,
    rig(async (r) => {
      await r.write(SLOW);
      const run = r.start(["build"]);
      await until(r, SLEEPING);
      const before = Date.now();
      run.kill(signal);
      const { code, stdout, stderr } = await run.done;
      // The statement would take a minute.
      expect(Date.now() - before).toBeLessThan(10_000);
      expect([code, stderr]).toEqual([1, ""]);
      expect(stdout).toContain("Exited because of keyboard interrupt");
      expect(stdout).toContain("Done. PASS=1 WARN=0 ERROR=1 SKIP=1");
      expect(await statuses(r.dir)).toEqual([
        ["model.shop.a", "success"],
        ["model.shop.slow", "error"],
        ["model.shop.z", "skipped"],
      ]);
      expect(await r.rows(RELATIONS)).toEqual([]);
      expect(await r.rows(BACKENDS)).toEqual([]);
      expect(await r.rows("select status from sluice.run")).toEqual([{ status: "cancelled" }]);
      await r.write({ "models/slow.sql": "{{ config(materialized='table') }} select id from {{ ref('a') }}" });
      expect((await r.sluice("build")).code).toBe(0);
      expect(await r.rows(RELATIONS)).toEqual([{ relname: "a" }, { relname: "slow" }, { relname: "z" }]);
      expect(await r.rows(WORK)).toEqual([]);
    }),
  );
}

test(
  "Ctrl-C while waiting for another's lock ends at once",
  rig(async (r) => {
    await r.write({ "models/a.sql": "{{ config(materialized='table') }} select 1 as id" });
    expect((await r.sluice("build")).code).toBe(0);
    const blocker = r.rows("begin; lock table analytics.a; select pg_sleep(20)").catch(() => {});
    await until(r, "select 1 from pg_locks where relation = 'analytics.a'::regclass and mode = 'AccessExclusiveLock'");
    // Another number of rows: what may be the same is compared with the table, which waits for the lock already.
    await r.write({ "models/a.sql": "{{ config(materialized='table') }} select generate_series(1, 2) as id" });
    const run = r.start(["build"]);
    await until(r, "select 1 from sluice.publication where status = 'ready'");
    run.kill("SIGINT");
    expect((await run.done).code).toBe(1);
    await r.rows(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(20)%' and pid <> pg_backend_pid()",
    );
    await blocker;
    expect(await r.rows("select id from analytics.a")).toEqual([{ id: 1 }]);
  }),
);

test(
  "Ctrl-C during a load leaves the table as it was, and the next load brings the whole file",
  rig(async (r) => {
    const columns = "columns: [{name: id, data_type: bigint}, {name: name, data_type: text}]";
    await r.write({
      "models/sources.yml": `sources:\n  - name: raw\n    tables:\n      - name: t\n        external: {location: big.csv}\n        ${columns}\n`,
    });
    const lines = Array.from({ length: 3_000_000 }, (_, i) => `${i},name of ${i}`);
    await writeFile(join(r.dir, "big.csv"), `id,name\n${lines.join("\n")}\n`);
    const run = r.start(["load"]);
    await until(
      r,
      "select 1 from pg_stat_progress_copy where tuples_processed > 1000 and datname = current_database()",
    );
    run.kill("SIGINT");
    const { code, stdout } = await run.done;
    expect([code, stdout]).toEqual([1, expect.stringContaining("Exited because of keyboard interrupt")]);
    expect(await r.rows(BACKENDS)).toEqual([]);
    expect(
      await r.rows("select relname from pg_class where relnamespace = 'raw'::regnamespace and relkind = 'r'"),
    ).toEqual([]);
    expect((await r.sluice("load")).code).toBe(0);
    expect(await r.rows("select count(*)::int as n from raw.t")).toEqual([{ n: 3_000_000 }]);
  }),
);

test(
  "a killed build leaves nothing that hinders the next one",
  rig(async (r) => {
    await r.write(SLOW);
    const run = r.start(["build"]);
    await until(r, SLEEPING);
    run.kill("SIGKILL");
    await run.done;
    await r.write({ "models/slow.sql": "{{ config(materialized='table') }} select id from {{ ref('a') }}" });
    expect((await r.sluice("build")).code).toBe(0);
    expect(await r.rows(RELATIONS)).toEqual([{ relname: "a" }, { relname: "slow" }, { relname: "z" }]);
    // The server itself notices that its client is gone.
    for (let tries = 0; (await r.rows(BACKENDS)).length > 0 && tries < 100; tries++) await sleep(100);
    expect(await r.rows(BACKENDS)).toEqual([]);
  }),
);

test(
  "a second Ctrl-C leaves at once",
  rig(async (r) => {
    await r.write(SLOW);
    const run = r.start(["build"]);
    await until(r, SLEEPING);
    run.kill("SIGINT");
    run.kill("SIGTERM");
    // Both may be heard before the first is dealt with, or the first alone in time.
    expect([1, 130]).toContain((await run.done).code);
  }),
);

test(
  "a connection lost in the middle is replaced, and the step it served is done again",
  rig(async (r) => {
    await r.rows("create sequence asked");
    await r.write({
      ...SLOW,
      // Sequences are not rolled back: only the first attempt is slow.
      "models/slow.sql":
        "{{ config(materialized='table') }} select id, case nextval('public.asked') when 1 then pg_sleep(60)::text end as s from {{ ref('a') }}",
    });
    const run = r.start(["build"]);
    await until(r, SLEEPING);
    await r.rows(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()",
    );
    const { code, stdout } = await run.done;
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/slow: terminating connection due to administrator command.*; trying again \(2 of 6\)/);
    expect(await r.rows(RELATIONS)).toEqual([{ relname: "a" }, { relname: "slow" }, { relname: "z" }]);
  }),
);

test(
  "a run that is interrupted between two steps is no success, though nothing failed",
  rig(async ({ dir, write, rows }) => {
    await write({
      "models/a.sql": "select 1 as id",
      "models/b.sql": "select * from {{ ref('a') }}",
    });
    const sluice = await open(dir, { command: "build" });
    try {
      const plan = await sluice.plan({ selection: sluice.select().selection });
      const interrupt = new AbortController();
      const { ok, interrupted, results } = await sluice.run(plan, {
        signal: interrupt.signal,
        onEvent: ({ type }) => {
          if (type === "step-finished") interrupt.abort();
        },
      });
      expect({ ok, interrupted }).toEqual({ ok: false, interrupted: true });
      expect(results.map((r) => r.status)).toEqual(["success", "skipped"]);
    } finally {
      await sluice.close();
    }
    expect(await rows("select status from sluice.run")).toEqual([{ status: "cancelled" }]);
  }),
);

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Rig, rig } from "../rig.ts";

interface Watching {
  /** What was printed since it was last asked, once it holds the text. */
  until(text: string | RegExp): Promise<string>;
  stop(): Promise<number | null>;
}

async function watching({ start }: Rig, ...args: string[]): Promise<Watching> {
  let text = "";
  let from = 0;
  const take = (more: string): void => void (text += more);
  const child = start(["watch", ...args], { onStdout: take, onStderr: take });
  const until: Watching["until"] = async (wanted) => {
    for (let tries = 0; ; tries++) {
      const fresh = text.slice(from);
      if (typeof wanted === "string" ? fresh.includes(wanted) : wanted.test(fresh)) {
        from = text.length;
        return fresh;
      }
      if (tries > 600) throw new Error(`never: ${String(wanted)} in ${fresh}`);
      await sleep(50);
    }
  };
  await until("Watching ");
  const stop = async (): Promise<number | null> => {
    child.kill("SIGINT");
    return (await child.done).code;
  };
  return { until, stop };
}

const done = /Done\. PASS=(\d+) .*TOTAL=(\d+)/;
const names = (text: string): string[] =>
  [
    ...text.matchAll(/(?:OK created|PASS|ERROR creating|FAIL|SKIP|OK loaded) .*?(?:analytics\.|raw\.)?([a-z_]+) \.\./g),
  ].map((m) => m[1]!);

const PROJECT = {
  "models/a.sql": "select {{ one() }} as id",
  "models/b.sql": "select id from {{ ref('e') }}",
  "models/e.sql": "{{ config(materialized='ephemeral') }} select id from {{ ref('a') }}",
  "models/c.sql": "select 1 as id",
  "models/all.yml": "models:\n  - {name: a, columns: [{name: id, data_tests: [not_null]}]}\n  - {name: c}\n",
  "macros/one.sql": "{% macro one() %}{{ inner_one() }}{% endmacro %}\n{% macro inner_one() %}1{% endmacro %}",
};

test(
  "an edit rebuilds what it touches: a model and its tests, through macros and ephemeral models, and nothing else",
  rig(async (r) => {
    await r.write(PROJECT);
    expect((await r.sluice("build")).code).toBe(0);
    const w = await watching(r);
    await r.write({ "models/a.sql": "select {{ one() }} + 1 as id" });
    expect(names(await w.until(done))).toEqual(["a", "not_null_a_id"]);
    expect(await r.rows("select id from analytics.a")).toEqual([{ id: 2 }]);

    await r.write({ "macros/one.sql": PROJECT["macros/one.sql"].replace("}1{", "}10{") });
    expect(names(await w.until(done))).toEqual(["a", "not_null_a_id"]);
    expect(await r.rows("select id from analytics.a")).toEqual([{ id: 11 }]);

    await r.write({ "models/e.sql": PROJECT["models/e.sql"].replace("select id", "select id + 1 as id") });
    expect(names(await w.until(done))).toEqual(["b"]);
    expect(await r.rows("select id from analytics.b")).toEqual([{ id: 12 }]);

    // Moved within its file, and a file that nothing reads.
    await r.write({ "models/all.yml": `# a comment\n\n${PROJECT["models/all.yml"]}`, "notes.txt": "x" });
    await w.until("Nothing to build for models/all.yml, notes.txt");
    await r.write({
      "models/all.yml": PROJECT["models/all.yml"].replace("{name: c}", "{name: c, config: {materialized: table}}"),
    });
    expect(names(await w.until(done))).toEqual(["c"]);
    await r.write({ "models/new.sql": "select * from {{ ref('c') }}" });
    expect(names(await w.until(done))).toEqual(["new"]);
    expect(await w.stop()).toBe(0);
  }),
);

test(
  "mistakes and failures are remembered until they are gone",
  rig(async (r) => {
    await r.write({
      ...PROJECT,
      "models/d.sql": "select id from {{ ref('a') }} union all select id from {{ ref('c') }}",
    });
    expect((await r.sluice("build")).code).toBe(0);
    const w = await watching(r);
    await r.write({ "models/d.sql": "select nothing_there from {{ ref('a') }}" });
    expect(await w.until(done)).toContain('column "nothing_there" does not exist');
    await r.write({ "models/c.sql": "select 2 as id" });
    const other = await w.until("Still failing");
    expect(names(other)).toEqual(["c"]);
    expect(other).toContain("model.shop.d");
    // A mistake of the project: nothing is built, and the difference is not forgotten.
    await r.write({
      "models/c.sql": "select 3 as id from {{ ref('nobody') }}",
      "models/a.sql": "select 1 as id, 1 as nothing_there",
    });
    await w.until("Waiting for the mistakes to be corrected");
    await r.write({ "models/c.sql": "select 3 as id" });
    // d failed, and what it reads has changed: it is tried again.
    expect(names(await w.until(done)).toSorted()).toEqual(["a", "c", "d", "not_null_a_id"]);
    expect(await r.rows("select nothing_there from analytics.d")).toEqual([{ nothing_there: 1 }]);
    expect(await w.stop()).toBe(0);
  }),
);

test(
  "--downstream rebuilds descendants; a changed data file loads its source; an edit during a build is built after it",
  rig(async (r) => {
    await r.write({
      ...PROJECT,
      "models/sources.yml":
        "sources:\n  - name: raw\n    tables:\n      - {name: t, external: {location: data/*.csv}, columns: [{name: id, data_type: integer}]}\n",
      "models/from_file.sql":
        "{{ config(materialized='table') }} select count(*)::int as n from {{ source('raw', 't') }}",
      "data/a.csv": "id\n1\n",
    });
    expect((await r.sluice("build")).code).toBe(0);
    const w = await watching(r, "--downstream");
    await r.write({ "data/a.csv": "id\n1\n2\n" });
    await w.until(done);
    expect(await r.rows("select n from analytics.from_file")).toEqual([{ n: 2 }]);
    await r.write({ "models/c.sql": "{{ config(materialized='table') }} select 5 as id, pg_sleep(1)::text as s" });
    await w.until("1 of 1 START");
    await r.write({ "models/a.sql": "select 7 as id" });
    await w.until(done);
    expect(names(await w.until(done))).toEqual(["a", "not_null_a_id", "b"]);
    expect(await r.rows("select id from analytics.b")).toEqual([{ id: 7 }]);
    expect(await w.stop()).toBe(0);
  }),
);

test(
  "a site that is there is kept in step",
  rig(async (r) => {
    await r.write(PROJECT);
    expect((await r.sluice("build")).code).toBe(0);
    await r.write({ "target/site/old.html": "" });
    const w = await watching(r);
    await r.write({ "models/c.sql": "select 4711 as id" });
    await w.until(done);
    const site = join(r.dir, "target", "site");
    for (let tries = 0; !(await holds(site, "4711")); tries++) {
      if (tries > 200) throw new Error("the site never shows the edit");
      await sleep(50);
    }
    expect(await w.stop()).toBe(0);
  }),
);

async function holds(folder: string, text: string): Promise<boolean> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    files
      .filter((file) => file.isFile())
      .map((file) => readFile(join(file.parentPath, file.name), "utf8").catch(() => "")),
  );
  return texts.some((found) => found.includes(text));
}

test(
  "a target that looks like production is only built into when it is named",
  rig(async (r) => {
    const outputs = `prod: {type: postgres, url: '${r.url}', schema: analytics}`;
    await r.write({ "profiles.yml": `shop:\n  target: prod\n  outputs:\n    ${outputs}\n` });
    expect(await r.sluice("watch")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('The profile\'s target is "prod"'),
    });
    const w = await watching(r, "--target", "prod");
    expect(await w.stop()).toBe(0);
  }),
);

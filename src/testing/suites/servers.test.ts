import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CliResult, rig, startCli } from "../rig.ts";

let home: string;
let shop: string;
const cli = (...args: string[]): Promise<CliResult> =>
  startCli(args, { cwd: shop, env: { DATABASE_URL: undefined } }).done;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "sluice first steps "));
  shop = join(home, "a shop");
});
afterAll(async () => {
  await cli("down");
  await rm(home, { recursive: true, force: true });
});

const postmaster = async (): Promise<number> =>
  Number((await readFile(join(shop, ".sluice", "postgres", "data", "postmaster.pid"), "utf8")).split("\n")[0]);

test("in an empty folder, init and then build start a server, load, build and test, and say how to connect", async () => {
  const init = await startCli(["init", "a shop"], { cwd: home }).done;
  expect([init.code, init.stdout]).toEqual([0, expect.stringContaining("Next: cd 'a shop' && sluice build")]);
  const { code, stdout, stderr } = await cli("build");
  expect([code, stderr]).toEqual([0, "Starting PostgreSQL …\n"]);
  expect(stdout).toMatch(/OK loaded source raw\.orders \.+ \[COPY 5/);
  expect(stdout).toContain("Completed successfully");
  expect(stdout).toMatch(/psql "postgresql:\/\/sluice@127\.0\.0\.1:\d+\/a_shop"/);
  expect(stdout).toMatch(/Metabase +host 127\.0\.0\.1, port \d+/);
});

test("a second build finds the server running and the file loaded", async () => {
  const { code, stdout, stderr } = await cli("build");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/OK loaded source raw\.orders \.+ \[unchanged in/);
});

test("up prints an address that works, and nothing else with --quiet", async () => {
  const { code, stdout } = await cli("up", "--quiet");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^postgresql:\/\/sluice:\S+@127\.0\.0\.1:\d+\/a_shop\n$/);
});

test("three builds at once all succeed", async () => {
  const done = await Promise.all([cli("build"), cli("build"), cli("build")]);
  expect(done.map((d) => [d.code, d.stderr])).toEqual([
    [0, ""],
    [0, ""],
    [0, ""],
  ]);
});

test("a server that was killed between two builds is started again", async () => {
  process.kill(await postmaster(), "SIGKILL");
  const { code, stderr } = await cli("build");
  expect([code, stderr]).toEqual([0, "Starting PostgreSQL …\n"]);
});

test("a server that is killed during a build fails the nodes that ran, writes the results, and the next build works", async () => {
  const slow = join(shop, "models", "slow.sql");
  await writeFile(
    slow,
    "{{ config(materialized='table') }} select pg_sleep(60)::text as x from {{ ref('stg_orders') }}",
  );
  let told = "";
  const run = startCli(["build"], { cwd: shop, onStdout: (text) => (told += text) });
  for (let tries = 0; !told.includes("START sql table model analytics.slow") && tries < 400; tries++) await sleep(50);
  process.kill(await postmaster(), "SIGKILL");
  const { code, stdout } = await run.done;
  await rm(slow);
  expect(code).toBe(1);
  expect(stdout).toContain("Failure in model slow (models/slow.sql)");
  expect(stdout).toMatch(/slow: .*; trying again \(2 of 6\)/);
  const { results } = JSON.parse(await readFile(join(shop, "target", "run_results.json"), "utf8")) as {
    results: { unique_id: string; status: string }[];
  };
  expect(results.find((r) => r.unique_id.endsWith(".slow"))).toMatchObject({ status: "error" });
  expect((await cli("build")).code).toBe(0);
}, 120_000);

test("down stops the server, and says so when there was none", async () => {
  expect((await cli("down")).stdout).toBe("The embedded server is stopped.\n");
  expect((await cli("down")).stdout).toBe("The embedded server was not running.\n");
});

const profile = (output: string): string =>
  `shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, schema: analytics, ${output}}\n`;

test(
  "a server that cannot be reached, a wrong password and an unknown database are told without the password, with exit code 2",
  rig(async ({ write, sluice, url }) => {
    const { hostname: host, port, username, pathname } = new URL(url);
    const address = `host: ${host}, port: ${port}, user: ${username}`;
    const cases = [
      [`host: 127.0.0.1, port: 1, user: u, password: s3cret, dbname: d`, "ECONNREFUSED", "is the server running"],
      [
        `${address}, password: s3cret, dbname: ${pathname.slice(1)}`,
        "password authentication failed",
        "check `user` and `password`",
      ],
      [`host: no-such-host.invalid, user: u, password: s3cret, dbname: d`, "", "check `host` in profiles.yml"],
    ] as const;
    for (const [output, said, move] of cases) {
      await write({ "profiles.yml": profile(output) });
      const { code, all } = await sluice("build");
      expect([output, code, all]).toEqual([output, 2, expect.stringContaining("connect-failed")]);
      expect(all).toContain(said);
      expect(all).toContain(move);
      expect(all).not.toContain("s3cret");
    }
    // Nothing is wrong with what was to be shown.
    expect((await sluice("show", "--inline", "select 1")).code).toBe(2);
    await write({ "profiles.yml": profile(`url: '${url}_not'`) });
    const { code, all } = await sluice("debug");
    expect([code, all]).toEqual([1, expect.stringContaining("create it (`create database")]);
  }),
);

test(
  "a user who may not create schemas is told which privilege is missing",
  rig(async ({ write, sluice, rows, url }) => {
    const role = `reader_${Math.random().toString(36).slice(2)}`;
    await rows(`create role ${role} login password 'reader'`);
    try {
      const as = new URL(url);
      as.username = role;
      as.password = "reader";
      await write({ "profiles.yml": profile(`url: '${as.href}'`), "models/a.sql": "select 1 as id" });
      const { code, all } = await sluice("build");
      expect(code).toBe(2);
      expect(all).toContain(`"${role}" may not create the schema "analytics" in database`);
      expect(all).toContain(`grant create on database`);
      // With a schema of its own it may build there, and only there; the record is missing, and said to be.
      await rows(`create schema analytics authorization ${role}`);
      const together = await sluice("build");
      expect([together.code, together.all]).toEqual([2, expect.stringContaining("or build with --direct")]);
      const second = await sluice("build", "--direct");
      expect([second.code, second.stdout]).toEqual([0, expect.stringContaining("[WARNING]: This run is not recorded")]);
    } finally {
      await rows(`drop owned by ${role} cascade`);
      await rows(`drop role ${role}`);
    }
  }),
);

test(
  "debug tells where it connects and as whom, and no password",
  rig(async ({ write, sluice, url }) => {
    const { port, username, password } = new URL(url);
    await write({ "profiles.yml": profile(`url: '${url}'`) });
    const { code, all } = await sluice("debug");
    expect([code, all]).toEqual([0, expect.stringContaining(`${username}@127.0.0.1:${port}/`)]);
    expect(all).not.toContain(decodeURIComponent(password));
  }),
);

test(
  "a run that finds no beginning is recorded as failed",
  rig(async ({ write, sluice, rows, url }) => {
    // Postgres keeps names of schemas that begin so for itself.
    await write({
      "profiles.yml": `shop: {target: dev, outputs: {dev: {type: postgres, schema: pg_shop, url: '${url}'}}}\n`,
      "models/a.sql": "select 1 as id",
    });
    expect(await sluice("build")).toMatchObject({ code: 2, all: expect.stringContaining("schema-not-created") });
    expect(await rows("select status, finished_at is not null as finished from sluice.run")).toEqual([
      { status: "error", finished: true },
    ]);
  }),
);

import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bundleScript } from "../testing/script.ts";
import { testDatabase, type TestDatabase } from "../testing/server.ts";
import type { Database, Session } from "./database.ts";
import { QueryError } from "./errors.ts";
import { openDatabase } from "./open.ts";

let made: TestDatabase;
let admin: Database;
let opened: Database[];
beforeAll(async () => {
  made = await testDatabase();
  admin = await openDatabase({ ...made.connection, applicationName: "admin" }, { sessions: 1, dataDir: "" });
});
afterAll(async () => {
  await admin.close();
  await made.drop();
});
beforeEach(() => void (opened = []));
afterEach(async () => void (await Promise.all(opened.map((database) => database.close()))));

async function open(sessions: number, signal?: AbortSignal): Promise<Database> {
  const database = await openDatabase(made.connection, { sessions, signal, dataDir: "" });
  opened.push(database);
  return database;
}

const caught = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "nothing was thrown",
    (e: unknown) => e,
  );

/** What the server does for connections other than the asker's: states and statements. */
async function activity(): Promise<{ state: string; query: string }[]> {
  const sql = `select state, query from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;
  return (await admin.session((s) => s.query<{ state: string; query: string }>(sql))).rows;
}

const terminate = (session: Session): Promise<unknown> =>
  admin.session((s) => s.query("select pg_terminate_backend($1, 5000)", [session.pid]));

describe("lending", () => {
  test("connections are opened when needed, kept, and never more than allowed", async () => {
    const database = await open(3);
    expect(await activity()).toHaveLength(1);
    const pids = new Set<number>();
    let most = 0;
    let now = 0;
    await Promise.all(
      Array.from({ length: 12 }, () =>
        database.session(async (session) => {
          most = Math.max(most, ++now);
          pids.add(session.pid);
          await session.query("select pg_sleep(0.01)");
          now--;
        }),
      ),
    );
    expect(most).toBe(3);
    expect(pids.size).toBe(3);
    expect(await activity()).toHaveLength(3);
  });

  test("who asks first is served first", async () => {
    const database = await open(1);
    const served: number[] = [];
    await Promise.all([1, 2, 3, 4, 5].map((n) => database.session(async () => void served.push(n))));
    expect(served).toEqual([1, 2, 3, 4, 5]);
  });

  test("a step that asks for a second session is a bug, not a standstill", async () => {
    const database = await open(2);
    const thrown = await caught(database.session(() => database.session(async () => {})));
    expect(String(thrown)).toMatch(/Internal error: a step .* second/);
    // Afterwards, and for work beside, it is allowed.
    await database.session(async () => {});
  });

  test("the pid is the server's own", async () => {
    const database = await open(1);
    const [pid, said] = await database.session(async (s) => [
      s.pid,
      (await s.query("select pg_backend_pid() as p")).rows,
    ]);
    expect(said).toEqual([{ p: pid }]);
  });
});

describe("a lost connection", () => {
  test("during a statement is said clearly, and replaced for the next", async () => {
    const database = await open(1);
    const thrown = await caught(
      database.session(async (session) => {
        await Promise.all([session.query("select pg_sleep(30)"), sleep(50).then(() => terminate(session))]);
      }),
    );
    expect(thrown).toBeInstanceOf(QueryError);
    expect(thrown).toMatchObject({ sqlstate: "57P01", transient: true });
    expect((await database.session((s) => s.query("select 1 as a"))).rows).toEqual([{ a: 1 }]);
  });

  test("between two statements names the server", async () => {
    const database = await open(1);
    const thrown = await caught(
      database.session(async (session) => {
        await terminate(session);
        await session.query("select 1");
      }),
    );
    expect(thrown).toBeInstanceOf(QueryError);
    expect((thrown as QueryError).transient).toBe(true);
    expect((await database.session((s) => s.query("select 1 as a"))).rows).toEqual([{ a: 1 }]);
  });

  test("while nobody held it goes unnoticed", async () => {
    const database = await open(1);
    await database.session((session) => terminate(session).then(() => {}));
    await sleep(50);
    expect((await database.session((s) => s.query("select 1 as a"))).rows).toEqual([{ a: 1 }]);
  });

  test("in a transaction gives the statement's error", async () => {
    const database = await open(1);
    const thrown = await caught(
      database.session((session) =>
        session.transaction(async () => {
          await terminate(session);
          await session.query("select 1");
        }),
      ),
    );
    expect(thrown).toBeInstanceOf(QueryError);
  });
});

describe("aborting", () => {
  test("cancels all that runs at once, refuses what waits, and leaves nothing on the server", async () => {
    const abort = new AbortController();
    const database = await open(3, abort.signal);
    const running = [1, 2, 3].map(() => caught(database.session((s) => s.query("select pg_sleep(30)"))));
    const waiting = caught(database.session((s) => s.query("select 'never'")));
    await sleep(100);
    const start = performance.now();
    abort.abort();
    expect(await waiting).toMatchObject({ name: "AbortError" });
    for (const thrown of await Promise.all(running)) expect(thrown).toMatchObject({ sqlstate: "57014" });
    expect(performance.now() - start).toBeLessThan(5000);
    expect((await activity()).filter(({ state }) => state !== "idle")).toEqual([]);
    expect(await caught(database.session(async () => {}))).toMatchObject({ name: "AbortError" });
    await database.close();
    expect(await activity()).toEqual([]);
  });

  test("rolls a transaction back, and sends no further statement", async () => {
    const abort = new AbortController();
    const database = await open(1, abort.signal);
    const thrown = await caught(
      database.session((session) =>
        session.transaction(async () => {
          await session.query("create table aborted ()");
          abort.abort();
          await session.query("select 1");
        }),
      ),
    );
    expect(thrown).toMatchObject({ name: "AbortError" });
    expect((await admin.session((s) => s.query("select to_regclass('aborted') as t"))).rows).toEqual([{ t: null }]);
  });

  test("a transaction that was ready to commit does not", async () => {
    const abort = new AbortController();
    const database = await open(1, abort.signal);
    const work = database.session((session) =>
      session.transaction(async () => {
        await session.query("create table late ()");
        abort.abort();
      }),
    );
    expect(await caught(work)).toMatchObject({ name: "AbortError" });
    expect((await admin.session((s) => s.query("select to_regclass('late') as t"))).rows).toEqual([{ t: null }]);
  });

  test("ends a copy whose source says nothing any more", async () => {
    await admin.session((s) => s.query("create table copied (t text)"));
    const abort = new AbortController();
    const database = await open(1, abort.signal);
    const source = new Readable({ read() {} });
    source.push("one\n");
    const copying = caught(database.session((s) => s.copyIn("copy copied from stdin", source)));
    await sleep(100);
    const start = performance.now();
    abort.abort();
    expect(await copying).toMatchObject({ name: "AbortError" });
    expect(performance.now() - start).toBeLessThan(5000);
    expect(source.destroyed).toBe(true);
    await sleep(50);
    expect((await activity()).filter(({ state }) => state !== "idle")).toEqual([]);
    expect((await admin.session((s) => s.query("select count(*) as n from copied"))).rows).toEqual([{ n: 0 }]);
  });

  test("a signal that was aborted before opens nothing", async () => {
    expect(await caught(open(1, AbortSignal.abort()))).toMatchObject({ name: "AbortError" });
  });
});

const sleeping = async (): Promise<boolean> =>
  (await activity()).some(({ query, state }) => state === "active" && query.includes("(60)"));

test("a statement of a process that was killed does not run on", { timeout: 60_000 }, async () => {
  const script = await bundleScript(
    "killed",
    `import { openDatabase } from "./postgres/open.ts";
     const database = await openDatabase(JSON.parse(process.argv[2]), { sessions: 1, dataDir: "" });
     await database.session((s) => s.query("select pg_sleep(60)"));`,
  );
  const child = spawn(process.execPath, [script, JSON.stringify({ ...made.connection, applicationName: "killed" })]);
  while (!(await sleeping())) await sleep(20);
  child.kill("SIGKILL");
  const start = performance.now();
  while (await sleeping()) await sleep(100);
  expect(performance.now() - start).toBeLessThan(15_000);
  rmSync(script);
});

describe("closing", () => {
  test("ends statements on the server too", async () => {
    const database = await open(2);
    const running = caught(database.session((s) => s.query("select pg_sleep(30)")));
    await sleep(50);
    const waiting = [1, 2].map(() => caught(database.session((s) => s.query("select pg_sleep(30)"))));
    await sleep(50);
    await database.close();
    expect(await running).toBeInstanceOf(QueryError);
    await Promise.all(waiting);
    expect(await activity()).toEqual([]);
  });

  test("twice is once", async () => {
    const database = await open(1);
    await database.close();
    await database.close();
    await expect(database.session(async () => {})).rejects.toThrow(/closed/);
  });
});

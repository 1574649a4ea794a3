import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Connection, Database } from "../postgres/database.ts";
import { openDatabase } from "../postgres/open.ts";
import { testDatabase, type TestDatabase } from "../testing/server.ts";
import { ensureState } from "./ensure.ts";
import {
  finishRun,
  forgetLoad,
  loadedFiles,
  newBatchId,
  recordLoad,
  recordResults,
  recordRun,
  type LoadRecord,
} from "./ledger.ts";

let made: TestDatabase;
let database: Database;
beforeAll(async () => {
  made = await testDatabase();
  database = await open(made.connection);
  await ensureState(database);
});
afterAll(async () => {
  await database.close();
  await made.drop();
});

const open = (connection: Connection): Promise<Database> => openDatabase(connection, { sessions: 2, dataDir: "" });

describe("runs", () => {
  test("a run and its results can be read again in SQL", async () => {
    const at = new Date("2026-03-01T10:00:00.123Z");
    const rows = await database.session(async (session) => {
      await recordRun(session, {
        id: "r1",
        command: "build",
        target: "dev",
        startedAt: at,
        sluiceVersion: "1",
        user: "ann",
      });
      const base = { startedAt: at, finishedAt: at };
      await recordResults(session, "r1", [
        { nodeId: "model.bank.a", status: "success", rows: 5, ...base },
        { nodeId: "model.bank.b", status: "error", message: 'it\'s "bad" \\u0000 🎉\u0000', ...base },
      ]);
      await finishRun(session, "r1", "error", at);
      const { rows } = await session.query(
        `select r.status as run, n.node_id, n.status, n.rows, n.message, n.started_at = r.started_at as same
         from sluice.run r join sluice.node_result n on n.run_id = r.id order by node_id`,
      );
      return rows;
    });
    expect(rows).toEqual([
      { run: "error", node_id: "model.bank.a", status: "success", rows: 5, message: null, same: true },
      {
        run: "error",
        node_id: "model.bank.b",
        status: "error",
        rows: null,
        message: 'it\'s "bad" \\u0000 🎉',
        same: true,
      },
    ]);
  });

  test("a node that was tried twice keeps its last result", async () => {
    const at = new Date();
    const base = { nodeId: "model.bank.a", startedAt: at, finishedAt: at };
    const { rows } = await database.session(async (session) => {
      await recordRun(session, {
        id: "r2",
        command: "build",
        target: "dev",
        startedAt: at,
        sluiceVersion: "1",
        user: "ann",
      });
      await recordResults(session, "r2", [{ status: "error", ...base }]);
      await recordResults(session, "r2", [
        { status: "error", ...base },
        { status: "success", ...base },
      ]);
      return session.query("select status from sluice.node_result where run_id = 'r2'");
    });
    expect(rows).toEqual([{ status: "success" }]);
  });

  test("finishing a run that nobody recorded is a bug", async () => {
    await expect(database.session((s) => finishRun(s, "nobody", "success", new Date()))).rejects.toThrow(
      /Internal error/,
    );
  });
});

const load = (id: number, sha256: string, file = "data/a.csv"): LoadRecord => ({
  id,
  sourceNodeId: "source.bank.raw.a",
  file,
  sha256,
  bytes: 6_000_000_000,
  rows: 10,
  rejected: 1,
  optionsHash: "o",
});

describe("loads", () => {
  const table = { schema: "raw", identifier: 'Odd "name"' };

  test("the record follows the file: loaded, replaced, forgotten, and gone with the table", async () => {
    await database.session(async (session) => {
      await session.query(`create schema raw; create table raw."Odd ""name""" ()`);
      const first = await newBatchId(session);
      await recordLoad(session, table, load(first, "aaa"));
      await recordLoad(session, table, load(await newBatchId(session), "ccc", "data/b.csv"));
      expect((await loadedFiles(session, table)).get("data/a.csv")).toMatchObject({
        id: first,
        sha256: "aaa",
        bytes: 6e9,
      });

      const second = await newBatchId(session);
      expect(second).toBeGreaterThan(first);
      await recordLoad(session, table, load(second, "bbb"));
      const files = await loadedFiles(session, table);
      expect([...files].map(([file, { sha256 }]) => [file, sha256])).toEqual([
        ["data/a.csv", "bbb"],
        ["data/b.csv", "ccc"],
      ]);

      await forgetLoad(session, table, "data/b.csv");
      expect([...(await loadedFiles(session, table)).keys()]).toEqual(["data/a.csv"]);

      await session.query(`drop table raw."Odd ""name"""; create table raw."Odd ""name""" ()`);
      expect((await loadedFiles(session, table)).size).toBe(0);
      await recordLoad(session, table, load(await newBatchId(session), "bbb"));
      expect([...(await loadedFiles(session, table)).keys()]).toEqual(["data/a.csv"]);
    });
  });

  test("a load that is rolled back was never recorded", async () => {
    await database.session(async (session) => {
      const before = await loadedFiles(session, table);
      const work = session.transaction(async () => {
        await recordLoad(session, table, load(await newBatchId(session), "zzz"));
        throw new Error("stop");
      });
      await expect(work).rejects.toThrow("stop");
      expect(await loadedFiles(session, table)).toEqual(before);
    });
  });
});

import { expect, test } from "vitest";
import { openDatabase } from "../postgres/open.ts";
import { testDatabase, testServer } from "./server.ts";

test("twenty test databases made at once are all separate", async () => {
  const made = await Promise.all(Array.from({ length: 20 }, () => testDatabase()));
  try {
    expect(new Set(made.map((d) => d.connection.database)).size).toBe(20);
    const database = await openDatabase(made[0]!.connection, { sessions: 1, dataDir: "" });
    await database.session((s) => s.query("create table t ()"));
    await database.close();
    const other = await openDatabase(made[1]!.connection, { sessions: 1, dataDir: "" });
    const { rows } = await other.session((s) => s.query("select to_regclass('t') as t"));
    await other.close();
    expect(rows).toEqual([{ t: null }]);
  } finally {
    await Promise.all(made.map((d) => d.drop()));
  }
});

test("a test database goes away with the connections that are still open to it", async () => {
  const made = await testDatabase();
  const database = await openDatabase(made.connection, { sessions: 1, dataDir: "" });
  await made.drop();
  await database.close();
  const server = await openDatabase(await testServer(), { sessions: 1, dataDir: "" });
  const { rows } = await server.session((s) =>
    s.query("select datname from pg_database where datname = $1", [made.connection.database]),
  );
  await server.close();
  expect(rows).toEqual([]);
});

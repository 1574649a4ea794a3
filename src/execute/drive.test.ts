import { afterAll, beforeAll, expect, test } from "vitest";
import type { Span } from "../diagnostics/diagnostic.ts";
import { run } from "../materialize/ask.ts";
import type { Statements } from "../materialize/materialization.ts";
import type { Database } from "../postgres/database.ts";
import { openDatabase } from "../postgres/open.ts";
import { type TestDatabase, testDatabase } from "../testing/server.ts";
import { drive, StatementFailure } from "./drive.ts";

let made: TestDatabase;
let database: Database;
beforeAll(async () => {
  made = await testDatabase();
  database = await openDatabase(made.connection, { sessions: 1, dataDir: "" });
});
afterAll(async () => {
  await database?.close();
  await made?.drop();
});

const at: Span = { file: { path: "models/a.sql", absolute: "/p/models/a.sql", text: "select 1" }, start: 0, end: 8 };

const driven = <T>(statements: Statements<T>): Promise<T> =>
  database.session((session) =>
    session.transaction(() => drive(statements, { session, at, onStart: () => {}, onResult: () => {} })),
  );

test("a failure that was foreseen is handed back, and the transaction goes on", async () => {
  const found = await driven(
    (function* () {
      const { failed } = yield* run("look", "select * from nowhere", { rescue: ["42P01"] });
      const { rows } = yield* run("go on", "select 1 as one");
      return { failed: failed?.sqlstate, rows };
    })(),
  );
  expect(found).toEqual({ failed: "42P01", rows: [{ one: 1 }] });
});

test("any other failure ends it, with what Postgres said, and lets the generator tidy up", async () => {
  let isTidy = false;
  const work = driven(
    (function* () {
      try {
        yield* run("divide", "select 1 / 0", { rescue: ["42P01"] });
      } finally {
        isTidy = true;
      }
    })(),
  );
  await expect(work).rejects.toThrow(StatementFailure);
  await expect(work).rejects.toThrow("division by zero");
  expect(isTidy).toBe(true);
});

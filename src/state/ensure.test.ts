import { afterEach, beforeEach, expect, test } from "vitest";
import { Failure } from "../diagnostics/diagnostic.ts";
import type { Connection, Database } from "../postgres/database.ts";
import { openDatabase } from "../postgres/open.ts";
import { testDatabase, type TestDatabase } from "../testing/server.ts";
import { ensureState } from "./ensure.ts";

let made: TestDatabase;
let opened: Database[];
beforeEach(async () => {
  made = await testDatabase();
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((database) => database.close()));
  await made.drop();
});

async function open(change: Partial<Connection> = {}): Promise<Database> {
  const database = await openDatabase({ ...made.connection, ...change }, { sessions: 1, dataDir: "" });
  opened.push(database);
  return database;
}

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const thrown = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(thrown).toBeInstanceOf(Failure);
  return thrown as Failure;
}

const textOf = (failure: Failure): string =>
  failure.diagnostics.map((d) => [d.code, d.message, ...d.notes.map((n) => n.message)].join("\n")).join("\n");

test("twenty first runs at once make the schema once, and quickly", async () => {
  const databases = await Promise.all(Array.from({ length: 20 }, () => open()));
  const start = performance.now();
  await Promise.all(databases.map((database) => ensureState(database)));
  // The library alone would let each wait in steps of a second: twenty seconds and more.
  expect(performance.now() - start).toBeLessThan(10_000);
  const { rows } = await databases[0]!.session((s) => s.query("select id from sluice.migrations order by id"));
  expect(rows).toEqual(rows.map((_, id) => ({ id })));
  expect(rows.length).toBeGreaterThan(3);
});

test("a `migrations` table of somebody else is left alone", async () => {
  const database = await open();
  await database.session((s) =>
    s.query("create table public.migrations (note text); insert into public.migrations values ('mine')"),
  );
  await ensureState(database);
  const { rows } = await database.session((s) =>
    s.query("select note, to_regclass('sluice.run') is not null as made from public.migrations"),
  );
  expect(rows).toEqual([{ note: "mine", made: true }]);
});

test("the session's search path is the user's own again afterwards", async () => {
  const database = await open({ searchPath: "marts" });
  await ensureState(database);
  const { rows } = await database.session((s) => s.query("show search_path"));
  expect(rows).toEqual([{ search_path: "marts" }]);
});

test("when nothing is to be done, one query says so", async () => {
  const database = await open();
  await ensureState(database);
  const asked: string[] = [];
  const spy: Database = {
    ...database,
    info: database.info,
    close: () => database.close(),
    session: (work) =>
      database.session((session) =>
        work(Object.assign(Object.create(session), { query: (sql: string) => (asked.push(sql), session.query(sql)) })),
      ),
  };
  await ensureState(spy);
  expect(asked).toHaveLength(1);
});

test("state of a later Sluice asks for an upgrade and stays as it is", async () => {
  const database = await open();
  await ensureState(database);
  await database.session((s) => s.query("insert into sluice.migrations (id, name, hash) values (99, 'later', 'x')"));
  const text = textOf(await failureOf(ensureState(database)));
  expect(text).toMatch(/^state-newer/);
  expect(text).toMatch(/step 99/);
  expect(text).toMatch(/upgrade Sluice/);
});

test("a user who may not create the schema is told which privilege is missing, and works once it is given", async () => {
  const admin = await open();
  const user = `reader_${made.connection.database}`;
  await admin.session((s) => s.query(`create role ${user} login password 'p'`));
  try {
    const database = await open({ user, password: "p" });
    const text = textOf(await failureOf(ensureState(database)));
    expect(text).toMatch(/^state-not-permitted/);
    expect(text).toContain(`grant create on database "${made.connection.database}" to "${user}"`);

    await admin.session((s) => s.query(`create schema sluice authorization ${user}`));
    await ensureState(database);
    await database.close();
  } finally {
    await admin.session((s) => s.query(`drop owned by ${user}; drop role ${user}`));
  }
});

test("a user shut out of the schema is told so", async () => {
  const admin = await open();
  await ensureState(admin);
  const user = `other_${made.connection.database}`;
  await admin.session((s) => s.query(`create role ${user} login password 'p'`));
  try {
    const database = await open({ user, password: "p" });
    const text = textOf(await failureOf(ensureState(database)));
    expect(text).toMatch(/^state-not-permitted/);
    expect(text).toContain("grant all on schema sluice");
  } finally {
    await admin.session((s) => s.query(`drop role ${user}`));
  }
});

test("a read-only database is named as the reason", async () => {
  const database = await open();
  const text = await database
    .session((s) => s.query(`alter database ${made.connection.database} set default_transaction_read_only to on`))
    .then(() => open())
    .then((readOnly) => failureOf(ensureState(readOnly)));
  expect(textOf(text)).toMatch(/^state-read-only/);
});

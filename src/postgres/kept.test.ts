import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../testing/server.ts";
import type { Database, Session } from "./database.ts";
import { stampOf } from "./kept.ts";
import { openDatabase } from "./open.ts";

let made: TestDatabase;
let database: Database;

beforeAll(async () => {
  made = await testDatabase();
  database = await openDatabase(made.connection, { sessions: 1, dataDir: "" });
  await database.session((session) =>
    session.query(`
      create schema marts; create schema next;
      create table marts.t (id int, name text); create table next.t (id int primary key, name text);
      create table marts.other (id int);
      create schema stranger; create view stranger.v as select t.id from marts.t join marts.other using (id)`),
  );
});
afterAll(async () => {
  await database.close();
  await made.drop();
});

/** The stamp before and after some statements, which are taken back. */
async function stamps(sql: string): Promise<[string, string]> {
  return database.session(async (session) => {
    const oids = await oidsOf(session);
    const stamp = async (): Promise<string> =>
      (await session.query<{ stamp: string }>(stampOf([oids.live], [oids.incoming]))).rows[0]!.stamp;
    const before = await stamp();
    let after = "";
    await session
      .transaction(async () => {
        await session.query(sql);
        after = await stamp();
        throw new Error("taken back");
      })
      .catch((thrown: Error) => expect(thrown.message).toBe("taken back"));
    return [before, after];
  });
}

async function oidsOf(session: Session): Promise<{ live: number; incoming: number }> {
  const sql = "select 'marts.t'::regclass::oid::int as live, 'next.t'::regclass::oid::int as incoming";
  return (await session.query<{ live: number; incoming: number }>(sql)).rows[0]!;
}

test.each([
  "grant select on marts.t to public",
  "grant select (name) on marts.t to public",
  "grant select on stranger.v to public",
  "comment on table marts.t is 'said meanwhile'",
  "comment on column next.t.name is 'said meanwhile'",
  "alter table marts.t set (fillfactor = 70)",
  "alter table marts.t alter column name set statistics 7",
  "alter table marts.t enable row level security",
  "create policy p on marts.t using (id > 0)",
  "create view stranger.w as select * from marts.t",
  "create view stranger.w as select * from stranger.v",
  "create or replace view stranger.v as select t.id, 1 as one from marts.t join marts.other using (id)",
  "alter table marts.other rename to renamed",
  "alter table marts.other rename column id to number",
  "create rule r as on insert to marts.t do also nothing",
  "create statistics marts.s on id, name from marts.t",
  "create table marts.referring (id int references next.t)",
  "create function marts.f() returns setof marts.t language sql begin atomic select * from marts.t; end",
  "create publication p for table marts.t",
  "alter default privileges in schema marts grant select on tables to public",
  "alter table next.t drop column name",
  "drop view stranger.v",
])("%s is seen in the stamp", async (sql) => {
  const [before, after] = await stamps(sql);
  expect(after).not.toBe(before);
});

test.each([
  "alter table marts.t owner to current_user",
  "lock table marts.t in access exclusive mode",
  "insert into marts.t select n, 'x' from generate_series(1, 100) n",
  "create table marts.unrelated (id int); comment on table marts.unrelated is 'something else'",
])("%s is not", async (sql) => {
  const [before, after] = await stamps(sql);
  expect(after).toBe(before);
});

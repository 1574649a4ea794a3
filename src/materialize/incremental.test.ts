import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Failure } from "../diagnostics/diagnostic.ts";
import { incremental } from "./incremental.ts";
import type { StatementResult } from "./materialization.ts";
import { makeInput, type InputOptions } from "./testing/node.ts";
import { openRig, type Rig } from "./testing/rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await openRig();
});
afterAll(() => rig.close());
beforeEach(() => rig.reset());

const inc = (sql: string, config: InputOptions["config"] = {}): InputOptions => ({
  materialized: "incremental",
  sql,
  config,
});
const values = (...rows: string[]): string => `select * from (values ${rows.join(", ")}) as t (id, name)`;
const all = () => rig.rows<{ id: number; name: string }>("select * from s.m order by 1, 2");
const FIRST = values("(1, 'a')", "(2, 'b')");

describe("strategies", () => {
  test("append adds rows and looks at no key", async () => {
    await rig.build(inc(FIRST, { unique_key: "id", incremental_strategy: "append" }));
    await rig.build(inc(values("(2, 'c')"), { unique_key: "id", incremental_strategy: "append" }));
    expect(await all()).toHaveLength(3);
  });

  test.each(["delete+insert", "merge", undefined])("%s replaces rows of the same key", async (strategy) => {
    const config = { unique_key: "ID", ...(strategy && { incremental_strategy: strategy }) };
    await rig.build(inc(FIRST, config));
    await rig.build(inc(values("(2, 'c')", "(3, 'd')"), config));
    expect(await all()).toEqual([
      { id: 1, name: "a" },
      { id: 2, name: "c" },
      { id: 3, name: "d" },
    ]);
  });

  test.each(["delete+insert", "merge"])(
    "%s takes several key columns and predicates on the target",
    async (strategy) => {
      const config = {
        unique_key: ["id", "name"],
        incremental_strategy: strategy,
        incremental_predicates: ["DBT_INTERNAL_DEST.id > 1"],
      };
      await rig.build(inc(FIRST, config));
      await rig.build(inc(FIRST, config));
      expect(await all()).toEqual([
        { id: 1, name: "a" },
        { id: 1, name: "a" },
        { id: 2, name: "b" },
      ]);
    },
  );

  test("delete+insert takes an expression as its key", async () => {
    const config = { unique_key: "id % 2" };
    await rig.build(inc(values("(1, 'a')", "(2, 'b')", "(3, 'c')"), config));
    await rig.build(inc(values("(5, 'e')"), config));
    expect((await all()).map((row) => row.id)).toEqual([2, 5]);
  });

  test("merge leaves columns alone that are not to be updated", async () => {
    const config = { unique_key: "id", incremental_strategy: "merge", merge_exclude_columns: ["name"] };
    await rig.build(inc(FIRST, config));
    await rig.build(inc(values("(2, 'c')", "(3, 'd')"), config));
    expect((await all()).map((row) => row.name)).toEqual(["a", "b", "d"]);
    await rig.build(
      inc(values("(2, 'z')"), { ...config, merge_exclude_columns: null, merge_update_columns: ["Name"] }),
    );
    expect((await all()).map((row) => row.name)).toEqual(["a", "z", "d"]);
  });

  test("merge names the keys that the query gives twice", async () => {
    const config = { unique_key: "id", incremental_strategy: "merge" };
    await rig.build(inc(FIRST, config));
    const [diagnostic] = await rig.failure(inc(values("(2, 'c')", "(2, 'd')"), config));
    expect(diagnostic).toMatchObject({ code: "duplicate-key" });
    expect(diagnostic!.notes[0]!.message).toBe('{"id":2}: 2 rows');
    expect(await all()).toHaveLength(2);
  });
});

describe("mistakes", () => {
  test("an unknown unique_key suggests the column that was meant", async () => {
    await rig.build(inc(FIRST));
    const [diagnostic] = await rig.failure(inc(FIRST, { unique_key: "nmae" }));
    expect(diagnostic).toMatchObject({ code: "column-not-found" });
    expect(diagnostic!.notes[0]!.message).toBe('did you mean "name"?');
  });

  test.each(["custom", "mege"])("the strategy %s is refused", async (incremental_strategy) => {
    const [diagnostic] = await rig.failure(inc(FIRST, { incremental_strategy }));
    expect(diagnostic).toMatchObject({ code: "strategy-unknown" });
  });

  test("merge is refused below version 15", () => {
    const input = makeInput({ ...inc(FIRST, { incremental_strategy: "merge" }), serverVersion: 140_009 });
    expect(() => incremental(input).next()).toThrow(Failure);
  });
});

const start = (on_schema_change?: string) =>
  rig.build(inc("select 1 as id, 'a'::varchar(5) as name", on_schema_change ? { on_schema_change } : {}));

describe("changed columns", () => {
  const wide = "select 3 as id, 'a longer name'::varchar(20) as name, 1.5 as more";
  const narrow = "select 3 as id";
  test("ignore leaves new ones out and lets longer text in", async () => {
    await start();
    await rig.build(inc(wide));
    expect(await all()).toEqual([
      { id: 1, name: "a" },
      { id: 3, name: "a longer name" },
    ]);
    expect((await rig.failure(inc(narrow)))[0]).toMatchObject({ code: "column-missing-in-query" });
  });

  test("fail lists every difference", async () => {
    await start("fail");
    const [diagnostic] = await rig.failure(inc("select 'x' as id, 1 as more", { on_schema_change: "fail" }));
    expect(diagnostic!.notes.map((note) => note.message)).toEqual([
      'new: "more" integer',
      'gone: "name" character varying(5)',
      'other type: "id" was integer, is text',
      "build with --full-refresh to make the table anew",
    ]);
  });

  test("append_new_columns adds, and fills what is missing with null", async () => {
    await start();
    await rig.build(inc(wide, { on_schema_change: "append_new_columns" }));
    await rig.build(inc(narrow, { on_schema_change: "append_new_columns" }));
    expect(await rig.rows("select id, name, more::text from s.m where id = 3 order by more")).toEqual([
      { id: 3, name: "a longer name", more: "1.5" },
      { id: 3, name: null, more: null },
    ]);
  });

  test("sync_all_columns changes types under a view, and keeps the view", async () => {
    await start();
    await rig.sql("create view other.v as select id from s.m");
    await rig.build(inc("select 3000000000 as id, true as flag", { on_schema_change: "sync_all_columns" }));
    expect(await rig.rows("select * from s.m order by id")).toEqual([
      { id: 1, flag: null },
      { id: 3000000000, flag: true },
    ]);
    expect(await rig.rows("select pg_typeof(id)::text as type from other.v limit 1")).toEqual([{ type: "bigint" }]);
  });

  test("sync_all_columns does not drop a column that a view reads", async () => {
    await start();
    await rig.sql("create view other.v as select name from s.m");
    const [diagnostic] = await rig.failure(inc(narrow, { on_schema_change: "sync_all_columns" }));
    expect(diagnostic).toMatchObject({ code: "dependant-misfit" });
    expect(await rig.rows("select * from other.v")).toEqual([{ name: "a" }]);
  });
});

test("a column is added when readers let it, and nobody waits behind it", async () => {
  const config = { unique_key: "id", on_schema_change: "append_new_columns" };
  await rig.build(inc("select 1 as id", config));
  const leave = new AbortController();
  const reading = rig.session(async (session) => {
    await session.query("begin; select * from s.m");
    await once(leave.signal, "abort");
    await session.query("rollback");
  });
  await pause(50);
  const built = rig.build(inc("select 2 as id, 'b' as name", config));
  await pause(300);
  // Behind a plain `alter table` this would wait for the other reader to leave.
  const read = rig.rows("select id from s.m").then((rows) => rows);
  expect(await Promise.race([read, pause(5000)])).toEqual([{ id: 1 }]);
  leave.abort();
  await Promise.all([reading, built, read]);
  expect(await all()).toEqual([
    { id: 1, name: null },
    { id: 2, name: "b" },
  ]);
});

test("an index added to the configuration is made without a full refresh, and only once", async () => {
  await rig.build(inc(FIRST));
  await rig.sql("create index by_hand on s.m (name)");
  const config = { indexes: [{ columns: ["id"] }, { columns: ["name"] }] };
  await rig.build(inc(FIRST, config));
  await rig.build(inc(FIRST, config));
  const indexes = await rig.rows<{ name: string }>(
    "select indexname as name from pg_indexes where schemaname = 's' order by 1",
  );
  expect(indexes.map((index) => index.name)).toEqual(["by_hand", "m_id_idx"]);
});

const result = (rows: StatementResult["rows"]): StatementResult => ({ rows, fields: [], rowCount: 0, command: "" });

test("an increment is a temporary table, statistics, a delete and an insert", () => {
  const work = incremental(makeInput(inc("select 1 as id", { unique_key: "id" })));
  const columns = [{ name: "id", type: "integer", oid: 23, notNull: false }];
  const answers: Record<string, StatementResult["rows"]> = {
    "find relation": [{ oid: 1, kind: "table" }],
    "list columns": columns,
  };
  const said: string[] = [];
  for (let next = work.next(); !next.done; next = work.next(result(answers[next.value.label] ?? [])))
    if (!(next.value.label in answers)) said.push(next.value.sql);
  expect(said).toEqual([
    'create temporary table "m__sluice_delta" on commit drop as (\nselect 1 as id\n)',
    'analyze "m__sluice_delta"',
    'delete from "s"."m" as DBT_INTERNAL_DEST\nwhere ("id") in (select "id" from "m__sluice_delta" as DBT_INTERNAL_SOURCE)',
    'insert into "s"."m" ("id")\nselect "id"\nfrom "m__sluice_delta"',
  ]);
});

import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testDatabase, type TestDatabase } from "../testing/server.ts";
import type { Database, Session } from "./database.ts";
import { QueryError } from "./errors.ts";
import { openDatabase } from "./open.ts";

let made: TestDatabase;
let database: Database;
beforeAll(async () => {
  made = await testDatabase();
  database = await openDatabase(made.connection, { sessions: 1, dataDir: "" });
});
afterAll(async () => {
  await database.close();
  await made.drop();
});

const lent = <T>(work: (session: Session) => Promise<T>): Promise<T> => database.session(work);
const one = async (expression: string): Promise<unknown> =>
  (await lent((s) => s.query<{ v: unknown }>(`select ${expression} as v`))).rows[0]!.v;

async function queryErrorOf(work: Promise<unknown>): Promise<QueryError> {
  const thrown: unknown = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(thrown).toBeInstanceOf(QueryError);
  return thrown as QueryError;
}

describe("values", () => {
  test.each([
    ["1::int2", 1],
    ["(-2147483648)::int4", -2147483648],
    ["9007199254740991::int8", 9007199254740991],
    ["9007199254740993::int8", 9007199254740993n],
    ["(-9223372036854775808)::int8", -9223372036854775808n],
    ["0.1::float8", 0.1],
    ["'NaN'::float8", Number.NaN],
    ["'-Infinity'::float4", -Infinity],
    ["1.10::numeric", "1.10"],
    ["true", true],
    ["false", false],
    ["null::int", null],
    [`'{"a": [1, null]}'::json`, { a: [1, null] }],
    [`'{"a": 1}'::jsonb`, { a: 1 }],
    ["date '2026-02-01'", "2026-02-01"],
    ["timestamp '2026-02-01 10:00:00.5'", "2026-02-01 10:00:00.5"],
    ["timestamptz '2026-02-01 10:00:00+00' at time zone 'UTC'", "2026-02-01 10:00:00"],
    ["interval '1 day 2 hours'", "1 day 02:00:00"],
    ["array[1, 2]", "{1,2}"],
    [`'\\xff'::bytea`, "\\xff"],
    ["'🎉'", "🎉"],
  ])("%s", async (expression, expected) => {
    expect(await one(expression)).toEqual(expected);
  });

  test("as text, every value is what Postgres writes, and rows are arrays", async () => {
    const result = await lent((s) =>
      s.queryText("select 1 as a, null as a, true::bool, '{\"x\":1}'::jsonb, 1e10::float8"),
    );
    expect(result.rows).toEqual([["1", null, "t", '{"x": 1}', "10000000000"]]);
    expect(result.fields.map((f) => f.name)).toEqual(["a", "a", "bool", "jsonb", "float8"]);
  });

  test("parameters travel beside the statement", async () => {
    const { rows } = await lent((s) =>
      s.query("select $1::text as a, $2::int8 as b, $3::text as c", ["'; drop", 2n ** 60n, null]),
    );
    expect(rows).toEqual([{ a: "'; drop", b: 2n ** 60n, c: null }]);
  });

  test("dates are ISO whatever the database's default", async () => {
    await lent((s) => s.query(`alter database ${made.connection.database} set datestyle to 'german, dmy'`));
    const other = await openDatabase(made.connection, { sessions: 1, dataDir: "" });
    const { rows } = await other.session((s) =>
      s.query("select date '2026-02-01' as v, to_char('3.4.2026'::date, 'MM') as month"),
    );
    await other.close();
    await lent((s) => s.query(`alter database ${made.connection.database} reset datestyle`));
    // How dates are read stays the database's own choice.
    expect(rows).toEqual([{ v: "2026-02-01", month: "04" }]);
  });
});

describe("results", () => {
  test.each([
    ["create table tag (a int)", "CREATE TABLE", 0],
    ["insert into tag select generate_series(1, 3)", "INSERT", 3],
    ["create table tag2 as select * from tag", "SELECT", 3],
    ["update tag set a = a + 1 where a > 1", "UPDATE", 2],
    ["create index on tag (a)", "CREATE INDEX", 0],
    ["select * from tag", "SELECT", 3],
    ["drop table tag, tag2", "DROP TABLE", 0],
  ])("%s is %s of %i", async (sql, command, rowCount) => {
    expect(await lent((s) => s.query(sql))).toMatchObject({ command, rowCount });
  });

  test("of several statements the last result counts", async () => {
    expect(await lent((s) => s.query("select 1 as a; select 2 as b, 3 as c"))).toMatchObject({
      rows: [{ b: 2, c: 3 }],
    });
  });

  test("a statement that is only a comment gives nothing", async () => {
    expect(await lent((s) => s.query("-- nothing"))).toMatchObject({ rows: [], rowCount: 0, command: "" });
  });
});

describe("errors", () => {
  test("everything that Postgres says is kept, with the position in code points", async () => {
    const error = await queryErrorOf(lent((s) => s.query("select '🎉', nonsense from (select 1) x")));
    expect(error).toMatchObject({ sqlstate: "42703", position: 13, severity: "ERROR", transient: false });
    expect(error.sql).toContain("nonsense");
    expect(error.message).toBe('column "nonsense" does not exist');
  });

  test("a broken constraint names table, constraint and row", async () => {
    const error = await queryErrorOf(
      lent((s) => s.query("create temp table k (id int primary key); insert into k values (7), (7)")),
    );
    expect(error).toMatchObject({
      sqlstate: "23505",
      table: "k",
      constraint: "k_pkey",
      detail: "Key (id)=(7) already exists.",
    });
  });

  test("the session goes on after an error", async () => {
    await lent(async (session) => {
      await queryErrorOf(session.query("select 1/0"));
      await queryErrorOf(session.query("select $1::int", ["x"]));
      expect((await session.query("select 1 as a")).rows).toEqual([{ a: 1 }]);
    });
  });
});

describe("transactions", () => {
  test("what fails inside leaves nothing behind", async () => {
    await lent(async (session) => {
      const work = session.transaction(async () => {
        await session.query("create table gone ()");
        await session.query("select 1/0");
      });
      expect((await queryErrorOf(work)).sqlstate).toBe("22012");
    });
    expect(await one("to_regclass('gone')")).toBeNull();
  });

  test("a swallowed error does not pass for a commit", async () => {
    await lent(async (session) => {
      const work = session.transaction(async () => {
        await session.query("create table lost ()");
        await session.query("select 1/0").catch(() => {});
      });
      expect((await queryErrorOf(work)).sqlstate).toBe("25P02");
    });
    expect(await one("to_regclass('lost')")).toBeNull();
  });

  test("one inside another is a bug", async () => {
    const nested = lent((s) => s.transaction(() => s.transaction(async () => {})));
    await expect(nested).rejects.toThrow(/Internal error/);
  });

  test("after one that failed, the same session begins another", async () => {
    await lent(async (session) => {
      await queryErrorOf(session.transaction(() => session.query("select 1/0")));
      await session.transaction(() => session.query("create table second_try ()"));
    });
    expect(await one("to_regclass('second_try')::text")).toBe("second_try");
  });

  test("one left open by its borrower is rolled back before the next", async () => {
    await lent((s) => s.query("begin; create table open_end ()"));
    expect(await one("to_regclass('open_end')")).toBeNull();
  });
});

test("settings that a step changed are not the next step's", async () => {
  await lent((s) => s.query("set search_path to nowhere; set work_mem to '1MB'; set datestyle to german"));
  expect(await one("current_setting('search_path') || date '2026-02-01'")).toBe('"$user", public2026-02-01');
});

describe("copy", () => {
  beforeAll(async () => {
    await lent((s) => s.query("create table loaded (id int primary key, note text)"));
  });
  const sql = "copy loaded from stdin (format csv)";

  test("rows are counted by the server", async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `${i},"row ${i}"\n`);
    expect(await lent((s) => s.copyIn(sql, Readable.from(lines)))).toBe(20_000);
    expect(await one("(select count(*) from loaded)")).toBe(20_000);
    await lent((s) => s.query("truncate loaded"));
  });

  test("no rows are no mistake", async () => {
    expect(await lent((s) => s.copyIn(sql, Readable.from([])))).toBe(0);
  });

  test("a bad value is placed by line and column, nothing is loaded, the source is closed, the session goes on", async () => {
    const source = Readable.from(endless("1,fine\n2,fine\nthree,bad\n"));
    await lent(async (session) => {
      const error = await queryErrorOf(session.copyIn(sql, source));
      expect(error).toMatchObject({ sqlstate: "22P02", where: 'COPY loaded, line 3, column id: "three"' });
      expect((await session.query("select count(*) as n from loaded")).rows).toEqual([{ n: 0 }]);
    });
    expect(source.destroyed).toBe(true);
  });

  test("a missing table is told before anything is read", async () => {
    await lent(async (session) => {
      const error = await queryErrorOf(session.copyIn("copy nowhere from stdin", Readable.from(["1\n"])));
      expect(error.sqlstate).toBe("42P01");
      expect((await session.query("select 1 as a")).rows).toEqual([{ a: 1 }]);
    });
  });

  test("a source that fails midway is the error, and nothing is loaded", async () => {
    await lent(async (session) => {
      const source = Readable.from(failing());
      await expect(session.copyIn(sql, source)).rejects.toThrow("the disk is gone");
      expect((await session.query("select count(*) as n from loaded")).rows).toEqual([{ n: 0 }]);
    });
  });

  test("a source is not read faster than the server takes it", async () => {
    let produced = 0;
    const source = Readable.from(
      (function* () {
        for (; produced < 3000; produced++) yield `${"x".repeat(10_000)}\n`;
      })(),
    );
    await lent(async (session) => {
      // The table is locked: the server takes nothing.
      const blocker = await openDatabase(made.connection, { sessions: 1, dataDir: "" });
      await session.query("create table slow (t text)");
      await blocker.session(async (other) => {
        await other.transaction(async () => {
          await other.query("lock table slow");
          const copying = session.copyIn("copy slow from stdin", source);
          await new Promise((later) => setTimeout(later, 200));
          expect(produced).toBeLessThan(1000);
          await other.query("rollback");
          expect(await copying).toBe(3000);
          await other.query("begin");
        });
      });
      await blocker.close();
    });
  });
});

function* endless(start: string): Generator<string> {
  yield start;
  for (let i = 10; ; i++) yield `${i},more\n`;
}

function* failing(): Generator<string> {
  yield "1,fine\n";
  throw new Error("the disk is gone");
}

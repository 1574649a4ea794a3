import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { planLoad } from "./load.ts";
import { externalOf, columnsOf, failureOf, makeRig, type Rig } from "./rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await makeRig();
});
afterAll(() => rig.close());
beforeEach(async () => {
  await rig.rows("drop schema if exists raw cascade");
  rig.files({ "data/a.csv": undefined, "data/b.csv": undefined, "data/c.csv.gz": undefined });
});

describe("a clean file", () => {
  test("is loaded with file, line, time and batch of every row", async () => {
    rig.files({ "data/a.csv": 'id,name\n1,Ann\n2,"B\nob"\n3,\n' });
    const result = await rig.load("id int, name text");
    expect(result).toMatchObject({ rows: 3, rejected: 0, files: [{ path: "data/a.csv", status: "loaded", rows: 3 }] });
    expect(await rig.rows("select id, name, _file, _line from raw.t order by id")).toEqual([
      { id: 1, name: "Ann", _file: "data/a.csv", _line: 2 },
      { id: 2, name: "B\nob", _file: "data/a.csv", _line: 3 },
      { id: 3, name: null, _file: "data/a.csv", _line: 5 },
    ]);
    expect(
      await rig.rows(
        "select t._loaded_at = b.loaded_at as same, b.rows, b.sha256 from raw.t join sluice.load_batch b on b.id = t._batch_id limit 1",
      ),
    ).toMatchObject([{ same: true, rows: 3 }]);
  });
});

describe("a bad value", () => {
  test("is named with file, line, column and Postgres's reason, and leaves no table", async () => {
    rig.files({ "data/a.csv": "id,name\n1,Ann\nx,Bob\n3\n" });
    expect(await failureOf(rig.load("id int, name text"))).toEqual([
      'data/a.csv:3 Column "id": invalid input syntax for type integer: "x".',
      "data/a.csv:4 1 field, where 2 are expected.",
    ]);
    expect(await rig.rows("select to_regclass('raw.t') as t")).toEqual([{ t: null }]);
  });
  test("is set aside in quarantine", async () => {
    rig.files({ "data/a.csv": "id,name\n1,Ann\nx,Bob\n3\n" });
    expect(await rig.load("id int, name text", { onReject: "quarantine" })).toMatchObject({ rows: 1, rejected: 2 });
    expect(await rig.rows("select _file, _line, _column, _reason, _raw from raw.t__rejected order by _line")).toEqual([
      {
        _file: "data/a.csv",
        _line: 3,
        _column: "id",
        _reason: 'invalid input syntax for type integer: "x"',
        _raw: "x,Bob",
      },
      { _file: "data/a.csv", _line: 4, _column: null, _reason: "1 field, where 2 are expected", _raw: "3" },
    ]);
  });
});

const ids = async (): Promise<string> =>
  (
    await rig.rows<{ ids: string }>(
      "select coalesce(string_agg(id::text || right(_file, 5), ' ' order by id, _file), '') as ids from raw.t",
    )
  )[0]!.ids;
const statuses = (result: { files: readonly { path: string; status: string }[] }): string =>
  result.files.map(({ path, status }) => `${path} ${status}`).join(", ");

describe("loading again", () => {
  test("leaves an unchanged file alone", async () => {
    rig.files({ "data/a.csv": "id\n1\n", "data/b.csv": "id\n2\n" });
    await rig.load("id int");
    const before = await rig.rows("select ctid::text, * from raw.t order by id");
    const again = await rig.load("id int");
    expect(statuses(again)).toBe("data/a.csv unchanged, data/b.csv unchanged");
    expect(again.rows).toBe(0);
    expect(await rig.rows("select ctid::text, * from raw.t order by id")).toEqual(before);
  });

  test("replaces exactly the rows of a changed file, its rejects too", async () => {
    rig.files({ "data/a.csv": "id\n1\nx\n", "data/b.csv": "id\n2\ny\n" });
    await rig.load("id int", { onReject: "quarantine" });
    const kept = await rig.rows("select ctid::text, * from raw.t where id = 2");
    // The same size: only the content tells.
    rig.files({ "data/a.csv": "id\n3\nz\n" });
    expect(statuses(await rig.load("id int", { onReject: "quarantine" }))).toBe(
      "data/a.csv replaced, data/b.csv unchanged",
    );
    expect(await ids()).toBe("2b.csv 3a.csv");
    expect(await rig.rows("select ctid::text, * from raw.t where id = 2")).toEqual(kept);
    expect(await rig.rows("select _file, _raw from raw.t__rejected order by _file")).toEqual([
      { _file: "data/a.csv", _raw: "z" },
      { _file: "data/b.csv", _raw: "y" },
    ]);
    expect(
      await rig.rows("select count(*)::int as n from raw.t where _loaded_at is null or _batch_id is null"),
    ).toEqual([{ n: 0 }]);
  });

  test("removes the rows of a file that is gone", async () => {
    rig.files({ "data/a.csv": "id\n1\n", "data/b.csv": "id\n2\n" });
    await rig.load("id int");
    rig.files({ "data/a.csv": undefined });
    expect(statuses(await rig.load("id int"))).toBe("data/b.csv unchanged, data/a.csv removed");
    expect(await ids()).toBe("2b.csv");
    rig.files({ "data/a.csv": "id\n1\n" });
    expect(statuses(await rig.load("id int"))).toBe("data/a.csv loaded, data/b.csv unchanged");
  });

  test("loads everything on full refresh and after changed options", async () => {
    rig.files({ "data/a.csv": "id\n1\n" });
    await rig.load("id int");
    expect(statuses(await rig.load("id int", {}, { fullRefresh: true }))).toBe("data/a.csv replaced");
    expect(statuses(await rig.load("id int", { nullStrings: ["1"] }))).toBe("data/a.csv replaced");
    expect(await rig.rows("select id from raw.t")).toEqual([{ id: null }]);
  });

  test("loads again into a table that was dropped meanwhile", async () => {
    rig.files({ "data/a.csv": "id\n1\n" });
    await rig.load("id int");
    await rig.rows("drop table raw.t");
    expect(statuses(await rig.load("id int"))).toBe("data/a.csv loaded");
    expect(await ids()).toBe("1a.csv");
  });

  test("a failing file keeps all others' rows as they were", async () => {
    rig.files({ "data/a.csv": "id\n1\n", "data/b.csv": "id\n2\n" });
    await rig.load("id int");
    rig.files({ "data/a.csv": "id\n3\n", "data/b.csv": "id\nx\n" });
    expect(await failureOf(rig.load("id int"))).toEqual([
      'data/b.csv:2 Column "id": invalid input syntax for type integer: "x".',
    ]);
    expect(await ids()).toBe("1a.csv 2b.csv");
  });

  test("mistakes of all files are told together, the first 20 in full", async () => {
    rig.files({ "data/a.csv": `id\n${"x\n".repeat(15)}`, "data/b.csv": `id\n${"y\n".repeat(15)}` });
    const messages = await failureOf(rig.load("id int"));
    expect(messages).toHaveLength(21);
    expect(messages[19]).toBe('data/b.csv:6 Column "id": invalid input syntax for type integer: "y".');
    expect(messages[20]).toBe("30 mistakes in all in 2 files, 20 shown.");
  });

  test("the plan says what the load will do, and does nothing", async () => {
    rig.files({ "data/a.csv": "id\n1\n", "data/b.csv": "id\n2\n" });
    await rig.load("id int");
    rig.files({ "data/a.csv": "id\n9\n", "data/b.csv": undefined, "data/c.csv.gz": gzipSync("id\n3\n") });
    const request = {
      relation: { schema: "raw", identifier: "t" },
      nodeId: "n",
      columns: columnsOf("id int"),
      external: externalOf({ location: "data/*.{csv,csv.gz}" }),
      root: rig.root,
      fullRefresh: false,
      runId: "r",
    };
    const plan = await rig.database.session((session) => planLoad(session, request));
    expect(plan.map(({ path, action }) => `${path} ${action}`)).toEqual([
      "data/a.csv replace",
      "data/c.csv.gz load",
      "data/b.csv remove",
    ]);
    expect(await ids()).toBe("1a.csv 2b.csv");
  });
});

describe("two loads of one table at once", () => {
  test("load a file once", async () => {
    rig.files({ "data/a.csv": "id\n1\n", "data/b.csv": "id\n2\n" });
    // Made before, so that only our own lock stands between the two.
    await rig.load("id int");
    rig.files({ "data/c.csv.gz": gzipSync("id\n3\n") });
    const both = { location: "data/*.csv*" };
    const done = await Promise.all([rig.load("id int", both), rig.load("id int", both), rig.load("id int", both)]);
    expect(done.map((result) => result.rows).toSorted()).toEqual([0, 0, 1]);
    expect(await rig.rows("select id from raw.t order by id")).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
  });
});

describe("the table", () => {
  test("has statistics of its columns when it is loaded", async () => {
    rig.files({ "data/a.csv": "id\n1\n2\n" });
    await rig.load("id int");
    expect(
      await rig.rows("select attname, n_distinct from pg_stats where schemaname = 'raw' and tablename = 't'"),
    ).toEqual([{ attname: "id", n_distinct: -1 }]);
  });

  test("changes with the declared columns, keeping views and grants", async () => {
    rig.files({ "data/a.csv": "id,name\n1,Ann\n" });
    await rig.load("id int, name text");
    await rig.rows("create view raw.v as select name from raw.t; grant select on raw.t to public");
    rig.files({ "data/a.csv": "id,name,city\n1,Ann,Rome\n" });
    await rig.load("id bigint, name text, city text");
    expect(await rig.rows("select id, name, city, pg_typeof(id)::text as type from raw.t")).toEqual([
      { id: 1, name: "Ann", city: "Rome", type: "bigint" },
    ]);
    expect(await rig.rows("select * from raw.v")).toEqual([{ name: "Ann" }]);
    expect(await rig.rows("select has_table_privilege('public', 'raw.t', 'select') as may")).toEqual([{ may: true }]);
    rig.files({ "data/a.csv": "id,city\n1,Rome\n" });
    const [message] = await failureOf(rig.load("id bigint, city text"));
    expect(message).toMatch(/^The columns of raw.t cannot be changed: cannot drop/);
    expect(await rig.rows("select id, name from raw.t")).toEqual([{ id: 1, name: "Ann" }]);
  });

  test("of somebody else is never touched", async () => {
    rig.files({ "data/a.csv": "id\n1\n" });
    await rig.rows("create schema raw; create table raw.t (id int); insert into raw.t values (7)");
    expect(await failureOf(rig.load("id int"))).toEqual([
      "raw.t exists and holds rows that were not loaded from files by Sluice.",
    ]);
    await rig.rows("delete from raw.t");
    expect(await failureOf(rig.load("id int"))).toEqual(["raw.t exists, with other columns than the source declares."]);
    await rig.rows("drop table raw.t; create view raw.t as select 1 as id");
    expect(await failureOf(rig.load("id int"))).toEqual([
      "raw.t is a view, not a table that files can be loaded into.",
    ]);
  });

  test("with rows of somebody else in it is not rebuilt", async () => {
    rig.files({ "data/a.csv": "id\n1\n" });
    await rig.load("id int");
    await rig.rows("insert into raw.t (id) values (7)");
    rig.files({ "data/a.csv": "id,n\n1,2\n" });
    expect(await failureOf(rig.load("id int, n int"))).toEqual(["raw.t holds rows that come from none of its files."]);
  });

  test("takes 1,596 columns, and no more", async () => {
    const names = Array.from({ length: 1596 }, (_, i) => `c${i}`);
    const columns = names.map((name) => `${name} int`);
    rig.files({
      "data/a.csv": `${names.join(",")}\n${names.map((_, i) => i).join(",")}\n${names.map((_, i) => (i === 1000 ? "x" : "")).join(",")}\n`,
    });
    expect(await failureOf(rig.load(columns.join(", ")))).toEqual([
      'data/a.csv:3 Column "c1000": invalid input syntax for type integer: "x".',
    ]);
    expect(await rig.load(columns.join(", "), { onReject: "quarantine" })).toMatchObject({ rows: 1, rejected: 1 });
    expect(await failureOf(rig.load(`${columns.join(", ")}, more int`))).toEqual([
      "raw.t declares 1597 columns; Postgres has room for 1600, 4 of them for where each row came from.",
    ]);
  });

  test("takes a field of many megabytes", async () => {
    rig.files({ "data/a.csv": `id,name\n1,"${"long\n".repeat(2_000_000)}"\n2,b\n` });
    await rig.load("id int, name text");
    expect(await rig.rows("select length(name) as n, _line from raw.t order by id")).toEqual([
      { n: 10_000_000, _line: 2 },
      { n: 1, _line: 2_000_003 },
    ]);
  });
});

describe("types", () => {
  test("of all kinds are judged by Postgres itself", async () => {
    await rig.rows("create schema raw; create domain raw.positive as int check (value > 0)");
    const columns =
      "u uuid, j jsonb, a int[], k inet, c char(2), iv interval, p raw.positive, x bytea, f float8, s smallint, z timestamptz";
    const good = [
      "11111111-1111-1111-1111-111111111111",
      '"{""a"":1}"',
      '"{1,2}"',
      "10.0.0.1",
      "ab",
      "1 day",
      "1",
      "\\x00ff",
      "1e300",
      "-32768",
      "2025-01-31 10:00:00Z",
    ];
    const bad = ["1", "{", "{x}", "10.0.0.256", "abc", "1 dai", "-1", "\\x0", "1e400", "32768", "2025-13-01"];
    const broken = bad.map((value, i) => good.with(i, value).join(","));
    rig.files({
      "data/a.csv": `${columnsOf(columns)
        .map(({ name }) => name)
        .join(",")}\n${[good.join(","), ...broken].join("\n")}\n`,
    });
    expect(await rig.load(columns, { onReject: "quarantine" })).toMatchObject({ rows: 1, rejected: bad.length });
    expect(
      (await rig.rows<{ c: string }>("select string_agg(_column, ' ' order by _line) as c from raw.t__rejected"))[0]!.c,
    ).toBe(
      columnsOf(columns)
        .map(({ name }) => name)
        .join(" "),
    );
  });

  test("a date in another order than ISO's is a mistake, not a guess", async () => {
    rig.files({ "data/a.csv": "day\n2025-03-02\n02/03/2025\n" });
    expect(await failureOf(rig.load("day date"))).toEqual([
      'data/a.csv:3 Column "day": date/time field value out of range: "02/03/2025".',
    ]);
  });

  test("that do not exist are told", async () => {
    rig.files({ "data/a.csv": "id\n1\n" });
    expect(await failureOf(rig.load("id integr"))).toEqual([
      'Postgres does not accept the declared columns: type "integr" does not exist.',
    ]);
  });

  test("options that make no sense are told together", async () => {
    const options = { delimiter: "||", encoding: "utf-9", dateFormat: "YYYY-Q" };
    expect(await failureOf(rig.load("id int, _file text", options))).toEqual([
      'delimiter must be one ASCII character other than a letter, a digit or a line break, not "||"',
      '"utf-9" is not an encoding.',
      'raw.t declares "_file", a column that Sluice adds itself.',
      'The date pattern "YYYY-Q" holds "Q", which is not supported.',
    ]);
  });

  test("a location without files suggests those that are there", async () => {
    rig.files({ "data/a.csv": "id\n1\n" });
    expect(await failureOf(rig.load("id int", { location: "data/b.csv" }))).toEqual([
      'No file matches the location "data/b.csv".',
    ]);
  });

  test("an empty file without header is a mistake too", async () => {
    rig.files({ "data/a.csv": "" });
    expect(await failureOf(rig.load("id int", { header: false }))).toEqual(["data/a.csv is empty: not even a header."]);
  });
});

describe("cancelling", () => {
  test("in the middle of a file rolls everything back", async () => {
    rig.files({ "data/a.csv": "id\n1\n" });
    await rig.load("id int");
    rig.files({ "data/a.csv": `id\n${"12345678\n".repeat(1_000_000)}` });
    const control = new AbortController();
    let seen = 0;
    const load = rig.load(
      "id int",
      {},
      {
        signal: control.signal,
        onProgress: ({ rows, bytes, totalBytes }) => {
          seen = rows;
          if (rows > 0 && bytes < totalBytes) control.abort(new Error("stop"));
        },
      },
    );
    await expect(load).rejects.toThrow("stop");
    expect(seen).toBeGreaterThan(0);
    expect(await ids()).toBe("1a.csv");
    expect(
      await rig.rows(
        "select count(*)::int as n from sluice.load_batch where current and table_oid = 'raw.t'::regclass and rows = 1",
      ),
    ).toEqual([{ n: 1 }]);
    expect(
      await rig.rows("select 1 as one from pg_class where relname like 'sluice%' and relpersistence = 't'"),
    ).toEqual([]);
    expect((await rig.load("id int")).rows).toBe(1_000_000);
  });
});

const write = (text: string | null, delimiter: string): string =>
  text === null
    ? ""
    : text === "" || /["\r\n]/.test(text) || text.includes(delimiter)
      ? `"${text.replaceAll('"', '""')}"`
      : text;

describe("any table of values", () => {
  const value = fc.oneof(
    fc.constant(null),
    fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", ";", "\\", ".", "é", " "), maxLength: 6 }),
  );
  test("comes back as it was written, cleanly or through quarantine", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 8 }),
        fc.constantFrom(",", ";", "\t"),
        fc.constantFrom("\n", "\r\n", "\r"),
        fc.boolean(),
        async (table, delimiter, lineBreak, withBad) => {
          const rows = table.map(([a, b], i) => [String(i), write(a, delimiter), write(b, delimiter)].join(delimiter));
          if (withBad) rows.push(["bad", "", ""].join(delimiter));
          rig.files({ "data/a.csv": [`id${delimiter}a${delimiter}b`, ...rows, ""].join(lineBreak) });
          const result = await rig.load(
            "id int, a text, b text",
            { delimiter, onReject: "quarantine" },
            { fullRefresh: true },
          );
          expect(result).toMatchObject({ rows: table.length, rejected: withBad ? 1 : 0 });
          const found = await rig.rows<{ a: string | null; b: string | null }>("select a, b from raw.t order by id");
          expect(found.map(({ a, b }) => [a, b])).toEqual(table);
        },
      ),
      { numRuns: 60 },
    );
  });
});

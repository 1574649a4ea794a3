import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { failureOf, makeRig, type Rig } from "./rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await makeRig();
});
afterAll(() => rig.close());
beforeEach(async () => {
  await rig.rows("drop schema if exists raw cascade");
  rig.files({ "data/a.csv": undefined, "data/b.csv": undefined });
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

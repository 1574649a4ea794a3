import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { md5 } from "../lib/hash.ts";
import type { Mapping } from "../project/types.ts";
import type { InputOptions } from "./testing/node.ts";
import { openRig, type Rig } from "./testing/rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await openRig();
});
afterAll(() => rig.close());
beforeEach(async () => {
  await rig.reset();
  await rig.sql(`create table other.src (id int, name text, at timestamp);
    insert into other.src values (1, 'a', '2020-01-01'), (2, 'b', '2020-01-01')`);
});

const TIME = { unique_key: "id", strategy: "timestamp", updated_at: "at" };
const CHECK = { unique_key: ["id"], strategy: "check", check_cols: ["name"], updated_at: "at" };
const options = (config: Mapping): InputOptions => ({ kind: "snapshot", sql: "select * from other.src", config });
const snap = (config: Mapping) => rig.build(options(config));

/** `id name from–to`, days only; `now` for times of the running test. */
const history = async (extra = "''"): Promise<string[]> => {
  const rows = await rig.rows<{ line: string }>(`
    select concat_ws(' ', id, name, day(dbt_valid_from) || '–' || day(dbt_valid_to), nullif(${extra}, '')) as line
    from s.m, lateral (select 1) x order by id, dbt_valid_from nulls first`);
  return rows.map((row) => row.line);
};
beforeAll(() =>
  rig.sql(`create function day(at timestamp) returns text language sql as
    $$ select case when at is null then '' when at > now() - interval '1 day' then 'now' else to_char(at, 'DD.MM.') end $$`),
);

test.each([TIME, CHECK])("a changed row ends one version and begins another: %j", async (config) => {
  await snap(config);
  await rig.sql(
    "update other.src set name = 'c', at = '2020-02-01' where id = 2; insert into other.src values (3, 'd', '2020-02-02')",
  );
  await snap(config);
  await snap(config);
  expect(await history()).toEqual(["1 a 01.01.–", "2 b 01.01.–01.02.", "2 c 01.02.–", "3 d 02.02.–"]);
});

test("versions have dbt's ids, so that a table dbt began is carried on", async () => {
  await snap({ ...TIME, unique_key: ["id", "name"] });
  expect(await rig.rows("select dbt_scd_id as id from s.m where id = 1")).toEqual([
    { id: md5("1|a|2020-01-01 00:00:00") },
  ]);
});

async function deleteOne(config: Mapping): Promise<void> {
  await snap(config);
  await rig.sql("delete from other.src where id = 1");
  await snap(config);
  await snap(config);
}

describe("deleted rows", () => {
  test("are left as they are", async () => {
    await deleteOne(TIME);
    expect(await history()).toEqual(["1 a 01.01.–", "2 b 01.01.–"]);
  });

  test.each<Mapping>([{ hard_deletes: "invalidate" }, { invalidate_hard_deletes: true }])(
    "end now with %j",
    async (config) => {
      await deleteOne({ ...TIME, ...config });
      expect(await history()).toEqual(["1 a 01.01.–now", "2 b 01.01.–"]);
    },
  );

  test("get one record with new_record, and another when they come back", async () => {
    const config = { ...TIME, hard_deletes: "new_record" };
    await deleteOne(config);
    expect(await history("dbt_is_deleted")).toEqual(["1 a 01.01.–now False", "1 a now– True", "2 b 01.01.– False"]);
    await rig.sql("insert into other.src values (1, 'back', now()::timestamp + interval '1 hour')");
    await snap(config);
    expect(await history("dbt_is_deleted")).toHaveLength(4);
  });
});

test("own names of the columns and an own end of time are used throughout", async () => {
  const config = {
    ...TIME,
    dbt_valid_to_current: "'9999-12-31'::timestamp",
    snapshot_meta_column_names: { dbt_valid_to: "until", dbt_scd_id: "version" },
  };
  await snap(config);
  await rig.sql("update other.src set name = 'c', at = '2020-02-01' where id = 2");
  await snap(config);
  expect(
    await rig.rows("select name, until::date::text as until from s.m where version is not null order by id, until"),
  ).toEqual([
    { name: "a", until: "9999-12-31" },
    { name: "b", until: "2020-02-01" },
    { name: "c", until: "9999-12-31" },
  ]);
});

test("new columns are added, and longer texts let in", async () => {
  await rig.sql("alter table other.src alter name type varchar(3)");
  await snap({ ...CHECK, check_cols: "all" });
  await rig.sql(
    "create view other.v as select name from s.m; alter table other.src alter name type varchar(9), add more int",
  );
  await rig.sql("update other.src set name = 'longer', at = '2020-03-01' where id = 1");
  await snap(TIME);
  expect(await rig.rows("select name, more from s.m where id = 1 order by dbt_valid_from")).toEqual([
    { name: "a", more: null },
    { name: "longer", more: null },
  ]);
  expect(await rig.rows("select count(*) as n from other.v")).toEqual([{ n: 3 }]);
});

describe("mistakes", () => {
  test("all of a configuration are told at once", async () => {
    const found = await rig.failure(
      options({ strategy: "chekc", hard_deletes: "drop", snapshot_meta_column_names: { dbt_valid: "x" } }),
    );
    expect(found.map((d) => d.message)).toEqual([
      'The config "snapshot_meta_column_names" of "m" has no key "dbt_valid".',
      'The config "unique_key" of "m" must be the column, or list of columns, that identify a row; found nothing.',
      'The config "strategy" of "m" must be one of timestamp, check; found "chekc".',
      'The config "hard_deletes" of "m" must be one of ignore, invalidate, new_record; found "drop".',
    ]);
  });

  test("columns that the query lacks are named", async () => {
    expect(await rig.failure(options({ ...TIME, updated_at: "att" }))).toMatchObject([{ code: "column-not-found" }]);
    await snap(CHECK);
    expect(await rig.failure(options({ ...CHECK, check_cols: ["nam"] }))).toMatchObject([{ code: "column-not-found" }]);
  });

  test("what is no snapshot is not touched", async () => {
    await rig.sql("create view s.m as select 1 as id");
    expect(await rig.failure(options(TIME))).toMatchObject([{ code: "snapshot-target-kind" }]);
    await rig.sql("drop view s.m; create table s.m as select 1 as id");
    expect(await rig.failure(options(TIME))).toMatchObject([{ code: "snapshot-columns-missing" }]);
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { nodeId } from "../parse/manifest.ts";
import type { ConstraintProperties, Mapping } from "../project/types.ts";
import { makeSeed, span, type InputOptions } from "./testing/node.ts";
import { openRig, type Rig } from "./testing/rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await openRig();
});
afterAll(() => rig.close());
beforeEach(() => rig.reset());

const constraint = (type: ConstraintProperties["type"], more: Partial<ConstraintProperties> = {}) => ({
  type,
  columns: [],
  toColumns: [],
  at: span,
  ...more,
});

const PARENT = { database: "d", schema: "other", identifier: "parent" };

const promised = (options: InputOptions): InputOptions => ({ ...options, config: { contract: { enforced: true } } });

describe("contracts", () => {
  test("make a table with the columns, types and constraints that are promised", async () => {
    await rig.sql("create table other.parent (id bigint primary key); insert into other.parent values (1)");
    const options = promised({
      columns: [
        {
          name: "ID",
          dataType: "bigint",
          constraints: [constraint("not_null"), constraint("foreign_key", { expression: "other.parent (id)" })],
        },
        { name: "name", dataType: "varchar(40)", constraints: [constraint("check", { expression: "name <> ''" })] },
        {
          name: "Odd one",
          dataType: "numeric(10,2)",
          quote: true,
          constraints: [constraint("unique", { name: "odd" })],
        },
      ],
      constraints: [
        constraint("primary_key", { columns: ["ID", "name"] }),
        constraint("foreign_key", { name: "again", columns: ["ID"], to: "ref('parent')", toColumns: ["id"] }),
        constraint("custom", { expression: `exclude (name with =)` }),
      ],
      keyTargets: new Map([["ref('parent')", { id: nodeId("model", "p", "parent"), relation: PARENT }]]),
      sql: `select 'x' as name, 1.5::numeric as "Odd one", 1::bigint as id`,
    });
    await rig.build(options);
    const found = async () =>
      rig.rows(
        "select conname as name, pg_get_constraintdef(oid) as is from pg_constraint where conrelid = 's.m'::regclass and contype <> 'n' order by 1",
      );
    const first = await found();
    expect(first).toEqual([
      { name: "again", is: "FOREIGN KEY (id) REFERENCES other.parent(id)" },
      { name: "m_id_fkey", is: "FOREIGN KEY (id) REFERENCES other.parent(id)" },
      { name: "m_name_check", is: "CHECK (((name)::text <> ''::text))" },
      { name: "m_name_excl", is: "EXCLUDE USING btree (name WITH =)" },
      { name: "m_pkey", is: "PRIMARY KEY (id, name)" },
      { name: "odd", is: `UNIQUE ("Odd one")` },
    ]);
    await rig.build(options);
    expect((await found()).filter((c) => c["name"] !== "m__sluice_new_name_excl")).toEqual(
      first.filter((c) => c["name"] !== "m_name_excl"),
    );
    expect(
      await rig.rows(
        "select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = 's.m'::regclass and attnum > 0 order by attnum",
      ),
    ).toEqual([
      { name: "id", type: "bigint" },
      { name: "name", type: "character varying(40)" },
      { name: "Odd one", type: "numeric(10,2)" },
    ]);
  });

  test("are checked first, and every difference is told at its column", async () => {
    const [diagnostic] = await rig.failure(
      promised({
        columns: [
          { name: "id", dataType: "text" },
          { name: "nmae", dataType: "text" },
          { name: "day", dataType: "date" },
        ],
        sql: "select 1 as id, 'a'::varchar as name, current_date as day",
      }),
    );
    expect(diagnostic).toMatchObject({ code: "contract-broken" });
    expect(diagnostic!.notes.slice(1).map((note) => note.message)).toEqual([
      '"id" is promised as text and found as integer: data type mismatch',
      '"nmae" (text) is not in the query: missing in definition. did you mean "name"?',
      '"name" (character varying) is in the query only: missing in contract',
    ]);
  });

  test("need a type for every column, and one that exists", async () => {
    expect(await rig.failure(promised({ columns: [{ name: "id" }, { name: "b" }] }))).toMatchObject([
      { code: "contract-without-type" },
      { code: "contract-without-type" },
    ]);
    expect(await rig.failure(promised({ columns: [{ name: "id", dataType: "integr" }] }))).toMatchObject([
      { code: "type-unknown" },
    ]);
  });
});

describe("tables", () => {
  test("may be unlogged, and logged again", async () => {
    const persistence = () => rig.rows("select relpersistence as p from pg_class where oid = 's.m'::regclass");
    await rig.build({ config: { unlogged: true } });
    expect(await persistence()).toEqual([{ p: "u" }]);
    await rig.build();
    expect(await persistence()).toEqual([{ p: "p" }]);
  });

  test("have statistics when they are published", async () => {
    await rig.build({ sql: "select g as id from generate_series(1, 500) g" });
    expect(await rig.rows("select reltuples as n from pg_class where oid = 's.m'::regclass")).toEqual([{ n: 500 }]);
    await rig.build({ sql: "select g as id from generate_series(1, 700) g" });
    expect(await rig.rows("select reltuples as n from pg_class where oid = 's.m'::regclass")).toEqual([{ n: 700 }]);
  });

  test("have indexes with the same names after every build, also long, partial, covering and named ones", async () => {
    const config: Mapping = {
      indexes: [
        { columns: ["id"], unique: true },
        { columns: ["id"], type: "hash" },
        { columns: ["a".repeat(50), "id"], where: "id > 0", include: ["name"] },
        { columns: ["lower(name)"], name: "by_name" },
      ],
    };
    const sql = `select 1 as id, 'n' as name, 2 as ${"a".repeat(50)}`;
    const names = async () =>
      (await rig.rows<{ n: string }>("select indexname as n from pg_indexes where schemaname = 's' order by 1")).map(
        (r) => r.n,
      );
    await rig.build({ config, sql });
    const first = await names();
    const long = `m_${"a".repeat(50)}_id_idx`;
    expect(first).toEqual(["by_name", long, expect.stringMatching(/^m_id_[0-9a-f]{8}_idx$/), "m_id_idx"]);
    await rig.build({ config, sql });
    expect(await names()).toEqual(first);
  });

  test("take another index name when a stranger's index has theirs", async () => {
    const config = { indexes: [{ columns: ["id"] }] };
    await rig.build({ config });
    await rig.sql("drop index s.m_id_idx; create table s.t (a int); create index m_id_idx on s.t (a)");
    await rig.build({ config });
    await rig.build({ config });
    expect(await rig.rows("select count(*) as n from pg_indexes where tablename = 'm'")).toEqual([{ n: 1 }]);
  });

  test("do not replace what Sluice does not make", async () => {
    await rig.sql("create table s.m (id int) partition by range (id)");
    expect(await rig.failure()).toMatchObject([{ code: "relation-in-the-way" }]);
  });
});

test("a seed's names are kept as they are, or folded when they are not to be quoted", async () => {
  const seed = makeSeed([["1"]], [{ name: "My Id", type: "integer" }]);
  await rig.build({ kind: "seed", seed });
  expect(await rig.rows("select * from s.m")).toEqual([{ "My Id": 1 }]);
  await rig.build({ kind: "seed", seed, config: { quote_columns: false } });
  expect(await rig.rows("select * from s.m")).toEqual([{ "my id": 1 }]);
});

test("a materialised view keeps its oid while its query is the same, whatever the layout", async () => {
  const options = { materialized: "materialized_view", config: { indexes: [{ columns: ["id"], unique: true }] } };
  const oid = () => rig.rows("select 's.m'::regclass::oid as oid");
  await rig.sql("create table other.t as select 1 as id");
  await rig.build({ ...options, sql: "select id from other.t" });
  const first = await oid();
  await rig.sql("insert into other.t values (2)");
  const { statements } = await rig.build({ ...options, sql: "select  id -- the key\nfrom other.t" });
  expect(statements.at(-1)!.sql).toBe('refresh materialized view concurrently "s"."m"');
  expect(await oid()).toEqual(first);
  expect(await rig.rows("select count(*) as n from s.m")).toEqual([{ n: 2 }]);
  await rig.build({ ...options, sql: "select id from other.t where id > 1" });
  expect(await oid()).not.toEqual(first);
  const changed = { ...options, sql: "select 1 as id" };
  const fails = { ...changed, config: { ...options.config, on_configuration_change: "fail" } };
  expect(await rig.failure(fails)).toMatchObject([{ code: "definition-changed" }]);
});

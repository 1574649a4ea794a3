import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openRig, type Rig } from "./testing/rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await openRig();
});
afterAll(() => rig.close());
beforeEach(() => rig.reset());

const grants = () =>
  rig.rows(
    "select lower(privilege_type) as p, grantee as g from information_schema.role_table_grants where table_name = 'm' and grantee <> current_user order by 2, 1",
  );

test.each(["table", "view", "incremental"])(
  "grants of a %s are as configured after every build",
  async (materialized) => {
    const config = { grants: { select: ["READER", '"Odd %role"'], insert: "stranger" } };
    const wanted = [
      { p: "select", g: "Odd %role" },
      { p: "select", g: "reader" },
      { p: "insert", g: "stranger" },
    ];
    await rig.build({ materialized, config });
    expect(await grants()).toEqual(wanted);
    await rig.sql("grant delete on s.m to reader; revoke select on s.m from reader");
    await rig.build({ materialized, config });
    expect(await grants()).toEqual(wanted);
    await rig.build({ materialized, config: { grants: { select: [], insert: [] } } });
    expect(await grants()).toEqual([]);
  },
);

test("without configured grants, those that are there stay", async () => {
  await rig.build();
  await rig.sql("grant select, delete on s.m to reader");
  await rig.build();
  expect(await grants()).toEqual([
    { p: "delete", g: "reader" },
    { p: "select", g: "reader" },
  ]);
});

test("an unknown privilege is refused with the one that was meant", async () => {
  const [diagnostic] = await rig.failure({ config: { grants: { selekt: ["reader"] } } });
  expect(diagnostic).toMatchObject({ code: "privilege-unknown" });
  expect(diagnostic!.notes[0]!.message).toBe('did you mean "select"?');
});

test.each(["table", "view", "materialized_view"])(
  "descriptions of a %s become comments; unknown columns are warned of",
  async (materialized) => {
    const { value: warnings } = await rig.build({
      materialized,
      sql: `select 1 as id, 2 as "Two"`,
      config: { persist_docs: { relation: true, columns: true } },
      description: `it's "50 %" \\ of $$all$$`,
      columns: [
        { name: "ID", description: "the key" },
        { name: "Two", description: "second", quote: true },
        { name: "Tow", description: "typing error" },
        { name: "undescribed" },
      ],
    });
    expect(warnings).toMatchObject([
      { code: "column-not-found", severity: "warning", notes: [{ message: 'did you mean "Two"?' }] },
    ]);
    expect(
      await rig.rows(
        "select obj_description('s.m'::regclass) as c, col_description('s.m'::regclass, 1) as i, col_description('s.m'::regclass, 2) as t",
      ),
    ).toEqual([{ c: `it's "50 %" \\ of $$all$$`, i: "the key", t: "second" }]);
  },
);

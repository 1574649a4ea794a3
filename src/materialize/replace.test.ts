import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openRig, type Rig } from "./testing/rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await openRig();
});
afterAll(() => rig.close());
beforeEach(() => rig.reset());

describe("what depends on a replaced table", () => {
  test("lives on with its grants, comments, options, owner, indexes and own dependants", async () => {
    await rig.build({ sql: "select 1 as id, 'a' as name" });
    await rig.sql(`
      create view other.v with (security_barrier = true) as select id, name from s.m;
      comment on view other.v is 'it''s mine \\ really';
      comment on column other.v.name is 'the name';
      grant select on other.v to reader with grant option; grant update (name) on other.v to public;
      alter view other.v alter column name set default 'x';
      create materialized view other.mv as select id, count(*) as n from other.v group by id;
      create unique index mv_id on other.mv (id);
      create view other."W %w" as select v.name, mv.n from other.v join other.mv using (id);
      alter view other."W %w" owner to stranger; grant select on other.v, other.mv to stranger;
      create rule upd as on update to other.v do instead nothing;
      grant select on s.m to reader; grant update (name) on s.m to stranger;
      comment on table s.m is 'kept'; comment on column s.m.id is 'kept too'; alter table s.m set (fillfactor = 70)`);
    const before = await rig.state();
    await rig.build({ sql: "select 2 as id, 'b' as name, true as more" });
    const after = await rig.state();
    expect(after).toEqual({ ...before, columns: expect.anything() });
    expect(await rig.rows(`select * from other."W %w"`)).toEqual([{ name: "b", n: 1 }]);
  });

  test("stops the build, named with the missing column, when it does not fit any more", async () => {
    await rig.build({ sql: "select 1 as id, 'a' as name" });
    await rig.sql("create view other.v as select name from s.m");
    const [diagnostic] = await rig.failure({ sql: "select 1 as id" });
    expect(diagnostic!.code).toBe("dependant-misfit");
    expect(diagnostic!.notes[0]!.message).toMatch(
      /^view "other"\."v" \(owner postgres\): column .*name.* does not exist$/,
    );
    expect(await rig.rows("select * from other.v")).toEqual([{ name: "a" }]);
  });
});

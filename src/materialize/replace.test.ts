import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ConstraintProperties } from "../project/types.ts";
import { makeInput, span } from "./testing/node.ts";
import { Failure } from "../diagnostics/diagnostic.ts";
import { drive } from "./testing/drive.ts";
import { openRig, wholeBuild, type Rig } from "./testing/rig.ts";

const constraint = (
  type: ConstraintProperties["type"],
  more: Partial<ConstraintProperties> = {},
): ConstraintProperties => ({
  type,
  columns: [],
  toColumns: [],
  at: span,
  ...more,
});

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
    expect(diagnostic!.notes[0]!.message).toMatch(/^view "other"\."v" \(owner \w+\): column .*name.* does not exist$/);
    expect(await rig.rows("select * from other.v")).toEqual([{ name: "a" }]);
  });

  test("is left to its own step when that comes later in the plan and the old definition does not fit", async () => {
    await rig.build({ sql: "select 1 as id, 'a' as name" });
    await rig.sql("create view s.own as select name from s.m; create view other.v as select id from s.m");
    await rig.build({ sql: "select 2 as id", rebuilt: ["s.own"] });
    expect(await rig.rows("select to_regclass('s.own') as own")).toEqual([{ own: null }]);
    expect(await rig.rows("select * from other.v")).toEqual([{ id: 2 }]);
  });

  test("may read the row type only", async () => {
    await rig.build({ sql: "select 1 as id" });
    await rig.sql("create view other.v as select null::s.m as row; create view other.w as select m as row from s.m");
    await rig.build({ sql: "select 2 as id, 'b' as name" });
    expect(await rig.rows("select row::text from other.w")).toEqual([{ row: "(2,b)" }]);
  });

  test("does not become open to those whom our default privileges let in", async () => {
    await rig.build();
    await rig.sql("create view other.v as select id from s.m; alter view other.v owner to stranger");
    await rig.sql("alter default privileges in schema other grant select on tables to reader");
    await rig.build();
    expect(await rig.rows("select has_table_privilege('reader', 'other.v', 'select') as may")).toEqual([
      { may: false },
    ]);
    await rig.sql("alter default privileges in schema other revoke select on tables from reader");
  });

  test("includes foreign keys that refer to it, which must still hold", async () => {
    const config = { contract: { enforced: true } };
    const columns = [{ name: "id", dataType: "int", constraints: [constraint("primary_key")] }];
    await rig.build({ config, columns });
    await rig.sql(
      "create table other.t (m int constraint to_m references s.m on delete cascade); insert into other.t values (1)",
    );
    const before = await rig.state();
    await rig.build({ config, columns, sql: "select id from generate_series(1, 3) id" });
    expect(await rig.state()).toEqual(before);
    const [diagnostic] = await rig.failure({ config, columns, sql: "select 7 as id" });
    expect(diagnostic).toMatchObject({ code: "reference-misfit" });
    expect(await rig.rows("select count(*) as n from s.m")).toEqual([{ n: 3 }]);
  });

  test("stops the build, in words, when it is nothing that can be re-created", async () => {
    await rig.build();
    await rig.sql("create function other.f() returns setof s.m language sql as 'select * from s.m'");
    const [diagnostic] = await rig.failure();
    expect(diagnostic).toMatchObject({ code: "dependants-in-the-way" });
    expect(diagnostic!.notes[0]!.message).toBe("function other.f()");
  });
});

describe("what a replaced table carries itself", () => {
  const MORE = `
    alter table s.m enable row level security; alter table s.m force row level security;
    create policy p on s.m as restrictive for select to reader, stranger using (id > 0);
    create function other.t() returns trigger language plpgsql as 'begin return new; end';
    create trigger tr before insert on s.m for each row execute function other.t();
    create statistics s.st (ndistinct) on id, name from s.m;
    alter table s.m replica identity full; create rule ru as on delete to s.m do instead nothing`;

  test("policies, triggers, rules and statistics are there again", async () => {
    await rig.build({ sql: "select 1 as id, 'a' as name" });
    await rig.sql(MORE);
    const before = await rig.state();
    const settings =
      "select relrowsecurity, relforcerowsecurity, relreplident from pg_class where oid = 's.m'::regclass";
    const set = await rig.rows(settings);
    await rig.build({ sql: "select 2 as id, 'b' as name" });
    expect(await rig.state()).toEqual(before);
    expect(await rig.rows(settings)).toEqual(set);
    expect(await rig.rows("select stxname from pg_statistic_ext where stxrelid = 's.m'::regclass")).toHaveLength(1);
  });

  test("a policy that does not fit stops the build rather than leave rows open", async () => {
    await rig.build({ sql: "select 1 as id, 'a' as name" });
    await rig.sql(MORE);
    const [diagnostic] = await rig.failure({ sql: "select 'x' as other, 'b' as name" });
    expect(diagnostic).toMatchObject({ code: "kept-misfit" });
  });

  test("what a hook has made of the same name is left as the hook made it", async () => {
    await rig.build({ sql: "select 1 as id, 'a' as name" });
    await rig.sql(MORE);
    await rig.build({ sql: "select 1 as id, 'a' as name", hook: "create policy p on s.m using (id = 5)" });
    expect(await rig.rows("select qual from pg_policies where policyname = 'p'")).toEqual([{ qual: "(id = 5)" }]);
  });
});

test("a build waits for a reader without making others wait", async () => {
  await rig.build();
  const leave = new AbortController();
  const reading = rig.session(async (session) => {
    await session.query("begin; select * from s.m");
    await once(leave.signal, "abort");
    await session.query("rollback");
  });
  await pause(50);
  const built = rig.build({ sql: "select 2 as id" });
  await pause(300);
  const before = performance.now();
  expect(await rig.rows("select id from s.m")).toEqual([{ id: 1 }]);
  // At most one short wait of the build's, and much leeway for a busy machine.
  expect(performance.now() - before).toBeLessThan(3000);
  leave.abort();
  await Promise.all([reading, built]);
  expect(await rig.rows("select id from s.m")).toEqual([{ id: 2 }]);
});

test("an ordinary role replaces its own, and is told whose view it may not re-create", async () => {
  await rig.sql("grant create on schema s to reader");
  const asReader = () =>
    rig.session(async (session) => {
      await session.query("set role reader");
      const input = makeInput({ sql: "select 1 as id", config: { indexes: [{ columns: ["id"] }] } });
      return drive(session, wholeBuild(input));
    });
  await asReader();
  await rig.sql(
    "create view s.own as select * from s.m; alter view s.own owner to reader; grant select on s.m to stranger",
  );
  await asReader();
  expect(await rig.rows("select id from s.own")).toEqual([{ id: 1 }]);
  await rig.sql("create view other.v as select * from s.m");
  const failed = await asReader().catch((reason: unknown) => reason);
  expect(failed).toBeInstanceOf(Failure);
  const [diagnostic] = (failed as Failure).diagnostics;
  expect(diagnostic).toMatchObject({ code: "not-owner" });
  // Whoever is the superuser of the server.
  const [{ owner } = { owner: "" }] = await rig.rows<{ owner: string }>("select current_user as owner");
  expect(diagnostic!.notes.map((note) => note.message)).toContain(
    `view "other"."v" depends on it; its owner is ${owner}`,
  );
});

/** What every materialisation must stand, whatever it is. Add a case when adding one; the suite runs on it unasked. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { fitName, quote } from "../postgres/relation.ts";
import { materializations } from "./index.ts";
import { Injected } from "./testing/drive.ts";
import { makeSeed, type InputOptions } from "./testing/node.ts";
import { openRig, type Rig } from "./testing/rig.ts";

/** Content version `v`: columns `id` (1, 2) and `name` (`a<v>`), plus `more` when `wide`. */
type Case = (v: number, wide?: boolean) => InputOptions;

const rows = (v: number, wide = false): string =>
  `select id, 'a${v}'::text as name, ${v} as v${wide ? ", true as more" : ""} from generate_series(1, 2) id`;
const model =
  (materialized: string, config: InputOptions["config"] = {}): Case =>
  (v, wide) => ({ materialized, config, sql: rows(v, wide) });

const CASES: Record<string, Case> = {
  view: model("view"),
  table: model("table", { indexes: [{ columns: ["id"], unique: true }, { columns: ["name", "v"] }] }),
  incremental: model("incremental", {
    unique_key: "id",
    on_schema_change: "append_new_columns",
    indexes: [{ columns: ["id"] }],
  }),
  materialized_view: model("materialized_view", { indexes: [{ columns: ["id"], unique: true }] }),
  seed: (v, wide) => ({
    kind: "seed",
    seed: makeSeed(
      [1, 2].map((id) => [String(id), `a${v}`, String(v), ...(wide ? ["true"] : [])]),
      [
        { name: "id", type: "integer" },
        { name: "name", type: "text" },
        { name: "v", type: "integer" },
        ...(wide ? [{ name: "more", type: "boolean" }] : []),
      ],
    ),
  }),
  snapshot: (v, wide) => ({
    kind: "snapshot",
    sql: rows(v, wide),
    config: { unique_key: "id", strategy: "check", check_cols: ["name"] },
  }),
};

/** Snapshots keep old versions too: the present is what the others hold. */
const present = (name: string, relation = `"s"."m"`): string =>
  `select id, name, v from ${relation}${name === "snapshot" ? " where dbt_valid_to is null" : ""} order by id`;
const expected = (v: number) => [1, 2].map((id) => ({ id, name: `a${v}`, v }));

let rig: Rig;
beforeAll(async () => {
  rig = await openRig();
});
afterAll(() => rig.close());
beforeEach(() => rig.reset());

test("every materialisation is in the suite", () => {
  expect(new Set(Object.keys(CASES))).toEqual(new Set(Object.keys(materializations)));
});

/** Ours and a stranger's, stacked, with all that can hang on them. */
const DEPENDANTS = `
  create view s.below as select id, name from s.m;
  create materialized view other.mv as select id, name from s.below;
  create unique index mv_id on other.mv (id);
  create view other.top as select mv.id, b.name from other.mv join s.below b using (id);
  alter view other.top owner to stranger;
  grant select on s.below, other.mv to stranger;
  grant select on other.top to reader; grant select (id) on other.mv to public; grant select on s.m to reader;
  comment on view other.top is 'top'; comment on column other.mv.id is 'key'; comment on materialized view other.mv is 'mv'`;

for (const [name, make] of Object.entries(CASES)) {
  describe(name, () => {
    test("builds, and builds again unchanged to the same state", async () => {
      await rig.build(make(1));
      expect(await rig.rows(present(name))).toEqual(expected(1));
      const before = await rig.state();
      await rig.build(make(1));
      expect(await rig.rows(present(name))).toEqual(expected(1));
      expect(await rig.state()).toEqual(before);
    });

    test("takes over new content, new columns and a full refresh", async () => {
      await rig.build(make(1));
      await rig.build(make(2));
      expect(await rig.rows(present(name))).toEqual(expected(2));
      await rig.build(make(3, true));
      expect(await rig.rows(present(name))).toEqual(expected(3));
      expect((await rig.rows("select * from s.m"))[0]).toHaveProperty("more");
      await rig.build({ ...make(4, true), fullRefresh: true });
      expect(await rig.rows(present(name))).toEqual(expected(4));
    });

    test("keeps what depends on it, with owners, grants, comments and indexes", async () => {
      await rig.build(make(1));
      await rig.sql(DEPENDANTS);
      const before = await rig.state();
      await rig.build(make(1));
      await rig.build({ ...make(1), fullRefresh: true });
      expect(await rig.state()).toEqual(before);
      await rig.build(make(2, true));
      const after = await rig.state();
      expect(after).toEqual({ ...before, columns: expect.anything(), definitions: expect.anything() });
      expect(await rig.rows("select count(distinct name) from s.below where name = 'a2'")).toEqual([{ count: 1 }]);
    });

    test("leaves the old state and no debris when any statement fails", async () => {
      await rig.build(make(1));
      await rig.sql(DEPENDANTS);
      const before = await rig.state();
      const again = { ...make(2, true), config: { ...make(2).config, grants: { select: ["stranger"] } } };
      for (let at = 0; ; at++) {
        const failed = await rig.build(again, at).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (!failed) break;
        expect(failed).toBeInstanceOf(Injected);
        expect(await rig.state()).toEqual(before);
        expect(await rig.rows(present(name))).toEqual(expected(1));
      }
      expect(await rig.rows(present(name))).toEqual(expected(2));
    });

    test.each([
      "Upper Case",
      `quo"ted 'name'`,
      "100% \\ of $1",
      "größe_表",
      "x".repeat(63),
      "é".repeat(31),
      fitName("ö".repeat(60)),
    ])("can be called %s", async (identifier) => {
      const options = { ...make(1), name: identifier };
      await rig.build(options);
      await rig.sql(`create view other.v as select * from ${quote({ schema: "s", identifier })}`);
      await rig.build({
        ...options,
        ...make(2, true),
        name: identifier,
        description: "it's % and \\",
        config: { ...make(2).config, persist_docs: { relation: true } },
      });
      expect(await rig.rows(present(name, "other.v"))).toEqual(expected(2));
    });

    test("refuses names that Postgres would cut", async () => {
      const [diagnostic] = await rig.failure({ ...make(1), name: "ö".repeat(32) });
      expect(diagnostic).toMatchObject({ code: "name-too-long" });
    });

    test("readers see old or new rows, never an error, while it is rebuilt", async () => {
      await rig.build(make(1));
      await rig.sql("create view other.v as select * from s.m");
      const rebuilding = new AbortController();
      let reads = 0;
      const reader = async (sql: string): Promise<void> =>
        rig.session(async (session) => {
          while (!rebuilding.signal.aborted) {
            const { rows: found } = await session.query<{ n: number }>(sql);
            expect(found[0]!.n).toBe(2);
            reads++;
          }
        });
      const where = name === "snapshot" ? " where m.dbt_valid_to is null" : "";
      const readers = [
        reader(`select count(distinct m.id) as n from s.m${where}`),
        reader(`select count(distinct m.id) as n from other.v join s.m using (id)${where}`),
        reader(`select count(distinct v.id) as n from s.m join other.v using (id)${where}`),
      ];
      try {
        for (let v = 2; v < 8; v++) await rig.build({ ...make(v), fullRefresh: v % 2 === 0 });
      } finally {
        rebuilding.abort();
      }
      await Promise.all(readers);
      expect(reads).toBeGreaterThan(3);
    });

    test("two builds that share dependants do not deadlock", async () => {
      await rig.build({ ...make(1), name: "m" });
      await rig.build({ ...make(1), name: "n" });
      for (let i = 0; i < 12; i++)
        await rig.sql(
          `create view other.v${i} as select m.id, n.name from s.${i % 2 ? "m join s.n" : "n join s.m"} using (id)`,
        );
      for (let trial = 2; trial < 22; trial++)
        await Promise.all(["m", "n"].map((one) => rig.build({ ...make(trial), name: one, fullRefresh: true })));
      expect(await rig.rows("select distinct name from other.v3 where name = 'a21'")).toEqual([{ name: "a21" }]);
    }, 120_000);
  });
}

test("a kind may become any other, and dependants live on", async () => {
  const kinds = ["view", "table", "incremental", "view", "materialized_view", "table", "materialized_view", "view"];
  await rig.build(CASES["table"]!(0));
  await rig.sql(DEPENDANTS);
  for (const [i, kind] of kinds.entries()) {
    await rig.build(CASES[kind]!(i + 1));
    expect(await rig.rows(present(kind))).toEqual(expected(i + 1));
    const name = `a${i + 1}`;
    expect(await rig.rows("select * from other.top order by id")).toEqual([1, 2].map((id) => ({ id, name })));
  }
  expect(await rig.rows("select has_table_privilege('reader', 's.m', 'select') as may")).toEqual([{ may: true }]);
});

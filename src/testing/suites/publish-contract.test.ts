/** What every kind of node must stand when it is built out of sight and published. Runs on each materialisation unasked. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { materializations } from "../../materialize/index.ts";
import { openRig, type Rig } from "../../materialize/testing/rig.ts";
import { PooledSession } from "../../postgres/session.ts";
import { doJob, type JobDone } from "../builds.ts";

/** The file of node `m` whose rows are `id` 1 and 2, `name` a<v>, `v`; with `more` when wide. */
type Case = (v: number, wide?: boolean) => Readonly<Record<string, string>>;

const rows = (v: number, wide = false): string =>
  `select id, 'a${v}'::text as name, ${v} as v${wide ? ", true as more" : ""} from generate_series(1, 2) id`;
const model =
  (config: string): Case =>
  (v, wide) => ({ "models/m.sql": `{{ config(${config}) }}\n${rows(v, wide)}` });

const CASES: Record<string, Case> = {
  view: model("materialized='view'"),
  table: model("materialized='table', indexes=[{'columns': ['id'], 'unique': true}, {'columns': ['name', 'v']}]"),
  incremental: model(
    "materialized='incremental', unique_key='id', on_schema_change='append_new_columns', indexes=[{'columns': ['id']}]",
  ),
  materialized_view: model("materialized='materialized_view', indexes=[{'columns': ['id'], 'unique': true}]"),
  seed: (v, wide) => ({
    "seeds/m.csv": `id,name,v${wide ? ",more" : ""}\n${[1, 2].map((id) => `${id},a${v},${v}${wide ? ",true" : ""}\n`).join("")}`,
  }),
  snapshot: (v, wide) => ({
    "snapshots/m.yml": `snapshots:\n  - name: m\n    relation: ref('given')\n    config: {unique_key: id, strategy: check, check_cols: [name]}\n`,
    "models/given.sql": `{{ config(materialized='table') }}\n${rows(v, wide)}`,
  }),
};

/** Ways of one materialisation that go other ways to be published. */
const VARIANTS: Record<string, Case> = {
  "incremental by merge": model(
    "materialized='incremental', unique_key='id', incremental_strategy='merge', on_schema_change='append_new_columns'",
  ),
  "incremental on a copy": model(
    `materialized='incremental', unique_key='id', on_schema_change='append_new_columns', post_hook="update {{ this }} set v = v"`,
  ),
  "a block of the project": (v, wide) => ({
    "macros/m.sql": `{% materialization own, adapter='postgres' %}
{% set target_relation = this.incorporate(type='table') %}
{% do adapter.drop_relation(target_relation) %}
{% call statement('main') %}create table {{ target_relation }} as {{ sql }}{% endcall %}
{% do adapter.commit() %}
{{ return({'relations': [target_relation]}) }}
{% endmaterialization %}`,
    ...model("materialized='own'")(v, wide),
  }),
};

const present = (kind: string, relation = "s.m"): string =>
  `select id, name, v from ${relation}${kind === "snapshot" && relation === "s.m" ? " where dbt_valid_to is null" : ""} order by id`;
const expected = (v: number) => [1, 2].map((id) => ({ id, name: `a${v}`, v }));

const DEPENDANTS = `
  create view s.below as select id, name from s.m;
  create materialized view other.mv as select id, name from s.below;
  create index mv_id on other.mv (id);
  create view other.top as select mv.id, b.name from other.mv join s.below b using (id);
  alter view other.top owner to stranger;
  grant select on s.below, other.mv to stranger;
  grant select on other.top to reader; grant select (id) on other.mv to public; grant select on s.m to reader;
  grant select (name) on s.m to stranger; comment on column s.m.name is 'by hand';
  comment on view other.top is 'top'; comment on column other.mv.id is 'key'; comment on materialized view other.mv is 'mv'`;

let db: Rig;
let dir: string;
beforeAll(async () => {
  db = await openRig();
  await db.sql("create schema if not exists sluice_tests");
});
afterAll(() => db.close());
beforeEach(async () => {
  await db.reset();
  await db.sql("drop schema if exists sluice cascade; drop schema if exists s__sluice_next cascade");
  dir = await mkdtemp(join(tmpdir(), "sluice publish "));
  await write({
    "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\n",
    "profiles.yml": `shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, url: '${db.url}', schema: s, threads: 2}\n`,
  });
  return () => rm(dir, { recursive: true, force: true });
});

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
}

async function build(files: Readonly<Record<string, string>>): Promise<JobDone> {
  await write(files);
  const done = await doJob({ dir, what: "build" });
  expect(done.problems).toEqual([]);
  return done;
}

/** Runs with a failure in place of the n-th statement, counted over all sessions; returns whether it came to that. */
async function buildFailingAt(n: number, run: () => Promise<JobDone>): Promise<boolean> {
  let count = 0;
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const real = PooledSession.prototype.query;
  const spy = vi.spyOn(PooledSession.prototype, "query").mockImplementation(function (this: PooledSession, ...args) {
    if (count++ === n) return Promise.reject(new Error("Injected"));
    return real.apply(this, args) as never;
  });
  try {
    await run().catch(() => {});
  } finally {
    spy.mockRestore();
  }
  return count > n;
}

const workRelations = (): Promise<unknown[]> =>
  db.rows(
    "select n.nspname, relname from pg_class c join pg_namespace n on n.oid = relnamespace where nspname like '%sluice_next' and relkind in ('r', 'v', 'm')",
  );

test("every materialisation is in the suite", () => {
  expect(new Set(Object.keys(CASES))).toEqual(new Set(Object.keys(materializations)));
});

for (const [kind, make] of Object.entries({ ...CASES, ...VARIANTS })) {
  describe(kind, () => {
    test("is published, and left alone while nothing changes", async () => {
      expect((await build(make(1))).publication).toBeDefined();
      expect(await db.rows(present(kind))).toEqual(expected(1));
      const before = await db.state();
      const again = await build(make(1));
      expect({ built: again.built, publication: again.publication }).toEqual({ built: [], publication: undefined });
      expect(await db.state()).toEqual(before);
      expect(await workRelations()).toEqual([]);
    });

    test("takes over new content and new columns, and what depends on it lives on", async () => {
      await build(make(1));
      await db.sql(DEPENDANTS);
      const before = await db.state();
      await build(make(2));
      expect(await db.rows(present(kind))).toEqual(expected(2));
      const { relations, columns, grants, comments, others } = await db.state();
      expect({ relations, columns, grants, comments, others }).toEqual({
        relations: before["relations"],
        columns: before["columns"],
        grants: before["grants"],
        comments: before["comments"],
        others: before["others"],
      });
      expect(await db.rows("select distinct name from other.top where name = 'a2'")).toEqual([{ name: "a2" }]);
      await build(make(3, true));
      expect(await db.rows(present(kind))).toEqual(expected(3));
      expect((await db.rows("select * from s.m"))[0]).toHaveProperty("more");
      expect(await db.rows("select distinct name from other.top where name = 'a3'")).toEqual([{ name: "a3" }]);
      expect(await workRelations()).toEqual([]);
    });

    test("is not published when a test of it fails, and is when the test is right", async () => {
      await build(make(1));
      const before = await db.state();
      await write({ ...make(2), "tests/t.sql": "select * from {{ ref('m') }} where name = 'a2'" });
      const { ok, problems } = await doJob({ dir, what: "build" });
      expect(ok).toBe(false);
      expect(problems.at(-1)).toContain("Nothing was published: not everything passed.");
      expect(await db.rows(present(kind))).toEqual(expected(1));
      expect(await db.state()).toEqual(before);
      await build({ "tests/t.sql": "select * from {{ ref('m') }} where name = 'a9'" });
      expect(await db.rows(present(kind))).toEqual(expected(2));
    });

    test("goes back to what was there before", async () => {
      await build(make(1));
      await db.sql(DEPENDANTS);
      const before = await db.state();
      const content = await db.rows("select * from s.m order by 1, 2");
      await build(make(2));
      const back = await doJob({ dir, what: "rollback" });
      expect(back.problems).toEqual([]);
      expect(await db.rows("select * from s.m order by 1, 2")).toEqual(content);
      expect(await db.state()).toEqual(before);
      await build(make(2));
      expect(await db.rows(present(kind))).toEqual(expected(2));
    });

    test("whichever statement fails, everything is as it was or as it shall be, and the next build mends it", async () => {
      await build(make(1));
      await db.sql("create view other.v as select id, name, v from s.m");
      const old = await db.rows("select * from s.m order by 1, 2");
      let strikes = 0;
      // Each strike costs a build: a fifth of all statements, another fifth in each kind. The chaos suite strikes at all.
      for (let n = Math.max(0, Object.keys(CASES).indexOf(kind)) % 5; ; n += 5) {
        await write(make(2));
        if (!(await buildFailingAt(n, () => doJob({ dir, what: "build" })))) break;
        strikes++;
        const now = await db.rows("select * from s.m order by 1, 2");
        if (JSON.stringify(now) !== JSON.stringify(old)) {
          expect(await db.rows(present(kind))).toEqual(expected(2));
          await doJob({ dir, what: "rollback" });
        }
        expect(await db.rows("select count(*)::int as n from other.v")).toEqual([{ n: 2 }]);
      }
      expect(strikes).toBeGreaterThan(5);
      await build(make(2));
      expect(await db.rows(present(kind))).toEqual(expected(2));
      expect(await workRelations()).toEqual([]);
    }, 120_000);
  });
}

/** Foreign keys of contracts, and strangers' keys to what is published: they hold whatever takes whose place. */
import { Client } from "pg";
import { expect, test } from "vitest";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { rig, type Rig } from "../rig.ts";

const PARENT = `
  - name: zone
    config: {contract: {enforced: true}}
    constraints: [{type: unique, columns: [id, k]}]
    columns:
      - {name: id, data_type: integer, constraints: [{type: primary_key}]}
      - {name: k, data_type: integer}`;
const CHILD = `
  - name: place
    config: {contract: {enforced: true}}
    constraints:
      - {type: foreign_key, columns: [zone_id, k], to: "ref('zone')", to_columns: [id, k], name: both}
    columns:
      - {name: id, data_type: integer}
      - {name: zone_id, data_type: integer, constraints: [{type: foreign_key, to: "ref('zone')", to_columns: [id]}]}
      - {name: k, data_type: integer}
      - {name: code, data_type: integer, constraints: [{type: foreign_key, to: "source('raw', 'codes')", to_columns: [code]}]}`;
const project = {
  "models/zone.sql":
    "{{ config(materialized='table') }} select g as id, g * 10 as k from generate_series(1, {{ var('n', 2) }}) g",
  "models/place.sql":
    "{{ config(materialized='table') }} select g as id, g as zone_id, g * 10 as k, 5 as code from generate_series(1, {{ var('m', 2) }}) g",
  "models/schema.yml": `sources: [{name: raw, tables: [{name: codes}]}]\nmodels:${PARENT}${CHILD}\n`,
};
const CODES = "create schema raw; create table raw.codes (code int primary key); insert into raw.codes values (5)";

const KEYS = `select k.conrelid::regclass::text || '.' || k.conname || ' -> ' || k.confrelid::regclass::text ||
    case when k.convalidated then '' else ' unchecked' end as key
  from pg_constraint k join pg_namespace n on n.oid = k.connamespace where k.contype = 'f' and n.nspname <> 'sluice' order by 1`;
const keys = async (rows: Rig["rows"]): Promise<string[]> => (await rows<{ key: string }>(KEYS)).map(({ key }) => key);

const THREE = [
  "analytics.place.both -> analytics.zone",
  "analytics.place.place_code_fkey -> raw.codes",
  "analytics.place.place_zone_id_fkey -> analytics.zone",
];
/** What is kept for a rollback refers only to what is kept. */
const live = (all: readonly string[]): string[] => all.filter((key) => !key.startsWith("analytics__sluice_prev"));

async function ok(done: ReturnType<Rig["sluice"]>): Promise<string> {
  const { code, all } = await done;
  expect(code, all).toBe(0);
  return all;
}

for (const way of ["--direct", "together"])
  test(
    `keys by ref and source are dependencies and stay, whichever side is built anew (${way})`,
    rig(async ({ dir, write, sluice, rows }) => {
      const build = (...args: string[]): ReturnType<Rig["sluice"]> =>
        sluice("build", ...args, ...(way === "together" ? [] : [way]));
      await rows(CODES);
      await write(project);
      await ok(build());
      expect(await keys(rows)).toEqual(THREE);
      const manifest = JSON.parse(await readFile(join(dir, "target", "manifest.json"), "utf8"));
      const { depends_on: on, refs, sources, constraints, columns, database } = manifest.nodes["model.shop.place"];
      const zone = { name: "zone", package: null, version: null };
      expect({ on: on.nodes, refs, sources, to: [constraints[0].to, columns.zone_id.constraints[0].to] }).toEqual({
        on: ["source.shop.raw.codes", "model.shop.zone"],
        refs: [zone, zone],
        sources: [["raw", "codes"]],
        to: Array(2).fill(`"${database}"."analytics"."zone"`),
      });

      await ok(build("--vars", "{n: 3, m: 3}"));
      expect(live(await keys(rows))).toEqual(THREE);
      await ok(build("--vars", "{n: 4, m: 3}", "--select", "zone"));
      expect(live(await keys(rows))).toEqual(THREE);
      await ok(build("--vars", "{n: 4, m: 4}", "--select", "place"));
      const after = await keys(rows);
      expect(live(after)).toEqual(THREE);
      // Neither the row nor the table is held by what stands aside.
      expect(after.filter((key) => / -> (analytics|raw)\./.test(key))).toEqual(THREE);
      expect(
        await rows(
          "select (select count(*)::int from analytics.zone), count(place)::int as places from analytics.place",
        ),
      ).toEqual([{ count: 4, places: 4 }]);

      const { code, all } = await build("--vars", "{n: 4, m: 5}", "--select", "place");
      expect(code).toBe(1);
      expect(all).toMatch(/violates foreign key constraint "(both|place_zone_id_fkey)"/);
      expect(all).toMatch(/Key \(zone_id(, k)?\)=\(5(, 50)?\) is not present/);
    }),
  );

test(
  "a parent that lacks rows which a table that stays refers to is not published, and they are counted",
  rig(async ({ write, sluice, rows }) => {
    await rows(CODES);
    await write(project);
    await ok(sluice("build", "--vars", "{n: 9, m: 9}"));
    await rows(
      "create table public.mine (z int constraint mine_to_zone references analytics.zone); insert into public.mine values (9), (1)",
    );
    const { code, all } = await sluice("build", "--vars", "{n: 4, m: 9}", "--select", "zone");
    expect(code).toBe(1);
    expect(all).toContain("reference-misfit");
    expect(all).toContain("public.mine, constraint mine_to_zone: 1 row refers to no row: z = 9");
    expect(all).toContain(
      "analytics.place, constraint both: 5 rows refer to no row: zone_id = 5, k = 50; zone_id = 6, k = 60;",
    );
    expect(await rows("select count(*)::int as n from analytics.zone")).toEqual([{ n: 9 }]);
    expect(await keys(rows)).toEqual([...THREE, "mine.mine_to_zone -> analytics.zone"]);
    await ok(sluice("build", "--vars", "{n: 10, m: 9}", "--select", "zone"));
    expect(live(await keys(rows))).toEqual([...THREE, "mine.mine_to_zone -> analytics.zone"]);
  }),
);

test(
  "readers go on while the keys of a table that stays are checked, and what stays is written to again afterwards",
  rig(async ({ write, sluice, rows, url }) => {
    await rows(CODES);
    await write(project);
    await ok(sluice("build"));
    await rows("create table public.mine (z int references analytics.zone); insert into public.mine values (1)");
    const reader = new Client({ connectionString: url });
    await reader.connect();
    await reader.query("begin; select * from public.mine");
    const done = sluice("build", "--vars", "{n: 5}", "--select", "zone");
    // Held up by the reader, the publication must not keep a writer out for as long as it waits.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await rows("insert into public.mine values (2)");
    await reader.end();
    await ok(done);
    expect(await rows("select count(*)::int as n from public.mine")).toEqual([{ n: 2 }]);
  }),
);

test(
  "what waits to be published refers to what was published meanwhile",
  rig(async ({ write, sluice, rows, url }) => {
    await rows(CODES);
    await write({
      ...project,
      "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\nvars: {sluice: {publish_wait: 1}}\n",
    });
    await ok(sluice("build"));
    const reader = new Client({ connectionString: url });
    await reader.connect();
    await reader.query("begin; select * from analytics.place");
    expect((await sluice("build", "--vars", "m: 1", "--select", "place")).stdout).toContain("publish-busy");
    await reader.end();
    await ok(sluice("build", "--vars", "n: 3", "--select", "zone"));
    await ok(sluice("publish"));
    expect(live(await keys(rows))).toEqual(THREE);
    expect(await rows("select count(*)::int as n from analytics.place")).toEqual([{ n: 1 }]);
  }),
);

test(
  "a rollback gives a table that comes back its keys",
  rig(async ({ write, sluice, rows }) => {
    await rows(CODES);
    await write(project);
    await ok(sluice("build", "--vars", "{n: 3, m: 2}"));
    await ok(sluice("build", "--vars", "{n: 3, m: 3}", "--select", "place"));
    // Nothing that stands aside keeps the project's own tables from being written to.
    await rows(
      "delete from analytics.place; delete from analytics.zone where id = 2; insert into analytics.zone values (2, 20)",
    );
    await ok(sluice("rollback"));
    expect(live(await keys(rows))).toEqual(THREE);
    expect(await rows("select count(*)::int as n from analytics.place")).toEqual([{ n: 2 }]);
    await ok(sluice("build", "--vars", "{n: 4, m: 4}"));
    await ok(sluice("rollback"));
    expect(live(await keys(rows))).toEqual(THREE);
  }),
);

const GROWING = `{{ config(materialized='incremental', unique_key='id', incremental_strategy='merge') }}
select g as id, g * 10 as k from generate_series(1, {{ var('n', 2) }}) g
{% if is_incremental() %} where g > (select max(id) from {{ this }}){% endif %}`;

test(
  "a table refers to rows that only the delta of its parent brings; two deltas go in one after the other",
  rig(async ({ write, sluice, rows }) => {
    await rows(CODES);
    await write({ ...project, "models/zone.sql": GROWING });
    await ok(sluice("build"));
    await ok(sluice("build", "--vars", "{n: 3, m: 3}"));
    expect(live(await keys(rows))).toEqual(THREE);
    expect(
      await rows("select count(*)::int as n from analytics.place join analytics.zone on zone.id = zone_id"),
    ).toEqual([{ n: 3 }]);
    const { code, all } = await sluice("build", "--vars", "{n: 4, m: 6}");
    expect(code).toBe(1);
    expect(all).toContain("constraint both: 2 rows refer to no row: zone_id = 5, k = 50; zone_id = 6, k = 60");
    expect(await rows("select count(*)::int as n from analytics.zone")).toEqual([{ n: 3 }]);

    // The child's name comes first, and its rows must come second.
    await write({
      "models/place.sql": null,
      "models/area.sql": GROWING.replace("g * 10 as k", "g as zone_id, g * 10 as k, 5 as code"),
      "models/schema.yml": project["models/schema.yml"].replace("name: place", "name: area"),
    });
    await ok(sluice("build", "--vars", "{n: 4}"));
    await ok(sluice("build", "--vars", "{n: 6}"));
    expect(await rows("select count(*)::int as n from analytics.area")).toEqual([{ n: 6 }]);
    expect((await keys(rows)).filter((key) => key.startsWith("analytics.area"))).toHaveLength(3);
    await ok(sluice("rollback"));
    const left =
      "select (select count(*)::int from analytics.area) as area, (select count(*)::int from analytics.zone) as zone";
    expect(await rows(left)).toEqual([{ area: 4, zone: 4 }]);
  }),
);

test(
  "an incremental table that is built on a copy keeps its keys, and may refer to new rows of its parent",
  rig(async ({ write, sluice, rows }) => {
    await rows(CODES);
    const child = GROWING.replace("g * 10 as k", "g as zone_id, g * 10 as k, 5 as code").replace(
      "unique_key",
      "post_hook='update {{ this }} set code = 5', unique_key",
    );
    for (const zone of [GROWING, project["models/zone.sql"]]) {
      await write({ ...project, "models/zone.sql": zone, "models/place.sql": child });
      await ok(sluice("build", "--full-refresh"));
      await ok(sluice("build", "--vars", "{n: 4}"));
      expect(live(await keys(rows))).toEqual(THREE);
      expect(await rows("select count(*)::int as n from analytics.place")).toEqual([{ n: 4 }]);
    }
  }),
);

test(
  "an expression may name a table of the same run by schema and name, and the table itself",
  rig(async ({ write, sluice, rows }) => {
    const yml = (name: string, constraints: string): string =>
      `  - name: ${name}\n    config: {contract: {enforced: true}}\n    constraints: ${constraints}\n    columns:\n      - {name: id, data_type: integer, constraints: [{type: primary_key}]}\n      - {name: up, data_type: integer}\n`;
    const key = (expression: string): string => `[{type: foreign_key, columns: [up], expression: '${expression}'}]`;
    await write({
      "models/tree.sql":
        "{{ config(materialized='table') }} select g as id, 1 as up from generate_series(1, {{ var('n', 2) }}) g",
      "models/leaf.sql":
        "-- depends_on: {{ ref('tree') }}\n{{ config(materialized='table') }} select 1 as id, {{ var('n', 2) }} as up",
      "models/a_loose.sql": "{{ config(materialized='table') }} select 1 as id, {{ var('up', 1) }} as up",
      "models/schema.yml": `models:\n${yml("tree", key("Analytics.tree (id)"))}${yml("leaf", key('REFERENCES "analytics" . tree (id) on delete cascade'))}${yml("a_loose", key("analytics.tree (id)"))}`,
    });
    const { code, all } = await sluice("build", "--select", "a_loose");
    expect(code).toBe(1);
    expect(all).toMatch(/schema\.yml:\d+:\d+.*foreign-key-target.*"a_loose_up_fkey" of "a_loose".*to: ref\('…'\)/s);
    const all3 = ["a_loose.a_loose_up_fkey", "leaf.leaf_up_fkey", "tree.tree_up_fkey"].map(
      (k) => `analytics.${k} -> analytics.tree`,
    );
    await ok(sluice("build", "--select", "tree leaf"));
    expect(await keys(rows)).toEqual(all3.slice(1));
    await ok(sluice("build", "--vars", "n: 4"));
    expect(live(await keys(rows))).toEqual(all3);
    // Built beside the table that its key names, and before it.
    await ok(sluice("build", "--vars", "{n: 5, up: 2}"));
    expect(live(await keys(rows))).toEqual(all3);
    expect(
      await rows(
        "select pg_get_constraintdef(oid) as is from pg_constraint where conname = 'leaf_up_fkey' and connamespace = 'analytics'::regnamespace",
      ),
    ).toEqual([{ is: "FOREIGN KEY (up) REFERENCES analytics.tree(id) ON DELETE CASCADE" }]);
  }),
);

test(
  "what a key cannot refer to is told with its place",
  rig(async ({ write, sluice }) => {
    await write({
      ...project,
      "models/schema.yml": project["models/schema.yml"]
        .replace(`to: "ref('zone')"`, `to: "ref('zonne')"`)
        .replace(`to: "ref('zone')"`, `to: '"analytics"."zone"'`),
    });
    const { code, all } = await sluice("parse");
    expect(code).toBe(2);
    expect(all).toMatch(/schema\.yml:12:\d+.*ref-not-found.*zonne.*did you mean "zone"/s);
    expect(all).toMatch(/schema\.yml:15:\d+.*constraint-to.*expected  to: ref/s);
  }),
);

/** Versions of models, groups and access. */
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

const YAML = `models:
  - name: dim
    latest_version: 1
    config: {materialized: table}
    columns: [{name: id, data_tests: [unique]}, {name: old, data_tests: [not_null]}]
    versions:
      - v: 1
        defined_in: dim
      - v: 2
        config: {alias: dim_next}
        columns: [{include: all, exclude: [old]}]
      - v: 3
`;

test(
  "versions of a model are relations of their own, and ref() without one means the latest",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "models/schema.yml": YAML,
      "models/dim.sql": "select 1 as id, 'a' as old",
      "models/dim_v2.sql": "select 2 as id",
      "models/dim_v3.sql": "select id + 1 as id, 'c' as old from {{ ref('dim', v=2) }}",
      "models/reads.sql":
        "select (select id from {{ ref('dim') }}) as a, (select id from {{ ref('dim', version='3') }}) as b",
    });
    const built = await sluice("build");
    expect(built.code, built.all).toBe(0);
    expect(built.all).toContain("PASS=9");
    // Of the two, only the ref() without a version will mean another one.
    expect(
      built.all.match(/While compiling 'reads': ref\('dim'\) means its latest version, 1, .* newer one, 3/g),
    ).toHaveLength(1);
    expect(built.all).toContain("Try the new one:  {{ ref('shop', 'dim', v='3') }}");
    expect(await rows("select * from analytics.reads")).toEqual([{ a: 1, b: 3 }]);
    const listed = await sluice("ls", "--select", "version:prerelease", "dim.v1", "--output", "name");
    expect(listed.stdout.split("\n").filter(Boolean).toSorted()).toEqual(
      expect.arrayContaining(["not_null_dim_v1_old", "unique_dim_v2_id", "unique_dim_v3_id"]),
    );
    expect(
      await rows("select table_name from information_schema.tables where table_schema = 'analytics' order by 1"),
    ).toEqual(["dim_next", "dim_v1", "dim_v3", "reads"].map((table_name) => ({ table_name })));
  }),
);

test(
  "a private model is for its group alone",
  rig(async ({ write, sluice }) => {
    await write({
      "models/schema.yml":
        "groups: [{name: core, owner: {name: me}}]\nmodels: [{name: inner, config: {group: core, access: private}}, {name: friend, config: {group: core}}]",
      "models/inner.sql": "select 1 as id",
      "models/friend.sql": "select * from {{ ref('inner') }}",
    });
    expect((await sluice("build")).code).toBe(0);
    await write({ "models/stranger.sql": "select * from {{ ref('inner') }}" });
    const { code, all } = await sluice("build");
    expect(code).not.toBe(0);
    expect(all).toContain(`models/stranger.sql:1:23  access-denied  "stranger" may not read "inner"`);
  }),
);

test(
  "unknown groups and levels of access are mistakes",
  rig(async ({ write, sluice }) => {
    await write({
      "models/schema.yml":
        "models: [{name: a, config: {group: gone}}, {name: b, config: {access: open}}, {name: c, config: {access: public, materialized: ephemeral}}]",
      ...Object.fromEntries(["a", "b", "c"].map((name) => [`models/${name}.sql`, "select 1 as id"])),
    });
    const { all } = await sluice("parse");
    expect(all).toContain(`"a" belongs to "gone", which no  groups:  declares`);
    expect(all).toContain(`"b" has an invalid access: "open"`);
    expect(all).toContain(`"c" is ephemeral`);
  }),
);

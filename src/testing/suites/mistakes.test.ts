/** What a user reads whose project is wrong, through the real command line. */
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

test(
  "a cycle, a ref to nothing, a name given twice, a relation claimed twice: all are told at once, and nothing is run",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "models/a.sql": "select * from {{ ref('b') }}",
      "models/b.sql": "select * from {{ ref('a') }}",
      "models/lost.sql": "select\n  1 as id\nfrom {{ ref('ordrs') }}",
      "models/orders.sql": "select 1 as id",
      "models/twice/orders.sql": "select 2 as id",
      "models/alias.sql": "{{ config(alias='lost') }} select 1 as id",
      "models/odd.sql": "{{ config(materialized='tabel') }} select 1 as id",
    });
    const { code, stdout, stderr } = await sluice("build");
    expect([code, stdout]).toEqual([2, ""]);
    const told = stderr.match(/^\S+:\d+:\d+ {2}\S+/gm)?.toSorted();
    expect(told).toEqual([
      "models/a.sql:1:18  cycle",
      "models/lost.sql:1:1  ambiguous-alias",
      "models/lost.sql:3:14  ref-not-found",
      "models/odd.sql:1:1  materialization-unknown",
      "models/twice/orders.sql:1:1  duplicate-name",
    ]);
    expect(stderr).toContain("Found a cycle: 2 nodes read one another: a → b → a.");
    expect(stderr).toContain('did you mean "orders"?');
    expect(await rows("select 1 from pg_namespace where nspname in ('analytics', 'sluice')")).toEqual([]);
  }),
);

/** What runs each time though nothing that it reads has changed. */
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

test(
  "a node whose hooks write elsewhere, and one that appends, run each time; hooks on the node itself do not count",
  rig(async ({ write, sluice, rows }) => {
    await rows("create schema raw; create table raw.log (node text)");
    const hooked = (hook: string): string =>
      `{{ config(materialized='table', post_hook=${JSON.stringify(hook)}) }} select 1 as id`;
    await write({
      "macros/log.sql":
        "{% macro note() %}insert into raw.log values ('{{ this.name }}'){% endmacro %}" +
        "{% macro ask() %}{% do run_query('select 1') %}analyze {{ this }}{% endmacro %}",
      "models/logged.sql": hooked("insert into raw.log values ('logged')"),
      "models/noted.sql": hooked("{{ note() }}"),
      "models/asks.sql": hooked("{{ ask() }}"),
      "models/trimmed.sql": hooked("delete from {{ this }} where id > 1"),
      "models/indexed.sql": hooked("create index on {{ this }} (id)"),
      "models/appended.sql": "{{ config(materialized='incremental') }} select id from {{ ref('trimmed') }}",
      "models/filtered.sql":
        "{{ config(materialized='incremental') }} select id from {{ ref('trimmed') }}" +
        "{% if is_incremental() %} where id > (select max(id) from {{ this }}){% endif %}",
      "models/keyed.sql":
        "{{ config(materialized='incremental', unique_key='id') }} " +
        "select {% if is_incremental() %}2{% else %}1{% endif %} as id from {{ ref('trimmed') }}",
    });
    const reused = async (): Promise<string[]> => {
      const { code, all, stdout } = await sluice("run");
      expect(code, all).toBe(0);
      return [...stdout.matchAll(/REUSED .*\.(\w+) /g)].map(([, name]) => name!).toSorted();
    };
    expect(await reused()).toEqual([]);
    // What only the second run of an incremental model asks has never been asked.
    expect(await reused()).toEqual(["indexed", "trimmed"]);
    expect(await rows("select id from analytics.keyed order by 1")).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await reused()).toEqual(["filtered", "indexed", "keyed", "trimmed"]);
    expect(await rows("select node, count(*)::int as n from raw.log group by 1 order by 1")).toEqual([
      { node: "logged", n: 3 },
      { node: "noted", n: 3 },
    ]);
    expect(await rows("select count(*)::int as n from analytics.appended")).toEqual([{ n: 3 }]);
    const { stdout } = await sluice("plan");
    expect(stdout).toContain("it appends its rows each time");
    expect(stdout).toContain("a hook writes to raw.log");
    expect(stdout).toContain("a hook asks the database what to do");
  }),
);

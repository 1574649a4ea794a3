import { expect, test } from "vitest";
import { parseTree } from "./testing/parse-tree.ts";

const MODELS = {
  "models/a.sql": "{{ config(schema='x', alias='first') }} select 1",
  "models/b.sql": "{{ config(schema='x') }} select 1",
  "models/c.sql": "select 1",
};

async function placesOf(macros: string): Promise<string[]> {
  const { nodes } = await parseTree({ ...MODELS, "macros/m.sql": macros });
  return [...nodes.values()].map(({ schema, alias }) => `${schema}.${alias}`);
}

test("nodes stand where their custom names say", async () => {
  expect(await placesOf("")).toEqual(["analytics_x.first", "analytics_x.b", "analytics.c"]);
});

test("a project's own naming macro is asked for every node, by name or by dispatch", async () => {
  const own = "(custom, node) %}{{ custom }}_{{ node.name }}{% endmacro %}";
  const expected = ["x_a.first", "x_b.b", "None_c.c"];
  expect(await placesOf(`{% macro generate_schema_name${own}`)).toEqual(expected);
  expect(await placesOf(`{% macro default__generate_schema_name${own}`)).toEqual(expected);
});

test("names that quoting leaves unquoted are those that Postgres reads", async () => {
  const { nodes, sources } = await parseTree({
    "dbt_project.yml": "name: shop\nprofile: shop\nquoting: {identifier: false, schema: false}\n",
    "models/Big.sql": "select 1",
    "models/Kept.sql": "{{ config(quoting={'identifier': true}, schema='Raw') }} select 1",
    "models/s.yml":
      "sources: [{name: Raw, tables: [{name: One}, {name: Two, quoting: {schema: true, identifier: true}}]}]",
  });
  expect([...nodes.values()].map(({ schema, alias }) => `${schema}.${alias}`)).toEqual([
    "analytics.big",
    "analytics_raw.Kept",
  ]);
  expect([...sources.values()].map((s) => `${s.schema}.${s.identifier}`)).toEqual(["raw.one", "Raw.Two"]);
});

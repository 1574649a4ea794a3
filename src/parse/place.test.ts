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

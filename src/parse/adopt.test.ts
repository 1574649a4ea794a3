import { expect, test } from "vitest";
import { mistakesOf, parseTree } from "./testing/parse-tree.ts";

/** A root project `shop` with a package `tool`, whose seed is switched off. */
const TREE = {
  "dbt_project.yml": "name: shop\nprofile: shop\nseeds: {tool: {+enabled: false}}\n",
  "packages.yml": "packages: [{local: tool}]\n",
  "dbt_packages/tool/dbt_project.yml": "name: tool\n",
  "dbt_packages/tool/seeds/exceptions.csv": "id\n1\n",
  "dbt_packages/tool/models/t.sql": "select 1 as id",
  "seeds/exceptions.csv": "id\n1\n",
  "models/m.sql": "select 1 as id",
};
const entries = (yaml: string): Record<string, string> => ({ ...TREE, "dbt_packages/tool/models/s.yml": yaml });

test("a package's entry describes a node of another package where it has none of that name itself", async () => {
  const manifest = await parseTree(
    entries(`
seeds:
  - {name: exceptions, description: of the package, config: {column_types: {id: bigint}}, columns: [{name: id, data_tests: [unique]}]}
models:
  - {name: m, config: {materialized: table}}
  - {name: t, description: its own}`),
  );
  expect(manifest.diagnostics).toEqual([]);
  const found = [...manifest.nodes.values()].map((node) => [node.id.replace(/^(test\..*)\.\w{10}$/, "$1"), node]);
  const nodes = Object.fromEntries(found);
  expect(nodes["seed.shop.exceptions"]).toMatchObject({
    description: "of the package",
    propertiesFrom: "tool",
    config: { all: { column_types: { id: "bigint" } } },
  });
  expect(nodes["model.shop.m"]).toMatchObject({ propertiesFrom: "tool", config: { materialized: "table" } });
  expect(nodes["model.tool.t"]).toMatchObject({ description: "its own" });
  expect(nodes["model.tool.t"]).not.toHaveProperty("propertiesFrom");
  expect(nodes["test.tool.unique_exceptions_id"]).toMatchObject({ attached: "seed.shop.exceptions" });
});

test("a node is described once, whichever package does it", async () => {
  const both = { ...entries("models: [{name: m}]"), "models/s.yml": "models: [{name: m}]" };
  expect(await mistakesOf(both)).toContain('duplicate-properties  "m" is described twice.');
});

test("entries that fit no node, another kind, or several nodes say so", async () => {
  expect(await mistakesOf(entries("models: [{name: nobody}]"))).toContain(
    'There is no model named "nobody" to describe.',
  );
  expect(await mistakesOf(entries("models: [{name: exceptions}]"))).toContain(
    '"exceptions" is a seed, but is described as a model: only its tests are heeded.',
  );
  const several = {
    ...entries("models: [{name: x}]"),
    "packages.yml": "packages: [{local: tool}, {local: more}]\n",
    "dbt_packages/more/dbt_project.yml": "name: more\n",
    "dbt_packages/more/models/x.sql": "select 1 as id",
    "models/x.sql": "{{ config(alias='y') }} select 1 as id",
  };
  expect(await mistakesOf(several)).toContain('"x" is a name in 2 packages, and it is unclear which is meant.');
});

import { expect, test } from "vitest";
import { mergeConfig } from "./config.ts";
import { parseTree } from "./testing/parse-tree.ts";

const project = (models: string, more = ""): string => `name: shop\nprofile: shop\n${more}models:\n${models}`;

async function configOf(tree: Record<string, string>, name = "a"): Promise<Record<string, unknown>> {
  const manifest = await parseTree(tree);
  expect(manifest.diagnostics).toEqual([]);
  const node = [...manifest.nodes.values()].find((n) => n.name === name);
  return node!.config.all;
}

test("tags and hooks grow from layer to layer, mappings are merged, everything else is replaced", () => {
  const below = { tags: ["a"], pre_hook: ["x"], meta: { k: 1, l: 1 }, schema: "one", indexes: [{ columns: ["a"] }] };
  const above = { tags: "b", "pre-hook": "y", meta: { l: 2 }, schema: "two", indexes: [] };
  expect(mergeConfig(below, above)).toEqual({
    tags: ["a", "b"],
    pre_hook: ["x", "y"],
    meta: { k: 1, l: 2 },
    schema: "two",
    indexes: [],
  });
});

test("a grant replaces the layers below, unless it is written with a plus", () => {
  const below = { grants: { select: ["a"], insert: "b" } };
  expect(mergeConfig(below, { grants: { select: "c" } })).toEqual({ grants: { select: ["c"], insert: "b" } });
  expect(mergeConfig(below, { grants: { "+select": "c", "+insert": ["d"] } })).toEqual({
    grants: { select: ["a", "c"], insert: ["b", "d"] },
  });
});

test("config() in the file overrides YAML, which overrides dbt_project.yml, where the deeper folder wins", async () => {
  const tree = {
    "dbt_project.yml": project(
      "  +materialized: ephemeral\n  shop:\n    sub:\n      +materialized: view\n      schema: s\n",
    ),
    "models/sub/a.sql": "{{ config(materialized='incremental') }} select 1",
    "models/sub/b.sql": "select 1",
    "models/sub/c.sql": "select 1",
    "models/d.sql": "select 1",
    "models/s.yml":
      "models:\n  - {name: a, config: {materialized: table}}\n  - {name: b, config: {materialized: table}}\n",
  };
  const materialized = async (name: string): Promise<unknown> => (await configOf(tree, name))["materialized"];
  expect(await materialized("a")).toBe("incremental");
  expect(await materialized("b")).toBe("table");
  expect(await materialized("c")).toBe("view");
  expect(await materialized("d")).toBe("ephemeral");
  expect((await configOf(tree, "c"))["schema"]).toBe("s");
});

test("config() may be called several times, with named values or a mapping", async () => {
  const config = await configOf({
    "models/a.sql": "{{ config({'alias': 'x', 'tags': ['one']}) }}{{ config(tags='two', alias='y') }} select 1",
  });
  expect(config).toMatchObject({ alias: "y", tags: ["one", "two"] });
});

test("hooks are texts, mappings, or what before_begin() and after_commit() make", async () => {
  const manifest = await parseTree({
    "models/a.sql":
      "{{ config(pre_hook=[before_begin('one'), 'two'], post_hook={'sql': 'three', 'transaction': false}) }}{{ config(post_hook=after_commit('four')) }} select 1",
  });
  const { pre_hook, post_hook } = [...manifest.nodes.values()][0]!.config;
  expect([...pre_hook, ...post_hook].map((hook) => [hook.sql, hook.transaction])).toEqual([
    ["one", false],
    ["two", true],
    ["three", false],
    ["four", false],
  ]);
});

test("configuration is remembered as it was written: from dbt_project.yml, YAML and config()", async () => {
  const manifest = await parseTree({
    "dbt_project.yml": project(
      "  shop:\n    +persist_docs: {relation: \"{{ target.name == 'x' }}\"}\n    sub: {+schema: \"{{ 'sub_' ~ target.schema }}\"}\n",
    ),
    "models/sub/a.sql": "{{ config(alias=var('a', 'b'), enabled=true) }} select 1",
    "models/s.yml":
      "models: [{name: a, config: {tags: ['{{ target.name }}', fix], meta: {deep: {er: \"{{ 1 }}\"}, plain: 2}}}]",
  });
  const [node] = [...manifest.nodes.values()];
  expect(node).toMatchObject({ alias: "b", config: { all: { schema: "sub_analytics", tags: ["dev", "fix"] } } });
  expect(node!.writtenConfig).toEqual({
    persist_docs: { relation: "{{ target.name == 'x' }}" },
    schema: "{{ 'sub_' ~ target.schema }}",
    tags: ["{{ target.name }}", "fix"],
    meta: { deep: { er: "{{ 1 }}" }, plain: 2 },
    alias: "var('a', 'b')",
    enabled: "True",
  });
});

test("of pre_hook and pre-hook together the first holds in YAML, and config() takes one of them", async () => {
  const both = "config: {pre-hook: dash, pre_hook: [under, score], post-hook: {sql: after, transaction: false}}";
  const manifest = await parseTree({
    "models/a.sql": "select 1",
    "models/s.yml": `models: [{name: a, ${both}}]`,
    "models/b.sql": "{{ config(pre_hook='one', **{'pre-hook': 'two'}) }} select 1",
  });
  const { pre_hook, post_hook } = [...manifest.nodes.values()].find((n) => n.name === "a")!.config;
  expect([...pre_hook, ...post_hook].map((hook) => [hook.sql, hook.transaction])).toEqual([
    ["under", true],
    ["score", true],
    ["after", false],
  ]);
  expect(manifest.diagnostics.map((d) => d.message)).toEqual([
    'CompilationError: Invalid config, has conflicting keys "pre_hook" and "pre-hook", which are the same: write both into one list',
  ]);
});

test("what a generic test's macro configures holds until YAML says otherwise", async () => {
  const tree = {
    "dbt_project.yml": "name: shop\nprofile: shop\ndata_tests: {+severity: warn, +limit: 9}\n",
    "macros/t.sql":
      "{% test t(model) %}{{ config(severity='error', fail_calc='sum(n)', tags=['macro']) }} select 1 as n{% endtest %}",
    "models/a.sql": "select 1 as id",
    "models/s.yml": "models: [{name: a, data_tests: [{t: {name: mine, config: {fail_calc: max(n), tags: yaml}}}]}]",
  };
  expect(await configOf(tree, "mine")).toMatchObject({
    severity: "error",
    fail_calc: "max(n)",
    limit: 9,
    tags: ["macro", "yaml"],
  });
});

test("a ref in a hook is a dependency", async () => {
  const manifest = await parseTree({
    "models/a.sql": "{{ config(post_hook=\"insert into log select count(*) from {{ ref('b') }}\") }} select 1",
    "models/b.sql": "select 1",
  });
  expect([...manifest.nodes.values()].find((n) => n.name === "a")!.dependsOn).toEqual(["model.shop.b"]);
});

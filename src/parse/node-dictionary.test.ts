import { expect, test } from "vitest";
import { graphDictionary } from "./node-dictionary.ts";
import { parseTree } from "./testing/parse-tree.ts";

test("packages that look at the whole graph find dbt's keys, set or not", async () => {
  const graph = graphDictionary(
    await parseTree({
      "models/m.sql": "select 1 as id",
      "models/s.yml": `
models: [{name: m, config: {contract: {enforced: true}}, columns: [{name: id, data_type: int, constraints: [{type: not_null}]}]}]
sources: [{name: raw, tables: [{name: a}, {name: b, freshness: {warn_after: {count: 2, period: day}}}]}]`,
    }),
  );
  const none = { count: null, period: null };
  expect(graph).toMatchObject({
    nodes: {
      "model.shop.m": {
        access: "protected",
        time_spine: null,
        contract: { enforced: true, alias_types: true },
        columns: { id: { constraints: [{ type: "not_null", name: null, expression: null }] } },
      },
    },
    sources: {
      "source.shop.raw.a": { freshness: { warn_after: none, error_after: none, filter: null }, loaded_at_field: null },
      "source.shop.raw.b": { config: { freshness: { warn_after: { count: 2, period: "day" }, error_after: none } } },
    },
  });
});

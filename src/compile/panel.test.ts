import { expect, test } from "vitest";
import type { Panel } from "../parse/dashboard.ts";
import { panelTemplate } from "./panel.ts";

const panel: Panel = {
  name: "p",
  title: "P",
  description: "",
  grain: "row",
  reads: { model: "m" },
  chart: "bar",
  dimensions: ["shop"],
  measures: [{ column: 'rev"enue', label: "R", format: "money" }],
  orderBy: [],
  size: "half",
};

test("a model's panel asks for its columns only, in its order", () => {
  const orderBy = [
    { column: "shop", descending: false },
    { column: "n", descending: true },
  ];
  expect(panelTemplate({ ...panel, orderBy, limit: 3 })).toBe(
    `select "shop", "rev""enue", "n"\nfrom {{ ref('m') }}\norder by "shop", "n" desc nulls last\nlimit 3`,
  );
});

test("a query's calls become calls of templates, and its own order stays", () => {
  const reads = { sql: "select a from ref('m') join ref('m') as b, source('s', 't')\norder by 1;\n" };
  expect(panelTemplate({ ...panel, reads })).toBe(
    "select a from {{ ref('m') }} join {{ ref('m') }} as b, {{ source('s', 't') }}\norder by 1",
  );
});

test("a query with an order in the panel is wrapped", () => {
  const template = panelTemplate({ ...panel, reads: { sql: "select 1 as a" }, limit: 2 });
  expect(template).toBe("select *\nfrom (\nselect 1 as a\n) as panel\nlimit 2");
});

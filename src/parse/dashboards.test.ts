import { expect, test } from "vitest";
import type { Diagnostic, Span } from "../diagnostics/diagnostic.ts";
import type { Mapping } from "../project/types.ts";
import { nodeId } from "./manifest.ts";
import { readDashboard } from "./read-dashboard.ts";
import { mistakesOf, parseTree } from "./testing/parse-tree.ts";

const MODEL =
  "models: [{name: sales, columns: [{name: shop}, {name: month}, {name: revenue}]}, {name: bare}, {name: other, columns: [{name: shop}]}]";
const tree = (panels: string, depends = "- ref('sales')"): Record<string, string> => ({
  "models/sales.sql": "select 1",
  "models/bare.sql": "select 1",
  "models/other.sql": "select 1",
  "models/m.yml": MODEL,
  "models/e.yml": `exposures:
  - name: shop_board
    type: dashboard
    owner: {name: me}
    depends_on:
      ${depends}
    config:
      meta:
        panels:
${panels.replaceAll(/^/gm, "          ")}
`,
});

test("a panel is read with what it leaves out", async () => {
  const manifest = await parseTree(
    tree(`- name: by_shop
  grain: sale
  model: sales
  chart: bar
  dimensions: shop
  measures: [revenue, {column: revenue, label: Money, format: money}]
  order_by: [revenue desc, shop]
  limit: 5`),
  );
  expect(manifest.diagnostics).toEqual([]);
  expect(manifest.exposures.get(nodeId("exposure", "shop", "shop_board"))?.dashboard).toEqual({
    name: "shop_board",
    title: "Shop board",
    description: "",
    panels: [
      {
        name: "by_shop",
        title: "By shop",
        description: "",
        grain: "sale",
        reads: { model: "sales" },
        chart: "bar",
        dimensions: ["shop"],
        measures: [
          { column: "revenue", label: "Revenue", format: "decimal" },
          { column: "revenue", label: "Money", format: "money" },
        ],
        orderBy: [
          { column: "revenue", descending: true },
          { column: "shop", descending: false },
        ],
        limit: 5,
        size: "half",
      },
    ],
  });
});

test("unknown models and columns are shown at their lines, all at once", async () => {
  const text = await mistakesOf(
    tree(`- {name: a, grain: sale, model: sale, chart: bar, dimensions: [shop], measures: [revenue]}
- name: b
  grain: sale
  model: sales
  chart: bar
  dimensions: [shp]
  measures:
    - {column: revenu, format: money}
  order_by: [sort desc]
- {name: c, grain: sale, model: bare, chart: number, measures: [n]}
- {name: d, grain: sale, model: other, chart: bar, dimensions: [shop], measures: [shop]}
- name: e
  grain: sale
  chart: number
  measures: [n]
  sql: select count(*) as n from ref('sales'), ref('nothing'), source('s', 't')`),
  );
  expect(text).toMatchInlineSnapshot(`
    "models/e.yml:10:43  ref-not-found  Depends on a node named "sale" which was not found.
       10 │           - {name: a, grain: sale, model: sale, chart: bar, dimensions: [shop], measures: [revenue]}
          │                                           ~~~~
        → did you mean "sales" or "bare"?

    models/e.yml:15:26  panel-column  The model "sales" describes no column "shp".
       15 │             dimensions: [shp]
          │                          ~~~
        → did you mean "shop"?
        → columns of "sales" are described at its entry in YAML: add it there if the table has it

    models/e.yml:17:26  panel-column  The model "sales" describes no column "revenu".
       17 │               - {column: revenu, format: money}
          │                          ~~~~~~
        → did you mean "revenue"?
        → columns of "sales" are described at its entry in YAML: add it there if the table has it

    models/e.yml:18:24  panel-column  The model "sales" describes no column "sort".
       18 │             order_by: [sort desc]
          │                        ~~~~~~~~~
        → columns of "sales" are described at its entry in YAML: add it there if the table has it

    models/e.yml:19:43  panel-depends-on  Exposure "shop_board" does not say that it depends on "bare".
       19 │           - {name: c, grain: sale, model: bare, chart: number, measures: [n]}
          │                                           ~~~~
        → add  - ref('bare')  to its depends_on

    models/e.yml:19:43  panel-column  The model "bare" describes no columns, and panel "c" shows some.
       19 │           - {name: c, grain: sale, model: bare, chart: number, measures: [n]}
          │                                           ~~~~
        → describe those that are shown, under columns: in its YAML

    models/e.yml:20:43  panel-depends-on  Exposure "shop_board" does not say that it depends on "other".
       20 │           - {name: d, grain: sale, model: other, chart: bar, dimensions: [shop], measures: [shop]}
          │                                           ~~~~~
        → add  - ref('other')  to its depends_on

    models/e.yml:25:58  ref-not-found  Depends on a node named "nothing" which was not found.
       25 │             sql: select count(*) as n from ref('sales'), ref('nothing'), source('s', 't')
          │                                                          ~~~~~~~~~~~~~~
        → a model is a .sql file below models/ of that name, a seed a .csv file below seeds/

    models/e.yml:25:74  source-not-found  Depends on a source named "s.t" which was not found.
       25 │             sql: select count(*) as n from ref('sales'), ref('nothing'), source('s', 't')
          │                                                                          ~~~~~~~~~~~~~~~~
        → declare it in a YAML file below models/, under  sources:"
  `);
});

test("what a panel lacks or has too much of is shown at its line", async () => {
  const text = await mistakesOf(
    tree(`- {name: a, model: sales, chart: pie, dimensions: [shop], measures: [revenue]}
- {name: b, grain: sale, chart: bar, dimensions: [shop], measures: [revenue]}
- {name: c, grain: sale, model: sales, sql: select 1, chart: bar, dimensions: [shop], measures: [revenue]}
- {name: d e, grain: sale, model: sales, chart: donut, dimensions: [shop], measures: [revenue]}
- {name: f, grain: sale, model: sales, chart: donut, dimensions: [shop, month], measures: [revenue], size: big}
- {name: g, grain: sale, model: sales, chart: bar, dimensions: [shop, month], measures: [revenue, shop]}
- {name: h, grain: sale, model: sales, chart: number, measures: [[revenue]], limit: 0, order_by: [revenue down]}
- {name: i, grain: sale, model: sales, chart: line, dimension: [month], measures: [revenue]}
- {name: j, grain: sale, model: sales, chart: number, measures: [revenue]}
- {name: j, grain: sale, model: sales, chart: number, measures: [revenue]}`),
  );
  expect(text).toMatchInlineSnapshot(`
    "models/e.yml:10:20  yaml-missing-key  Panel "a" has no "grain".
       10 │           - {name: a, model: sales, chart: pie, dimensions: [shop], measures: [revenue]}
          │                    ~
        → add  grain: transaction  (what one row behind the figures is)

    models/e.yml:10:44  panel-word  "pie" is no chart of a panel.
       10 │           - {name: a, model: sales, chart: pie, dimensions: [shop], measures: [revenue]}
          │                                            ~~~
        → expected one of bar, row, line, area, donut, number, table

    models/e.yml:11:20  panel-reads  A panel has either model or sql, but this has neither.
       11 │           - {name: b, grain: sale, chart: bar, dimensions: [shop], measures: [revenue]}
          │                    ~
        → model: names one; sql: is a query of ref('…')

    models/e.yml:12:55  panel-reads  A panel has either model or sql, but this has both.
       12 │           - {name: c, grain: sale, model: sales, sql: select 1, chart: bar, dimensions: [shop], measures: [revenue]}
          │                                                       ~~~~~~~~
        → model: names one; sql: is a query of ref('…')

    models/e.yml:13:20  panel-name  The name of a panel is made of letters, digits and "_", but this is "d e".
       13 │           - {name: d e, grain: sale, model: sales, chart: donut, dimensions: [shop], measures: [revenue]}
          │                    ~~~
        → the name is part of addresses; title: is free

    models/e.yml:14:118  panel-word  "big" is no size of a panel.
       14 │ nut, dimensions: [shop, month], measures: [revenue], size: big}
          │                                                            ~~~
        → expected one of third, half, two-thirds, full

    models/e.yml:15:89  panel-shape  With two dimensions there is one measure: panel "g".
       15 │           - {name: g, grain: sale, model: sales, chart: bar, dimensions: [shop, month], measures: [revenue, shop]}
          │                                                                                         ~~~~~~~~
        → the second dimension already makes the series

    models/e.yml:16:76  panel-measure  A measure of panel "h" is a column.
       16 │           - {name: h, grain: sale, model: sales, chart: number, measures: [[revenue]], limit: 0, order_by: [revenue down]}
          │                                                                            ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
        → write  - total_amount  or  - {column: total_amount, label: Total, format: money}

    models/e.yml:16:95  yaml-shape  "limit" of panel "h" must be a whole number above 0.
       16 │           - {name: h, grain: sale, model: sales, chart: number, measures: [[revenue]], limit: 0, order_by: [revenue down]}
          │                                                                                               ~

    models/e.yml:16:109  panel-order  Expected a column, or a column and desc, found "revenue down".
       16 │ chart: number, measures: [[revenue]], limit: 0, order_by: [revenue down]}
          │                                                            ~~~~~~~~~~~~
        → write  order_by: [total_amount desc]

    models/e.yml:17:50  panel-shape  A line needs a dimension: panel "i".
       17 │           - {name: i, grain: sale, model: sales, chart: line, dimension: [month], measures: [revenue]}
          │                                                  ~~~~~
        → add  dimensions: [column]

    models/e.yml:17:63  yaml-unknown-key  Panel "i" has an unknown key "dimension", which is ignored.
       17 │           - {name: i, grain: sale, model: sales, chart: line, dimension: [month], measures: [revenue]}
          │                                                               ~~~~~~~~~
        → did you mean "dimensions"?

    models/e.yml:19:13  panel-twice  Two panels of exposure "shop_board" are named "j".
       19 │           - {name: j, grain: sale, model: sales, chart: number, measures: [revenue]}
          │             ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~"
  `);
});

test("panels of another tool are left alone, with a word", async () => {
  const text = await mistakesOf(tree("- {id: 7}"));
  expect(text).toMatchInlineSnapshot(`
    "models/e.yml:9:9  panels-unread  "panels" of exposure "shop_board" is not read as a dashboard: none has a chart.
        9 │         panels:
          │         ~~~~~~
        → a panel has a chart: docs/dashboards.md describes the keys"
  `);
});

test("meta that was read back from a manifest is read the same, mistakes at the manifest", () => {
  const file = { path: "target/manifest.json", absolute: "", text: "" };
  const at: Span = { file, start: 0, end: 0 };
  const problems: Diagnostic[] = [];
  const good = { name: "a", grain: "sale", model: "sales", chart: "number", measures: ["revenue"] };
  const meta: Mapping = { panels: [good, { ...good, name: "b", chart: "pie" }] };
  const dashboard = readDashboard({ name: "x", label: "X!", description: " d ", meta }, at, problems);
  expect(dashboard).toMatchObject({ title: "X!", description: "d", panels: [{ name: "a", size: "third" }] });
  expect(problems.map((problem) => [problem.code, problem.at])).toEqual([["panel-word", at]]);
});

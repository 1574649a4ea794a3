/** Projects with installed packages, through the real command line. */
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

test(
  "a package's names are its own first, and the root project's macros rule over all",
  rig(async ({ write, sluice, rows }) => {
    const util = "dbt_packages/util";
    await write({
      [`${util}/dbt_project.yml`]: "name: util\nvars: {who: util, depth: 2}\n",
      [`${util}/models/orders.sql`]: "{{ config(alias='util_orders') }} select 'util' as owner",
      [`${util}/models/report.sql`]:
        "select owner, null as nothing, '{{ var('who') }} {{ var('depth') }}' as vars from {{ ref('orders') }}",
      [`${util}/models/report.yml`]: "models: [{name: report, columns: [{name: nothing, data_tests: [not_null]}]}]",
      "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\nvars: {who: root}\n",
      "macros/m.sql": "{% macro generate_schema_name(custom_schema_name, node) %}everything{% endmacro %}",
      "macros/t.sql": "{% test not_null(model, column_name) %}select 1 where false{% endtest %}",
      "models/orders.sql": "select 'shop' as owner",
      "models/mine.sql": "select owner from {{ ref('orders') }}",
      "models/theirs.sql": "select owner from {{ ref('util', 'orders') }}",
    });
    const { code, all } = await sluice("build");
    expect(code, all).toBe(0);
    expect(await rows("select owner, vars from everything.report")).toEqual([{ owner: "util", vars: "root 2" }]);
    expect(await rows("select * from everything.mine")).toEqual([{ owner: "shop" }]);
    expect(await rows("select * from everything.theirs")).toEqual([{ owner: "util" }]);
  }),
);

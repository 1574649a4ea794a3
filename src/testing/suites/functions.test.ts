/** User-defined functions: made before what calls them, published with it, and known again. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rig, type Rig } from "../rig.ts";

const SIGNATURE = (name: string, more = ""): string =>
  `functions: [{name: ${name}, arguments: [{name: price, data_type: numeric}], returns: {data_type: numeric}${more}}]`;
const SHOP = {
  "functions/gross.sql": "select price * 1.2",
  "functions/gross.yml": SIGNATURE("gross"),
  "models/orders.sql": "select 1 as id, 10.0 as net",
  "models/billed.sql": "select id, {{ function('gross') }}(net) as total from {{ ref('orders') }}",
  "models/invoices.sql": `{{ config(materialized='table') }}
select id, {{ function('shop', 'gross') }}(net) as total from {{ ref('orders') }}`,
  "tests/gross_is_more.sql": "select 1 where {{ function('gross') }}(10) <= 10",
};
const TOTALS =
  "select (select total::float8 from analytics.billed) as billed, (select total::float8 from analytics.invoices) as invoiced";

const results = async ({ dir }: Rig): Promise<Record<string, unknown>[]> =>
  JSON.parse(await readFile(join(dir, "target/run_results.json"), "utf8")).results;
const manifest = async ({ dir }: Rig) => JSON.parse(await readFile(join(dir, "target/manifest.json"), "utf8"));

test.each(["--direct", "--force"])("a function is made before the models and tests that call it (%s)", (flag) =>
  rig(async (shop) => {
    await shop.write(SHOP);
    const { code, all } = await shop.sluice("build", flag);
    expect(code, all).toBe(0);
    expect(all).toContain("OK created function analytics.gross");
    expect(await shop.rows(TOTALS)).toEqual([{ billed: 12, invoiced: 12 }]);
    const made = (await results(shop)).find((one) => one["unique_id"] === "function.shop.gross");
    expect(made).toMatchObject({
      status: "success",
      message: "CREATE FUNCTION",
      compiled_code: "select price * 1.2",
      relation_name: expect.stringMatching(/"analytics"\."gross"$/),
    });
    const { functions, nodes } = await manifest(shop);
    expect(functions["function.shop.gross"]).toMatchObject({
      arguments: [{ name: "price", data_type: "numeric", description: null, default_value: null }],
      returns: { data_type: "numeric", description: null },
      config: { materialized: "function", type: "scalar" },
    });
    expect(nodes["model.shop.invoices"].depends_on.nodes).toEqual(["model.shop.orders", "function.shop.gross"]);
    expect(nodes["model.shop.invoices"].functions).toEqual([["shop", "gross"]]);
  })(),
);

test(
  "a function takes effect with everything else or not at all, and a rollback brings the one before back",
  rig(async ({ write, sluice, rows }) => {
    await write(SHOP);
    await sluice("build");
    await rows("create view public.report as select analytics.gross(net) as total from analytics.orders");
    await rows("revoke all on function analytics.gross from public; comment on function analytics.gross is 'with tax'");
    await write({ "functions/gross.sql": "select price - 1" });
    const failed = await sluice("build");
    expect([failed.code, failed.all]).toEqual([1, expect.stringContaining("Nothing was published")]);
    expect(await rows(TOTALS)).toEqual([{ billed: 12, invoiced: 12 }]);

    await write({ "functions/gross.sql": "select price * 2" });
    const built = await sluice("build");
    expect(built.code, built.all).toBe(0);
    expect(built.all).toContain("Published 2 relations and 1 function together");
    expect(await rows(TOTALS)).toEqual([{ billed: 20, invoiced: 20 }]);
    expect(await rows("select total::int from public.report")).toEqual([{ total: 20 }]);
    expect(
      await rows(
        `select obj_description(oid, 'pg_proc') as comment, has_function_privilege('public', oid, 'execute') as open
         from pg_proc where oid = 'analytics.gross'::regproc`,
      ),
    ).toEqual([{ comment: "with tax", open: false }]);

    const back = await sluice("rollback");
    expect(back.code, back.all).toBe(0);
    expect(await rows(TOTALS)).toEqual([{ billed: 12, invoiced: 12 }]);
    expect(await rows("select total::int from public.report")).toEqual([{ total: 12 }]);
    expect((await sluice("build")).code).toBe(0);
    expect(await rows(TOTALS)).toEqual([{ billed: 20, invoiced: 20 }]);
  }),
);

test(
  "a function that nothing changed is not made again, and one that changed makes again what calls it",
  rig(async ({ write, sluice, rows }) => {
    await write(SHOP);
    await sluice("build");
    const again = await sluice("build");
    expect(again.all).toContain("Done. PASS=0 WARN=0 ERROR=0 SKIP=0 NO-OP=0 REUSED=5 TOTAL=5");
    await write({ "functions/gross.sql": "select price * 1.2 -- the same" });
    expect((await sluice("build")).all).toContain("REUSED=5");
    await write({ "functions/gross.sql": "select price * 3" });
    expect((await sluice("plan")).all).toMatch(/gross +its SQL or configuration changed/);
    const changed = await sluice("build");
    expect(changed.all).toMatch(/REUSED sql view model analytics.orders/);
    expect(changed.all).toContain("REUSED=1");
    await rows(
      "create or replace function analytics.gross(price numeric) returns numeric as 'select 0.0' language sql",
    );
    const healed = await sluice("build");
    expect(healed.all).toMatch(/OK created function analytics.gross/);
    expect(await rows(TOTALS)).toEqual([{ billed: 30, invoiced: 30 }]);
    await write({
      "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\nfunctions: {+volatility: non-deterministic}\n",
    });
    await sluice("build");
    expect((await sluice("build")).all).toMatch(/OK created sql table model analytics.invoices/);
  }),
);

test(
  "a body that names relations reads what the run has built, and what is published afterwards",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "functions/newest.sql": "select max(id) from {{ ref('orders') }} where id < {{ function('most') }}()",
      "functions/most.sql": "select 100",
      "functions/f.yml":
        "functions: [{name: newest, returns: {data_type: int}}, {name: most, returns: {data_type: int}}]",
      "models/orders.sql": "{{ config(materialized='table') }} select 1 as id",
      "models/last.sql": "{{ config(materialized='table') }} select {{ function('newest') }}() as id",
      "models/by_hand.sql": `{{ config(materialized='table') }} -- {{ function('newest') }}
select {{ target.schema }}.newest() as id`,
      "tests/is_newest.sql": "select 1 where {{ function('newest') }}() <> (select max(id) from {{ ref('orders') }})",
    });
    expect((await sluice("build")).code).toBe(0);
    await write({ "models/orders.sql": "{{ config(materialized='table') }} select 7 as id" });
    const { code, all } = await sluice("build");
    expect(code, all).toBe(0);
    expect(await rows("select id, analytics.newest() as now from analytics.last")).toEqual([{ id: 7, now: 7 }]);
    expect(await rows("select id from analytics.by_hand")).toEqual([{ id: 7 }]);
    await write({ "models/orders.sql": "{{ config(materialized='table') }} select 8 as id" });
    const run = await sluice("run", "--force");
    expect(run.all).toContain("last calls newest, which this run does not make: it reads orders as published before");
    expect(
      await rows("select prosrc ~ '__sluice_next' as aside from pg_proc where oid = 'analytics.newest'::regproc"),
    ).toEqual([{ aside: false }]);
    expect(
      await rows(
        "select nspname from pg_namespace where nspname ~ 'sluice_next' and oid in (select pronamespace from pg_proc)",
      ),
    ).toEqual([]);
  }),
);

test(
  "what holds on to a function goes with it: views over new rows, materialized views, indexes and policies of hooks",
  rig(async ({ write, sluice, rows }) => {
    const f = "{{ function('tag') }}";
    await write({
      "functions/tag.sql": "select 'a' || n",
      "functions/tag.yml":
        "functions: [{name: tag, config: {volatility: deterministic}, arguments: [{name: n, data_type: int}], returns: {data_type: text}}]",
      "models/events.sql": `{{ config(materialized='incremental', unique_key='id') }}
select n as id, ${f}(n) as tag from generate_series(1, {{ var('n') }}) n
{% if is_incremental() %} where n > (select max(id) from {{ this }}) {% endif %}`,
      "models/named.sql": `select id, tag, ${f}(id) as now from {{ ref('events') }}`,
      "models/kept.sql": `{{ config(materialized='materialized_view') }} select ${f}(7) as tag`,
      "models/keyed.sql": `{{ config(materialized='table', post_hook='create index on {{ this }} ({{ function("tag") }}(id))') }} select 1 as id`,
    });
    expect((await sluice("build", "--vars", "{n: 1}")).code).toBe(0);
    await write({ "functions/tag.sql": "select 'b' || n" });
    const { code, all } = await sluice("build", "--vars", "{n: 2}");
    expect(code, all).toBe(0);
    expect(await rows("select id, tag, now from analytics.named order by id")).toEqual([
      { id: 1, tag: "a1", now: "b1" },
      { id: 2, tag: "b2", now: "b2" },
    ]);
    expect(await rows("select tag from analytics.kept")).toEqual([{ tag: "b7" }]);
    const called = `select distinct n.nspname || '.' || p.proname as f from pg_depend d join pg_proc p on d.refobjid = p.oid
      join pg_namespace n on n.oid = p.pronamespace left join pg_rewrite w on w.oid = d.objid
      join pg_class c on c.oid = coalesce(w.ev_class, d.objid) join pg_namespace s on s.oid = c.relnamespace
      where d.refclassid = 'pg_proc'::regclass and p.proname = 'tag' and s.nspname = 'analytics'`;
    expect(await rows(called)).toEqual([{ f: "analytics.tag" }]);
    expect((await sluice("rollback")).code).toBe(0);
    expect(await rows("select id, tag, now from analytics.named order by id")).toEqual([
      { id: 1, tag: "a1", now: "a1" },
    ]);
    expect(await rows(called)).toEqual([{ f: "analytics.tag" }]);
    expect((await sluice("build", "--vars", "{n: 3}")).code).toBe(0);
    expect(await rows("select max(now) as n from analytics.named")).toEqual([{ n: "b3" }]);
  }),
);

test(
  "another signature takes the place of the old one; a view that does not fit it stops the publication",
  rig(async ({ write, sluice, rows }) => {
    await write(SHOP);
    await sluice("build");
    await rows("create view public.report as select analytics.gross(net) as total from analytics.orders");
    const taking = (type: string): string => SIGNATURE("gross").replace("data_type: numeric}]", `data_type: ${type}}]`);
    await write({
      "functions/gross.yml": taking("text"),
      "functions/gross.sql": "select price::numeric * 2",
      "models/billed.sql": "select id, {{ function('gross') }}(net::text) as total from {{ ref('orders') }}",
      "models/invoices.sql": "select id, {{ function('gross') }}(net::text) as total from {{ ref('orders') }}",
      "tests/gross_is_more.sql": null,
    });
    const { code, all } = await sluice("build");
    expect(code).toBe(1);
    expect(all).toMatch(
      /dependant-misfit.*Nothing was published.*view "public"\."report".*analytics\.gross\(numeric\) does not exist/s,
    );
    expect(await rows("select total::int from public.report")).toEqual([{ total: 12 }]);
    await rows("drop view public.report");
    expect((await sluice("publish")).code).toBe(0);
    const signatures =
      "select oid::regprocedure::text as f from pg_proc where proname = 'gross' and pronamespace = 'analytics'::regnamespace";
    expect(await rows(signatures)).toEqual([{ f: "analytics.gross(text)" }]);
    expect((await sluice("rollback")).code).toBe(0);
    expect(await rows(signatures)).toEqual([{ f: "analytics.gross(numeric)" }]);
    await write({
      "functions/gross.yml": SIGNATURE("gross").replace("returns: {data_type: numeric}", "returns: {data_type: text}"),
      "functions/gross.sql": "select price::text",
    });
    const inPlace = await sluice("build", "--direct", "--select", "gross");
    expect(inPlace.all).toMatch(/cannot change return type.*or build without `--direct`/s);
    expect((await sluice("build", "--select", "gross")).code).toBe(0);
  }),
);

test(
  "defaults, policies and triggers call the new function; what cannot stops the publication, named",
  rig(async ({ write, sluice, rows }) => {
    await write({
      ...SHOP,
      "functions/gross.yml": SIGNATURE("gross", ", config: {volatility: deterministic}"),
      "models/loose.sql": `{{ config(pre_hook="set local search_path = analytics") }} -- {{ function('gross') }}
select gross(net) as total from {{ ref('orders') }}`,
    });
    await rows(
      "create schema analytics; create function analytics.gross(numeric) returns numeric as 'select 0.0' language sql",
    );
    expect((await sluice("build")).code).toBe(0);
    await rows(`create table public.prices (net numeric, total numeric default analytics.gross(1));
      alter table analytics.invoices enable row level security;
      create policy seen on public.prices using (net > analytics.gross(0));
      create policy seen on analytics.invoices using (total > analytics.gross(0))`);
    await write({ "functions/gross.sql": "select price * 2" });
    const { code, all } = await sluice("build");
    expect(code, all).toBe(0);
    expect(await rows("select total::int from analytics.loose")).toEqual([{ total: 20 }]);
    await rows("insert into public.prices (net) values (1)");
    expect(await rows("select total::int from public.prices")).toEqual([{ total: 2 }]);
    const called = `select distinct n.nspname from pg_depend d join pg_proc p on d.refobjid = p.oid
      join pg_namespace n on n.oid = p.pronamespace where d.refclassid = 'pg_proc'::regclass and p.proname = 'gross'
      and d.classid in ('pg_policy'::regclass, 'pg_attrdef'::regclass, 'pg_rewrite'::regclass) order by 1`;
    // What was replaced keeps its own.
    expect(await rows(called)).toEqual([{ nspname: "analytics" }, { nspname: "analytics__sluice_prev_2" }]);
    await rows("create index on public.prices (analytics.gross(net))");
    await write({ "functions/gross.sql": "select price * 3" });
    const stopped = await sluice("build");
    expect(stopped.code).toBe(1);
    expect(stopped.all).toMatch(/dependants-in-the-way.*index (public\.)?prices_gross_idx/s);
    expect(await rows(TOTALS)).toEqual([{ billed: 20, invoiced: 20 }]);
  }),
);

test(
  "overloads have one name, and files of their own",
  rig(async ({ write, sluice, rows, dir }) => {
    await write({
      "functions/twice.sql": "select x * 2",
      "functions/twice_text.sql": "select x || x || {{ function('mark') }}()",
      "functions/mark.sql": "select '!'::text",
      "functions/f.yml": `functions:
  - name: mark
    returns: {data_type: text}
  - name: twice
    arguments: [{name: x, data_type: int}]
    returns: {data_type: int}
    overloads:
      - {defined_in: twice_text, arguments: [{name: x, data_type: text}], returns: {data_type: text}}
`,
      "models/m.sql": "select {{ function('twice') }}(2) as n, {{ function('twice') }}('a'::text) as t",
    });
    for (const flags of [[], ["--direct"]]) {
      const { code, all } = await sluice("build", ...flags);
      expect(code, all).toBe(0);
      expect(await rows("select n, t from analytics.m")).toEqual([{ n: 4, t: "aa!" }]);
    }
    expect((await sluice("ls", "-s", "+twice")).stdout.trim().split("\n")).toEqual(["shop.mark", "shop.twice"]);
    const { functions } = JSON.parse(await readFile(join(dir, "target/manifest.json"), "utf8"));
    expect(functions["function.shop.twice"]).toMatchObject({
      depends_on: { nodes: ["function.shop.mark"] },
      overloads: [{ defined_in: "twice_text", returns: { data_type: "text" } }],
    });
    await write({ "functions/twice_text.sql": "select x || '-' || x" });
    expect((await sluice("build", "--select", "twice+")).code).toBe(0);
    expect(await rows("select n, t from analytics.m")).toEqual([{ n: 4, t: "a-a" }]);
    expect((await sluice("rollback")).code).toBe(0);
    expect(await rows("select n, t from analytics.m")).toEqual([{ n: 4, t: "aa!" }]);
  }),
);

test(
  "dbt's macros of functions can be put in place of ours, and make functions of other types",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "functions/upto.sql": "select i from generate_series(1, n) i",
      "functions/upto.yml": `functions: [{name: upto, config: {type: table}, arguments: [{name: n, data_type: int}], returns: {data_type: "table (i int)"}}]`,
      "models/m.sql": "{{ config(materialized='table') }} select sum(i)::int as s from {{ function('upto') }}(4)",
    });
    const refused = await sluice("build");
    expect(refused.code).toBe(1);
    expect(refused.all).toMatch(/functions\/upto\.sql:1.*No macro named 'table_function_sql' found within namespace/s);
    expect(refused.all).toContain("table_function_sql, which a project may add");
    await write({
      "macros/functions.sql": `{% macro default__table_function_sql(target) %}
{{ scalar_function_create_replace_signature_sql(target) }} {{ scalar_function_body_sql() }}
{% endmacro %}
{% macro postgres__scalar_function_body_sql() %} $body$ {{ model.compiled_code }} $body$ language sql {{ 'stable' }} {% endmacro %}`,
    });
    const { code, all } = await sluice("build");
    expect(code, all).toBe(0);
    expect(await rows("select s from analytics.m")).toEqual([{ s: 10 }]);
    expect(await rows("select provolatile from pg_proc where oid = 'analytics.upto'::regproc")).toEqual([
      { provolatile: "s" },
    ]);
    expect((await sluice("build")).all).toContain("REUSED=2");
    await write({
      "macros/functions.sql": `{% macro default__table_function_sql(target) %}
{{ scalar_function_create_replace_signature_sql(target) }} {{ scalar_function_body_sql() }} immutable
{% endmacro %}`,
    });
    expect((await sluice("build")).all).toContain("OK created function analytics.upto");
  }),
);

test(
  "what a function may not be is said at its place, all at once",
  rig(async ({ write, sluice }) => {
    await write({
      "functions/a.sql": "select 1",
      "functions/b.sql": "select 1",
      "functions/b.yml": `functions:
  - name: b
    config: {volatility: sometimes}
    arguments: [{name: x, data_type: int, default_value: 1}, {name: y, data_type: int}]
    returns: {data_type: int}
`,
      "models/m.sql": "select {{ function('nope') }}(1)",
    });
    const { code, all } = await sluice("build");
    expect(code).toBe(2);
    for (const line of [
      /functions\/a\.sql:1:1 +function-undescribed/,
      /functions\/b\.yml:2:11 +config-shape +"volatility" of function "b"/,
      /functions\/b\.yml:4:.*argument-default +The argument "y" of "b"/,
      /models\/m\.sql:1:.*function-not-found/,
    ])
      expect(all).toMatch(line);
    await write({ "functions/b.yml": "functions: [{name: b, arguments: [{name: x}], returns: {}}, {name: a}]" });
    const shapes = (await sluice("parse")).all;
    for (const message of [
      'Argument "x" has no "data_type"',
      '"returns" of function "b" has no "data_type"',
      'Function "a" has no "returns"',
    ])
      expect(shapes).toContain(message);
    await write({
      "functions/a.sql": null,
      "functions/b.sql": "select no_such_thing",
      "functions/b.yml": "functions: [{name: b, returns: {data_type: int}}, {name: p, returns: {data_type: int}}]",
      "functions/p.py": "def p(): return 1",
      "models/m.sql": "select 1 as id",
    });
    const built = await sluice("build");
    expect(built.code).toBe(1);
    expect(built.all).toMatch(/functions\/b\.sql:1:8 +sql-42703/);
    expect(built.all).toMatch(/functions\/p\.py:1:1 +function-language/);
    expect(built.all).toContain("No macro named 'scalar_function_python' found within namespace");
    expect(built.all).toContain("functions/p.py is a python function; PostgreSQL has SQL functions");
  }),
);

test(
  "functions are selected, listed, configured, compared, deferred to and unit tested as dbt does",
  rig(async (shop) => {
    const { write, sluice, rows, dir } = shop;
    await write({
      ...SHOP,
      "dbt_project.yml": `name: shop
version: '1.0'
profile: shop
functions: {shop: {+schema: udf, +volatility: deterministic, +tags: [money], +grants: {execute: [pg_monitor]}, +persist_docs: {relation: true}}}
`,
      "functions/gross.yml": SIGNATURE("gross", ", description: With tax"),
      "models/u.yml": `unit_tests:
  - name: adds_tax
    model: invoices
    given: [{input: ref('orders'), rows: [{id: 1, net: 100}]}]
    expect: {rows: [{id: 1, total: 120}]}
`,
    });
    const { code, all } = await sluice("build");
    expect(code, all).toBe(0);
    expect(
      await rows(
        "select analytics_udf.gross(5)::int as six, provolatile as v, obj_description(oid, 'pg_proc') as d, has_function_privilege('pg_monitor', oid, 'execute') as g from pg_proc where proname = 'gross'",
      ),
    ).toEqual([{ six: 6, v: "i", d: "With tax", g: true }]);
    const ls = async (...args: string[]) => (await sluice("ls", ...args)).stdout.trim().split("\n");
    expect(await ls("--resource-type", "function")).toEqual(["shop.gross"]);
    expect(await ls("-s", "resource_type:function")).toEqual(["shop.gross", "shop.gross_is_more"]);
    expect(await ls("-s", "tag:money+1", "--exclude", "test_type:unit")).toEqual([
      "shop.gross",
      "shop.billed",
      "shop.invoices",
      "shop.gross_is_more",
    ]);
    expect((await ls("-s", "+invoices", "--resource-type", "function", "--output", "json"))[0]).toContain(
      '"unique_id":"function.shop.gross"',
    );
    expect((await sluice("run")).all).not.toContain("function analytics_udf.gross");
    expect((await sluice("show", "--inline", "select {{ function('gross') }}(10) as n")).stdout).toContain("12");

    await write({ "prod/manifest.json": await readFile(join(dir, "target/manifest.json"), "utf8") });
    expect(await ls("-s", "state:modified", "--state", "prod")).toEqual([""]);
    await write({
      "functions/gross.yml": SIGNATURE("gross").replace(
        "returns: {data_type: numeric}",
        "returns: {data_type: float8}",
      ),
    });
    expect(await ls("-s", "state:modified", "--state", "prod")).toEqual(["shop.gross", "shop.gross_is_more"]);
    await write({
      "functions/gross.yml": SIGNATURE("gross"),
      "profiles.yml": (await readFile(join(dir, "profiles.yml"), "utf8")).replace("analytics", "mine"),
    });
    const deferred = await sluice(
      "build",
      "-s",
      "invoices",
      "--defer",
      "--state",
      "prod",
      "--direct",
      "--exclude-resource-type",
      "unit_test",
    );
    expect(deferred.code, deferred.all).toBe(0);
    expect(await rows("select total::int from mine.invoices")).toEqual([{ total: 12 }]);
  }),
);

test(
  "a killed build leaves nothing of its functions behind",
  rig(async ({ write, sluice, rows }) => {
    await write({
      ...SHOP,
      "models/invoices.sql": "{{ config(materialized='table') }} select 1/0 as x, {{ function('gross') }}(1) as y",
    });
    expect((await sluice("build")).code).toBe(1);
    const standing =
      "select n.nspname from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.proname = 'gross' order by 1";
    expect(await rows(standing)).toEqual([{ nspname: "analytics__sluice_next" }]);
    await write({
      "functions/gross.sql": null,
      "functions/gross.yml": null,
      "models/billed.sql": null,
      "models/invoices.sql": null,
      "tests/gross_is_more.sql": null,
    });
    expect((await sluice("build")).code).toBe(0);
    expect(await rows(standing)).toEqual([]);
  }),
);

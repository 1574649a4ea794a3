/** dbt's macros for all databases. The values are those that dbt itself gives on PostgreSQL. */
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

const table = (sql: string): string => `{{ config(materialized='table') }}\n${sql}`;
const shown = (expressions: readonly string[]): string =>
  `select concat_ws(' ', ${expressions.map((one) => `({{ ${one} }})::text`).join(", ")}) as found`;

const PAIRS = `select * from (values
  (1, timestamp '2024-02-28 23:59:59.999', timestamp '2024-03-01 00:00:00.001'),
  (2, timestamp '2024-03-01 00:00:00', timestamp '2023-12-31 12:30:15.5'),
  (3, timestamp '2024-01-06 10:00:00', timestamp '2024-01-07 09:00:00'),
  (4, timestamp '2024-01-10 10:00:00', timestamp '2024-01-03 10:00:00'),
  (5, timestamp '1999-12-31 23:00:00', timestamp '2031-05-07 01:02:03.456789')) v(id, a, b)`;
const PARTS = ["year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond", "microsecond"];

test(
  "datediff counts the boundaries between two moments, in both directions of time",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "models/pairs.sql": PAIRS,
      "models/diffs.sql": table(
        `select id, ${PARTS.map((part) => `{{ dbt.datediff('a', 'b', '${part}') }} as in_${part}`).join(", ")} from {{ ref('pairs') }}`,
      ),
    });
    const { code, all } = await sluice("build");
    expect(code, all).toBe(0);
    const found = await rows("select * from analytics.diffs order by id");
    expect(found.map((row) => Object.values(row).join(" "))).toEqual([
      "1 0 0 1 0 2 25 1441 86401 86400002 86400002000",
      "2 -1 -1 -3 -8 -61 -1452 -87090 -5225385 -5225384500 -5225384500000",
      "3 0 0 0 1 1 23 1380 82800 82800000 82800000000",
      "4 0 0 0 -2 -7 -168 -10080 -604800 -604800000 -604800000000",
      "5 32 126 377 1636 11450 274778 16486682 989200923 989200923456 989200923456789",
    ]);
    const types = await rows<{ in: string; of: string }>(
      "select pg_typeof(in_day) || ', ' || pg_typeof(in_week) as in, pg_typeof(in_month) || ', ' || pg_typeof(in_second) as of from analytics.diffs limit 1",
    );
    expect(types).toEqual([{ in: "integer, integer", of: "double precision, double precision" }]);
  }),
);

test(
  "dates, texts, casts and arrays are written as Postgres has them",
  rig(async ({ write, sluice, rows }) => {
    const day = "\"timestamp '2024-02-28 23:59:59'\"";
    await write({
      "models/dates.sql": shown([
        `dbt.date_trunc('quarter', ${day})`,
        `dbt.dateadd('month', -3, ${day})`,
        `dbt.dateadd('quarter', 1, ${day})`,
        ...["year", "quarter", "month", "week"].map((part) => `dbt.last_day(${day}, '${part}')`),
        "dbt.date(2024, 2, 29)",
      ]),
      "models/texts.sql": shown([
        'dbt.string_literal(dbt.escape_single_quotes("it\'s"))',
        "dbt.concat([\"'a'\", \"'b'\"])",
        "dbt.hash(1)",
        "dbt.length(\"'abc'\")",
        "dbt.position(\"'b'\", \"'abc'\")",
        "dbt.replace(\"'abc'\", \"'b'\", \"'x'\")",
        "dbt.right(\"'abc'\", 2)",
        ...[2, -1, -3].map((n) => `dbt.split_part("'a|b|c'", "'|'", ${n})`),
      ]),
      "models/typed.sql": shown(
        ["string", "timestamp", "numeric", "float", "int", "bigint", "boolean"].map(
          (type) => `"pg_typeof(" ~ dbt.cast("null", dbt.type_${type}()) ~ ")"`,
        ),
      ),
      "models/arrays.sql": shown([
        "dbt.array_construct()",
        "dbt.array_append(dbt.array_construct([1]), 2)",
        "dbt.array_concat(dbt.array_construct([1]), dbt.array_construct([2, 3]))",
      ]),
      "models/aggregates.sql": `select concat_ws(' ', {{ dbt.any_value('n') }}, {{ dbt.bool_or('n > 3') }}, {{ dbt.listagg("n::text", "'-'", "order by n desc") }}, {{ dbt.listagg("n::text", "'-'", "order by n desc", 2) }}) as found from generate_series(1, 4) n`,
    });
    const { code, all } = await sluice("build");
    expect(code, all).toBe(0);
    const found = async (model: string): Promise<unknown> =>
      (await rows<{ found: string }>(`select found from analytics.${model}`))[0]?.found;
    expect(await found("dates")).toBe(
      "2024-01-01 00:00:00 2023-11-28 23:59:59 2024-05-28 23:59:59 2024-12-31 2024-03-31 2024-02-29 2024-03-03 2024-02-29",
    );
    expect(await found("texts")).toBe("it's ab c4ca4238a0b923820dcc509a6f75849b 3 2 axc bc b c a");
    expect(await found("typed")).toBe(
      "text timestamp without time zone numeric double precision integer bigint boolean",
    );
    expect(await found("arrays")).toBe("{} {1,2} {1,2,3}");
    expect(await found("aggregates")).toBe("1 t 4-3-2-1 4-3");
  }),
);

test(
  "a date spine asks the database how many rows it has",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "models/spine.sql": `{{ dbt.date_spine('month', "'2024-01-15'::date", "'2024-06-15'::date") }}`,
      "models/listed.sql":
        "select '{{ dbt.dates_in_range('20240228', '20240301') | join(' ') }}' as days, {{ dbt.run_query('select 7').rows[0][0] if execute else 0 }} as seven",
    });
    const { code, all } = await sluice("build");
    expect(code, all).toBe(0);
    const spine = "select count(*)::int as n, max(date_month)::date::text as last from analytics.spine";
    expect(await rows(spine)).toEqual([{ n: 5, last: "2024-05-15" }]);
    expect(await rows("select * from analytics.listed")).toEqual([{ days: "20240228 20240229 20240301", seven: 7 }]);
  }),
);

test(
  "a project puts its own in the place of one, by dispatch or by name",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "macros/mine.sql":
        "{% macro postgres__type_string() %}varchar(9){% endmacro %}\n{% macro _helper() %}'mine'{% endmacro %}",
      "models/a.sql": "select {{ dbt.cast(shop._helper(), dbt.type_string()) }} as a",
    });
    const { code, all } = await sluice("build");
    expect(code, all).toBe(0);
    const type =
      "select a, format_type(atttypid, atttypmod) as type from pg_attribute, analytics.a where attrelid = 'analytics.a'::regclass and attnum = 1";
    expect(await rows(type)).toEqual([{ a: "mine", type: "character varying(9)" }]);
  }),
);

test(
  "equals takes nulls for equal where the project's flags say so",
  rig(async ({ write, sluice, rows }) => {
    const model =
      "select {{ dbt.equals('null', 'null') }} as same, {{ 1 if adapter.behavior.other.no_warn else 0 }} as other";
    await write({ "models/a.sql": model });
    expect((await sluice("build")).code).toBe(0);
    expect(await rows("select * from analytics.a")).toEqual([{ same: null, other: 0 }]);
    await write({
      "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\nflags: {enable_truthy_nulls_equals_macro: true}\n",
    });
    expect((await sluice("build")).code).toBe(0);
    expect(await rows("select * from analytics.a")).toEqual([{ same: true, other: 0 }]);
  }),
);

/** A mistake that only Postgres finds is shown at the line and column of the user's own file. */
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

const table = (sql: string): string => `{{ config(materialized='table') }}\n${sql}`;

/** The failures a user reads: from the first to the line of totals. */
function failures(stdout: string): string {
  const from = stdout.search(/^(\d\d:\d\d:\d\d )?\s*Failure in/m);
  const to = stdout.search(/^(\d\d:\d\d:\d\d )?\s*(Skipped|Done\.)/m);
  return stdout
    .slice(from, to)
    .replaceAll(/^\d\d:\d\d:\d\d ?/gm, "")
    .trim();
}

/** The same for all: a project, built; nothing but the text differs. */
const shown = (name: string, files: Record<string, string>, check: (text: string) => void): void =>
  test(
    name,
    rig(async ({ write, sluice }) => {
      await write(files);
      const { code, stdout } = await sluice("build");
      expect(code).toBe(1);
      check(failures(stdout));
    }),
  );

shown("in plain text", { "models/a.sql": table("select 1 as id,\n  idd\nfrom (select 1 as id) x") }, (text) =>
  expect(text).toMatchInlineSnapshot(`
    "Failure in model a (models/a.sql)
      Database Error in model a (models/a.sql)
      models/a.sql:3:3  sql-42703  column "idd" does not exist
          3 │   idd
            │   ~~~
          → hint: Perhaps you meant to reference the column "x.id".
          → compiled:   idd
                        ^

    not-published  Nothing was published: not everything passed.
        → what was built is kept until the next build, to be looked at: analytics__sluice_next"
  `),
);

shown(
  "after a loop that wrote many lines",
  {
    "models/a.sql": table(
      "select 1 as id\n{% for x in range(3) %}\n  , {{ x }} as c{{ x }}\n{% endfor %}\n  , oops as z",
    ),
  },
  (text) =>
    expect(text).toMatchInlineSnapshot(`
      "Failure in model a (models/a.sql)
        Database Error in model a (models/a.sql)
        models/a.sql:6:5  sql-42703  column "oops" does not exist
            6 │   , oops as z
              │     ~~~~
            → compiled:   , oops as z
                            ^

      not-published  Nothing was published: not everything passed.
          → what was built is kept until the next build, to be looked at: analytics__sluice_next"
    `),
);

shown(
  "at the call, in what a macro wrote",
  {
    "macros/m.sql": "{% macro bad() %}\n  1 as a,\n  nocol as b\n{% endmacro %}",
    "models/a.sql": table("select\n  {{ bad() }}"),
  },
  (text) =>
    expect(text).toMatchInlineSnapshot(`
      "Failure in model a (models/a.sql)
        Database Error in model a (models/a.sql)
        models/a.sql:3:6  sql-42703  column "nocol" does not exist
            3 │   {{ bad() }}
              │      ~~~~~
            → compiled:   nocol as b
                          ^

      not-published  Nothing was published: not everything passed.
          → what was built is kept until the next build, to be looked at: analytics__sluice_next"
    `),
);

shown(
  "in the ephemeral model that holds it",
  {
    "models/e.sql": "{{ config(materialized='ephemeral') }}\nselect 1 as id,\n  nope_col",
    "models/a.sql": table("select * from {{ ref('e') }}"),
  },
  (text) =>
    expect(text).toMatchInlineSnapshot(`
      "Failure in model a (models/a.sql)
        Database Error in model a (models/a.sql)
        models/e.sql:3:3  sql-42703  column "nope_col" does not exist
            3 │   nope_col
              │   ~~~~~~~~
            → compiled:   nope_col
                          ^

      not-published  Nothing was published: not everything passed.
          → what was built is kept until the next build, to be looked at: analytics__sluice_next"
    `),
);

shown(
  "behind characters that take two units, or two bytes",
  { "models/a.sql": table("select '🎉🎉' as x, {{ '1' }} as y, 'é' as z, notthere as q") },
  (text) =>
    expect(text).toMatchInlineSnapshot(`
      "Failure in model a (models/a.sql)
        Database Error in model a (models/a.sql)
        models/a.sql:2:47  sql-42703  column "notthere" does not exist
            2 │ select '🎉🎉' as x, {{ '1' }} as y, 'é' as z, notthere as q
              │                                               ~~~~~~~~
            → compiled: select '🎉🎉' as x, 1 as y, 'é' as z, notthere as q
                                                              ^

      not-published  Nothing was published: not everything passed.
          → what was built is kept until the next build, to be looked at: analytics__sluice_next"
    `),
);

shown("where the grammar breaks", { "models/a.sql": table("select 1 as id\n  form x where") }, (text) =>
  expect(text).toMatchInlineSnapshot(`
    "Failure in model a (models/a.sql)
      Database Error in model a (models/a.sql)
      models/a.sql:3:3  sql-42601  syntax error at or near "form"
          3 │   form x where
            │   ~~~~
          → compiled:   form x where
                        ^

    not-published  Nothing was published: not everything passed.
        → what was built is kept until the next build, to be looked at: analytics__sluice_next"
  `),
);

shown(
  "at the test's line in YAML, when a generic test names a column that is not there",
  {
    "models/a.sql": table("select 1 as id"),
    "models/s.yml":
      "models:\n  - name: a\n    columns:\n      - name: idd\n        data_tests:\n          - not_null\n",
  },
  (text) =>
    expect(text).toMatchInlineSnapshot(`
      "Failure in test not_null_a_idd (models/s.yml:6)
        Database Error in test not_null_a_idd (models/s.yml)
        models/s.yml:6:13  sql-42703  column "idd" does not exist
            6 │           - not_null
              │             ~~~~~~~~
            → hint: Perhaps you meant to reference the column "a.id".
            → compiled: select idd
                               ^

      not-published  Nothing was published: not everything passed.
          → what was built is kept until the next build, to be looked at: analytics__sluice_next"
    `),
);

shown(
  "a ref that was hidden from parsing asks for depends_on",
  { "models/a.sql": "select 1 as id", "models/b.sql": "select 1\n{% if execute %} from {{ ref('a') }}{% endif %}" },
  (text) =>
    expect(text).toMatchInlineSnapshot(`
      "Failure in model b (models/b.sql)
        Compilation Error in model b (models/b.sql)
        models/b.sql:2:31  ref-undeclared  "a" is read here, but the call was not seen when the project was parsed.
            2 │ {% if execute %} from {{ ref('a') }}{% endif %}
              │                               ~
            → add the line "-- depends_on: {{ ref('a') }}" to the file, so that the order of the graph is known

      not-published  Nothing was published: not everything passed.
          → what was built is kept until the next build, to be looked at: analytics__sluice_next"
    `),
);

shown(
  "an attribute that is not there is told when the template runs",
  { "models/a.sql": "select 1 as id,\n  {{ target.foo.bar }} as x" },
  (text) =>
    expect(text).toMatchInlineSnapshot(`
      "Failure in model a (models/a.sql)
        Compilation Error in model a (models/a.sql)
        models/a.sql:2:6  jinja-error  'dict object' has no attribute 'foo'
            2 │   {{ target.foo.bar }} as x
              │      ~~~~~~~~~~~~~~"
    `),
);

test(
  "mistakes of all kinds are reported at once, sorted by place, and nothing runs",
  rig(async ({ write, sluice, rows }) => {
    await write({
      "models/c.sql": "select * from {{ ref('nothing') }}",
      "models/a.sql": "select {{ 1 + }}",
      "models/b.sql": "{{ config(materialized='tabel') }} select 1",
      "models/good.sql": "select 1 as id",
      "models/s.yml": "models:\n  - name: good\n    columns:\n      - name: id\n        data_tests: [uniqe]\n",
      "models/x.sql": "select * from {{ ref('y') }}",
      "models/y.sql": "select * from {{ ref('x') }}",
    });
    const { code, all } = await sluice("build");
    expect(code).toBe(2);
    expect(all).toMatchInlineSnapshot(`
      "models/a.sql:1:15  jinja-syntax  expected an expression, found "}}"
          1 │ select {{ 1 + }}
            │               ~~

      models/b.sql:1:1  materialization-unknown  "b" is materialized as "tabel", which Sluice does not know.
          1 │ {{ config(materialized='tabel') }} select 1
            │ ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
          → did you mean "table"?
          → known: view, table, incremental, materialized_view, ephemeral

      models/c.sql:1:23  ref-not-found  Depends on a node named "nothing" which was not found.
          1 │ select * from {{ ref('nothing') }}
            │                       ~~~~~~~
          → a model is a .sql file below models/ of that name, a seed a .csv file below seeds/

      models/s.yml:5:22  test-not-found  No generic test named "uniqe".
          5 │         data_tests: [uniqe]
            │                      ~~~~~
          → did you mean "unique"?
          → a generic test is a {% test uniqe(model, …) %} block below tests/generic/ or macros/

      models/x.sql:1:18  cycle  Found a cycle: 2 nodes read one another: x → y → x.
          1 │ select * from {{ ref('y') }}
            │                  ~~~~~~~~
          → "x" reads "y" here  (models/x.sql:1:18)
          → "y" reads "x" here  (models/y.sql:1:18)
          → remove one of these refs: a node can be built only after everything it reads

      5 errors
      "
    `);
    expect(await rows("select 1 from information_schema.tables where table_schema = 'analytics'")).toEqual([]);
  }),
);

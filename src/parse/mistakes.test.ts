/** What users read about mistakes that are found while parsing, whole. */
import { expect, test } from "vitest";
import { nodeId } from "./manifest.ts";
import { mistakesOf, parseTree } from "./testing/parse-tree.ts";

test("a ref to nothing is shown at its name, with the nearest model", async () => {
  const text = await mistakesOf({
    "models/stg_accounts.sql": "select 1 as id",
    "models/f.sql": "select *\nfrom {{ ref('stg_account') }}\n",
  });
  expect(text).toMatchInlineSnapshot(`
    "models/f.sql:2:14  ref-not-found  Depends on a node named "stg_account" which was not found.
        2 │ from {{ ref('stg_account') }}
          │              ~~~~~~~~~~~
        → did you mean "stg_accounts"?"
  `);
});

test("a ref to nothing that a macro makes is shown in the macro, with who called it", async () => {
  const text = await mistakesOf({
    "models/a.sql": "select 1",
    "macros/m.sql":
      "{% macro other() %}{{ ref('b') }}{% endmacro %}\n{% macro latest(name) %}\n  {{ ref('missing_model') }}\n{% endmacro %}",
    "models/f.sql": "select * from {{ latest('x') }}",
  });
  expect(text).toMatchInlineSnapshot(`
    "macros/m.sql:3:11  ref-not-found  Depends on a node named "missing_model" which was not found.
        3 │   {{ ref('missing_model') }}
          │           ~~~~~~~~~~~~~
        → a model is a .sql file below models/ of that name, a seed a .csv file below seeds/
        → macro "latest" is called from here  (models/f.sql:1:1)"
  `);
});

test("a source to nothing names the tables of that source", async () => {
  const text = await mistakesOf({
    "models/s.yml": "sources: [{name: raw, tables: [{name: orders}, {name: items}]}]",
    "models/f.sql": "select * from {{ source('raw', 'order') }}, {{ source('rw', 'items') }}",
  });
  expect(text).toMatchInlineSnapshot(`
    "models/f.sql:1:33  source-not-found  Depends on a source named "raw.order" which was not found.
        1 │ select * from {{ source('raw', 'order') }}, {{ source('rw', 'items') }}
          │                                 ~~~~~
        → did you mean "orders"?
        → source "raw" has: orders, items

    models/f.sql:1:62  source-not-found  Depends on a source named "rw.items" which was not found.
        1 │ select * from {{ source('raw', 'order') }}, {{ source('rw', 'items') }}
          │                                                              ~~~~~
        → did you mean "raw.items"?"
  `);
});

test("tests of what is disabled are disabled; of what is not there as well, with a warning", async () => {
  const tree = {
    "models/a.sql": "select 1 as id",
    "models/off.sql": "{{ config(enabled=false) }} select 1 as id",
    "models/m.yml":
      "models: [{name: a, columns: [{name: id, data_tests: [{relationships: {arguments: {to: ref('off'), field: id}}}, unique]}]}]",
    "tests/of_off.sql": "select * from {{ ref('off') }}",
    "tests/of_nothing.sql": "select * from {{ ref('nowhere') }}",
  };
  const { diagnostics, nodes, disabled } = await parseTree(tree);
  expect(diagnostics.map(({ code, severity }) => [code, severity])).toEqual([["ref-not-found", "warning"]]);
  const names = (found: Iterable<{ name: string; kind: string }>): string[] =>
    [...found].filter(({ kind }) => kind === "test").map(({ name }) => name);
  expect(names(nodes.values())).toEqual(["unique_a_id"]);
  expect(names(disabled.values()).toSorted()).toEqual(["of_nothing", "of_off", "relationships_a_id__id__ref_off_"]);
});

test("a ref to a disabled model says where it is disabled", async () => {
  const text = await mistakesOf({
    "models/a.sql": "{{ config(enabled=false) }}\nselect 1",
    "models/f.sql": "select * from {{ ref('a') }}",
  });
  expect(text).toMatchInlineSnapshot(`
    "models/f.sql:1:23  ref-disabled  Depends on a node named "a" which is disabled.
        1 │ select * from {{ ref('a') }}
          │                       ~
        → it is disabled here (enabled: false, or a folder's +enabled)  (models/a.sql:1:1)"
  `);
});

test("two models of one name in two folders, and two that would be one table, name both places", async () => {
  const text = await mistakesOf({
    "models/x/a.sql": "select 1",
    "models/y/a.sql": "select 2",
    "models/b.sql": "{{ config(alias='same') }} select 1",
    "models/c.sql": "{{ config(alias='same') }} select 1",
    "seeds/b.csv": "id\n1\n",
  });
  expect(text).toMatchInlineSnapshot(`
    "models/c.sql:1:1  ambiguous-alias  "c" and "b" would both be "analytics"."same".
        1 │ {{ config(alias='same') }} select 1
          │ ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
        → the other one is here  (models/b.sql:1:1)
        → give one of them another alias or schema

    models/y/a.sql:1:1  duplicate-name  Two models are named "a".
        1 │ select 2
          │ ~~~~~~~~
        → the other one is here  (models/x/a.sql:1:1)
        → names of models, seeds and snapshots are unique in a project: rename one (alias: sets the table's name)

    seeds/b.csv:1:1  duplicate-name  The model and the seed here are both named "b".
        → the other one is here  (models/b.sql:1:1)
        → names of models, seeds and snapshots are unique in a project: rename one (alias: sets the table's name)"
  `);
});

test("two macros of one name in one package name both places", async () => {
  const text = await mistakesOf({
    "macros/a.sql": "{% macro m() %}1{% endmacro %}",
    "macros/b.sql": "\n{% macro m() %}2{% endmacro %}",
  });
  expect(text).toMatchInlineSnapshot(`
    "macros/b.sql:2:1  duplicate-macro  Two macros named "m" in package "shop".
        2 │ {% macro m() %}2{% endmacro %}
          │ ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
        → the first one is here  (macros/a.sql:1:1)
        → rename one of them"
  `);
});

test("generic tests that do not exist, or are given wrong arguments, are shown at their lines in YAML", async () => {
  const text = await mistakesOf({
    "models/a.sql": "select 1 as id",
    "macros/t.sql": "{% test whole(model, limit_to=1) %}select 1{% endtest %}",
    "models/s.yml": `models:
  - name: a
    data_tests:
      - unique
    columns:
      - name: id
        data_tests:
          - uniqe
          - accepted_values: {arguments: {value: [1]}}
          - not_null: {arguments: {foo: 1}}
          - accepted_values
          - whole
          - relationships: {arguments: {to: ref('zz'), field: id}}
`,
  });
  expect(text).toMatchInlineSnapshot(`
    "models/s.yml:4:9  test-argument  Test "unique" needs the argument "column_name".
        4 │       - unique
          │         ~~~~~~
        → put it under a column, or give  column_name:

    models/s.yml:8:13  test-not-found  No generic test named "uniqe".
        8 │           - uniqe
          │             ~~~~~
        → did you mean "unique"?
        → a generic test is a {% test uniqe(model, …) %} block below tests/generic/ or macros/

    models/s.yml:9:43  test-argument  Test "accepted_values" has no argument "value".
        9 │           - accepted_values: {arguments: {value: [1]}}
          │                                           ~~~~~
        → did you mean "values"?
        → its arguments: values, quote

    models/s.yml:10:36  test-argument  Test "not_null" has no argument "foo".
       10 │           - not_null: {arguments: {foo: 1}}
          │                                    ~~~
        → it takes no arguments

    models/s.yml:11:13  test-argument  Test "accepted_values" needs the argument "values".
       11 │           - accepted_values
          │             ~~~~~~~~~~~~~~~
        → add  arguments: {values: …}

    models/s.yml:12:13  test-argument  Test "whole" is about a whole model, not about a column.
       12 │           - whole
          │             ~~~~~
        → move it to the data_tests of the model, beside its columns

    models/s.yml:13:50  ref-not-found  Depends on a node named "zz" which was not found.
       13 │           - relationships: {arguments: {to: ref('zz'), field: id}}
          │                                                  ~~
        → a model is a .sql file below models/ of that name, a seed a .csv file below seeds/
        → the test does not run"
  `);
});

test("a model that exists twice is one mistake, however many tests describe it", async () => {
  const text = await mistakesOf({
    "models/a.sql": "select 1 as id",
    "models/old/a.sql": "select 2 as id",
    "models/s.yml": "models:\n  - name: a\n    columns:\n      - {name: id, data_tests: [unique, not_null]}\n",
  });
  expect(text).toMatchInlineSnapshot(`
    "models/old/a.sql:1:1  duplicate-name  Two models are named "a".
        1 │ select 2 as id
          │ ~~~~~~~~~~~~~~
        → the other one is here  (models/a.sql:1:1)
        → names of models, seeds and snapshots are unique in a project: rename one (alias: sets the table's name)"
  `);
});

test("the same test twice is a mistake, as one of the two would be lost", async () => {
  const text = await mistakesOf({
    "models/a.sql": "select 1 as id",
    "models/s.yml":
      "models:\n  - name: a\n    columns:\n      - name: id\n        data_tests:\n          - unique\n          - unique: {config: {where: id > 1}}\n",
  });
  expect(text).toMatchInlineSnapshot(`
    "models/s.yml:7:13  duplicate-test  Two tests are named "unique_a_id", and have the same arguments.
        7 │           - unique: {config: {where: id > 1}}
          │             ~~~~~~
        → the first one is here  (models/s.yml:6:13)
        → remove one of them, or give it a name of its own (name: beside arguments:)"
  `);
});

test("a var that is not set suggests the nearest, at the call", async () => {
  const text = await mistakesOf({
    "dbt_project.yml": "name: shop\nprofile: shop\nvars: {start_date: 1}\n",
    "models/a.sql": "select 1,\n  {{ var('start_dat') }}",
  });
  expect(text).toMatchInlineSnapshot(`
    "models/a.sql:2:6  var-missing  No var named "start_dat" is set.
        2 │   {{ var('start_dat') }}
          │      ~~~~~~~~~~~~~~~~
        → did you mean "start_date"?
        → set it under  vars:  in dbt_project.yml or with --vars, or give a default: var('start_dat', …)"
  `);
});

test("a var that is not set is a warning until the node runs, and none of a node that is disabled", async () => {
  const { diagnostics, nodes } = await parseTree({
    "models/a.sql": "select 1 as id",
    "models/b.sql": "select {{ var('nothing') }} from {{ ref('a') }}",
    "models/c.sql": "{{ config(enabled=var('with_c', false)) }} select {{ var('nothing') }}",
  });
  expect(diagnostics.map(({ code, severity, at }) => [code, severity, at?.file.path])).toEqual([
    ["var-missing", "warning", "models/b.sql"],
  ]);
  expect(nodes.get(nodeId("model", "shop", "b"))?.dependsOn).toEqual(["model.shop.a"]);
});

test("a var missing within a macro is shown there, with the call", async () => {
  const text = await mistakesOf({
    "macros/m.sql": "{% macro m() %}{{ var('nothing') }}{% endmacro %}",
    "models/a.sql": "select {{ m() }}",
  });
  expect(text).toMatchInlineSnapshot(`
    "macros/m.sql:1:19  var-missing  No var named "nothing" is set.
        1 │ {% macro m() %}{{ var('nothing') }}{% endmacro %}
          │                   ~~~~~~~~~~~~~~
        → set it under  vars:  in dbt_project.yml or with --vars, or give a default: var('nothing', …)
        → called from here  (models/a.sql:1:11)"
  `);
});

test("an environment variable that is not set, and a secret, are told at the call", async () => {
  const text = await mistakesOf(
    {
      "models/a.sql": "select '{{ env_var('REGON') }}'",
      "models/b.sql": "select '{{ env_var('DBT_ENV_SECRET_KEY') }}'",
    },
    { env: { REGION: "eu", DBT_ENV_SECRET_KEY: "x" } },
  );
  expect(text).toMatchInlineSnapshot(`
    "models/a.sql:1:12  env-var-missing  The environment variable REGON is not set.
        1 │ select '{{ env_var('REGON') }}'
          │            ~~~~~~~~~~~~~~~~
        → did you mean "REGION"?
        → set it, or give a default: env_var('REGON', '…')

    models/b.sql:1:12  env-var-secret  The secret DBT_ENV_SECRET_KEY may not be read here.
        1 │ select '{{ env_var('DBT_ENV_SECRET_KEY') }}'
          │            ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
        → use it in profiles.yml or packages.yml, or rename the variable"
  `);
});

test("mistakes of Jinja's grammar are found in all files at once", async () => {
  const text = await mistakesOf({
    "models/a.sql": "select 1\n{% if true %}\nwhere x",
    "models/b.sql": "select {% wat %}",
    "models/c.sql": "select {{ 1 + }}",
    "models/d.sql": "select {{ ref('a' }}",
    "macros/m.sql": "{% macro x() %}\nfoo",
  });
  expect(text).toMatchInlineSnapshot(`
    "macros/m.sql:1:1  jinja-syntax  {% macro x %} has no {% endmacro %}
        1 │ {% macro x() %}
          │ ~~~~~~~~~~~~~~~

    models/a.sql:2:12  jinja-syntax  the template ends before {% endif %}
        2 │ {% if true %}
          │            ~~

    models/b.sql:1:11  jinja-syntax  unknown tag "wat"
        1 │ select {% wat %}
          │           ~~~

    models/c.sql:1:15  jinja-syntax  expected an expression, found "}}"
        1 │ select {{ 1 + }}
          │               ~~

    models/d.sql:1:19  jinja-syntax  unexpected "}": "(" is to be closed by ")"
        1 │ select {{ ref('a' }}
          │                   ~"
  `);
});

test("an error within a macro shows both places", async () => {
  const text = await mistakesOf({
    "macros/m.sql":
      "{% macro outer(n) %}\n  {{ inner(n) }}\n{% endmacro %}\n{% macro inner(n) %}\n  {{ exceptions.raise_compiler_error('bad ' ~ n) }}\n{% endmacro %}",
    "models/a.sql": "select\n  {{ outer(3) }}",
  });
  expect(text).toMatchInlineSnapshot(`
    "macros/m.sql:5:6  jinja-error  CompilationError: bad 3
        5 │   {{ exceptions.raise_compiler_error('bad ' ~ n) }}
          │      ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
        → macro "inner" was called here  (macros/m.sql:2:6)
        → macro "outer" was called here  (models/a.sql:2:6)"
  `);
});

test("a docs block that does not exist is shown at the call within the description", async () => {
  const text = await mistakesOf({
    "models/d.md": "{% docs orders %}hi{% enddocs %}",
    "models/a.sql": "select 1",
    "models/s.yml": "models:\n  - name: a\n    description: \"All {{ doc('order') }}\"\n",
  });
  expect(text).toMatchInlineSnapshot(`
    "models/s.yml:3:26  doc-not-found  No docs block named "order".
        3 │     description: "All {{ doc('order') }}"
          │                          ~~~~~~~~~~~~
        → did you mean "orders"?
        → a docs block is {% docs order %} … {% enddocs %} in a .md file below models/"
  `);
});

test("an exposure that depends on nothing is shown at the name", async () => {
  const text = await mistakesOf({
    "models/a.sql": "select 1",
    "models/s.yml":
      "exposures:\n  - name: e\n    type: dashboard\n    owner: {name: x}\n    depends_on: [ref('aa'), \"ref a\"]\n",
  });
  expect(text).toMatchInlineSnapshot(`
    "models/s.yml:5:23  ref-not-found  Depends on a node named "aa" which was not found.
        5 │     depends_on: [ref('aa'), "ref a"]
          │                       ~~
        → did you mean "a"?

    models/s.yml:5:29  exposure-depends-on  Expected ref('…') or source('…', '…'), found "ref a".
        5 │     depends_on: [ref('aa'), "ref a"]
          │                             ~~~~~~~"
  `);
});

test("config(), ref() and source() say what they take", async () => {
  const text = await mistakesOf({
    "models/a.sql": "{{ config('table') }}",
    "models/b.sql": "{{ ref() }}",
    "models/c.sql": "{{ source('raw') }}",
  });
  expect(text).toMatchInlineSnapshot(`
    "models/a.sql:1:4  jinja-error  CompilationError: config() takes named values, config(materialized='table'), got 'table'
        1 │ {{ config('table') }}
          │    ~~~~~~~~~~~~~~~

    models/b.sql:1:4  jinja-error  CompilationError: ref() takes a model's name, got nothing
        1 │ {{ ref() }}
          │    ~~~~~

    models/c.sql:1:4  jinja-error  CompilationError: source() takes two names, source('source', 'table'), got raw
        1 │ {{ source('raw') }}
          │    ~~~~~~~~~~~~~"
  `);
});

test("a dispatched macro that does not exist lists what was looked for", async () => {
  const text = await mistakesOf({ "models/a.sql": "select {{ adapter.dispatch('f', 'shop')() }}" });
  expect(text).toMatchInlineSnapshot(`
    "models/a.sql:1:11  jinja-error  CompilationError: In dispatch: No macro named 'f' found within namespace: 'shop', searched for: 'shop.postgres__f', 'shop.default__f', 'dbt.postgres__f', 'dbt.default__f'.
        1 │ select {{ adapter.dispatch('f', 'shop')() }}
          │           ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~"
  `);
});

test("dispatch is asked as dbt wants it: one name, a namespace, no packages", async () => {
  const text = await mistakesOf({
    "models/a.sql": "select {{ adapter.dispatch('f', packages=['shop'])() }}",
    "models/b.sql": "select {{ adapter.dispatch('shop.f')() }}",
  });
  expect(text).toContain(
    'The "packages" argument of adapter.dispatch() has been deprecated. Use the "macro_namespace"',
  );
  expect(text).toContain('Did you mean `adapter.dispatch("f", macro_namespace="shop")`?');
});

test("a fixture that does not exist, and a unit test of no model, suggest the nearest", async () => {
  const text = await mistakesOf({
    "models/a.sql": "select * from {{ ref('b') }}",
    "models/b.sql": "select 1 as id",
    "tests/fixtures/rows.csv": "id\n1\n",
    "models/s.yml": `unit_tests:
  - name: one
    model: aa
    given: []
    expect: {rows: []}
  - name: two
    model: a
    given: [{input: ref('b'), format: csv, fixture: row}]
    expect: {rows: []}
`,
  });
  expect(text).toMatchInlineSnapshot(`
    "models/s.yml:2:11  unit-test-model  Unit test "one" tests "aa", which is not a model.
        2 │   - name: one
          │           ~~~
        → did you mean "a"?

    models/s.yml:8:21  fixture-not-found  There is no fixture "row.csv" below tests/fixtures/.
        8 │     given: [{input: ref('b'), format: csv, fixture: row}]
          │                     ~~~~~~~~
        → did you mean "rows"?"
  `);
});

test("a hook's mistake is shown within the text of the hook", async () => {
  const text = await mistakesOf({
    "models/a.sql": "{{ config(post_hook=\"grant select on {{ var('who') }} to x\") }}\nselect 1",
  });
  expect(text).toMatchInlineSnapshot(`
    "models/a.sql:1:41  var-missing  No var named "who" is set.
        1 │ {{ config(post_hook="grant select on {{ var('who') }} to x") }}
          │                                         ~~~~~~~~~~
        → set it under  vars:  in dbt_project.yml or with --vars, or give a default: var('who', …)"
  `);
});

test("configuration of folders that hold nothing, and misspelt keys, are warned of", async () => {
  const text = await mistakesOf({
    "dbt_project.yml": `name: shop
profile: shop
models:
  +materialised: table
  shop:
    stagin:
      +schema: x
    meta: {owner: me}
    staging:
      +team: mine
`,
    "models/staging/a.sql": "select 1",
  });
  expect(text).toMatchInlineSnapshot(`
    "dbt_project.yml:4:3  config-key-unknown  No config is called "materialised"; it has no effect.
        4 │   +materialised: table
          │   ~~~~~~~~~~~~~
        → did you mean "materialized"?

    dbt_project.yml:6:5  config-path-unused  There are no models below "shop.stagin", so this configures nothing.
        6 │     stagin:
          │     ~~~~~~
        → did you mean "staging"?

    dbt_project.yml:8:5  config-path-unused  There are no models below "shop.meta", so this configures nothing.
        8 │     meta: {owner: me}
          │     ~~~~
        → write  +meta:  without the plus, a mapping is taken for a folder"
  `);
});

test("what is described in another section keeps its tests, and the warning says where it belongs", async () => {
  const tree = {
    "seeds/s.csv": "id\n1\n",
    "models/s.yml": "models: [{name: s, config: {tags: [x]}, columns: [{name: id, tests: [unique]}]}]",
  };
  expect(await mistakesOf(tree)).toMatchInlineSnapshot(`
    "models/s.yml:1:17  properties-misplaced  "s" is a seed, but is described as a model: only its tests are heeded.
        1 │ models: [{name: s, config: {tags: [x]}, columns: [{name: id, tests: [unique]}]}]
          │                 ~
        → move it to  seeds:"
  `);
  const { nodes } = await parseTree(tree);
  expect([...nodes.keys()]).toEqual(["seed.shop.s", expect.stringMatching(/^test\.shop\.unique_s_id\./)]);
});

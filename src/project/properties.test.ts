import { expect, test } from "vitest";
import { place } from "../diagnostics/format.ts";
import { projectOf, reportOf } from "./testing/tree.ts";
import { isFloat } from "./written.ts";

const properties = async (yaml: string, options: Parameters<typeof projectOf>[1] = {}) =>
  (await projectOf({ "models/schema.yml": yaml }, options)).packages[0]!.properties;

test("a model's entry is read with its columns, constraints and config", async () => {
  const { models } = await properties(
    `version: 2
models:
  - name: orders
    description: "{{ doc('orders') }}"
    config:
      materialized: "{{ var('kind', 'table') }}"
      pre_hook: "{{ later() }}"
    meta: {owner: me}
    tags: one
    access: public
    constraints:
      - {type: primary_key, columns: [id, day], name: pk}
      - {type: foreign_key, columns: [c], to: ref('c'), to_columns: [id]}
    columns:
      - name: id
        data_type: integer
        quote: true
        description: |
          The key
        tags: [a]
        meta: {x: 1}
        config: {tags: [b, a], meta: {y: 2}}
        constraints: [{type: not_null}, {type: check, expression: id > 0}]
`,
    { vars: "kind: view" },
  );
  const [orders] = models;
  expect(orders).toMatchObject({
    name: "orders",
    description: "{{ doc('orders') }}",
    config: { materialized: "view", pre_hook: "{{ later() }}", meta: { owner: "me" }, tags: "one", access: "public" },
    constraints: [
      { type: "primary_key", columns: ["id", "day"], name: "pk", toColumns: [] },
      { type: "foreign_key", columns: ["c"], to: "ref('c')", toColumns: ["id"] },
    ],
    columns: [
      {
        name: "id",
        dataType: "integer",
        quote: true,
        description: "The key\n",
        tags: ["a", "b"],
        meta: { x: 1, y: 2 },
        constraints: [{ type: "not_null" }, { type: "check", expression: "id > 0" }],
      },
    ],
  });
  expect(place(orders!.at)).toBe("models/schema.yml:3:11");
  expect(place(orders!.columns[0]!.at)).toBe("models/schema.yml:15:15");
});

test("each version of a model is described by an entry of its own", async () => {
  const { models } = await properties(
    `models:
  - name: orders
    description: new
    config: {materialized: table, meta: {a: 1, b: 1}}
    latest_version: 1
    data_tests: [unique]
    columns: [{name: id, data_tests: [not_null]}, {name: day}]
    versions:
      - v: 1
        description: "{{ doc('old') }}"
        defined_in: old_orders
        config: {meta: {b: 2}}
        data_tests: []
        columns: [{include: all, exclude: [day]}, {name: hour}]
      - v: 2
`,
  );
  expect(models).toMatchObject([
    {
      name: "orders",
      description: "{{ doc('old') }}",
      config: { materialized: "table", meta: { a: 1, b: 2 } },
      columns: [{ name: "id", tests: [{ test: "not_null" }] }, { name: "hour" }],
      tests: [],
      version: { value: 1, text: "1", latest: 1, isLatest: true, definedIn: "old_orders" },
    },
    {
      name: "orders",
      description: "new",
      config: { meta: { a: 1, b: 1 } },
      columns: [{ name: "id" }, { name: "day" }],
      tests: [{ test: "unique" }],
      version: { value: 2, isLatest: false, definedIn: "orders_v2" },
    },
  ]);
});

test("a version is described once, and the latest is one of them", async () => {
  const report = await reportOf({
    "models/schema.yml": "models: [{name: m, latest_version: 3, versions: [{v: 1}, {v: 1}]}]",
  });
  expect(report).toContain('models/schema.yml:1:62  version-twice  Version 1 of model "m" is described twice.');
  expect(report).toContain('version-unknown  latest_version 3 of model "m" is not one of its versions.');
});

test("every spelling of a test means the same", async () => {
  const { models } = await properties(
    `models:
  - name: m
    data_tests:
      - unique
      - not_null:
      - pkg.between: {min: 1.0, max: "{{ x }}"}
      - pkg.between: {arguments: {min: 1.0, max: "{{ x }}"}}
      - {test_name: pkg.between, min: 1.0, max: "{{ x }}"}
      - accepted_values:
          name: my_test
          description: "{{ doc('d') }}"
          values: [a, b]
          severity: warn
          where: "day > '{{ var('since', '2024') }}'"
          config: {limit: 5, store_failures: true}
`,
  );
  const tests = models[0]!.tests;
  expect(tests.map(({ test, args }) => ({ test, args }))).toEqual([
    { test: "unique", args: {} },
    { test: "not_null", args: {} },
    ...[2, 3, 4].map(() => ({ test: "pkg.between", args: { min: 1, max: "{{ x }}" } })),
    { test: "accepted_values", args: { values: ["a", "b"] } },
  ]);
  // 1.0 is 1 here, but must print as 1.0 in names and SQL.
  expect(tests.slice(2, 5).map(({ args }) => isFloat(args, "min"))).toEqual([true, true, true]);
  expect(tests[5]).toMatchObject({
    name: "my_test",
    description: "{{ doc('d') }}",
    config: { severity: "warn", where: "day > '2024'", limit: 5, store_failures: true },
  });
  expect(place(tests[5]!.at)).toBe("models/schema.yml:9:9");
});

const day = (count: number): object => ({ count, period: "day" });

test("a table inherits from its source", async () => {
  const { sources } = await properties(`sources:
  - name: raw
    description: "{{ doc('raw') }}"
    database: lake
    loader: us
    tags: [s]
    meta: {a: 1, b: 1}
    quoting: {identifier: true, schema: true}
    loaded_at_field: at
    freshness: {warn_after: {count: 1, period: day}, error_after: {count: 2, period: day}}
    config: {enabled: true}
    tables:
      - name: plain
      - name: special
        identifier: "special_{{ target.name }}"
        tags: [t]
        meta: {b: 2}
        quoting: {schema: false}
        loaded_at_query: select max(x) from {{ this }}
        freshness: {warn_after: {count: 5}, error_after: null}
        config: {tags: [c], meta: {d: 4}}
        data_tests: [unique]
        columns: [{name: id}]
      - name: never
        freshness: null
  - name: other
    schema: elsewhere
    tables: [{name: x}]
`);
  expect(sources).toMatchObject([
    {
      source: "raw",
      name: "plain",
      schema: "raw",
      identifier: "plain",
      database: "lake",
      loader: "us",
      sourceDescription: "{{ doc('raw') }}",
      tags: ["s"],
      meta: { a: 1, b: 1 },
      loadedAtField: "at",
      freshness: { warn_after: day(1), error_after: day(2) },
      config: { enabled: true },
    },
    {
      name: "special",
      identifier: "special_dev",
      tags: ["s", "t", "c"],
      meta: { a: 1, b: 2, d: 4 },
      sourceMeta: { a: 1, b: 1 },
      quoting: { identifier: true, schema: false },
      loadedAtQuery: "select max(x) from {{ this }}",
      freshness: { warn_after: day(5) },
      tests: [{ test: "unique" }],
      columns: [{ name: "id" }],
    },
    { name: "never" },
    { source: "other", name: "x", schema: "elsewhere" },
  ]);
  expect(sources[1]).not.toHaveProperty("loadedAtField");
  expect(sources[1]!.freshness).not.toHaveProperty("error_after");
  expect(sources[2]).toHaveProperty("freshness", null);
});

test("external files are described directly or under options; other tools' are left alone", async () => {
  const { sources } = await properties(`sources:
  - name: raw
    tables:
      - name: a
        external: {location: data/*.csv, delimiter: ";", null_strings: ["", NA], decimal: ",", thousands: "."}
      - name: b
        external: {location: b.tsv, options: {delimiter: "\\t", quote: "", header: no, encoding: latin1, on_reject: quarantine}}
      - name: c
        external: {location: "s3://bucket/x", file_format: parquet}
`);
  expect(sources.map((s) => s.external)).toMatchObject(
    [
      {
        location: "data/*.csv",
        delimiter: ";",
        quote: '"',
        escape: '"',
        header: true,
        encoding: "utf-8",
        nullStrings: ["", "NA"],
        decimal: ",",
        thousands: ".",
        onReject: "fail",
      },
      {
        location: "b.tsv",
        delimiter: "\t",
        quote: "",
        escape: "",
        header: false,
        encoding: "windows-1252",
        nullStrings: [""],
        onReject: "quarantine",
      },
      {},
    ].map((external, i) => (i === 2 ? undefined : external)) as object[],
  );
  expect(sources[2]!.externalAsWritten).toEqual({ location: "s3://bucket/x", file_format: "parquet" });
});

test("macros, exposures, groups, unit tests and singular tests are read", async () => {
  const found = await properties(`macros:
  - {name: m, description: "{{ doc('m') }}", meta: {a: 1}, arguments: [{name: x, type: string}]}
exposures:
  - name: dash
    type: dashboard
    owner: {name: Ann}
    depends_on: ["ref('a')", "source('s', 't')"]
    meta: {k: v}
    tags: [t]
groups:
  - {name: finance, owner: {email: a@b.c}}
data_tests:
  - {name: my_singular, config: {severity: warn}}
unit_tests:
  - name: u
    model: orders
    given:
      - {input: "ref('a')", rows: [{id: 1, amount: 1.0}]}
      - {input: this, format: csv, fixture: f}
    expect: {format: sql, rows: "select 1 as id"}
    overrides: {macros: {is_incremental: true}, vars: {v: 1}}
`);
  expect(found.macros).toMatchObject([
    { name: "m", description: "{{ doc('m') }}", meta: { a: 1 }, arguments: [{ name: "x", type: "string" }] },
  ]);
  expect(found.exposures[0]).toMatchObject({
    type: "dashboard",
    owner: { name: "Ann" },
    tags: ["t"],
    meta: { k: "v" },
  });
  expect(found.exposures[0]!.dependsOn.map(({ text, at }) => [text, place(at)])).toEqual([
    ["ref('a')", "models/schema.yml:7:18"],
    ["source('s', 't')", "models/schema.yml:7:30"],
  ]);
  expect(found.groups).toMatchObject([{ name: "finance", owner: { email: "a@b.c" } }]);
  expect(found.singularTests).toMatchObject([{ name: "my_singular", config: { severity: "warn" } }]);
  expect(found.unitTests).toMatchObject([
    {
      name: "u",
      model: "orders",
      given: [
        { input: "ref('a')", format: "dict", rows: [{ id: 1, amount: 1 }] },
        { input: "this", format: "csv", fixture: "f", rows: undefined },
      ],
      expect: { format: "sql", rows: "select 1 as id" },
      overrides: { macros: { is_incremental: true }, vars: { v: 1 }, env_vars: {} },
    },
  ]);
});

test("anchors may stand at the top level", async () => {
  const { models } = await properties(
    "x-c: &c {name: id, data_tests: [unique]}\nmodels:\n  - {name: a, columns: [*c]}\n  - {name: b, columns: [{<<: *c, name: key}]}\n",
  );
  expect(models.map((m) => m.columns.map((c) => [c.name, c.tests.length]))).toEqual([[["id", 1]], [["key", 1]]]);
});

test("wrong shapes are told all at once, with their places", async () => {
  expect(
    await reportOf({
      "models/schema.yml": `model:
  - name: x
models:
  - name: orders
    colums: []
    columns: {id: integer}
    meta: {a: 1}
    config: {meta: {b: 2}, anything: goes}
    data_tests: [unique]
    tests: [unique]
  - orders
  - description: nameless
  - name: tests
    data_tests:
      - accepted_values:
        values: [a]
      - unique: [a]
      - 5
      - {unique: {severity: warn, config: {severity: error}, model: x}}
      - unique: {config: {where: "{{ oops( }}", enabled: "{{ env_var('GONE') }}"}}
    columns:
      - id
      - {name: a, quote: maybe, constraints: [{type: nonnull}, unique], tags: {a: b}}
sources: {name: s}
exposures:
  - {name: e, type: dash, owner: {}}
  - {name: f}
unit_tests:
  - {name: u, given: [{rows: []}], expect: {rows: text}}
  - {name: v, model: m, expect: {format: xml}}
`,
      "models/sources.yml": `sources:
  - name: s
    tables:
      - {name: t, external: {location: x.csv, delimiter: ab, on_reject: drop, encoding: latin-9}}
      - {name: u, external: {location: x.csv, delimiter: ab, quot: x, header: 1, encoding: klingon}}
`,
      "models/broken.yml": "models:\n  - name: a\n   description: b\n",
      "models/list.yml": "- a\n",
      "models/empty.yml": "# nothing yet\n",
    }),
  ).toMatchInlineSnapshot(`
    "models/broken.yml:3:4  yaml-syntax  This is not valid YAML: bad indentation of a sequence entry.
        3 │    description: b
          │    ~
    models/list.yml:1:1  yaml-shape  A property file must be a mapping, but this is a list.
        1 │ - a
          │ ~~~
        → it begins with a kind of entries, such as  models:
    models/schema.yml:1:1  yaml-unknown-key  This file has an unknown key "model", which is ignored.
        1 │ model:
          │ ~~~~~
        → did you mean "models" or "semantic_models"?
    models/schema.yml:5:5  yaml-unknown-key  Model "orders" has an unknown key "colums", which is ignored.
        5 │     colums: []
          │     ~~~~~~
        → did you mean "columns"?
    models/schema.yml:6:14  yaml-shape  "columns" of model "orders" must be a list, but it is a mapping.
        6 │     columns: {id: integer}
          │              ~~~~~~~~~~~~~
    models/schema.yml:7:5  config-twice  "meta" of model "orders" is set twice.
        7 │     meta: {a: 1}
          │     ~~~~
        → also under config, here  (models/schema.yml:8:14)
    models/schema.yml:10:5  yaml-shape  Model "orders" has both "tests" and "data_tests".
       10 │     tests: [unique]
          │     ~~~~~
        → put all tests under data_tests
    models/schema.yml:11:5  yaml-shape  Each entry of "models" must be a mapping, but this is text.
       11 │   - orders
          │     ~~~~~~
        → write  - name: orders
    models/schema.yml:12:5  yaml-missing-key  This model has no "name".
       12 │   - description: nameless
          │     ~~~~~~~~~~~~~~~~~~~~~
        → add  name: my_model
    models/schema.yml:15:9  test-shape  A test of model "tests" must have one name, but this has "accepted_values", "values".
       15 │       - accepted_values:
          │         ~~~~~~~~~~~~~~~
        → indent the lines below "accepted_values:", so that they belong to it
    models/schema.yml:17:17  test-shape  The arguments of test "unique" must be a mapping, but they are a list.
       17 │       - unique: [a]
          │                 ~~~
        → write  arguments:  with one key for each
    models/schema.yml:18:9  test-shape  A test of model "tests" must be a name or a mapping, but it is a number.
       18 │       - 5
          │         ~
    models/schema.yml:19:19  test-config-twice  "severity" of test "unique" is set twice.
       19 │       - {unique: {severity: warn, config: {severity: error}, model: x}}
          │                   ~~~~~~~~
        → also here  (models/schema.yml:19:44)
    models/schema.yml:19:62  test-shape  Test "unique" may not be given "model": it is the model the test stands under.
       19 │       - {unique: {severity: warn, config: {severity: error}, model: x}}
          │                                                              ~~~~~
    models/schema.yml:20:44  jinja-syntax  unexpected "}": "(" is to be closed by ")"
       20 │       - unique: {config: {where: "{{ oops( }}", enabled: "{{ env_var('GONE') }}"}}
          │                                            ~
    models/schema.yml:20:58  env-var-missing  The environment variable GONE is not set.
       20 │       - unique: {config: {where: "{{ oops( }}", enabled: "{{ env_var('GONE') }}"}}
          │                                                          ~~~~~~~~~~~~~~~~~~~~~~~
        → did you mean "HOME"?
        → set it, or give a default: env_var('GONE', '…')
    models/schema.yml:22:9  yaml-shape  Each entry of "columns" must be a mapping, but this is text.
       22 │       - id
          │         ~~
        → write  - name: id
    models/schema.yml:23:26  yaml-shape  "quote" of column "a" must be true or false, but it is text.
       23 │       - {name: a, quote: maybe, constraints: [{type: nonnull}, unique], tags: {a: b}}
          │                          ~~~~~
    models/schema.yml:23:54  constraint-type  "nonnull" is no type of constraint.
       23 │       - {name: a, quote: maybe, constraints: [{type: nonnull}, unique], tags: {a: b}}
          │                                                      ~~~~~~~
        → expected one of not_null, unique, primary_key, foreign_key, check, custom
    models/schema.yml:23:64  yaml-shape  Each entry of "constraints" of column "a" must be a mapping, but this is text.
       23 │       - {name: a, quote: maybe, constraints: [{type: nonnull}, unique], tags: {a: b}}
          │                                                                ~~~~~~
    models/schema.yml:23:79  yaml-shape  "tags" of column "a" must be a list, but it is a mapping.
       23 │       - {name: a, quote: maybe, constraints: [{type: nonnull}, unique], tags: {a: b}}
          │                                                                               ~~~~~~~
    models/schema.yml:24:10  yaml-shape  "sources" of this file must be a list, but it is a mapping.
       24 │ sources: {name: s}
          │          ~~~~~~~~~
    models/schema.yml:26:12  yaml-missing-key  The owner of exposure "e" needs a name or an email.
       26 │   - {name: e, type: dash, owner: {}}
          │            ~
        → add  owner: {name: …, email: …}
    models/schema.yml:26:21  exposure-type  "dash" is no type of exposure.
       26 │   - {name: e, type: dash, owner: {}}
          │                     ~~~~
        → expected one of dashboard, notebook, analysis, ml, application
    models/schema.yml:27:12  yaml-missing-key  Exposure "f" has no "type".
       27 │   - {name: f}
          │            ~
        → add  type: dashboard
    models/schema.yml:27:12  yaml-missing-key  The owner of exposure "f" needs a name or an email.
       27 │   - {name: f}
          │            ~
        → add  owner: {name: …, email: …}
    models/schema.yml:29:12  yaml-missing-key  Unit test "u" has no "model".
       29 │   - {name: u, given: [{rows: []}], expect: {rows: text}}
          │            ~
        → add  model: my_model
    models/schema.yml:29:23  yaml-missing-key  Input 1 of unit test "u" has no "input".
       29 │   - {name: u, given: [{rows: []}], expect: {rows: text}}
          │                       ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
        → add  input: ref('my_model')
    models/schema.yml:29:51  yaml-shape  "rows" of "expect" of unit test "u" must be a list of mappings, but it is text.
       29 │   - {name: u, given: [{rows: []}], expect: {rows: text}}
          │                                                   ~~~~
    models/schema.yml:30:42  yaml-shape  "format" of "expect" of unit test "v" must be dict, csv or sql.
       30 │   - {name: v, model: m, expect: {format: xml}}
          │                                          ~~~
    models/sources.yml:4:58  yaml-shape  "delimiter" of "external" of table "t" must be one character.
        4 │       - {name: t, external: {location: x.csv, delimiter: ab, on_reject: drop, encoding: latin-9}}
          │                                                          ~~
        → for a tabulator write  "\\t"
    models/sources.yml:4:73  yaml-shape  "on_reject" of "external" of table "t" must be fail or quarantine.
        4 │       - {name: t, external: {location: x.csv, delimiter: ab, on_reject: drop, encoding: latin-9}}
          │                                                                         ~~~~
    models/sources.yml:4:89  yaml-shape  "encoding" of "external" of table "t" is not known.
        4 │       - {name: t, external: {location: x.csv, delimiter: ab, on_reject: drop, encoding: latin-9}}
          │                                                                                         ~~~~~~~
        → for example utf-8, windows-1252, iso-8859-1, utf-16le
    models/sources.yml:5:58  yaml-shape  "delimiter" of "external" of table "u" must be one character.
        5 │       - {name: u, external: {location: x.csv, delimiter: ab, quot: x, header: 1, encoding: klingon}}
          │                                                          ~~
        → for a tabulator write  "\\t"
    models/sources.yml:5:62  yaml-unknown-key  "external" of table "u" has an unknown key "quot", which is ignored.
        5 │       - {name: u, external: {location: x.csv, delimiter: ab, quot: x, header: 1, encoding: klingon}}
          │                                                              ~~~~
        → did you mean "quote"?
    models/sources.yml:5:79  yaml-shape  "header" of "external" of table "u" must be true or false, but it is a number.
        5 │       - {name: u, external: {location: x.csv, delimiter: ab, quot: x, header: 1, encoding: klingon}}
          │                                                                               ~
    models/sources.yml:5:92  yaml-shape  "encoding" of "external" of table "u" is not known.
        5 │       - {name: u, external: {location: x.csv, delimiter: ab, quot: x, header: 1, encoding: klingon}}
          │                                                                                            ~~~~~~~
        → for example utf-8, windows-1252, iso-8859-1, utf-16le"
  `);
});

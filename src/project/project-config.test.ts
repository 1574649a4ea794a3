import { expect, test } from "vitest";
import { place } from "../diagnostics/format.ts";
import { projectOf, readTree, reportOf } from "./testing/tree.ts";

const config = async (text: string, options: Parameters<typeof projectOf>[1] = {}) =>
  (await projectOf({ "dbt_project.yml": text }, options)).packages[0]!.config;

test("defaults are dbt's", async () => {
  const found = await config("name: shop\n");
  expect(found.paths).toEqual({
    models: ["models"],
    assets: [],
    seeds: ["seeds"],
    snapshots: ["snapshots"],
    analyses: ["analyses"],
    macros: ["macros"],
    functions: ["functions"],
    tests: ["tests"],
    docs: ["models", "seeds", "snapshots", "analyses", "macros", "functions", "tests"],
    target: "target",
    packages: "dbt_packages",
    clean: ["target"],
  });
  expect(found).toMatchObject({
    vars: {},
    quoting: {},
    onRunStart: [],
    dispatch: [],
    flags: {},
    queryComment: { append: false },
  });
});

test("config trees stay as written, with Jinja rendered but in hooks and vars", async () => {
  const found = await config(
    `name: shop
version: 1.0
models:
  shop:
    +schema: "{{ target.name }}_{{ var('suffix', 'x') }}"
    +enabled: "{{ target.name == 'dev' }}"
    staging:
      +tags: [a]
      +post-hook: "grant select on {{ this }} to x"
on-run-end: "{{ log('done') }}"
query-comment: "{{ user }}"
vars:
  start: "{{ not_rendered }}"
  shop: {n: 1.5}
data_tests:
  +severity: warn
`,
    { vars: "{suffix: y}" },
  );
  expect(found.version).toBe("1.0");
  expect(found.configs.models).toEqual({
    shop: {
      "+schema": "dev_y",
      "+enabled": true,
      staging: { "+tags": ["a"], "+post-hook": "grant select on {{ this }} to x" },
    },
  });
  expect(found.configs.tests).toEqual({ "+severity": "warn" });
  expect(found.vars).toEqual({ start: "{{ not_rendered }}", shop: { n: 1.5 } });
  expect(found.queryComment).toEqual({ template: "{{ user }}", append: false });
  expect(place(found.locate(["models", "shop", "staging", "+tags"])!)).toBe("dbt_project.yml:8:14");
});

test("hooks may be a text, a list, mappings or JSON, and know their places", async () => {
  const found = await config(`name: shop
on-run-start:
  - select 1
  - {sql: "vacuum", transaction: false}
  - '{"sql": "analyze", "transaction": false}'
  - ""
on-run-end: "{{ done() }}"
`);
  expect(found.onRunStart.map(({ sql, transaction, at }) => [sql, transaction, place(at)])).toEqual([
    ["select 1", true, "dbt_project.yml:3:5"],
    ["vacuum", false, "dbt_project.yml:4:11"],
    ["analyze", false, "dbt_project.yml:5:5"],
  ]);
  expect(found.onRunEnd[0]).toMatchObject({ sql: "{{ done() }}", transaction: true });
});

test("old names are understood, with a warning", async () => {
  const { project, diagnostics } = await readTree({
    "dbt_project.yml": "name: shop\nsource-paths: [sql]\ndata-paths: [data]\nmodules-path: pkgs\n",
    "sql/a.sql": "select 1",
  });
  expect(project?.packages[0]?.files.models.map((f) => f.path)).toEqual(["sql/a.sql"]);
  expect(project?.packages[0]?.config.paths).toMatchObject({ seeds: ["data"], packages: "pkgs" });
  expect(diagnostics.map((d) => `${d.severity} ${d.code}`)).toEqual(Array(3).fill("warning project-old-key"));
});

test("vars may stand in vars.yml", async () => {
  const project = await projectOf({ "dbt_project.yml": "name: shop\n", "vars.yml": "vars:\n  a: 1\n" });
  expect(project.packages[0]?.config.vars).toEqual({ a: 1 });
  expect(await reportOf({ "dbt_project.yml": "name: shop\nvars: {b: 1}\n", "vars.yml": "vars: {a: 1}\n" })).toContain(
    "dbt_project.yml:2:1  vars-twice",
  );
});

test("all mistakes are told at once", async () => {
  const text = `name: my-shop
model-paths: models
model_paths: [x]
seed-paths: 3
clean-targets: target
quoting: {schema: maybe}
dispatch:
  - {macro_namespace: dbt_utils}
models: [a]
vars: x
config-version: 1
on-run-start:
  - 5
query-coment: null
flags:
  x: "{{ env_var('NOT_THERE') }}"
  y: "{{ nothing }}"
`;
  expect(await reportOf({ "dbt_project.yml": text })).toMatchInlineSnapshot(`
    "dbt_project.yml:1:7  project-name  The project name "my-shop" must be letters, digits and underscores.
        1 │ name: my-shop
          │       ~~~~~~~
        → for example  my_shop
    dbt_project.yml:3:1  yaml-unknown-key  This file has an unknown key "model_paths", which is ignored.
        3 │ model_paths: [x]
          │ ~~~~~~~~~~~
        → did you mean "model-paths"?
    dbt_project.yml:4:13  yaml-shape  "seed-paths" must be text or a list of texts, but it is a number.
        4 │ seed-paths: 3
          │             ~
    dbt_project.yml:5:16  yaml-shape  "clean-targets" must be a list, but it is text.
        5 │ clean-targets: target
          │                ~~~~~~
    dbt_project.yml:6:19  yaml-shape  "quoting.schema" must be true or false, but it is text.
        6 │ quoting: {schema: maybe}
          │                   ~~~~~
    dbt_project.yml:8:5  yaml-missing-key  dbt_project.yml has no "dispatch.0.search_order".
        8 │   - {macro_namespace: dbt_utils}
          │     ~~~~~~~~~~~~~~~~~~~~~~~~~~~~
        → add  search_order: …
    dbt_project.yml:9:9  yaml-shape  "models" must be a mapping, but it is a list.
        9 │ models: [a]
          │         ~~~
    dbt_project.yml:10:7  yaml-shape  "vars" must be a mapping, but it is text.
       10 │ vars: x
          │       ~
    dbt_project.yml:11:17  yaml-shape  "config-version" must be 2, but it is a number.
       11 │ config-version: 1
          │                 ~
    dbt_project.yml:13:5  yaml-shape  A hook of "on-run-start" must be SQL text, or a mapping with "sql", but it is a number.
       13 │   - 5
          │     ~
        → write  - "select 1"
    dbt_project.yml:14:1  yaml-unknown-key  This file has an unknown key "query-coment", which is ignored.
       14 │ query-coment: null
          │ ~~~~~~~~~~~~
        → did you mean "query-comment"?
    dbt_project.yml:16:6  env-var-missing  The environment variable NOT_THERE is not set.
       16 │   x: "{{ env_var('NOT_THERE') }}"
          │      ~~~~~~~~~~~~~~~~~~~~~~~~~~~~
        → set it, or give a default: env_var('NOT_THERE', '…')
    dbt_project.yml:17:6  jinja-undefined  This has no value: a name in it is not defined.
       17 │   y: "{{ nothing }}"
          │      ~~~~~~~~~~~~~~~"
  `);
});

test("what is no project is told of", async () => {
  const { root } = await readTree({ "deep/er/x.txt": "" });
  const reports = [
    await reportOf({ "dbt_project.yml": "- a\n" }),
    await reportOf({ "dbt_project.yml": "name: {{ x }}\n" }),
    await reportOf({ "dbt_project.yml": "version: 1\n" }),
    await reportOf({}, { projectDir: `${root}/deep/er` }),
    await reportOf({}, { vars: "[a" }),
    await reportOf({}, { vars: "a" }),
  ];
  expect(reports.join("\n\n").replaceAll(root, "/other")).toMatchInlineSnapshot(`
    "dbt_project.yml:1:1  project-shape  dbt_project.yml must be a mapping, but it is a list.
        1 │ - a
          │ ~~~
        → it begins with  name: my_project

    dbt_project.yml:1:7  yaml-syntax  This is read as a nested mapping, which cannot be a key.
        1 │ name: {{ x }}
          │       ~~~~~~~
        → Jinja must be quoted in YAML: write  key: "{{ … }}"

    dbt_project.yml:1:1  yaml-missing-key  dbt_project.yml has no "name".
        1 │ version: 1
          │ ~~~~~~~~~~
        → add  name: my_project

    project-not-found  There is no dbt_project.yml in /other/deep/er.
        → the nearest is /other/dbt_project.yml: add  --project-dir /other

    --vars:1:2  yaml-syntax  This is not valid YAML: unexpected end of the stream within a flow collection.
        1 │ [a
          │  ~

    --vars:1:1  vars-shape  --vars must be a mapping, but it is text.
        1 │ a
          │ ~
        → for example  --vars '{start: 2024-01-01}'"
  `);
});

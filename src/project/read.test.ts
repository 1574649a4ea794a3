import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Jinja } from "../jinja/index.ts";
import { readProject } from "./read.ts";
import { nativeRenderer } from "./render.ts";
import { projectOf, readTree, reportOf, writeTree } from "./testing/tree.ts";

const paths = (files: readonly { path: string }[]): string[] => files.map((f) => f.path);

test("a small project is read whole", async () => {
  const project = await projectOf({
    "models/a.sql": "select 1",
    "models/deep/b.sql": "\uFEFFselect 2",
    "models/.hidden.sql": "no",
    "models/.git/x.sql": "no",
    "models/~lock.sql": "no",
    "models/a.md": "{% docs a %}{% enddocs %}",
    "models/schema.yml": "models:\n  - name: a\n    columns:\n      - name: id\n        data_tests: [unique]\n",
    "seeds/s.csv": "id\r\n1\n",
    "seeds/properties.yaml": "seeds:\n  - name: s\n",
    "macros/m.sql": "{% macro m() %}{% endmacro %}",
    "tests/t.sql": "select 1 where false",
    "tests/generic/g.sql": "{% test g(model) %}{% endtest %}",
    "tests/fixtures/f.csv": "id\n1\n",
    "analyses/x.sql": "select 3",
    "snapshots/s.sql": "{% snapshot s %}{% endsnapshot %}",
  });
  expect(project.name).toBe("shop");
  expect(project.targetPath).toBe(join(project.root, "target"));
  const { files, properties } = project.packages[0]!;
  expect(paths(files.models)).toEqual(["models/a.sql", "models/deep/b.sql"]);
  expect(files.models[1]).toMatchObject({ text: "select 2", absolute: join(project.root, "models/deep/b.sql") });
  expect(paths(files.tests)).toEqual(["tests/t.sql"]);
  expect(paths(files.genericTests)).toEqual(["tests/generic/g.sql"]);
  expect(paths(files.fixtures)).toEqual(["tests/fixtures/f.csv"]);
  expect(paths(files.macros)).toEqual(["macros/m.sql"]);
  expect(paths(files.analyses)).toEqual(["analyses/x.sql"]);
  expect(paths(files.snapshots)).toEqual(["snapshots/s.sql"]);
  expect(paths(files.docs)).toEqual(["models/a.md"]);
  expect(files.seeds).toMatchObject([
    {
      file: { path: "seeds/s.csv", text: "" },
      bytes: 6,
      // sha256 of "id\n1", as dbt has it, whatever the line ends
      checksum: { name: "sha256", checksum: "605096a310e4908def91488e2d873d6bd9f4a9930bcb42eeac08d6f0ccf3ba0e" },
    },
  ]);
  expect(properties.models[0]?.columns[0]?.tests[0]?.test).toBe("unique");
  expect(properties.seeds.map((s) => s.name)).toEqual(["s"]);
});

test("links are followed, but not in circles, and .dbtignore is heeded", async () => {
  const tree = {
    "dbt_project.yml": "name: shop\n",
    ".dbtignore": "# scratch\nscratch*.sql\nmodels/old/\n!models/old/kept.sql\n",
    "models/a.sql": "select 1",
    "models/sub/scratch_1.sql": "no",
    "models/old/b.sql": "no",
    "models/old/kept.sql": "select 2",
    "elsewhere/c.sql": "select 3",
  };
  const root = await writeTree(tree);
  await symlink(join(root, "elsewhere"), join(root, "models/linked"));
  await symlink(join(root, "models"), join(root, "models/sub/circle"));
  await symlink(join(root, "nowhere"), join(root, "models/broken.sql"));
  const { project } = await readProject({ projectDir: root, env: { HOME: root }, render: nativeRenderer(new Jinja()) });
  expect(paths(project!.packages[0]!.files.models)).toEqual([
    "models/a.sql",
    "models/linked/c.sql",
    "models/old/kept.sql",
  ]);
});

test("installed packages are read, each with the vars meant for it", async () => {
  const project = await projectOf(
    {
      "dbt_project.yml": "name: shop\nvars:\n  who: root\n  depth: 3\n  util: {who: for util}\n",
      "packages.yml": "packages:\n  - local: ../util\n",
      "dbt_packages/util/dbt_project.yml": "name: util\nvars:\n  who: own\n  depth: 2\n  mode: own\n  only: here\n",
      "dbt_packages/util/macros/m.sql": "{% macro m() %}{% endmacro %}",
      "dbt_packages/util/models/x.yml":
        "models:\n  - name: x\n    config: {alias: \"{{ var('who') }} {{ var('depth') }} {{ var('mode') }} {{ var('only') }}\"}\n    typo: 1\n",
    },
    { vars: "mode: cli" },
  );
  expect(project.packages.map((p) => p.name)).toEqual(["shop", "util"]);
  const util = project.packages[1]!;
  expect(paths(util.files.macros)).toEqual(["macros/m.sql"]);
  expect(util.properties.models[0]?.config).toEqual({ alias: "for util 3 cli here" });
});

test("packages that are not installed are told of", async () => {
  expect(await reportOf({ "packages.yml": "packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.3.0\n" }))
    .toMatchInlineSnapshot(`
    "packages.yml:1:1  packages-not-installed  packages.yml asks for a package, but dbt_packages/ holds none.
        1 │ packages:
          │ ~~~~~~~~
        → install them with  sluice deps  (or dbt deps)"
  `);
  expect(await reportOf({ "dependencies.yml": "projects: []\n" })).toBe("");
});

test("a Python model is told of, and ignored", async () => {
  expect(await reportOf({ "models/p.py": "def model(dbt, session): ...\n" })).toContain(
    "models/p.py:1:1  python-model",
  );
});

test("a large seed is hashed by its path in dbt's checksum", async () => {
  const root = await writeTree({ "dbt_project.yml": "name: shop\n" });
  await mkdir(join(root, "seeds"));
  await writeFile(join(root, "seeds/big.csv"), "id\n" + "1\n".repeat(600_000));
  const { project } = await readProject({ projectDir: root, env: { HOME: root }, render: nativeRenderer(new Jinja()) });
  expect(project?.packages[0]?.files.seeds[0]).toMatchObject({
    bytes: 1_200_003,
    checksum: { name: "path", checksum: "seeds/big.csv" },
  });
});

test("the target folder and vars come from the command line", async () => {
  const { project } = await readTree({}, { targetPath: "out", vars: '{"a": [1, true]}' });
  expect(project?.targetPath).toBe(join(project!.root, "out"));
  expect(project?.cliVars).toEqual({ a: [1, true] });
});

import { expect, test } from "vitest";
import { projectOf } from "./testing/tree.ts";

const PROFILES = `
shop:
  target: dev
  outputs:
    dev: {type: postgres, host: embedded, dbname: shop, schema: analytics, threads: 2}
    prod:
      type: postgres
      host: "{{ env_var('PGHOST') }}"
      user: me
      pass: secret
      port: "6543"
      dbname: shop
      schema: marts
`;

test("a small project is read whole", async () => {
  const project = await projectOf({
    "profiles.yml": PROFILES,
    "models/a.sql": "select 1",
    "models/deep/b.sql": "select 2",
    "models/.hidden.sql": "no",
    "models/schema.yml":
      "models:\n  - name: a\n    description: The first\n    columns:\n      - name: id\n        data_tests: [unique]\n",
    "seeds/s.csv": "id\n1\n",
    "macros/m.sql": "{% macro m() %}{% endmacro %}",
    "tests/t.sql": "select 1 where false",
    "tests/generic/g.sql": "{% test g(model) %}{% endtest %}",
    "docs.md": "not below a docs path",
  });
  expect(project.name).toBe("shop");
  expect(project.target).toMatchObject({ name: "dev", schema: "analytics", threads: 2 });
  const own = project.packages[0]!;
  expect(own.files.models.map((f) => f.path)).toEqual(["models/a.sql", "models/deep/b.sql"]);
  expect(own.files.tests.map((f) => f.path)).toEqual(["tests/t.sql"]);
  expect(own.files.genericTests.map((f) => f.path)).toEqual(["tests/generic/g.sql"]);
  expect(own.files.seeds.map((s) => [s.file.path, s.bytes])).toEqual([["seeds/s.csv", 5]]);
  expect(own.properties.models[0]?.columns[0]?.tests[0]?.test).toBe("unique");
});

/** A project of functions, parsed by dbt-core 1.12.6: `functions` of its manifest is the same here. The record is not edited. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Mapping } from "../project/types.ts";
import { nodeDictionary } from "./node-dictionary.ts";
import { mistakesOf, parseTree } from "./testing/parse-tree.ts";

const here = new URL("testing/", import.meta.url).pathname;

async function project(): Promise<Record<string, string>> {
  const folder = join(here, "functions");
  const files: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files[path.slice(folder.length + 1)] = await readFile(path, "utf8");
  }
  return files;
}

/** dbt leaves the project's own layers out of what it calls unrendered, and counts tags of YAML twice. */
const comparable = (node: Mapping): Mapping => ({ ...node, unrendered_config: {} });

test("functions and what calls them are in the manifest as dbt writes them", async () => {
  const recorded = JSON.parse(await readFile(join(here, "functions.json"), "utf8")) as Record<string, Mapping>;
  const manifest = await parseTree(await project());
  expect(manifest.diagnostics).toEqual([]);
  const all = [...manifest.nodes.values()];
  const functions = all.filter((node) => node.kind === "function");
  expect(functions.map(({ id }) => id).toSorted()).toEqual(Object.keys(recorded["functions"]!).toSorted());
  for (const node of functions)
    expect(comparable(nodeDictionary(node)), node.id).toEqual(comparable(recorded["functions"]![node.id] as Mapping));
  for (const node of all.filter(({ kind }) => kind !== "function")) {
    const { depends_on, functions: called } = nodeDictionary(node);
    expect({ depends_on, functions: called }, node.id).toEqual(recorded["nodes"]![node.id]);
  }
});

test("the file of an overload is the body of one function, and another one than its own", async () => {
  const said = await mistakesOf({
    "dbt_project.yml": "name: shop\nprofile: shop\n",
    "functions/a.sql": "select 1",
    "functions/b.sql": "select 1",
    "functions/f.yml": `functions:
  - name: a
    returns: {data_type: int}
    overloads: [{defined_in: b}, {defined_in: a}, {defined_in: c}]
  - name: d
    returns: {data_type: int}
    overloads: [{defined_in: b}]
`,
  });
  expect(said).toMatchInlineSnapshot(`
    "functions/f.yml:4:34  overload-not-found  The function "a" cannot be an overload of itself.
        4 │     overloads: [{defined_in: b}, {defined_in: a}, {defined_in: c}]
          │                                  ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
        → did you mean "b"?

    functions/f.yml:4:51  overload-not-found  There is no file "c.sql" for an overload of "a".
        4 │     overloads: [{defined_in: b}, {defined_in: a}, {defined_in: c}]
          │                                                   ~~~~~~~~~~~~~~~~
        → did you mean "b"?

    functions/f.yml:5:11  properties-without-node  There is no function named "d" to describe.
        5 │   - name: d
          │           ~
        → did you mean "a"?
        → a function is a .sql file below functions/ of that name

    functions/f.yml:7:17  overload-twice  The file "b" is the body of two overloads.
        7 │     overloads: [{defined_in: b}]
          │                 ~~~~~~~~~~~~~~~~
        → the other one is here  (functions/f.yml:4:17)"
  `);
});

/**
 * The manifest of a project with something of everything, beside the one that dbt-core 1.12.6 wrote for it (`dbt parse`; its
 * own macros, times, machine paths and the unrendered configuration are left out of the record, which is not edited).
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Jinja } from "../jinja/index.ts";
import { packageRoot } from "../lib/package-root.ts";
import { parseProject } from "../parse/parse.ts";
import { projectOf } from "../project/testing/tree.ts";
import { manifestArtifact, manifestText } from "./manifest.ts";

type Section = Record<string, Record<string, unknown>>;

const PROFILES =
  "shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, host: h, user: u, password: p, dbname: shop, schema: analytics, threads: 1}\n";

async function written(files: Record<string, string>): Promise<Record<string, Section>> {
  const project = await projectOf({ "profiles.yml": PROFILES, ...files });
  const startedAt = new Date("2026-11-22T17:26:33.000Z");
  const facts = { invocationId: "0", startedAt, env: {}, fullRefresh: false, command: "parse" };
  const { manifest, macros } = parseProject(project, new Jinja(), facts);
  const about = { name: "shop", database: "shop", schema: "analytics" };
  const input = { manifest, macros, project: about, quoting: {} };
  const made = JSON.parse([...manifestText(input, facts, startedAt)].join("")) as Record<string, Section>;
  // In parts or as a whole, it is the same.
  expect(made).toEqual(JSON.parse(JSON.stringify(manifestArtifact(input, facts, startedAt))));
  return made;
}

async function kitchenSink(): Promise<Record<string, string>> {
  const folder = join(packageRoot(), "src/parse/testing/kitchen-sink");
  const files: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files[path.slice(folder.length + 1)] = await readFile(path, "utf8");
  }
  return files;
}

/** Left out of the record, or of no meaning: lists that Python made of sets have no order. */
function comparable(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item));
    return key === "primary_key" ? items.toSorted() : key === "tags" ? [...new Set(items)] : items;
  }
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(
    ([name]) => !["created_at", "unrendered_config", "root_path"].includes(name),
  );
  return Object.fromEntries(kept.map(([name, item]) => [name, comparable(item, name)]));
}

/** dbt keeps the tests of a model that disables itself in the graph, where they never run. */
const ONLY_IN_DBT = "test.shop.unique_offm_a.f4aea1a2fb";

test("every section of the manifest is what dbt writes, key by key", async () => {
  const record = join(packageRoot(), "src/artifacts/testing/kitchen-sink-manifest.json");
  const theirs = JSON.parse(await readFile(record, "utf8")) as Record<string, Section>;
  const ours = await written(await kitchenSink());
  for (const [section, expected] of Object.entries(theirs)) {
    const own = (id: string): boolean => !/^(macro|doc)\.dbt\./.test(id);
    const ids = Object.keys(ours[section]!).filter(own).toSorted();
    const wanted = Object.keys(expected).filter((id) => id !== ONLY_IN_DBT);
    expect(ids, section).toEqual(wanted.toSorted());
    for (const id of wanted) expect(comparable(ours[section]![id]), id).toEqual(comparable(expected[id]));
  }
});

test("metadata names dbt's schema and version, the project and the adapter", async () => {
  const { metadata } = await written({ "dbt_project.yml": "name: shop\nprofile: shop\n" });
  expect(metadata).toMatchObject({
    dbt_schema_version: "https://schemas.getdbt.com/dbt/manifest/v12.json",
    project_name: "shop",
    project_id: "fb54f3c5992b96d001bb16e8e92d968d",
    adapter_type: "postgres",
  });
});

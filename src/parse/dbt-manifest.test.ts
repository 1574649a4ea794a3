/**
 * One project with something of everything, parsed by dbt-core 1.11.16: ids, hashes, places, dependencies and merged
 * configuration must be the same here. The record was made with `dbt parse`, and is not edited.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Mapping, Value } from "../project/types.ts";
import type { Manifest, Node } from "./manifest.ts";
import { parseTree } from "./testing/parse-tree.ts";

const here = new URL("testing/", import.meta.url).pathname;

interface Recorded {
  readonly [key: string]: Value | undefined;
  readonly config?: Mapping;
}

async function tree(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files[path.slice(folder.length + 1)] = await readFile(path, "utf8");
  }
  return files;
}

function described(manifest: Manifest, recorded: Record<string, Recorded>): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const node of manifest.nodes.values()) {
    if (node.kind === "unit_test" || node.kind === "analysis") continue;
    found[node.id] = describedNode(node, recorded[node.id]);
  }
  for (const { id, fqn, schema, tags, meta } of manifest.sources.values()) {
    found[id] = { fqn, schema, tags: [...tags].toSorted(), dependsOn: [], meta };
  }
  for (const { id, fqn, tags, dependsOn } of manifest.exposures.values()) {
    found[id] = { fqn, tags: [...tags].toSorted(), dependsOn: [...dependsOn].toSorted() };
  }
  return found;
}

function describedNode(node: Node, recorded: Recorded | undefined): unknown {
  const { fqn, alias, schema, tags, dependsOn, config } = node;
  const hooks = (list: typeof config.pre_hook): unknown => list.map((hook) => [hook.sql, hook.transaction]);
  return {
    fqn,
    alias,
    schema,
    tags: [...tags].toSorted(),
    dependsOn: [...dependsOn].toSorted(),
    config: Object.fromEntries(Object.keys(recorded?.config ?? {}).map((key) => [key, config.all[key]])),
    ...(config.pre_hook.length && { pre: hooks(config.pre_hook) }),
    ...(config.post_hook.length && { post: hooks(config.post_hook) }),
  };
}

test("ids, names, hashes, places, dependencies and configuration are dbt's", async () => {
  const recorded = JSON.parse(await readFile(join(here, "kitchen-sink.json"), "utf8")) as Record<string, Recorded>;
  const manifest = await parseTree(await tree(join(here, "kitchen-sink")));
  expect(manifest.diagnostics).toEqual([]);
  const found = described(manifest, recorded);
  expect(Object.keys(found).toSorted()).toEqual(Object.keys(recorded).toSorted());
  for (const [id, facts] of Object.entries(recorded)) expect(found[id], id).toEqual(facts);
});

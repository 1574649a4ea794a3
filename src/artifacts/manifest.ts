/** `target/manifest.json`, version 12 of dbt's schema. */
import type { MacroSet } from "../context/macros.ts";
import { md5 } from "../lib/hash.ts";
import { version } from "../lib/package-root.ts";
import type { HookNode, Manifest, Node, NodeId } from "../parse/manifest.ts";
import { exposureDictionary, hookDictionary, nodeDictionary, sourceDictionary } from "../parse/node-dictionary.ts";
import { macroDictionary } from "../parse/macro-dictionary.ts";
import { resourceDictionary } from "../parse/resource-dictionary.ts";
import { type Invocation, metadata } from "./metadata.ts";

export const MANIFEST_FILE = "manifest.json";

type Dictionary = Record<string, unknown>;

export interface ManifestInput {
  readonly manifest: Manifest;
  readonly macros: MacroSet;
  readonly project: { readonly name: string; readonly database: string; readonly schema: string };
  readonly quoting: Readonly<Record<string, unknown>>;
  /** What a run or `compile` made of nodes' templates, and where it was written below the target folder. */
  readonly compiled?: ReadonlyMap<NodeId, { readonly sql: string; readonly path: string }>;
  /** Macros that nodes called when they ran, beside those that parsing saw. */
  readonly calls?: ReadonlyMap<NodeId, ReadonlySet<string>>;
  /** `selectors.yml` by name. */
  readonly selectors?: Dictionary;
}

/** Entries by their unique id, made one by one: a large project is never held twice. */
type Entries = () => Iterable<Dictionary>;

export function manifestArtifact(input: ManifestInput, invocation: Invocation, now: Date = new Date()): Dictionary {
  const made = Object.entries(sections(input, invocation, now)).map(([name, value]) => {
    if (typeof value !== "function") return [name, value];
    return [name, Object.fromEntries(Array.from((value as Entries)(), (one) => [one["unique_id"], one]))];
  });
  return Object.fromEntries(made) as Dictionary;
}

const CHUNK = 1 << 20;

/** The same as JSON text, in parts. */
export function* manifestText(input: ManifestInput, invocation: Invocation, now: Date = new Date()): Iterable<string> {
  let text = "{";
  let first = true;
  for (const [name, value] of Object.entries(sections(input, invocation, now))) {
    text += `${first ? "" : ","}${JSON.stringify(name)}:`;
    first = false;
    if (typeof value !== "function") {
      text += JSON.stringify(value);
      continue;
    }
    let separator = "{";
    for (const one of (value as Entries)()) {
      text += `${separator}${JSON.stringify(one["unique_id"])}:${JSON.stringify(one)}`;
      separator = ",";
      if (text.length < CHUNK) continue;
      yield text;
      text = "";
    }
    text += separator === "{" ? "{}" : "}";
  }
  yield `${text}}`;
}

function sections(input: ManifestInput, invocation: Invocation, now: Date): Record<string, unknown> {
  const { manifest, macros, project } = input;
  // Readers ask when a resource was made only to tell versions of it apart: all are of this parse.
  const created_at = now.getTime() / 1000;
  const dated = (made: Dictionary): Dictionary => Object.assign(made, { created_at });
  const keys = primaryKeys(manifest);
  const nodeOf = (node: Node): Dictionary => {
    const made = dated(nodeDictionary(node));
    if (node.kind === "model") made["primary_key"] = keys.get(node.id) ?? [];
    const called = input.calls?.get(node.id);
    if (called && node.kind !== "unit_test") {
      const { macros, nodes } = made["depends_on"] as { macros: string[]; nodes?: string[] };
      made["depends_on"] = { macros: [...new Set([...macros, ...called])], ...(nodes && { nodes }) };
    }
    const compiled = input.compiled?.get(node.id);
    return compiled === undefined ? made : Object.assign(made, compiledPart(compiled));
  };
  const all = [...manifest.nodes.values()];
  const hooks = [...manifest.onRunStart, ...manifest.onRunEnd];
  const groupMap = new Map<string, string[]>(manifest.groups.map(({ group }) => [group.name, []]));
  for (const node of all) {
    const group = node.config.all["group"];
    if (typeof group === "string") groupMap.get(group)?.push(node.id);
  }
  const head = metadata("manifest/v12", invocation, now);
  return {
    metadata: {
      ...head,
      // Readers of the manifest that want to know whose it is look here.
      env: { ...head.env, sluice_version: version() },
      project_name: project.name,
      project_id: md5(project.name),
      user_id: null,
      send_anonymous_usage_stats: false,
      adapter_type: "postgres",
      quoting: { database: true, schema: true, identifier: true, column: null, ...input.quoting },
      run_started_at: invocation.startedAt.toISOString(),
    },
    nodes: function* (): Iterable<Dictionary> {
      for (const node of all) if (node.kind !== "unit_test" && node.kind !== "function") yield nodeOf(node);
      for (const hook of hooks) yield dated(hookDictionary(hook, manifest, project));
    },
    sources: function* (): Iterable<Dictionary> {
      for (const source of manifest.sources.values()) yield dated(sourceDictionary(source));
    },
    macros: function* (): Iterable<Dictionary> {
      for (const macro of manifest.macros.values()) yield dated({ ...macroDictionary(macro, macros) });
    },
    docs: () => [
      OVERVIEW,
      ...[...manifest.docs.values()].map((block) => ({
        name: block.name,
        resource_type: "doc",
        package_name: block.package,
        path: block.file.path.split("/").slice(1).join("/"),
        original_file_path: block.file.path,
        unique_id: `doc.${block.package}.${block.name}`,
        block_contents: block.text,
      })),
    ],
    exposures: () => [...manifest.exposures.values()].map(exposureDictionary).map(dated),
    metrics: {},
    groups: () =>
      manifest.groups.map(({ id, package: pkg, group }) => ({
        name: group.name,
        resource_type: "group",
        package_name: pkg,
        path: group.at.file.path.split("/").slice(1).join("/"),
        original_file_path: group.at.file.path,
        unique_id: id,
        owner: { email: null, name: null, ...group.owner },
        description: group.description || null,
        config: { meta: {}, ...group.config },
      })),
    selectors: input.selectors ?? {},
    disabled: disabledPart(manifest, dated),
    ...edges(manifest, hooks),
    group_map: Object.fromEntries(groupMap),
    saved_queries: {},
    semantic_models: {},
    unit_tests: () => all.filter((node) => node.kind === "unit_test").map(nodeOf),
    functions: () => all.filter((node) => node.kind === "function").map(nodeOf),
  };
}

const compiledPart = ({ sql, path }: { sql: string; path: string }): Dictionary => ({
  compiled: true,
  compiled_code: sql,
  compiled_path: path,
  extra_ctes_injected: true,
  extra_ctes: [],
});

/** dbt's documentation site begins with it, and breaks without. */
const OVERVIEW: Dictionary = {
  name: "__overview__",
  resource_type: "doc",
  package_name: "dbt",
  path: "overview.md",
  original_file_path: "docs/overview.md",
  unique_id: "doc.dbt.__overview__",
  block_contents:
    "### Models, tests and sources of this project\n\nPick a folder or a database schema on the left, or search for a name. " +
    "Write a docs block named `__overview__` to put your own words here.",
};

function disabledPart({ disabled }: Manifest, dated: (made: Dictionary) => Dictionary): Dictionary {
  return Object.fromEntries([...disabled].map(([id, resource]) => [id, [dated(resourceDictionary(resource))]]));
}

/** Who reads whom, both ways, sorted, for every id there is. */
function edges(manifest: Manifest, hooks: readonly HookNode[]): { parent_map: Dictionary; child_map: Dictionary } {
  const parents = new Map<string, string[]>();
  for (const { id, dependsOn } of [...manifest.nodes.values(), ...manifest.exposures.values()]) {
    parents.set(id, [...new Set<string>(dependsOn)].toSorted());
  }
  for (const { id } of [...manifest.sources.values(), ...hooks]) parents.set(id, []);
  const children = new Map<string, string[]>([...parents.keys()].map((id) => [id, []]));
  for (const [id, above] of parents) for (const parent of above) children.get(parent)?.push(id);
  for (const below of children.values()) below.sort();
  return { parent_map: Object.fromEntries(parents), child_map: Object.fromEntries(children) };
}

const UNIQUE = new Set(["unique", "unique_combination_of_columns"]);

/** The columns that identify a model's rows, by its constraints, else by its tests. */
function primaryKeys(manifest: Manifest): Map<NodeId, string[]> {
  const tested = new Map<NodeId, { unique: Map<string, boolean>; notNull: Set<string> }>();
  const tests = [...manifest.nodes.values(), ...manifest.disabled.values()];
  for (const test of tests) {
    if (test.kind !== "test" || !test.generic || test.attached === undefined) continue;
    const { args } = test.generic;
    const name = test.generic.test.split(".").at(-1)!;
    const several = args["combination_of_columns"];
    const column = args["column_name"];
    const columns = typeof column === "string" ? [column] : Array.isArray(several) ? several : [];
    let known = tested.get(test.attached);
    if (!known) tested.set(test.attached, (known = { unique: new Map(), notNull: new Set() }));
    for (const one of columns) {
      if (typeof one !== "string") continue;
      if (UNIQUE.has(name)) known.unique.set(one, test.config.enabled || known.unique.get(one) === true);
      else if (name === "not_null") known.notNull.add(one);
    }
  }
  const keys = new Map<NodeId, string[]>();
  for (const node of manifest.nodes.values()) {
    if (node.kind !== "model") continue;
    const promised = node.constraints.find((c) => c.type === "primary_key");
    const column = node.columns.find((c) => c.constraints.some((k) => k.type === "primary_key"));
    if (promised) keys.set(node.id, [...promised.columns]);
    else if (column) keys.set(node.id, [column.name]);
    else {
      const { unique, notNull } = tested.get(node.id) ?? { unique: new Map<string, boolean>(), notNull: new Set() };
      const both = [...unique.keys()].filter((name) => notNull.has(name));
      const enabled = [...unique].filter(([, on]) => on).map(([name]) => name);
      keys.set(node.id, both.length > 0 ? both : enabled.length > 0 ? enabled : [...unique.keys()]);
    }
  }
  return keys;
}

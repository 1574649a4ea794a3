/** Manifests for tests: from short descriptions of resources, or from sketches such as `a -> b`. */
import type { SourceFile } from "../../diagnostics/diagnostic.ts";
import type { Manifest, Node, NodeBase, NodeConfig, NodeId, Resource } from "../../parse/manifest.ts";
import type { Mapping, Value } from "../../project/types.ts";

/** What selection looks at. Paths are those of dbt: relative to the package. */
export interface Described {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly package: string;
  readonly fqn: readonly string[];
  readonly tags: readonly string[];
  readonly file: string;
  readonly text?: string;
  readonly parents?: readonly string[];
  readonly properties?: string;
  readonly config: Mapping;
  readonly version?: Value;
  readonly latest?: Value;
  /** Generic tests: the test's name, with its package if it has one. */
  readonly test?: string;
  /** Sources: the name of the source; `name` is the table. */
  readonly source?: string;
}

export function manifestOf(described: readonly Described[], disabled: readonly Described[] = []): Manifest {
  const resources = described.map(resourceOf);
  const ofKind = <K extends Resource["kind"]>(kind: K) => {
    const found = resources.filter((resource): resource is Extract<Resource, { kind: K }> => resource.kind === kind);
    return new Map(found.map((resource) => [resource.id, resource]));
  };
  return {
    projectName: "shop",
    nodes: new Map(resources.filter(isNode).map((node) => [node.id, node])),
    sources: ofKind("source"),
    exposures: ofKind("exposure"),
    macros: new Map(),
    docs: new Map(),
    groups: [],
    disabled: new Map(disabled.map(resourceOf).map((resource) => [resource.id, resource])),
    onRunStart: [],
    onRunEnd: [],
    diagnostics: [],
  };
}

const isNode = (resource: Resource): resource is Node => resource.kind !== "source" && resource.kind !== "exposure";

/**
 * `sketch(["a -> b", "source:raw.orders -> a", "a b -> test:t"], { b: { tags: ["x"] } })`: names on the left are read by
 * those on the right. A prefix gives the kind; without one it is a model. A test is generic if it has a `test`.
 */
export function sketch(lines: readonly string[], details: Record<string, Partial<Described>> = {}): Manifest {
  const parents = new Map<string, string[]>();
  for (const line of lines) {
    const steps = line.split("->").map((step) => step.trim().split(/\s+/));
    for (const name of steps.flat()) if (!parents.has(name)) parents.set(name, []);
    for (const [i, readers] of steps.slice(1).entries()) {
      for (const reader of readers) parents.get(reader)!.push(...steps[i]!);
    }
  }
  return manifestOf([...parents].map(([word, read]) => describe(word, read, details[word] ?? {})));
}

/** The id of a word of a sketch: `a` → `model.shop.a`, `test:t` → `test.shop.t`. */
export function id(word: string): NodeId {
  const [kind, name] = word.includes(":") ? word.split(":") : ["model", word];
  return idOf(`${kind}.shop.${name}`);
}

export const ids = (words: string): NodeId[] => words.split(/\s+/).filter(Boolean).map(id);

function describe(word: string, read: readonly string[], details: Partial<Described>): Described {
  const [kind, name] = word.includes(":") ? (word.split(":") as [string, string]) : ["model", word];
  const [source, table] = kind === "source" ? (name.split(".") as [string, string]) : [undefined, undefined];
  const refs = read.map((parent) => `{{ ref('${parent.split(":").at(-1)}') }}`);
  return {
    id: id(word),
    kind,
    name: table ?? name,
    package: "shop",
    fqn: ["shop", ...(table === undefined ? [name] : [source, table])],
    tags: [],
    file: `models/${name}.sql`,
    text: `select 1 from\n  ${refs.join(",\n  ")}`,
    parents: read.map(id),
    config: {},
    ...(source === undefined ? {} : { source }),
    ...details,
  };
}

// Tests may make ids of any string.
const idOf = (text: string): NodeId => text as NodeId;

function resourceOf(described: Described): Resource {
  const { kind } = described;
  const parents = (described.parents ?? []).map(idOf);
  const file = fileOf(described.file, described.text ?? "");
  const config = configOf(described);
  const base = {
    id: idOf(described.id),
    name: described.name,
    package: described.package,
    fqn: described.fqn,
    tags: described.tags,
    meta: {},
    description: "",
    docBlocks: [],
    file,
    at: { file, start: 0, end: 0 },
    config,
  };
  const place = { database: "d", schema: "s" };
  if (kind === "source") {
    // Only the source's name matters here.
    const source = { source: described.source, name: described.name } as Extract<
      Resource,
      { kind: "source" }
    >["source"];
    return { ...base, ...place, kind, source, identifier: described.name, columns: [] };
  }
  if (kind === "exposure") {
    // Nothing of the exposure's own properties is looked at.
    const read = { dependsOn: parents, refs: [], sourceCalls: [] };
    return { ...base, ...read, kind, exposure: {} as Extract<Resource, { kind: "exposure" }>["exposure"] };
  }
  const node: NodeBase = {
    ...base,
    ...place,
    raw: described.text ?? "",
    writtenConfig: {},
    alias: described.name,
    dependsOn: parents,
    refs: [],
    functionCalls: [],
    sourceCalls: [],
    macros: [],
    calls: [],
    columns: [],
    constraints: [],
    ...(described.properties === undefined
      ? {}
      : { propertiesAt: { file: fileOf(described.properties, ""), start: 0, end: 0 } }),
  };
  switch (kind) {
    case "model":
      return { ...node, kind, ...(described.version === undefined ? {} : { version: described.version }) };
    case "snapshot":
    case "analysis":
      return { ...node, kind };
    case "seed":
      return { ...node, kind, seed: { file, bytes: 0, sha256: "", checksum: { name: "sha256", checksum: "" } } };
    case "test":
      return {
        ...node,
        kind,
        ...(described.test === undefined
          ? {}
          : { generic: { test: described.test, args: {}, kwargs: {}, configured: {}, path: "", on: "" } }),
      };
    case "unit_test":
      // The fixtures are not looked at; a unit test also reads what its inputs stand for.
      return { ...node, kind, model: parents[0]!, unit: {} as Extract<Resource, { kind: "unit_test" }>["unit"] };
    default:
      throw new Error(`no such kind: ${kind}`);
  }
}

function configOf({ config, tags }: Described): NodeConfig {
  return {
    enabled: true,
    materialized: typeof config.materialized === "string" ? config.materialized : "view",
    tags,
    meta: {},
    pre_hook: [],
    post_hook: [],
    all: config,
  };
}

const fileOf = (path: string, text: string): SourceFile => ({ path, absolute: `/shop/${path}`, text });

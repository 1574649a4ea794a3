/** Models, seeds, snapshots, analyses and singular tests: one file (or block), one node. */
import type { NodeFace } from "../context/context.ts";
import { Relation } from "../context/relation.ts";
import { type Diagnostic, error, type SourceFile, type Span, warning } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { Mapping, NodeProperties, Package, SeedFile, VersionProperties } from "../project/types.ts";
import type { Described } from "./adopt.ts";
import { blocksOf } from "./macros.ts";
import { type ConfigSection, effectiveConfig, nodeConfig, writtenConfig } from "./config.ts";
import { type KeyCall, keyCalls } from "./foreign-keys.ts";
import type { AnalysisNode, DataTestNode, ModelNode, NodeBase, SeedNode, SnapshotNode } from "./manifest.ts";
import { nodeId } from "./manifest.ts";
import {
  type Captured,
  capture,
  describe,
  describeColumns,
  fileStart,
  fqnOf,
  type ParseState,
  place,
  stem,
} from "./state.ts";

export interface Draft {
  readonly kind: "model" | "seed" | "snapshot" | "analysis" | "test" | "function";
  readonly section: ConfigSection;
  readonly name: string;
  readonly package: Package;
  readonly file: SourceFile;
  readonly source: string;
  readonly offset: number;
  readonly at: Span;
  readonly fqn: string[];
  readonly defaults: Mapping;
  readonly properties?: NodeProperties;
  /** The source stands in no file: its places are shown at `at`. */
  readonly generated?: boolean;
  /** The source is no template. */
  readonly isPlain?: boolean;
}

export const MODEL_DEFAULTS: Mapping = {
  enabled: true,
  materialized: "view",
  tags: [],
  meta: {},
  pre_hook: [],
  post_hook: [],
};

export type FileNode = ModelNode | SeedNode | SnapshotNode | AnalysisNode | DataTestNode;

/** `adopted`: entries of other packages' property files that describe nodes of this one. */
export function parseFileNodes(state: ParseState, pkg: Package, adopted: Described = NONE): FileNode[] {
  const { files } = pkg;
  const { singularTests } = pkg.properties;
  const properties: Described = {
    models: [...pkg.properties.models, ...adopted.models],
    seeds: [...pkg.properties.seeds, ...adopted.seeds],
    snapshots: [...pkg.properties.snapshots, ...adopted.snapshots],
  };
  const { paths } = pkg.config;
  const nodes: FileNode[] = [];
  const sqlDraft = (file: SourceFile, folders: readonly string[]): FileDraft => fileDraft(pkg, file, folders);

  const modelFiles = new Set(files.models.map((file) => stem(file.path)));
  const models = byName(properties.models, state.diagnostics, (entry) => fileOf(entry, modelFiles));
  for (const file of files.models) {
    const inFile = sqlDraft(file, paths.models);
    const described = found(models, inFile.name);
    const version = described.properties?.version;
    const draft = version ? versionOf(inFile, described.properties!.name, version) : inFile;
    const base = parseNode(state, {
      ...draft,
      kind: "model",
      section: "models",
      defaults: MODEL_DEFAULTS,
      ...described,
    });
    const { timeSpine, deprecationDate } = described.properties ?? {};
    nodes.push({
      ...base,
      kind: "model",
      ...(timeSpine !== undefined && { timeSpine }),
      ...(deprecationDate !== undefined && { deprecationDate }),
      ...(version && { version: version.value, latestVersion: version.latest }),
    });
  }
  const seeds = byName(properties.seeds, state.diagnostics);
  for (const seed of files.seeds) {
    nodes.push(parseSeed(state, pkg, seed, sqlDraft(seed.file, paths.seeds), seeds));
  }
  const analyses = byName(pkg.properties.analyses, state.diagnostics);
  for (const file of files.analyses) {
    const draft = sqlDraft(file, paths.analyses);
    // dbt puts them all below this name, and configures them as models.
    const fqn = [pkg.name, "analysis", ...draft.fqn.slice(1)];
    const defaults: Mapping = { ...MODEL_DEFAULTS, materialized: "analysis" };
    const base = parseNode(state, {
      ...draft,
      fqn,
      kind: "analysis",
      section: "models",
      defaults,
      ...found(analyses, draft.name),
    });
    nodes.push({ ...base, kind: "analysis" });
  }
  const singular = byName(singularTests, state.diagnostics);
  for (const file of files.tests) {
    const draft = sqlDraft(file, paths.tests);
    const base = parseNode(state, {
      ...draft,
      kind: "test",
      section: "tests",
      defaults: testDefaults(state),
      ...found(singular, draft.name),
    });
    nodes.push({ ...base, kind: "test" });
  }
  nodes.push(...parseSnapshots(state, pkg, properties.snapshots));
  return nodes;
}

const NONE: Described = { models: [], seeds: [], snapshots: [] };
export type FileDraft = Omit<Draft, "kind" | "section" | "defaults">;

/** Of a node that is a file. */
export const fileDraft = (pkg: Package, file: SourceFile, folders: readonly string[]): FileDraft => ({
  name: stem(file.path),
  package: pkg,
  file,
  source: file.text,
  offset: 0,
  at: fileStart(file),
  fqn: fqnOf(pkg.name, file.path, folders, stem(file.path)),
});

const TEST_DEFAULTS: Mapping = {
  enabled: true,
  materialized: "test",
  schema: "dbt_test__audit",
  severity: "ERROR",
  warn_if: "!= 0",
  error_if: "!= 0",
  fail_calc: "count(*)",
  tags: [],
  meta: {},
};

/** `--store-failures` is for tests that do not say. */
export const testDefaults = ({ shared }: ParseState): Mapping =>
  shared.facts.storeFailures ? { ...TEST_DEFAULTS, store_failures: true } : TEST_DEFAULTS;

/** Parses one template: a first render for what it configures and calls, then its place from the merged configuration. */
export function parseNode(state: ParseState, draft: Draft): NodeBase {
  const sources = {
    section: draft.section,
    fqn: draft.fqn,
    package: draft.package,
    root: state.root,
    defaults: draft.defaults,
  };
  const before = effectiveConfig({ ...sources, properties: draft.properties?.config ?? {} });
  const version = draft.properties?.version;
  const id = nodeId(draft.kind, draft.package.name, draft.name, ...(version ? [`v${version.text}`] : []));
  const placed = (all: Mapping): Place =>
    place(state, { package: draft.package.name, config: all, model: modelOf(draft, id, all), at: draft.at });
  let provisional: Place | undefined;
  const face: NodeFace = {
    package: draft.package.name,
    // Few templates ask for these while they are parsed.
    this: () => relationAt((provisional ??= placed(before))),
    model: () => modelOf(draft, id, before),
  };
  const { source, offset } = draft;
  const captured =
    draft.kind === "seed" || draft.isPlain
      ? NOTHING
      : draft.generated
        ? capture(state, { ...draft.file, text: source }, source, offset, face, draft.at)
        : capture(state, draft.file, source, offset, face);
  const config = captured.config.length
    ? effectiveConfig({ ...sources, properties: draft.properties?.config ?? {}, inFile: captured.config })
    : before;
  const where = (captured.config.length === 0 ? provisional : undefined) ?? placed(config);
  const hooked = hooksSeen(state, draft, id, config, where, captured);
  const keys = draft.kind === "model" && draft.properties ? keyCalls(state, draft.properties, face) : [];
  const written = writtenConfig({
    ...sources,
    properties: draft.properties?.config ?? {},
    inFile: [...captured.config, captured.written ?? {}],
  });
  const base = { ...baseOf(state, draft, id, config, where, hooked), writtenConfig: written };
  return keys.length > 0 ? withKeys(base, keys) : base;
}

/** What a foreign key refers to must be there first: the node depends on it. */
const withKeys = (node: NodeBase, keys: readonly KeyCall[]): NodeBase => ({
  ...node,
  refs: [...node.refs, ...keys.flatMap(({ ref }) => ref ?? [])],
  sourceCalls: [...node.sourceCalls, ...keys.flatMap(({ source }) => source ?? [])],
  keyCalls: keys,
});

/** What hooks name, the node depends on as well. */
function hooksSeen(state: ParseState, draft: Draft, id: string, all: Mapping, where: Place, seen: Captured): Captured {
  const { pre_hook, post_hook } = nodeConfig(all, draft.at);
  const refs = [...seen.refs];
  const sources = [...seen.sources];
  const functions = [...seen.functions];
  const macros = new Set(seen.macros);
  const calls = new Set(seen.calls);
  const face: NodeFace = {
    package: draft.package.name,
    this: () => relationAt(where),
    model: () => modelOf(draft, id, all),
  };
  for (const { sql } of [...pre_hook, ...post_hook]) {
    if (!sql.includes("{{") && !sql.includes("{%")) continue;
    const file = { ...draft.file, text: sql };
    const found = capture(state, file, sql, 0, face, draft.at);
    refs.push(...found.refs);
    sources.push(...found.sources);
    functions.push(...found.functions);
    for (const id of found.macros) macros.add(id);
    for (const id of found.calls) calls.add(id);
  }
  return { config: seen.config, refs, sources, functions, macros, calls };
}

interface Place {
  readonly database: string;
  readonly schema: string;
  readonly alias: string;
}

const relationAt = ({ database, schema, alias }: Place): Relation =>
  new Relation({ database, schema, identifier: alias });

const NOTHING: Captured = {
  config: [],
  refs: [],
  sources: [],
  functions: [],
  macros: new Set(),
  calls: new Set(),
};

function baseOf(
  state: ParseState,
  draft: Draft,
  id: NodeBase["id"],
  all: Mapping,
  where: Place,
  captured: Captured,
): Omit<NodeBase, "writtenConfig"> {
  const config = nodeConfig(all, draft.at);
  const p = draft.properties;
  const pkg = draft.package.name;
  return {
    id,
    name: draft.name,
    package: pkg,
    fqn: draft.fqn,
    tags: config.tags,
    meta: config.meta,
    ...(p ? describe(state, pkg, p.description, p.at) : { description: "", docBlocks: [] }),
    file: draft.file,
    at: draft.at,
    raw: draft.source,
    config,
    ...where,
    dependsOn: [],
    refs: captured.refs,
    sourceCalls: captured.sources,
    functionCalls: captured.functions,
    macros: [...captured.macros],
    calls: [...captured.calls],
    columns: describeColumns(state, pkg, p?.columns ?? []),
    constraints: p?.constraints ?? [],
    ...(p ? { propertiesAt: p.at } : {}),
    ...(p?.from !== undefined && { propertiesFrom: p.from }),
  };
}

/** `model` in templates and `node` in the naming macros: dbt's keys. */
function modelOf(draft: Draft, id: string, config: Mapping): Mapping {
  return {
    unique_id: id,
    name: draft.name,
    resource_type: draft.kind,
    package_name: draft.package.name,
    path: draft.file.path.split("/").slice(1).join("/"),
    original_file_path: draft.file.path,
    fqn: draft.fqn,
    config,
    tags: config["tags"] ?? [],
    meta: config["meta"] ?? {},
    description: draft.properties?.description ?? "",
    version: draft.properties?.version?.value ?? null,
    ...(draft.properties?.version && { latest_version: draft.properties.version.latest }),
  };
}

/** A version's file has a name of its own; the latest's may have the model's. */
function fileOf({ name, version }: NodeProperties, files: ReadonlySet<string>): string {
  if (!version) return name;
  return version.isLatest && !files.has(version.definedIn) && files.has(name) ? name : version.definedIn;
}

function versionOf<T extends { readonly name: string; readonly fqn: readonly string[] }>(
  draft: T,
  name: string,
  { text }: VersionProperties,
): T {
  return { ...draft, name, fqn: [...draft.fqn.slice(0, -1), name, `v${text}`] };
}

/** Names a model in error messages and in the names of its tests: with its version, if it has one. */
export const versionedName = (node: { readonly name: string; readonly version?: unknown }): string =>
  node.version === undefined || node.version === null ? node.name : `${node.name}_v${String(node.version)}`;

function parseSeed(
  state: ParseState,
  pkg: Package,
  seed: SeedFile,
  draft: Omit<Draft, "kind" | "section" | "defaults">,
  properties: ReadonlyMap<string, NodeProperties>,
): SeedNode {
  const defaults: Mapping = { ...MODEL_DEFAULTS, materialized: "seed", column_types: {}, delimiter: "," };
  const base = parseNode(state, {
    ...draft,
    package: pkg,
    kind: "seed",
    section: "seeds",
    defaults,
    ...found(properties, draft.name),
  });
  return { ...base, kind: "seed", seed };
}

/** `{% snapshot name %}` blocks, and snapshots written wholly in YAML with `relation:`. */
function parseSnapshots(state: ParseState, pkg: Package, entries: Described["snapshots"]): SnapshotNode[] {
  const defaults: Mapping = { ...MODEL_DEFAULTS, materialized: "snapshot" };
  const properties = byName(entries, state.diagnostics);
  const nodes: SnapshotNode[] = [];
  const common = { package: pkg, kind: "snapshot", section: "snapshots", defaults } as const;
  for (const file of pkg.files.snapshots) {
    for (const block of blocksOf(file, ["snapshot"], state.diagnostics)) {
      const base = parseNode(state, {
        ...common,
        name: block.name,
        file,
        source: block.contents,
        offset: block.contentsStart,
        at: { file, start: block.start, end: block.start + block.name.length },
        // dbt: the file's name is a folder of the fqn.
        fqn: [...fqnOf(pkg.name, file.path, pkg.config.paths.snapshots, stem(file.path)), block.name],
        ...found(properties, block.name),
      });
      nodes.push({ ...base, kind: "snapshot" });
    }
  }
  for (const p of pkg.properties.snapshots) {
    if (!p.relation) continue;
    const source = `select * from {{ ${p.relation} }}`;
    const base = parseNode(state, {
      ...common,
      name: p.name,
      file: p.at.file,
      source,
      generated: true,
      offset: 0,
      at: p.at,
      fqn: fqnOf(pkg.name, p.at.file.path, pkg.config.paths.snapshots, p.name),
      properties: p,
    });
    nodes.push({ ...base, kind: "snapshot" });
  }
  return nodes;
}

const found = (from: ReadonlyMap<string, NodeProperties>, name: string): { properties?: NodeProperties } => {
  const properties = from.get(name);
  return properties ? { properties } : {};
};

export function byName<T extends NodeProperties>(
  entries: readonly T[],
  diagnostics: Diagnostic[],
  nameOf: (entry: T) => string = ({ name }) => name,
): Map<string, T> {
  const map = new Map<string, T>();
  for (const entry of entries) {
    const name = nameOf(entry);
    const first = map.get(name);
    if (first) {
      diagnostics.push(
        error("duplicate-properties", `"${entry.name}" is described twice.`, entry.at, [
          { message: "the first description is here", at: first.at },
          "keep one of them",
        ]),
      );
    } else map.set(name, entry);
  }
  return map;
}

/**
 * Properties that describe nothing, or a node of another kind, are ignored by dbt (but for their tests), with a warning.
 * `elsewhere`: the nodes of other packages that entries describe.
 */
export function unusedProperties(
  pkg: Package,
  nodes: readonly FileNode[],
  elsewhere: ReadonlyMap<NodeProperties, FileNode>,
): Diagnostic[] {
  const kinds = [
    ["model", pkg.properties.models],
    ["seed", pkg.properties.seeds],
    ["snapshot", pkg.properties.snapshots],
  ] as const;
  return kinds.flatMap(([kind, entries]) => {
    const ofKind = nodes.filter((n) => n.kind === kind);
    const versions = new Map<string, FileNode[]>(ofKind.map((n) => [n.name, []]));
    for (const node of ofKind) versions.get(node.name)!.push(node);
    return entries
      .filter(
        (entry) =>
          elsewhere.get(entry)?.kind !== kind && !versions.get(entry.name)?.some((node) => isDescribed(node, entry)),
      )
      .map((entry) => {
        const other = elsewhere.get(entry);
        return unused(kind, entry, new Set(versions.keys()), other ? [...nodes, other] : nodes);
      });
  });
}

/** Whether an entry of a property file describes this node: of a versioned model, each describes one version. */
export const isDescribed = (node: FileNode, { name, version }: NodeProperties): boolean =>
  node.name === name && (node.kind === "model" ? node.version : undefined) === version?.value;

function unused(
  kind: string,
  entry: NodeProperties,
  names: ReadonlySet<string>,
  nodes: readonly FileNode[],
): Diagnostic {
  const { at } = entry;
  const name = entry.version?.definedIn ?? entry.name;
  const other = nodes.find(
    (n) => n.name === name && (n.kind === "model" || n.kind === "seed" || n.kind === "snapshot"),
  );
  if (!other) {
    const message = `There is no ${kind} named "${name}" to describe.`;
    return warning("properties-without-node", message, at, didYouMean(name, names));
  }
  const message = `"${name}" is a ${other.kind}, but is described as a ${kind}: only its tests are heeded.`;
  return warning("properties-misplaced", message, at, [`move it to  ${other.kind}s:`]);
}

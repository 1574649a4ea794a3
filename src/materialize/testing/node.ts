/** Nodes and inputs for tests, with as little said as possible. */
import { Readable } from "node:stream";
import type { SourceFile, Span } from "../../diagnostics/diagnostic.ts";
import { nodeId, type ModelNode, type SeedNode, type SnapshotNode } from "../../parse/manifest.ts";
import type { ColumnProperties, ConstraintProperties, Mapping } from "../../project/types.ts";
import type { BuildInput, SeedInput } from "../materialization.ts";

const file: SourceFile = { path: "models/m.sql", absolute: "/p/models/m.sql", text: "select 1" };
export const span: Span = { file, start: 0, end: 8 };

export interface NodeOptions {
  readonly name?: string;
  readonly schema?: string;
  readonly materialized?: string;
  readonly kind?: "model" | "seed" | "snapshot";
  readonly config?: Mapping;
  readonly description?: string;
  readonly columns?: readonly (Partial<ColumnProperties> & { readonly name: string })[];
  readonly constraints?: readonly ConstraintProperties[];
  readonly keyTargets?: ModelNode["keyTargets"];
}

export function makeNode(options: NodeOptions = {}): ModelNode | SeedNode | SnapshotNode {
  const { name = "m", schema = "s", materialized = "table", kind = "model", config = {} } = options;
  const base = {
    id: nodeId(kind, "p", name),
    name,
    package: "p",
    fqn: ["p", name],
    tags: [],
    meta: {},
    description: options.description ?? "",
    docBlocks: [],
    file,
    at: span,
    raw: "",
    writtenConfig: {},
    config: {
      enabled: true,
      materialized,
      tags: [],
      meta: {},
      pre_hook: [],
      post_hook: [],
      all: { materialized, ...config },
    },
    database: "d",
    schema,
    alias: name,
    dependsOn: [],
    refs: [],
    sourceCalls: [],
    functionCalls: [],
    macros: [],
    calls: [],
    columns: (options.columns ?? []).map((column) => ({
      description: "",
      docBlocks: [],
      constraints: [],
      tests: [],
      tags: [],
      meta: {},
      at: span,
      ...column,
    })),
    constraints: options.constraints ?? [],
    ...(options.keyTargets && { keyTargets: options.keyTargets }),
  };
  if (kind === "seed")
    return { ...base, kind, seed: { file, bytes: 0, sha256: "", checksum: { name: "sha256", checksum: "" } } };
  return kind === "snapshot" ? { ...base, kind } : { ...base, kind };
}

export interface InputOptions extends NodeOptions {
  /** SQL of a post-hook. */
  readonly hook?: string;
  readonly sql?: string;
  readonly fullRefresh?: boolean;
  readonly rebuilt?: readonly string[];
  readonly serverVersion?: number;
  readonly seed?: SeedInput;
}

export function makeInput(options: InputOptions = {}): BuildInput {
  const node = makeNode(options);
  return {
    node,
    target: { schema: node.schema, identifier: node.alias },
    sql: options.sql ?? "select 1 as id",
    fullRefresh: options.fullRefresh ?? false,
    rebuilt: new Set(options.rebuilt),
    serverVersion: options.serverVersion ?? 180_000,
    ...(options.seed && { seed: options.seed }),
  };
}

/** A seed of `id, name` from rows of text. */
export function makeSeed(rows: readonly (readonly string[])[], columns: SeedInput["columns"]): SeedInput {
  const text = [columns.map((c) => c.name), ...rows].map((row) => `${row.join(",")}\n`).join("");
  return { columns, copyOptions: "format csv, header true", open: () => Readable.from([Buffer.from(text)]) };
}

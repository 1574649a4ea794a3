/** What a node is made of, as a hash: another one means that it must be built again. */
import { sha256 } from "../lib/hash.ts";
import type { DataTestNode, FunctionNode, ModelNode, SeedNode, SnapshotNode, UnitTestNode } from "../parse/manifest.ts";
import type { ConstraintProperties, FunctionArgument, Value } from "../project/types.ts";
import { relationOf } from "./relations.ts";
import { canonical } from "./sql-text.ts";

/** Of what is hashed; a later Sluice that builds otherwise counts it up. */
const FORMAT = 1;

/** Configuration that says nothing about the relation or its rows. */
const IDLE: ReadonlySet<string> = new Set([
  "enabled",
  "tags",
  "meta",
  "docs",
  "group",
  "access",
  "full_refresh",
  "on_error",
]);

/** `sql` is compiled, with published names. Layout and comments do not count. */
export function fingerprint(
  node: ModelNode | SeedNode | SnapshotNode | FunctionNode | DataTestNode | UnitTestNode,
  sql: string,
): string {
  const config = Object.entries(node.config.all).filter(
    ([key]) => !IDLE.has(key) && key !== "pre-hook" && key !== "post-hook",
  );
  const hooks = [...node.config.pre_hook, ...node.config.post_hook].map((hook) => [hook.sql, hook.transaction]);
  const columns = node.columns.map(({ name, dataType: type, constraints, description }) => [
    name,
    type ?? null,
    constraints.map(said),
    described(node.config.all) ? description : "",
  ]);
  const place = node.kind === "test" || node.kind === "unit_test" ? null : relationOf(node);
  return sha256(
    JSON.stringify([
      FORMAT,
      node.kind,
      place,
      canonical(sql),
      node.kind === "seed" ? node.seed.sha256 : null,
      config.toSorted(([a], [b]) => (a < b ? -1 : 1)),
      hooks,
      columns,
      node.constraints.map(said),
      described(node.config.all) ? node.description : "",
      ...(node.kind === "function" ? [node.language, ...[node, ...node.overloads].map(signature)] : []),
    ]),
  );
}

const signature = ({ arguments: args, returns }: Pick<FunctionNode, "arguments" | "returns">): unknown => [
  args.map(({ name, dataType, defaultValue }: FunctionArgument) => [name, dataType, defaultValue ?? null]),
  returns.dataType,
];

/** Without its place in the file. */
const said = (constraint: ConstraintProperties): object => ({ ...constraint, at: undefined });

function described(config: Readonly<Record<string, Value>>): boolean {
  const docs = config["persist_docs"];
  return typeof docs === "object" && docs !== null && Object.values(docs).includes(true);
}

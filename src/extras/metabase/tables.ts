/** What the project says about its relations: descriptions, semantic types, keys. */
import type { Manifest, ModelNode, Node, NodeId } from "../../index.ts";

export interface DesiredTable {
  readonly schema: string;
  readonly name: string;
  readonly description: string;
  readonly fields: readonly DesiredField[];
}

export interface DesiredField {
  readonly name: string;
  readonly description: string;
  /** `type/PK`; undefined leaves what Metabase has. */
  readonly semanticType?: string;
  /** The field that it refers to; then its type is `type/FK`. */
  readonly refersTo?: { readonly schema: string; readonly table: string; readonly field: string };
}

/** Metabase reads this table for itself, and does not show it. */
const ITS_OWN = "_metabase_metadata";

/** The relations among `visible`. */
export function desiredTables(manifest: Manifest, visible: ReadonlySet<NodeId>): DesiredTable[] {
  return [...manifest.nodes.values()]
    .filter(isRelation)
    .filter((node) => visible.has(node.id) && node.alias.toLowerCase() !== ITS_OWN)
    .map((node) => ({
      schema: node.schema,
      name: node.alias,
      description: node.description.trim(),
      fields: fieldsOf(node, manifest),
    }));
}

export type Relation = Extract<Node, { kind: "model" | "seed" | "snapshot" }>;

export const isRelation = (node: Node): node is Relation =>
  (node.kind === "model" || node.kind === "seed" || node.kind === "snapshot") &&
  node.config.materialized !== "ephemeral";

function fieldsOf(node: Relation, manifest: Manifest): DesiredField[] {
  const tests = [...manifest.nodes.values()].filter((test) => test.kind === "test" && test.attached === node.id);
  const tested = (column: string, name: string): Node | undefined =>
    tests.find((test) => test.kind === "test" && test.generic?.test === name && test.generic.column === column);
  const declared = [
    ...node.constraints,
    ...node.columns.flatMap((column) =>
      column.constraints.map((constraint) => ({ ...constraint, columns: [column.name] })),
    ),
  ];
  // Several columns may identify a row; Metabase's key is the declared one, or else the first.
  const key = declared.some((c) => c.type === "primary_key")
    ? undefined
    : node.columns.find(({ name }) => tested(name, "unique") && tested(name, "not_null"));
  return node.columns.map((column) => {
    const primary = declared.find((c) => c.type === "primary_key" && c.columns.includes(column.name));
    const foreign = declared.find(
      (c) => c.type === "foreign_key" && c.columns.length === 1 && c.columns[0] === column.name,
    );
    const relationship = tested(column.name, "relationships");
    const refersTo = foreign
      ? target(foreign.to, foreign.toColumns[0], node, manifest)
      : relationship && relationshipTarget(relationship, node, manifest);
    const isKey = column === key || (primary && (primary.columns.length === 1 || !refersTo));
    const said = column.meta["metabase.semantic_type"];
    const semanticType = typeof said === "string" ? said : isKey ? "type/PK" : refersTo ? "type/FK" : undefined;
    return {
      name: column.name,
      description: column.description.trim(),
      ...(semanticType !== undefined && { semanticType }),
      ...(refersTo && semanticType === "type/FK" && { refersTo }),
    };
  });
}

/** Of `to: ref('x')` of a relationships test: the relation that the test reads besides the one it is attached to. */
function relationshipTarget(test: Node, node: Relation, manifest: Manifest): DesiredField["refersTo"] {
  if (test.kind !== "test") return undefined;
  const field = test.generic?.args["field"];
  const other = test.dependsOn.find((id) => id !== node.id) ?? test.dependsOn[0];
  return typeof field === "string" ? relationField(other, field, manifest) : undefined;
}

/** Of a foreign key's `to:`, which is `ref('x')` or a relation's name. */
function target(
  to: string | undefined,
  field: string | undefined,
  node: Relation,
  manifest: Manifest,
): DesiredField["refersTo"] {
  if (to === undefined || field === undefined) return undefined;
  const name = /ref\(\s*['"]([^'"]+)['"]\s*\)/.exec(to)?.[1];
  if (name === undefined) {
    const parts = to.replaceAll('"', "").split(".");
    const table = parts.at(-1)!;
    return { schema: parts.at(-2) ?? node.schema, table, field };
  }
  const found = [...manifest.nodes.values()].find((other) => isRelation(other) && other.name === name);
  return relationField(found?.id, field, manifest);
}

function relationField(id: NodeId | undefined, field: string, manifest: Manifest): DesiredField["refersTo"] {
  const node = id && (manifest.nodes.get(id) as ModelNode | undefined);
  return node && isRelation(node) ? { schema: node.schema, table: node.alias, field } : undefined;
}

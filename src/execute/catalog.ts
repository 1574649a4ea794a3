/** The relations of a project, described as the database holds them. */
import type { NodeId, Resource } from "../parse/manifest.ts";
import { relationOf } from "../plan/relations.ts";
import { relationKey } from "../plan/plan.ts";
import { describeSchemas, type DescribedRow, type RelationKind } from "../postgres/catalog.ts";
import type { Session } from "../postgres/database.ts";

export interface DescribedRelation {
  readonly database: string;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  readonly owner: string;
  readonly comment: string | null;
  readonly columns: readonly DescribedColumn[];
}

export interface DescribedColumn {
  readonly name: string;
  /** `numeric(18,2)`, as `format_type` writes it. */
  readonly type: string;
  /** As Postgres counts: dropped columns keep their number. */
  readonly index: number;
  readonly comment: string | null;
}

/** What is there of the resources given; those without a relation, or whose relation is not there, are left out. */
export async function describeRelations(
  session: Session,
  database: string,
  resources: readonly Resource[],
): Promise<Map<NodeId, DescribedRelation>> {
  const standing = resources.filter((r) => r.kind !== "exposure" && r.kind !== "unit_test");
  const schemas = [...new Set(standing.map((resource) => relationOf(resource).schema))];
  const { rows } = await session.query<DescribedRow & Record<string, unknown>>(describeSchemas(schemas));
  const found = new Map<string, DescribedRelation & { columns: DescribedColumn[] }>();
  for (const { schema, name, kind, owner, comment, column, type, index, columnComment } of rows) {
    const key = relationKey({ schema, identifier: name });
    let relation = found.get(key);
    if (!relation) found.set(key, (relation = { database, schema, name, kind, owner, comment, columns: [] }));
    relation.columns.push({ name: column, type, index, comment: columnComment });
  }
  const described = new Map<NodeId, DescribedRelation>();
  for (const resource of standing) {
    const relation = found.get(relationKey(relationOf(resource)));
    if (relation) described.set(resource.id, relation);
  }
  return described;
}

/** `target/catalog.json`, version 1 of dbt's schema: the relations of the project as the database holds them. */
import type { DescribedRelation } from "../execute/catalog.ts";
import type { NodeId } from "../parse/manifest.ts";
import { type Invocation, metadata } from "./metadata.ts";

export const CATALOG_FILE = "catalog.json";

const TYPES = {
  table: "BASE TABLE",
  partitioned_table: "BASE TABLE",
  foreign_table: "BASE TABLE",
  view: "VIEW",
  materialized_view: "MATERIALIZED VIEW",
} as const;

const NO_STATISTICS = {
  has_stats: {
    id: "has_stats",
    label: "Has Stats?",
    value: false,
    include: false,
    description: "Indicates whether there are statistics for this table",
  },
};

/** `relations` are what was found of the resources asked for. */
export function catalogArtifact(
  relations: ReadonlyMap<NodeId, DescribedRelation>,
  invocation: Invocation,
  now: Date = new Date(),
): Record<string, unknown> {
  const entries = [...relations].map(([id, relation]) => [id, entryOf(id, relation)] as const);
  return {
    metadata: metadata("catalog/v1", invocation, now),
    nodes: Object.fromEntries(entries.filter(([id]) => !isSource(id))),
    sources: Object.fromEntries(entries.filter(([id]) => isSource(id))),
    errors: null,
  };
}

const isSource = (id: NodeId): boolean => id.startsWith("source.");

function entryOf(id: NodeId, { database, schema, name, kind, owner, comment, columns }: DescribedRelation): object {
  return {
    metadata: { type: TYPES[kind], schema, name, database, comment, owner },
    columns: Object.fromEntries(
      columns.map((c) => [c.name, { type: c.type, index: c.index, name: c.name, comment: c.comment }]),
    ),
    stats: NO_STATISTICS,
    unique_id: id,
  };
}

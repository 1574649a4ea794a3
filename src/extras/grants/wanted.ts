/** What the project says about readers: the roles that its `grants` name, and what they may. */
import type { Manifest, Node } from "../../index.ts";
import { foldName, type RelationName } from "../../postgres/relation.ts";

export interface Wanted {
  /** The readers' groups: every role that some `grants` names. */
  readonly roles: readonly string[];
  readonly relations: readonly WantedRelation[];
  /** Where the project's relations and files lie, and its record; nothing in them is for readers unless granted. */
  readonly schemas: readonly string[];
}

export interface WantedRelation extends RelationName {
  /** Privileges in lower case, by role; empty for what no reader may see. */
  readonly grants: ReadonlyMap<string, readonly string[]>;
}

/** Sluice's own tables: who ran what, and which rows were refused. */
const STATE_SCHEMA = "sluice";

export function wantedGrants(manifest: Manifest): Wanted {
  const nodes = [...manifest.nodes.values()].filter(isRelation);
  const relations: WantedRelation[] = [
    ...nodes.map((node) => ({ schema: node.schema, identifier: node.alias, grants: grantsOf(node) })),
    ...[...manifest.sources.values()].map(({ schema, identifier }) => ({ schema, identifier, grants: new Map() })),
  ];
  const roles = new Set(relations.flatMap(({ grants }) => [...grants.keys()]));
  const schemas = new Set([...relations.map(({ schema }) => schema), STATE_SCHEMA]);
  return { roles: [...roles].toSorted(), relations, schemas: [...schemas].toSorted() };
}

type Relation = Extract<Node, { kind: "model" | "seed" | "snapshot" }>;
const isRelation = (node: Node): node is Relation =>
  (node.kind === "model" && node.config.materialized !== "ephemeral") ||
  node.kind === "seed" ||
  node.kind === "snapshot";

function grantsOf(node: Relation): Map<string, string[]> {
  const byRole = new Map<string, string[]>();
  const grants = node.config.all["grants"];
  if (typeof grants !== "object" || grants === null || Array.isArray(grants)) return byRole;
  for (const [privilege, written] of Object.entries(grants)) {
    for (const role of [written].flat()) {
      if (typeof role !== "string" || role.toLowerCase() === "public") continue;
      const name = roleName(role);
      byRole.set(name, [...(byRole.get(name) ?? []), privilege.toLowerCase()]);
    }
  }
  return byRole;
}

/** As dbt writes them, unquoted; who needs another case or odd signs quotes within the text. */
function roleName(written: string): string {
  if (/^".*"$/s.test(written)) return written.slice(1, -1).replaceAll('""', '"');
  return /^[a-z_][\w$]*$/i.test(written) ? foldName(written) : written;
}

import { error, Failure } from "../../diagnostics/diagnostic.ts";
import type { NodeId, Sluice } from "../../index.ts";
import { listRoles, listVisible, type VisibleRow } from "../../postgres/privileges.ts";
import { isRelation } from "./tables.ts";

/**
 * The project's relations that a role can see in the database now, by Metabase's own measure: USAGE of the schema, and
 * SELECT on some column. Throws `Failure` when there is no such role.
 */
export async function visibleTo(sluice: Sluice, role: string): Promise<Set<NodeId>> {
  const relations = [...sluice.manifest.nodes.values()].filter(isRelation);
  return sluice.connections.ask(async (session) => {
    const found = await session.query(listRoles([role]));
    if (found.rows.length === 0) throw roleMissing(role);
    const { rows } = await session.query<VisibleRow>(
      listVisible(
        [role],
        relations.map(({ schema }) => schema),
      ),
    );
    const seen = new Set(rows.map(({ schema, relation }) => `${schema}.${relation}`));
    const visible = relations.filter(({ schema, alias }) => seen.has(`${schema}.${alias}`));
    return new Set(visible.map(({ id }) => id));
  });
}

function roleMissing(role: string): Failure {
  return new Failure(
    error("metabase-role", `PostgreSQL has no role "${role}" for Metabase to log in as.`, undefined, [
      "name another with --db-user or BI_USER, or make it a member of a group of readers:",
      `create role ${role} login password '…' in role <group>; alter role ${role} set default_transaction_read_only = on`,
    ]),
  );
}

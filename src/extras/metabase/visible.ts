import { error, Failure } from "../../diagnostics/diagnostic.ts";
import type { NodeId, Sluice } from "../../index.ts";
import { isRelation } from "./tables.ts";

/**
 * The project's relations that a role can see in the database now, by Metabase's own measure: USAGE of the schema, and
 * SELECT on some column. Throws `Failure` when there is no such role.
 */
export async function visibleTo(sluice: Sluice, role: string): Promise<{ visible: Set<NodeId> }> {
  const relations = [...sluice.manifest.nodes.values()].filter(isRelation);
  const asked = relations.map(({ id, schema, alias }) => ({ id, schema, alias }));
  return sluice.connections.ask(async (session) => {
    const found = await session.query("select 1 from pg_roles where rolname = $1", [role]);
    if (found.rows.length === 0) throw roleMissing(role);
    const { rows } = await session.query<{ id: NodeId }>(
      `select r.id from jsonb_to_recordset($2) as r(id text, schema text, alias text)
       join pg_namespace n on n.nspname = r.schema
       join pg_class c on c.relnamespace = n.oid and c.relname = r.alias and c.relkind in ('r', 'p', 'v', 'f', 'm')
       where has_schema_privilege($1, n.oid, 'usage') and has_any_column_privilege($1, c.oid, 'select')`,
      [role, JSON.stringify(asked)],
    );
    return { visible: new Set(rows.map(({ id }) => id)) };
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

/** Keeps the readers' roles: asks, plans, applies in one transaction, and looks again at what they see. */
import type { Sluice } from "../../index.ts";
import {
  listPrivilegesOf,
  listRoles,
  listSchemas,
  listVisible,
  type PrivilegeRow,
  type RoleRow,
  type VisibleRow,
} from "../../postgres/privileges.ts";
import { listRelations } from "../../postgres/catalog.ts";
import type { Session } from "../../index.ts";
import { planGrants, type Present, stillSeen } from "./plan.ts";
import { wantedGrants, type Wanted } from "./wanted.ts";

export interface GrantsResult {
  readonly roles: readonly string[];
  /** What was run, or with `dryRun` would be. */
  readonly statements: readonly string[];
  /** What readers can see and should not, by another way than a grant to them. Empty in a dry run. */
  readonly leaks: readonly VisibleRow[];
  /** Roles to which privileges do not apply. */
  readonly seeAll: readonly string[];
}

/** Throws `Failure` when a statement is refused. */
export async function keepGrants(sluice: Sluice, dryRun: boolean): Promise<GrantsResult> {
  const wanted = wantedGrants(sluice.manifest);
  if (wanted.roles.length === 0) return { roles: [], statements: [], leaks: [], seeAll: [] };
  return sluice.connections.ask((session) =>
    session.transaction(async () => {
      const present = await presentOf(session, wanted);
      const statements = planGrants(wanted, present);
      if (dryRun) return { roles: wanted.roles, statements, leaks: [], seeAll: [] };
      for (const statement of statements) await session.query(statement);
      const { rows } = await session.query<VisibleRow>(listVisible(wanted.roles, present.schemas));
      const roles = await session.query<RoleRow>(listRoles(wanted.roles));
      const seeAll = roles.rows.filter((role) => role.seesAll).map(({ name }) => name);
      const groups = await groupsOf(session, wanted.roles);
      const leaks = stillSeen(wanted, rows, (role) => groups.get(role) ?? []).filter(
        ({ role }) => !seeAll.includes(role),
      );
      return { roles: wanted.roles, statements, leaks, seeAll };
    }),
  );
}

async function presentOf(session: Session, wanted: Wanted): Promise<Present> {
  const roles = await session.query<RoleRow>(listRoles(wanted.roles));
  const found = await session.query<{ name: string }>(listSchemas(wanted.schemas));
  const schemas = found.rows.map(({ name }) => name);
  const relations = await session.query<{ schema: string; name: string }>(listRelations(schemas));
  const privileges = await session.query<PrivilegeRow>(listPrivilegesOf(wanted.roles, schemas));
  return {
    roles: roles.rows,
    schemas,
    relations: new Set(relations.rows.map(({ schema, name }) => `${schema}.${name}`)),
    privileges: privileges.rows,
  };
}

/** Which of the readers' groups each of them is a member of, directly or not. */
async function groupsOf(session: Session, roles: readonly string[]): Promise<Map<string, string[]>> {
  const { rows } = await session.query<{ role: string; groups: string[] }>(
    `select r as role, to_json(array(select g from unnest($1::text[]) g where g <> r and pg_has_role(r, g, 'usage'))) as groups
     from unnest($1::text[]) r`,
    [roles],
  );
  return new Map(rows.map(({ role, groups }) => [role, groups]));
}

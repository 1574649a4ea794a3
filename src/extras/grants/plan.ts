/** The difference between what readers should be able to do and what they were granted, as statements. Pure. */
import type { PrivilegeRow, RoleRow, VisibleRow } from "../../postgres/privileges.ts";
import {
  createGroup,
  grant,
  grantOnSchema,
  revoke,
  revokeDefault,
  revokeOnColumn,
  revokeOnSchema,
} from "../../postgres/sql/grants.ts";
import type { Wanted, WantedRelation } from "./wanted.ts";

export interface Present {
  readonly roles: readonly RoleRow[];
  /** Schemas that exist, those of work and of what was replaced included. */
  readonly schemas: readonly string[];
  /** Relations that exist: `schema.name`. */
  readonly relations: ReadonlySet<string>;
  readonly privileges: readonly PrivilegeRow[];
}

const keyOf = (schema: string, name: string): string => `${schema}.${name}`;

/** In the order in which they can be run, in one transaction. */
export function planGrants(wanted: Wanted, present: Present): string[] {
  const known = new Map(wanted.relations.map((relation) => [keyOf(relation.schema, relation.identifier), relation]));
  const exists = new Set(present.roles.map(({ name }) => name));
  const missing = wanted.roles.filter((role) => !exists.has(role));
  return [
    ...missing.map(createGroup),
    ...wanted.roles.flatMap((role) => openSchemas(role, wanted, present)),
    ...wanted.relations.flatMap((relation) => openRelation(relation, present)),
    ...present.privileges.flatMap((given) => close(given, wanted, known)),
  ];
}

/** Schemas that hold something for the role. */
const schemasFor = (role: string, { relations }: Wanted): string[] =>
  [...new Set(relations.filter(({ grants }) => grants.has(role)).map(({ schema }) => schema))].toSorted();

function openSchemas(role: string, wanted: Wanted, { privileges, schemas }: Present): string[] {
  const has = (schema: string): boolean =>
    privileges.some((p) => p.what === "schema" && p.schema === schema && p.grantee === role && p.privilege === "usage");
  return schemasFor(role, wanted)
    .filter((schema) => schemas.includes(schema) && !has(schema))
    .map((schema) => grantOnSchema(schema, "usage", role));
}

function openRelation(relation: WantedRelation, { privileges, relations }: Present): string[] {
  if (!relations.has(keyOf(relation.schema, relation.identifier))) return [];
  const has = (role: string, privilege: string): boolean =>
    privileges.some(
      (p) =>
        p.what === "relation" &&
        p.schema === relation.schema &&
        p.relation === relation.identifier &&
        p.grantee === role &&
        p.privilege === privilege,
    );
  return [...relation.grants].flatMap(([role, wanted]) =>
    wanted
      .filter((privilege) => privilege !== "all" && !has(role, privilege))
      .map((privilege) => grant(relation, privilege, [role])),
  );
}

/** What a reader has and should not. Somebody else's relations in a schema for readers are not ours to close. */
function close(given: PrivilegeRow, wanted: Wanted, known: ReadonlyMap<string, WantedRelation>): string[] {
  const { what, schema, relation, column, privilege, grantee: role, owner } = given;
  const isForReader = schemasFor(role, wanted).includes(schema);
  if (what === "schema") {
    return isForReader && privilege === "usage" ? [] : [revokeOnSchema(schema, privilege, role)];
  }
  if (what === "default") return isForReader ? [] : [revokeDefault(schema, owner, privilege, role)];
  const ours = known.get(keyOf(schema, relation!));
  if (!ours && isForReader) return [];
  const on = { schema, identifier: relation! };
  if (what === "column") return [revokeOnColumn(on, column!, privilege, role)];
  const may = ours?.grants.get(role) ?? [];
  return may.includes(privilege) || may.includes("all") ? [] : [revoke(on, privilege, [role])];
}

/** What a role still sees though nothing is granted to it there: through another role, or because all may. */
export function stillSeen(
  wanted: Wanted,
  visible: readonly VisibleRow[],
  members: (role: string) => readonly string[],
): VisibleRow[] {
  const known = new Map(wanted.relations.map((relation) => [keyOf(relation.schema, relation.identifier), relation]));
  return visible.filter(({ role, schema, relation }) => {
    const ours = known.get(keyOf(schema, relation));
    const isForReader = [role, ...members(role)].some((one) => schemasFor(one, wanted).includes(schema));
    if (!ours) return !isForReader;
    // A group may be in another group of readers, and sees what that one may.
    return ![role, ...members(role)].some((one) => ours.grants.has(one));
  });
}

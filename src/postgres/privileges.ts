/** Who may what: the part of the catalog about roles and privileges. SQL as text with the shape of its rows, as in catalog.ts. */
import { IS_WORK_SCHEMA } from "./kept.ts";
import { quoteLiteral } from "./relation.ts";

const list = (names: readonly string[]): string => names.map(quoteLiteral).join(", ") || "null";

export interface RoleRow {
  readonly name: string;
  /** Superusers and those who pass row level security see everything, whatever is granted. */
  readonly seesAll: boolean;
}

/** Rows: `RoleRow`, those that exist. */
export const listRoles = (names: readonly string[]): string => `
select rolname as name, rolsuper or rolbypassrls as "seesAll" from pg_roles where rolname in (${list(names)}) order by 1`;

export interface PrivilegeRow {
  readonly what: "schema" | "relation" | "column" | "default";
  readonly schema: string;
  /** Of relations and columns. */
  readonly relation: string | null;
  readonly column: string | null;
  /** In lower case. */
  readonly privilege: string;
  readonly grantee: string;
  /** Of default privileges: whose future tables they are about. */
  readonly owner: string;
}

/** Rows: `PrivilegeRow`: what was granted to the roles by name, in schemas, on relations and columns, and by default. */
export const listPrivilegesOf = (roles: readonly string[], schemas: readonly string[]): string => `
with here as (select oid, nspname, nspacl, nspowner from pg_namespace where nspname in (${list(schemas)})),
relations as (
  select c.oid, c.relname, c.relacl, c.relowner, h.nspname from pg_class c join here h on h.oid = c.relnamespace
  where c.relkind in ('r', 'v', 'm', 'f', 'p')
),
given(what, schema, relation, "column", privilege, grantee, owner) as (
  select 'schema', h.nspname, null::name, null::name, g.privilege_type, g.grantee, h.nspowner
  from here h cross join aclexplode(h.nspacl) g where g.grantee <> h.nspowner
  union all
  select 'relation', r.nspname, r.relname, null, g.privilege_type, g.grantee, r.relowner
  from relations r cross join aclexplode(r.relacl) g where g.grantee <> r.relowner
  union all
  select 'column', r.nspname, r.relname, a.attname, g.privilege_type, g.grantee, r.relowner
  from relations r join pg_attribute a on a.attrelid = r.oid and not a.attisdropped cross join aclexplode(a.attacl) g
  where g.grantee <> r.relowner
  union all
  select 'default', h.nspname, null, null, g.privilege_type, g.grantee, d.defaclrole
  from pg_default_acl d join here h on h.oid = d.defaclnamespace cross join aclexplode(d.defaclacl) g
  where d.defaclobjtype = 'r' and g.grantee <> d.defaclrole
)
select what, schema, relation, "column", lower(privilege) as privilege, pg_get_userbyid(grantee) as grantee,
  pg_get_userbyid(owner) as owner
from given where grantee in (select oid from pg_roles where rolname in (${list(roles)}))
order by what, schema, relation, "column", privilege, grantee`;

export interface VisibleRow {
  readonly role: string;
  readonly schema: string;
  readonly relation: string;
}

/**
 * Rows: `VisibleRow`: relations of the schemas that a role can see, whether by its own right, through another role or as
 * one of all: the schema may be used, and some column read.
 */
export const listVisible = (roles: readonly string[], schemas: readonly string[]): string => `
select r.rolname as role, n.nspname as schema, c.relname as relation
from pg_roles r
cross join pg_namespace n
join pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'v', 'm', 'f', 'p')
where r.rolname in (${list(roles)}) and n.nspname in (${list(schemas)})
  and has_schema_privilege(r.oid, n.oid, 'usage') and has_any_column_privilege(r.oid, c.oid, 'select')
order by 1, 2, 3`;

/** Rows `{ name }`: the schemas of the names, and those that hold what is built out of sight or was replaced. */
export const listSchemas = (names: readonly string[]): string => `
select nspname as name from pg_namespace
where regexp_replace(nspname, ${IS_WORK_SCHEMA}, '') in (${list(names)}) order by 1`;

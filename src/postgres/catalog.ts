/** With `kept.ts` and `routines.ts`, the only reader of `pg_catalog`: SQL as text with the shape of its rows. Pure; whoever holds a session runs it. */
import { quote, quoteLiteral, type RelationName } from "./relation.ts";

export type RelationKind = "table" | "view" | "materialized_view" | "foreign_table" | "partitioned_table";

export interface RelationInfo {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  readonly owner: string;
}

const KIND = `case c.relkind when 'r' then 'table' when 'v' then 'view' when 'm' then 'materialized_view'
  when 'f' then 'foreign_table' when 'p' then 'partitioned_table' end`;

export const optionsOf = (relation: string): string =>
  `coalesce((select string_agg(format('%s = %L', split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)), ', ')
    from unnest(${relation}.reloptions) o), '')`;

/** Rows: `RelationInfo`. All relations of the schemas, tables first by name. */
export const listRelations = (schemas: readonly string[]): string => `
select c.oid::int8 as oid, n.nspname as schema, c.relname as name, ${KIND} as kind, pg_get_userbyid(c.relowner) as owner
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'v', 'm', 'f', 'p') and n.nspname in (${schemas.map(quoteLiteral).join(", ") || "null"})
order by n.nspname, c.relname`;

/** Rows: `RelationInfo` of those of these names that exist. */
export const findRelations = (names: readonly RelationName[]): string => `
select c.oid::int8 as oid, n.nspname as schema, c.relname as name, ${KIND} as kind, pg_get_userbyid(c.relowner) as owner
from (values ${names.map((n) => `(${quoteLiteral(n.schema)}::name, ${quoteLiteral(n.identifier)}::name)`).join(", ") || "(null::name, null::name)"}) as wanted(schema, name)
join pg_namespace n on n.nspname = wanted.schema join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
where c.relkind in ('r', 'v', 'm', 'f', 'p')`;

export interface FoundRelation extends RelationInfo {
  /** Storage options, written as `with (…)` takes them: `security_barrier = 'true'`. */
  readonly options: string;
  readonly populated: boolean;
}

/** Rows: `FoundRelation`, at most one. */
export const findRelation = (name: RelationName): string => `
select c.oid::int8 as oid, n.nspname as schema, c.relname as name, ${KIND} as kind, pg_get_userbyid(c.relowner) as owner,
  ${optionsOf("c")} as options, c.relispopulated as populated
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'v', 'm', 'f', 'p') and n.nspname = ${quoteLiteral(name.schema)}
  and c.relname = ${quoteLiteral(name.identifier)}`;

export interface ColumnInfo {
  readonly name: string;
  /** `numeric(18,2)`, as `format_type` writes it. */
  readonly type: string;
  readonly oid: number;
  readonly notNull: boolean;
}

/** Rows: `ColumnInfo`, in column order. */
export const listColumns = (name: RelationName): string =>
  columnsWhere(`n.nspname = ${quoteLiteral(name.schema)}`, name.identifier);

/** Rows: `ColumnInfo` of one of the session's temporary tables, in column order. */
export const listTemporaryColumns = (name: string): string => columnsWhere("n.oid = pg_my_temp_schema()", name);

const columnsWhere = (schema: string, relation: string): string => `
select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.atttypid::int8 as oid, a.attnotnull as "notNull"
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
where ${schema} and c.relname = ${quoteLiteral(relation)} and a.attnum > 0 and not a.attisdropped
order by a.attnum`;

export interface PresentIndex {
  readonly name: string;
  /** Columns and expressions, as Postgres writes them: `id`, `"Id" desc`, `lower(name)`. */
  readonly columns: readonly string[];
  readonly include: readonly string[];
  readonly unique: boolean;
  /** Access method: `btree` … */
  readonly type: string;
  readonly partial: boolean;
  /** Plain columns, unique and not partial: `refresh … concurrently` can use it. */
  readonly identifies: boolean;
}

/** Rows: `PresentIndex`. */
export const listIndexes = (name: RelationName): string => `
select x.relname as name, i.indisunique as unique, m.amname as type, i.indpred is not null as partial,
  to_json(array(select pg_get_indexdef(i.indexrelid, k, true) from generate_series(1, i.indnkeyatts) k order by k)) as columns,
  to_json(array(select pg_get_indexdef(i.indexrelid, k, true) from generate_series(i.indnkeyatts + 1, i.indnatts) k order by k))
    as include,
  i.indisunique and i.indpred is null and i.indexprs is null and i.indisvalid as identifies
from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = ${quoteLiteral(name.schema)} and c.relname = ${quoteLiteral(name.identifier)}
order by x.relname`;

/** Rows `{ same }`: whether a relation's query is that of a temporary view. */
export const compareDefinitions = (name: RelationName, temporaryView: string): string => `
select pg_get_viewdef(c.oid) = pg_get_viewdef(t.oid) as same
from pg_class c join pg_namespace n on n.oid = c.relnamespace,
  pg_class t
where n.nspname = ${quoteLiteral(name.schema)} and c.relname = ${quoteLiteral(name.identifier)}
  and t.relnamespace = pg_my_temp_schema() and t.relname = ${quoteLiteral(temporaryView)}`;

/** Rows `{ privilege, grantee }`: in lower case, `public` for everybody. The owner's own are left out. */
export const listGrants = (name: RelationName): string => `
select distinct lower(g.privilege_type) as privilege,
  case when g.grantee = 0 then 'public' else pg_get_userbyid(g.grantee) end as grantee
from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join aclexplode(c.relacl) g
where n.nspname = ${quoteLiteral(name.schema)} and c.relname = ${quoteLiteral(name.identifier)}
  and c.relkind in ('r', 'v', 'm') and g.grantee <> c.relowner
order by 1, 2`;

/** Rows `{ sql }`: grants that make `at` what default privileges of `schema` make a relation that is created there. */
export const listDefaultGrants = (schema: string, at: RelationName): string => `
select format('grant %s on table %s to %s%s', string_agg(g.privilege_type, ', '), ${quoteLiteral(quote(at))},
  case when g.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end,
  case when g.is_grantable then ' with grant option' else '' end) as sql
from pg_default_acl d join pg_namespace n on n.oid = d.defaclnamespace cross join aclexplode(d.defaclacl) g
where n.nspname = ${quoteLiteral(schema)} and d.defaclobjtype = 'r'
  and d.defaclrole = (select oid from pg_roles where rolname = current_user) and g.grantee <> d.defaclrole
group by g.grantee, g.is_grantable`;

export interface ServerState {
  readonly version: number;
  readonly recovery: boolean;
  readonly readOnly: boolean;
  readonly database: string;
  readonly user: string;
  /** Schemas in the database. */
  readonly mayCreate: boolean;
}

/** Rows: `ServerState`, one. */
export const SERVER_STATE = `
select current_setting('server_version_num')::int as version, pg_is_in_recovery() as recovery,
  current_setting('transaction_read_only') = 'on' as "readOnly", current_database() as database, current_user as "user",
  has_database_privilege(current_database(), 'create') as "mayCreate"`;

export interface SchemaRight {
  readonly name: string;
  readonly usage: boolean;
  readonly create: boolean;
}

/** Rows: `SchemaRight` of those that exist. */
export const schemaRights = (names: readonly string[]): string => `
select nspname as name, has_schema_privilege(oid, 'usage') as usage, has_schema_privilege(oid, 'create') as create
from pg_namespace where nspname in (${names.map(quoteLiteral).join(", ") || "null"}) order by nspname`;

export interface RelationRight {
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  readonly owner: string;
  /** May do what its owner may. */
  readonly owns: boolean;
  readonly reads: boolean;
}

/** Rows: `RelationRight` of those that exist. */
export const listRights = (names: readonly RelationName[]): string => `
select n.nspname as schema, c.relname as name, ${KIND} as kind, pg_get_userbyid(c.relowner) as owner,
  pg_has_role(c.relowner, 'usage') as owns,
  has_schema_privilege(n.oid, 'usage') and has_any_column_privilege(c.oid, 'select') as reads
from (values ${names.map((n) => `(${quoteLiteral(n.schema)}::name, ${quoteLiteral(n.identifier)}::name)`).join(", ")}) as wanted(schema, name)
join pg_namespace n on n.nspname = wanted.schema join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
where c.relkind in ('r', 'v', 'm', 'f', 'p') order by 1, 2`;

/** A column of a relation, with what is said of both. */
export interface DescribedRow {
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  readonly owner: string;
  readonly comment: string | null;
  readonly column: string;
  readonly type: string;
  readonly index: number;
  readonly columnComment: string | null;
}

/** Rows: `DescribedRow`, of all columns of all lasting relations of the schemas, in order of schema, name and column. */
export const describeSchemas = (schemas: readonly string[]): string => `
select n.nspname as schema, c.relname as name, ${KIND} as kind, pg_get_userbyid(c.relowner) as owner,
  obj_description(c.oid, 'pg_class') as comment, a.attname as column, format_type(a.atttypid, a.atttypmod) as type,
  a.attnum::int4 as index, col_description(c.oid, a.attnum) as "columnComment"
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
where c.relkind in ('r', 'v', 'm', 'f', 'p') and c.relpersistence in ('p', 'u') and a.attnum > 0 and not a.attisdropped
  and n.nspname in (${schemas.map(quoteLiteral).join(", ") || "null"})
order by n.nspname, c.relname, a.attnum`;

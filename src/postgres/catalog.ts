/** The only reader of `pg_catalog`: SQL as text with the shape of its rows. Pure; whoever holds a session runs it. */
import { quoteLiteral, type RelationName } from "./relation.ts";

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

const optionsOf = (relation: string): string =>
  `coalesce((select string_agg(format('%s = %L', split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)), ', ')
    from unnest(${relation}.reloptions) o), '')`;

/** Rows: `RelationInfo`. All relations of the schemas, tables first by name. */
export const listRelations = (schemas: readonly string[]): string => `
select c.oid::int8 as oid, n.nspname as schema, c.relname as name, ${KIND} as kind, pg_get_userbyid(c.relowner) as owner
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'v', 'm', 'f', 'p') and n.nspname in (${schemas.map(quoteLiteral).join(", ") || "null"})
order by n.nspname, c.relname`;

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

/**
 * The CTE `dependant(oid, depth)`: the relation itself (depth 0) and every view and materialised view that reads it,
 * directly or through others, in any schema. Depth is the longest way, so that re-creating in order of it is safe.
 * A view may depend on the relation or on its row type (`null::"s"."t"`).
 */
const DEPENDANT = (oid: number): string => `dependant(oid, depth) as (
  select ${oid}::oid, 0
  union
  select r.ev_class, d.depth + 1
  from dependant d
  join pg_class c on c.oid = d.oid
  cross join lateral (
    select p.objid from pg_depend p
    where p.classid = 'pg_rewrite'::regclass and p.refclassid = 'pg_class'::regclass and p.refobjid = c.oid
    union all
    select p.objid from pg_depend p
    where p.classid = 'pg_rewrite'::regclass and p.refclassid = 'pg_type'::regclass and p.refobjid = c.reltype
  ) p
  join pg_rewrite r on r.oid = p.objid and r.ev_type = '1'
  where r.ev_class <> d.oid and d.depth < 500
)`;

/**
 * Rows `{ sql }`: statements that take the locks a replacement of the relation needs, in name order. `owner to` the
 * present owner changes nothing and, unlike `lock table`, takes the lock of a view without those of all it reads.
 * Tables linked by foreign keys are locked too, because dropping either side locks both; `drops` says whether it will be.
 */
export const lockStatements = (oid: number, options: { dependants: boolean; drops: boolean }): string => `
with recursive ${DEPENDANT(oid)}
select format('alter table %I.%I owner to %I', n.nspname, c.relname, pg_get_userbyid(c.relowner)) as sql, n.nspname, c.relname
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.oid = ${oid}${options.dependants ? " or c.oid in (select oid from dependant)" : ""}
union
select format('lock table %I.%I in access exclusive mode', n.nspname, c.relname), n.nspname, c.relname
from pg_constraint k
join pg_class c on c.oid = case when k.conrelid = ${oid} then k.confrelid else k.conrelid end
join pg_namespace n on n.oid = c.relnamespace
where ${options.drops} and k.contype = 'f' and ${oid} in (k.conrelid, k.confrelid) and k.conrelid <> k.confrelid
  and has_table_privilege(c.oid, 'update, delete, truncate')
order by 2, 3`;

/**
 * What must be said again after a relation was replaced. `sql` is complete and names the relation as it was named, so it
 * holds for the new relation of that name.
 */
export interface KeptPart {
  readonly oid: number;
  /** 0 is the replaced relation itself; dependants come after everything they read. */
  readonly depth: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  readonly owner: string;
  readonly part:
    | "create"
    | "default"
    | "index"
    | "owner"
    | "options"
    | "grant"
    | "comment"
    | "referenced"
    | "trigger"
    | "rule"
    | "policy"
    | "identity"
    | "statistics"
    | "publication";
  /** Holds only for this column. */
  readonly column: string | null;
  readonly sql: string;
  /** How to take it away first: views, and foreign keys that refer to the relation. */
  readonly drop: string | null;
}

const COLUMN_OF_RELATION = "a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped";
const GRANTEE = "case when g.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end";

/**
 * Rows: `KeptPart`, in the order in which to say them again. `noun` is what the relation will be: comments depend on it.
 * Of the replaced relation its own kind's parts are listed; whether they fit a new kind is the caller's to judge.
 */
export const listKept = (oid: number, noun: "table" | "view" | "materialized view"): string => `
with recursive ${DEPENDANT(oid)},
r as materialized (
  select c.oid, max(d.depth) as depth, n.nspname, c.relname, c.relkind, c.relowner, c.relacl, c.reloptions,
    c.relispopulated, c.relnamespace, c.relrowsecurity, c.relforcerowsecurity, c.relreplident,
    format('%I.%I', n.nspname, c.relname) as named,
    case when max(d.depth) = 0 then '${noun}' when c.relkind = 'v' then 'view' else 'materialized view' end as noun
  from dependant d join pg_class c on c.oid = d.oid join pg_namespace n on n.oid = c.relnamespace
  group by c.oid, n.nspname
),
part(oid, step, part, "column", sql, "drop") as (
  select r.oid, 1, 'create', null::name,
    format('create %s %s%s as %s%s', r.noun, r.named,
      case when r.reloptions is null then '' else ' with (' || ${optionsOf("r")} || ')' end,
      rtrim(pg_get_viewdef(r.oid), ';'),
      case when r.relkind = 'v' then '' when r.relispopulated then ' with data' else ' with no data' end),
    format('drop %s %s', r.noun, r.named)
  from r where r.depth > 0
  union all
  select r.oid, 2, 'default', a.attname,
    format('alter view %s alter column %I set default %s', r.named, a.attname, pg_get_expr(e.adbin, e.adrelid)), null
  from r join pg_attribute a on ${COLUMN_OF_RELATION}
  join pg_attrdef e on e.adrelid = r.oid and e.adnum = a.attnum
  where r.relkind = 'v'
  union all
  select r.oid, 3, 'index', null, pg_get_indexdef(i.indexrelid), null
  from r join pg_index i on i.indrelid = r.oid where r.depth > 0 and r.relkind = 'm'
  union all
  select r.oid, 4, 'options', null, format('alter %s %s set (%s)', r.noun, r.named, ${optionsOf("r")}), null
  from r where r.depth = 0 and r.reloptions is not null
  union all
  select r.oid, 5, 'owner', null, format('alter table %s owner to %I', r.named, pg_get_userbyid(r.relowner)), null
  from r where pg_get_userbyid(r.relowner) <> current_user
  union all
  -- A view of somebody else must not end up open to those whom our own default privileges let in.
  select distinct r.oid, 6, 'grant', null::name, format('revoke all on table %s from %s', r.named, ${GRANTEE}), null
  from r join pg_default_acl d on d.defaclobjtype = 'r' and d.defaclnamespace in (0, r.relnamespace)
  cross join aclexplode(d.defaclacl) g
  where r.depth > 0 and d.defaclrole = (select oid from pg_roles where rolname = current_user) and g.grantee <> r.relowner
  union all
  select r.oid, 7, 'grant', null, format('grant %s on table %s to %s%s', string_agg(g.privilege_type, ', '), r.named, ${GRANTEE},
    case when g.is_grantable then ' with grant option' else '' end), null
  from r cross join aclexplode(r.relacl) g
  where g.grantee <> r.relowner group by r.oid, r.named, g.grantee, g.is_grantable
  union all
  select r.oid, 8, 'grant', a.attname, format('grant %s on table %s to %s%s',
    string_agg(format('%s (%I)', g.privilege_type, a.attname), ', '), r.named, ${GRANTEE},
    case when g.is_grantable then ' with grant option' else '' end), null
  from r join pg_attribute a on ${COLUMN_OF_RELATION} cross join aclexplode(a.attacl) g
  where g.grantee <> r.relowner group by r.oid, r.named, a.attname, g.grantee, g.is_grantable
  union all
  select r.oid, 9, 'comment', a.attname, case when a.attname is null
    then format('comment on %s %s is %L', r.noun, r.named, d.description)
    else format('comment on column %s.%I is %L', r.named, a.attname, d.description) end, null
  from r join pg_description d on d.objoid = r.oid and d.classoid = 'pg_class'::regclass
  left join pg_attribute a on a.attrelid = r.oid and a.attnum = d.objsubid and d.objsubid > 0
  union all
  select r.oid, 10, 'referenced', null,
    format('alter table %s add constraint %I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid)),
    format('alter table %s drop constraint %I', k.conrelid::regclass, k.conname)
  from r join pg_constraint k on k.confrelid = r.oid and k.contype = 'f' and k.conrelid <> r.oid and k.conparentid = 0
  where r.depth = 0
  union all
  select r.oid, 11, 'trigger', null, pg_get_triggerdef(t.oid), null
  from r join pg_trigger t on t.tgrelid = r.oid and not t.tgisinternal
  union all
  select r.oid, 12, 'rule', null, rtrim(pg_get_ruledef(w.oid), ';'), null
  from r join pg_rewrite w on w.ev_class = r.oid and w.ev_type <> '1'
  union all
  select r.oid, 13, 'policy', null, format('create policy %I on %s as %s for %s to %s%s%s', p.polname, r.named,
    case when p.polpermissive then 'permissive' else 'restrictive' end,
    case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
    (select string_agg(case when o = 0 then 'public' else quote_ident(pg_get_userbyid(o)) end, ', ') from unnest(p.polroles) o),
    coalesce(' using (' || pg_get_expr(p.polqual, p.polrelid) || ')', ''),
    coalesce(' with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')), null
  from r join pg_policy p on p.polrelid = r.oid
  union all
  select r.oid, 14, 'policy', null, format('alter table %s enable row level security', r.named), null from r where r.relrowsecurity
  union all
  select r.oid, 15, 'policy', null, format('alter table %s force row level security', r.named), null
  from r where r.relforcerowsecurity
  union all
  select r.oid, 16, 'identity', null, format('alter table %s replica identity %s', r.named,
    case r.relreplident when 'f' then 'full' else 'nothing' end), null
  from r where r.relkind = 'r' and r.relreplident in ('f', 'n')
  union all
  select r.oid, 17, 'statistics', null, pg_get_statisticsobjdef(s.oid), null
  from r join pg_statistic_ext s on s.stxrelid = r.oid where r.relkind <> 'v'
  union all
  select r.oid, 18, 'publication', null, format('alter publication %I add table only %s', b.pubname, r.named), null
  from r join pg_publication_rel l on l.prrelid = r.oid join pg_publication b on b.oid = l.prpubid
)
select r.oid::int8 as oid, r.depth, r.nspname as schema, r.relname as name, pg_get_userbyid(r.relowner) as owner,
  case r.relkind when 'v' then 'view' when 'm' then 'materialized_view' else 'table' end as kind,
  p.part, p."column", p.sql, p."drop"
from r join part p on p.oid = r.oid
order by r.depth, r.nspname, r.relname, p.step, p.sql`;

/** Rows `{ what }`: objects other than views and foreign keys that cannot live without the relation, described in words. */
export const listOtherDependants = (oid: number): string => `
with recursive ${DEPENDANT(oid)}
select distinct pg_describe_object(p.classid, p.objid, p.objsubid) as what
from dependant d join pg_class c on c.oid = d.oid
join pg_depend p on p.deptype = 'n' and ((p.refclassid = 'pg_class'::regclass and p.refobjid = c.oid)
  or (p.refclassid = 'pg_type'::regclass and p.refobjid in (c.reltype, (select typarray from pg_type where oid = c.reltype))))
where p.classid <> 'pg_rewrite'::regclass or not exists
  (select from pg_rewrite w where w.oid = p.objid and w.ev_type = '1' and w.ev_class in (select oid from dependant))
order by 1`;

/** Who holds or waits for locks on a relation, or on what depends on it. */
export interface LockHolder {
  readonly pid: number;
  readonly user: string | null;
  readonly application: string | null;
  readonly relation: string;
  /** Since when its transaction runs. */
  readonly since: string | null;
  readonly query: string | null;
}

/** Rows: `LockHolder`, longest first. */
export const listLockHolders = (oid: number): string => `
with recursive ${DEPENDANT(oid)}
select distinct on (s.xact_start, s.pid) s.pid, s.usename as user, s.application_name as application,
  l.relation::regclass::text as relation, s.xact_start::text as since, left(s.query, 200) as query
from pg_locks l join pg_stat_activity s on s.pid = l.pid
where l.locktype = 'relation' and l.granted and l.pid <> pg_backend_pid()
  and l.database = (select oid from pg_database where datname = current_database())
  and l.relation in (select oid from dependant)
order by s.xact_start, s.pid limit 5`;

/** Rows `{ privilege, grantee }`: in lower case, `public` for everybody. The owner's own are left out. */
export const listGrants = (name: RelationName): string => `
select distinct lower(g.privilege_type) as privilege,
  case when g.grantee = 0 then 'public' else pg_get_userbyid(g.grantee) end as grantee
from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join aclexplode(c.relacl) g
where n.nspname = ${quoteLiteral(name.schema)} and c.relname = ${quoteLiteral(name.identifier)}
  and c.relkind in ('r', 'v', 'm') and g.grantee <> c.relowner
order by 1, 2`;

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

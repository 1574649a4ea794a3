/**
 * Functions, aggregates and procedures: SQL as text with the shape of its rows, as in `catalog.ts`. A name may stand for
 * several, which take different arguments.
 */
import { optionsOf } from "./catalog.ts";
import { quote, quoteIdent, quoteLiteral, type RelationName } from "./relation.ts";

export interface RoutineInfo {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** As statements write them: `a integer`. */
  readonly args: string;
  /** The types of its arguments, by which it is told from others of its name. */
  readonly types: string;
  /** Other than that of any other version of it: its oid and the transaction that wrote it. */
  readonly mark: string;
  readonly owner: string;
  /** May do what its owner may. */
  readonly owns: boolean;
}

const listed = (oids: readonly number[]): string => `array[${oids.join(", ")}]::oid[]`;

const SIGNATURE = "format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))";
const MARK = "p.oid::text || '/' || p.xmin::text";

const COLUMNS = `p.oid::int8 as oid, n.nspname as schema, p.proname as name, pg_get_function_identity_arguments(p.oid) as args,
  p.proargtypes::text as types, ${MARK} as mark, pg_get_userbyid(p.proowner) as owner, pg_has_role(p.proowner, 'usage') as owns`;

/** Rows: `RoutineInfo` of all that have one of these names. */
export const findRoutines = (names: readonly RelationName[]): string => `
select ${COLUMNS}
from (values ${names.map((n) => `(${quoteLiteral(n.schema)}::name, ${quoteLiteral(n.identifier)}::name)`).join(", ") || "(null::name, null::name)"}) as wanted(schema, name)
join pg_namespace n on n.nspname = wanted.schema join pg_proc p on p.pronamespace = n.oid and p.proname = wanted.name
order by p.oid`;

/** Rows: `RoutineInfo` of those of this name that take one of these lists of types; a type may be any SQL for one. */
export const listArgumentTypes = (name: RelationName, lists: readonly (readonly string[])[]): string => `
select * from (${findRoutines([name])}) r where r.types in (${lists.map(typesOf).join(", ")})`;

const typesOf = (types: readonly string[]): string =>
  types.length === 0
    ? "''"
    : `(select string_agg(coalesce(to_regtype(t)::oid::text, ''), ' ' order by i)
        from unnest(array[${types.map((type) => quoteLiteral(type)).join(", ")}]) with ordinality as given(t, i))`;

/** Rows: `RoutineInfo` of all in these schemas. */
export const listRoutines = (schemas: readonly string[]): string => `
select ${COLUMNS} from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname in (${schemas.map(quoteLiteral).join(", ") || "null"}) order by p.oid`;

/** Rows `{ schema, name }`: the names of routines in these schemas. */
export const listRoutineNames = (schemas: readonly string[]): string => `
select distinct n.nspname as schema, p.proname as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname in (${schemas.map(quoteLiteral).join(", ") || "null"})`;

/**
 * Rows `{ definition }`: statements that make these routines anew, where their bodies are text. An aggregate has none, and
 * what stands in a body as SQL (`begin atomic`) holds on to what it reads whatever its name.
 */
export const listDefinitions = (oids: readonly number[]): string => `
select pg_get_functiondef(p.oid) as definition from pg_proc p
where p.oid = any (${listed(oids)}) and p.prokind <> 'a' and p.probin is null and p.prosqlbody is null order by p.oid`;

/** Whether all routines that `marks` lists (as `mark`, with commas) still stand as they were under this name; SQL. */
export const stillMarked = (marks: string, schema: string, name: string): string => `
(${marks} is not null and not exists (select from unnest(string_to_array(${marks}, ',')) as had(mark)
  where not exists (select from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = ${schema} and p.proname = ${name} and p.oid = split_part(had.mark, '/', 1)::oid and ${MARK} = had.mark)))`;

/** Of these routines, as `stillMarked` reads them; SQL. */
export const marksOf = (oids: readonly number[]): string =>
  `(select string_agg(${MARK}, ',' order by p.oid) from pg_proc p where p.oid = any (${listed(oids)}))`;

/** `"marts"."f"(a integer)`; in another schema than its own. */
export const signatureOf = ({ schema, name, args }: RoutineInfo, at = schema): string =>
  `${quote({ schema: at, identifier: name })}(${args})`;

export const moveRoutine = (routine: RoutineInfo, from: string, to: string): string =>
  `alter routine ${signatureOf(routine, from)} set schema ${quoteIdent(to)}`;

const GRANTEE = "case when g.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end";
const GRANTED = `${GRANTEE}, case when g.is_grantable then ' with grant option' else '' end`;

/** A routine, and the one of the same arguments whose place it takes. */
export interface Successor {
  readonly oid: number;
  readonly before?: number | undefined;
  /** Whether who may call it is to be as before. */
  readonly grants: boolean;
}

/**
 * Rows `{ sql }`: says of each routine what was said of the one before it (owner, comment, who may call it), and of those
 * without one what default privileges of their schema say.
 */
export const listCarried = (successors: readonly Successor[]): string => `
with made as (
  select p.oid, p.pronamespace, p.proowner, ${SIGNATURE} as named, b.oid as before, b.proowner as owner,
    case when s.grants then b.proacl end as acl
  from (values ${successors.map((s) => `(${s.oid}::oid, ${s.before ?? "null"}::oid, ${s.grants})`).join(", ")}) as s(oid, before, grants)
  join pg_proc p on p.oid = s.oid join pg_namespace n on n.oid = p.pronamespace left join pg_proc b on b.oid = s.before
), said(step, sql) as (
  select 1, format('revoke all on routine %s from public', named) from made where acl is not null
  union all
  select 2, format('grant execute on routine %s to %s%s', m.named, ${GRANTED}) from made m cross join aclexplode(m.acl) g
  where g.grantee <> m.owner
  union all
  select 3, format('grant execute on routine %s to %s%s', m.named, ${GRANTED})
  from made m join pg_default_acl d on d.defaclnamespace = m.pronamespace and d.defaclobjtype = 'f'
    and d.defaclrole = m.proowner
  cross join aclexplode(d.defaclacl) g where m.before is null and g.grantee <> m.proowner
  union all
  select 4, format('comment on routine %s is %L', m.named, d.description)
  from made m join pg_description d on d.objoid = m.before and d.classoid = 'pg_proc'::regclass
  where not exists (select from pg_description own where own.objoid = m.oid and own.classoid = 'pg_proc'::regclass)
  union all
  select 5, format('alter routine %s owner to %I', named, pg_get_userbyid(owner)) from made where owner <> proowner
)
select sql from said order by step, sql`;

/** What a dependency `d` belongs to, if that is a relation, an index of one, or something said of one: `c`, `n` its schema. */
const OWNER = `
left join pg_attrdef a on d.classid = 'pg_attrdef'::regclass and a.oid = d.objid
left join pg_constraint k on d.classid = 'pg_constraint'::regclass and k.oid = d.objid
left join pg_trigger t on d.classid = 'pg_trigger'::regclass and t.oid = d.objid
left join pg_policy y on d.classid = 'pg_policy'::regclass and y.oid = d.objid
left join pg_index i on d.classid = 'pg_class'::regclass and i.indexrelid = d.objid
left join pg_rewrite w on d.classid = 'pg_rewrite'::regclass and w.oid = d.objid
left join pg_class c on c.oid = coalesce(a.adrelid, nullif(k.conrelid, 0), t.tgrelid, y.polrelid, i.indrelid, w.ev_class,
  case when d.classid = 'pg_class'::regclass then d.objid end)`;

/** Rows `{ holds }`: whether something of a relation holds on to a routine of a schema in which things are made. */
export const holdsNewRoutine = (name: RelationName): string => `
select exists (select from pg_proc p join pg_namespace m on m.oid = p.pronamespace and m.nspname ~ '__sluice_next$'
  join pg_depend d on d.refclassid = 'pg_proc'::regclass and d.refobjid = p.oid${OWNER}
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = ${quoteLiteral(name.schema)} and c.relname = ${quoteLiteral(name.identifier)}) as holds`;

/** Who may call routines that are to be replaced. */
export interface Callers {
  /** Relations that are replaced as well: they keep what they call. */
  readonly leaving: readonly number[];
  /** Relations that stand aside and take their place; what else stands there is nobody's. */
  readonly coming: readonly number[];
}

const CALLS = (oids: readonly number[], { leaving, coming }: Callers): string => `
from pg_depend d${OWNER}
left join pg_proc f on d.classid = 'pg_proc'::regclass and f.oid = d.objid
left join pg_namespace n on n.oid = coalesce(c.relnamespace, f.pronamespace)
left join pg_attribute column_of on column_of.attrelid = a.adrelid and column_of.attnum = a.adnum
cross join lateral (select coalesce(y.oid is not null or column_of.attgenerated = '' or (t.oid is not null and t.tgconstraint = 0)
  or (w.oid is not null and c.relkind = 'v'), false) as again) can
where d.refclassid = 'pg_proc'::regclass and d.refobjid = any (${listed(oids)}) and d.deptype in ('n', 'a')
  and (w.oid is null or w.ev_type <> '1' or c.oid = any (${listed(coming)}))
  and coalesce(c.oid <> all (${listed(leaving)}), true) and coalesce(n.nspname !~ '__sluice_prev_[0-9]+$', true)
  and (f.oid is not null or coalesce(n.nspname !~ '__sluice_next$' or c.oid = any (${listed(coming)}), true))
  and coalesce(f.oid <> all (${listed(oids)}), true)`;

/**
 * Rows `{ what }`: what holds on to these routines and can neither be said again nor is a view that stands: indexes, checks,
 * generated columns, other functions.
 */
export const listRoutineDependants = (oids: readonly number[], callers: Callers): string => `
select distinct pg_describe_object(d.classid, d.objid, d.objsubid) as what${CALLS(oids, callers)} and not can.again
order by 1`;

/**
 * Rows `{ what, sql }`: what holds on to these routines and can be said again, so that it means the ones of the same names:
 * defaults, policies and triggers, and views to come that call them without naming their schema.
 */
export const listSaidAgain = (oids: readonly number[], callers: Callers): string => `
select distinct pg_describe_object(d.classid, d.objid, d.objsubid) as what,
  case when y.oid is not null then format('alter policy %I on %I.%I%s%s', y.polname, n.nspname, c.relname,
      coalesce(' using (' || pg_get_expr(y.polqual, y.polrelid) || ')', ''),
      coalesce(' with check (' || pg_get_expr(y.polwithcheck, y.polrelid) || ')', ''))
    when w.oid is not null then format('create or replace view %I.%I%s as %s', n.nspname, c.relname,
      coalesce(' with (' || nullif(${optionsOf("c")}, '') || ')', ''), rtrim(pg_get_viewdef(c.oid), ';'))
    when t.oid is not null then replace(pg_get_triggerdef(t.oid), 'CREATE TRIGGER', 'CREATE OR REPLACE TRIGGER')
    else format('alter table %I.%I alter column %I set default %s', n.nspname, c.relname, column_of.attname,
      pg_get_expr(a.adbin, a.adrelid)) end as sql${CALLS(oids, callers)} and can.again
order by 1`;

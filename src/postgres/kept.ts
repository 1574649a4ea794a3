/**
 * What hangs on a relation that is replaced, read from `pg_catalog`: views that depend on it, and everything that must be
 * said again of it and of them. SQL as text with the shape of its rows, as in `catalog.ts`.
 */
import { optionsOf, type RelationKind } from "./catalog.ts";
import { quoteLiteral, type RelationName } from "./relation.ts";

/** The schemas of relations that are being made and of those that were replaced; see `sql/swap.ts`. */
export const IS_WORK_SCHEMA = "'(__sluice_next|__sluice_prev_[0-9]+)$'";

const listed = (oids: readonly number[]): string => `array[${oids.join(", ")}]::oid[]`;

/**
 * The CTE `dependant(oid, depth)`: the relations themselves (depth 0) and every view and materialised view that reads
 * them, directly or through others, in any schema. Depth is the longest way, so that re-creating in order of it is safe.
 * A view may depend on the relation or on its row type (`null::"s"."t"`). With `functions`, those that call one of them too.
 */
const DEPENDANT = (
  roots: readonly number[],
  further = "",
  functions: readonly number[] = [],
): string => `dependant(oid, depth) as (
  select unnest(${listed(roots)}), 0${functions.length ? callers(roots, functions, further) : ""}
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
  where r.ev_class <> d.oid and r.ev_class <> all (${listed(roots)}) and d.depth < 500${further}
)`;

const callers = (roots: readonly number[], functions: readonly number[], further: string): string => `
  union
  select r.ev_class, 1 from pg_depend p join pg_rewrite r on r.oid = p.objid and r.ev_type = '1'
  where p.classid = 'pg_rewrite'::regclass and p.refclassid = 'pg_proc'::regclass and p.refobjid = any (${listed(functions)})
    and r.ev_class <> all (${listed(roots)})${further}`;

/** Work schemas are ours: what depends there on an old relation is left on it. */
const OUTSIDE = `
    and (select n.nspname from pg_class v join pg_namespace n on n.oid = v.relnamespace where v.oid = r.ev_class) !~ ${IS_WORK_SCHEMA}`;

/**
 * Rows `{ sql }`: statements that take the locks a replacement of the relation needs, in name order. `owner to` the
 * present owner changes nothing and, unlike `lock table`, takes the lock of a view without those of all it reads.
 * Tables linked by foreign keys are locked too, because dropping either side locks both; `drops` says whether it will be.
 */
export const lockStatements = (oid: number, options: { dependants: boolean; drops: boolean }): string => `
with recursive ${DEPENDANT([oid])}
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
 * Rows `{ oid, sql }`: statements that take the locks of a publication, in name order: the relations to be replaced with
 * all that depends on them outside work schemas, tables that refer to them or to which they refer, and those to which rows are
 * added. The last are locked against readers too: a transaction that has read one of them as of an earlier moment is to end before its
 * next statement finds another relation replaced.
 */
export const publishLocks = (
  replaced: readonly number[],
  addedTo: readonly number[],
  functions: readonly number[],
): string => `
with recursive ${DEPENDANT(replaced, OUTSIDE, functions)},
wanted(oid, how) as (
  select oid, 'alter table %1$I.%2$I owner to %3$I' from dependant
  union
  select k.conrelid, 'lock table only %1$I.%2$I in access exclusive mode' from pg_constraint k
  where k.contype = 'f' and k.confrelid = any (${listed(replaced)}) and k.conrelid <> all (${listed(replaced)})
    and k.connamespace not in (select n.oid from pg_namespace n where n.nspname ~ ${IS_WORK_SCHEMA})
  union
  -- A key of a table that goes is dropped, which locks what it refers to.
  select k.confrelid, 'lock table only %1$I.%2$I in access exclusive mode' from pg_constraint k
  where k.contype = 'f' and k.conrelid = any (${listed(replaced)}) and k.confrelid <> all (${listed(replaced)})
    and has_table_privilege(k.confrelid, 'update, delete, truncate')
  union
  select unnest(${listed(addedTo)}), 'lock table only %1$I.%2$I in access exclusive mode'
)
select c.oid::int8 as oid, format(w.how, n.nspname, c.relname, pg_get_userbyid(c.relowner)) as sql
from wanted w join pg_class c on c.oid = w.oid join pg_namespace n on n.oid = c.relnamespace
order by n.nspname, c.relname, w.how`;

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
    | "target"
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

/** A view or materialised view that reads a replaced relation, with all that is said of it. */
export interface KeptDependant {
  readonly schema: string;
  readonly name: string;
  readonly owner: string;
  readonly kind: RelationKind;
  readonly parts: readonly KeptPart[];
}

/** `own`: of the replaced relations themselves. Dependants come after what they read. */
export function groupKept(parts: readonly KeptPart[]): { own: KeptPart[]; dependants: KeptDependant[] } {
  const groups = new Map<string, KeptPart[]>();
  for (const part of parts.filter((p) => p.depth > 0)) {
    const group = groups.get(String(part.oid));
    if (group) group.push(part);
    else groups.set(String(part.oid), [part]);
  }
  const dependants = [...groups.values()].map((group): KeptDependant => {
    const { schema, name, owner, kind } = group[0]!;
    return { schema, name, owner, kind, parts: group };
  });
  return { own: parts.filter((part) => part.depth === 0), dependants };
}

/** Catalogs, and which of their rows say something of relations. */
const STAMPED: readonly (readonly [catalog: string, where: string])[] = [
  ["pg_class", "x.oid = any (ids.named)"],
  ["pg_attribute", "x.attrelid = any (ids.named)"],
  ["pg_attrdef", "x.adrelid = any (ids.known)"],
  ["pg_index", "x.indrelid = any (ids.known)"],
  ["pg_constraint", "x.conrelid = any (ids.known)"],
  ["pg_constraint", "x.confrelid = any (ids.known)"],
  ["pg_trigger", "x.tgrelid = any (ids.known)"],
  ["pg_rewrite", "x.ev_class = any (ids.known)"],
  ["pg_policy", "x.polrelid = any (ids.known)"],
  ["pg_description", "x.objoid = any (ids.known) and x.classoid = 'pg_class'::regclass"],
  ["pg_statistic_ext", "x.stxrelid = any (ids.known)"],
  ["pg_publication_rel", "x.prrelid = any (ids.known)"],
  // Functions and others that hold on to a relation or to its row type.
  ["pg_depend", "x.refclassid = 'pg_class'::regclass and x.refobjid = any (ids.known)"],
  ["pg_depend", "x.refclassid = 'pg_type'::regclass and x.refobjid = any (ids.types)"],
  ["pg_default_acl", "true"],
  ["pg_proc", "x.oid = any (ids.called)"],
  ["pg_depend", "x.refclassid = 'pg_proc'::regclass and x.refobjid = any (ids.called)"],
];

/** In the order in which they can be dropped. */
export const dropsOf = (dependants: readonly KeptDependant[]): string[] =>
  dependants.toReversed().flatMap((dependant) => dependant.parts.flatMap((part) => part.drop ?? []));

export interface KeptRoot {
  readonly oid: number;
  /** What the relation will be: comments depend on it. */
  readonly noun: "table" | "view" | "materialized view";
  /** The name to say its parts for; its own when absent. */
  readonly as?: RelationName;
}

/**
 * Rows: `KeptPart`, in the order in which to say them again. Of a replaced relation its own kind's parts are listed;
 * whether they fit a new kind is the caller's to judge.
 */
export const listKept = (roots: readonly KeptRoot[]): string => keptWith(roots, DEPENDANT(roots.map((r) => r.oid)));

/** The same, with what calls `functions`, and without dependants in work schemas: those stay on what is replaced. */
export const listKeptOutside = (roots: readonly KeptRoot[], functions: readonly number[]): string =>
  keptWith(
    roots,
    DEPENDANT(
      roots.map((r) => r.oid),
      OUTSIDE,
      functions,
    ),
  );

/** Rows: `KeptPart` of the relations alone, without their dependants. */
export const listOwnParts = (roots: readonly KeptRoot[]): string =>
  keptWith(roots, `dependant(oid, depth) as (select unnest(${listed(roots.map((r) => r.oid))}), 0)`);

const rootRow = ({ oid, noun, as }: KeptRoot): string =>
  `(${oid}::oid, ${quoteLiteral(noun)}, ${as ? quoteLiteral(as.schema) : "null"}::name, ${as ? quoteLiteral(as.identifier) : "null"}::name)`;

const NO_ROOT = "(null::oid, null::text, null::name, null::name)";

const keptWith = (roots: readonly KeptRoot[], dependants: string): string => `
with recursive ${dependants},
root(oid, noun, as_schema, as_name) as (values ${roots.map(rootRow).join(", ") || NO_ROOT}),
r as materialized (
  select c.oid, max(d.depth) as depth, n.nspname, c.relname, c.relkind, c.relowner, c.relacl, c.reloptions,
    c.relispopulated, c.relnamespace, c.relrowsecurity, c.relforcerowsecurity, c.relreplident,
    root.as_schema, format('%I.%I', n.nspname, c.relname) as own,
    format('%I.%I', coalesce(root.as_schema, n.nspname), coalesce(root.as_name, c.relname)) as named,
    coalesce(root.noun, case when c.relkind = 'v' then 'view' else 'materialized view' end) as noun
  from dependant d join pg_class c on c.oid = d.oid join pg_namespace n on n.oid = c.relnamespace
  left join root on root.oid = c.oid
  group by c.oid, n.nspname, root.noun, root.as_schema, root.as_name
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
    format('alter table %s add constraint %I %s', k.conrelid::regclass, k.conname,
      replace(pg_get_constraintdef(k.oid), 'REFERENCES ' || k.confrelid::regclass::text || '(', 'REFERENCES ' || r.named || '(')),
    format('alter table %s drop constraint %I', k.conrelid::regclass, k.conname)
  from r join pg_constraint k on k.confrelid = r.oid and k.contype = 'f' and k.conrelid <> r.oid and k.conparentid = 0
  where r.depth = 0 and k.conrelid not in (select oid from root) and k.connamespace not in
    (select n.oid from pg_namespace n where n.nspname ~ ${IS_WORK_SCHEMA})
  union all
  select r.oid, 11, 'trigger', null, replace(pg_get_triggerdef(t.oid), ' ON ' || r.own || ' ', ' ON ' || r.named || ' '), null
  from r join pg_trigger t on t.tgrelid = r.oid and not t.tgisinternal
  union all
  select r.oid, 12, 'rule', null, replace(replace(rtrim(pg_get_ruledef(w.oid), ';'), ' TO ' || r.own || ' ', ' TO ' || r.named || ' '),
    ' TO ' || r.own || e'\\n', ' TO ' || r.named || e'\\n'), null
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
  select r.oid, 16, 'identity', null, format('alter table %s replica identity using index %I', r.named, x.relname), null
  from r join pg_index i on i.indrelid = r.oid and i.indisreplident join pg_class x on x.oid = i.indexrelid
  where r.relkind = 'r' and r.relreplident = 'i'
  union all
  select r.oid, 16, 'target', a.attname, format('alter %s %s alter column %I set statistics %s', r.noun, r.named, a.attname,
    a.attstattarget), null
  from r join pg_attribute a on ${COLUMN_OF_RELATION} where r.relkind in ('r', 'm') and coalesce(a.attstattarget, -1) >= 0
  union all
  select r.oid, 16, 'target', a.attname, format('alter %s %s alter column %I set (%s)', r.noun, r.named, a.attname,
    array_to_string(a.attoptions, ', ')), null
  from r join pg_attribute a on ${COLUMN_OF_RELATION} where r.relkind in ('r', 'm') and a.attoptions is not null
  union all
  select r.oid, 17, 'statistics', null, replace(replace(pg_get_statisticsobjdef(s.oid), ' FROM ' || r.own, ' FROM ' || r.named),
    format('CREATE STATISTICS %I.%I', n.nspname, s.stxname),
    format('CREATE STATISTICS %I.%I', coalesce(r.as_schema, n.nspname), s.stxname)), null
  from r join pg_statistic_ext s on s.stxrelid = r.oid join pg_namespace n on n.oid = s.stxnamespace where r.relkind <> 'v'
  union all
  select r.oid, 18, 'publication', null, format('alter publication %I add table only %s', b.pubname, r.named), null
  from r join pg_publication_rel l on l.prrelid = r.oid join pg_publication b on b.oid = l.prpubid
)
select r.oid::int8 as oid, r.depth, r.nspname as schema, r.relname as name, pg_get_userbyid(r.relowner) as owner,
  case r.relkind when 'v' then 'view' when 'm' then 'materialized_view' else 'table' end as kind,
  p.part, p."column", p.sql, p."drop"
from r join part p on p.oid = r.oid
order by r.depth, r.nspname, r.relname, p.step, p.sql`;

/**
 * Rows `{ what }`: objects other than views and foreign keys that cannot live without the relation, described in words. What
 * is part of the relation itself (checks, policies, defaults of generated columns, rules, triggers) goes with it.
 */
export const listOtherDependants = (oids: readonly number[]): string => `
with recursive ${DEPENDANT(oids)}
select distinct pg_describe_object(p.classid, p.objid, p.objsubid) as what
from dependant d join pg_class c on c.oid = d.oid
join pg_depend p on p.deptype = 'n' and ((p.refclassid = 'pg_class'::regclass and p.refobjid = c.oid)
  or (p.refclassid = 'pg_type'::regclass and p.refobjid in (c.reltype, (select typarray from pg_type where oid = c.reltype))))
where not exists
  (select from pg_rewrite w where p.classid = 'pg_rewrite'::regclass and w.oid = p.objid and w.ev_type = '1'
    and w.ev_class in (select oid from dependant))
  and not exists
  (select from pg_constraint k where p.classid = 'pg_constraint'::regclass and k.oid = p.objid
    and (k.contype = 'f' or k.conrelid = c.oid))
  and not exists (select from pg_policy x where p.classid = 'pg_policy'::regclass and x.oid = p.objid and x.polrelid = c.oid)
  and not exists (select from pg_attrdef x where p.classid = 'pg_attrdef'::regclass and x.oid = p.objid and x.adrelid = c.oid)
  and not exists (select from pg_trigger x where p.classid = 'pg_trigger'::regclass and x.oid = p.objid and x.tgrelid = c.oid)
  and not exists (select from pg_rewrite x where p.classid = 'pg_rewrite'::regclass and x.oid = p.objid and x.ev_class = c.oid)
order by 1`;

/** Rows `{ oid }`: relations and the views that read them, but not through any of `except`. */
export const listDependants = (oids: readonly number[], except: readonly number[]): string => `
with recursive ${DEPENDANT(oids, `\n    and r.ev_class <> all (${listed(except)})`)}
select distinct oid::int8 as oid from dependant`;

/** Who holds or waits for locks on a relation, on what depends on it, or on a table linked by a foreign key. */
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
export const listLockHolders = (oids: readonly number[]): string => `
with recursive ${DEPENDANT(oids)}
select distinct on (s.xact_start, s.pid) s.pid, s.usename as user, s.application_name as application,
  l.relation::regclass::text as relation, s.xact_start::text as since, left(s.query, 200) as query
from pg_locks l join pg_stat_activity s on s.pid = l.pid
where l.locktype = 'relation' and l.granted and l.pid <> pg_backend_pid()
  and l.database = (select oid from pg_database where datname = current_database())
  and l.relation in (select oid from dependant union
    select unnest(array[conrelid, confrelid]) from pg_constraint
    where contype = 'f' and (conrelid = any (${listed(oids)}) or confrelid = any (${listed(oids)})))
order by s.xact_start, s.pid limit 5`;

const countedRows = ([catalog, where]: (typeof STAMPED)[number]): string =>
  `(select concat(count(*), '/', sum(x.xmin::text::int8)) from ${catalog} x, ids where ${where})`;

/**
 * Rows `{ stamp }`: another text as soon as anything changed of what `listKeptOutside`, `listOtherDependants`, `listOwnParts`,
 * `listStatistics` and `listColumnNames` tell of relations, those that depend on them or call `functions`, and `incoming` ones. A fraction of
 * their cost: rows of the catalog are counted, and the transactions that wrote them added up.
 */
export const stampOf = (
  replaced: readonly number[],
  incoming: readonly number[],
  functions: readonly number[] = [],
): string => `
with recursive ${DEPENDANT(replaced, OUTSIDE, functions)},
known(oid) as (select oid from dependant union select unnest(${listed(incoming)})),
-- What dependants read besides: their text names it.
named(oid) as (
  select oid from known
  union
  select p.refobjid from dependant d join pg_rewrite w on w.ev_class = d.oid
  join pg_depend p on p.classid = 'pg_rewrite'::regclass and p.objid = w.oid and p.refclassid = 'pg_class'::regclass
),
ids as materialized (
  select (select array_agg(oid) from known) as known, (select array_agg(oid) from named) as named,
    (select array_agg(row_type) from pg_type t, unnest(array[t.oid, t.typarray]) row_type
      where t.typrelid in (select oid from known)) as types,
    ${listed(functions)} as called
)
select concat_ws(' ', ${STAMPED.map(countedRows).join(", ")}) as stamp`;

/** Rows `{ refers }`: whether one of some tables has a foreign key to one of some relations. */
export const anyRefers = (from: readonly number[], to: readonly number[]): string => `
select exists (select from pg_constraint k where k.contype = 'f' and k.conrelid = any (${listed(from)})
  and k.confrelid = any (${listed(to)})) as refers`;

/** Rows `{ relation, schema, name }`: extended statistics of relations; `set schema` of a table leaves them where they are. */
export const listStatistics = (oids: readonly number[]): string => `
select s.stxrelid::int8 as relation, n.nspname as schema, s.stxname as name
from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace where s.stxrelid = any (${listed(oids)})`;

/** Rows `{ relation, name }`: the columns of relations. */
export const listColumnNames = (oids: readonly number[]): string => `
select attrelid::int8 as relation, attname as name from pg_attribute
where attrelid = any (${listed(oids)}) and attnum > 0 and not attisdropped`;

/** Changes when a relation's rows are written anew as a whole, or its view gets another query; `c` is of `pg_class`. */
export const MARK = `case c.relkind when 'v' then (select w.xmin::text from pg_rewrite w where w.ev_class = c.oid and w.ev_type = '1')
  else pg_relation_filenode(c.oid)::text end`;

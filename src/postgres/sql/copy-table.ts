/** A table once more, with its rows. What `like` leaves out: where its sequences stand, and rows of columns that count by themselves. */
import { quote, quoteIdent, quoteLiteral, type RelationName } from "../relation.ts";

export interface CopiedColumn {
  readonly name: string;
  /** Postgres computes it. */
  readonly generated: boolean;
  readonly identity: boolean;
  readonly default: string | null;
  /** The column's own, as defaults name it and in parts; null without one. */
  readonly sequence: {
    readonly shown: string;
    readonly schema: string;
    readonly name: string;
    /** `as bigint start with 1 …` */
    readonly options: string;
  } | null;
}

/** Rows: `CopiedColumn`, in the table's order. */
export const listCopiedColumns = ({ schema, identifier }: RelationName): string => `
select a.attname as name, a.attgenerated <> '' as generated, a.attidentity <> '' as identity,
  case when a.attgenerated = '' then pg_get_expr(e.adbin, e.adrelid) end as default,
  (select json_build_object('shown', q.oid::regclass::text, 'schema', n.nspname, 'name', q.relname,
      'options', format('as %s increment by %s minvalue %s maxvalue %s start with %s cache %s %s', format_type(s.seqtypid, null),
        s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache, case when s.seqcycle then 'cycle' else 'no cycle' end))
    from pg_depend p join pg_class q on q.oid = p.objid and q.relkind = 'S'
    join pg_namespace n on n.oid = q.relnamespace join pg_sequence s on s.seqrelid = q.oid
    where p.classid = 'pg_class'::regclass and p.refclassid = 'pg_class'::regclass and p.refobjid = a.attrelid
      and p.refobjsubid = a.attnum and p.deptype in ('a', 'i')
    order by q.oid limit 1) as sequence
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace t on t.oid = c.relnamespace
left join pg_attrdef e on e.adrelid = a.attrelid and e.adnum = a.attnum
where t.nspname = ${quoteLiteral(schema)} and c.relname = ${quoteLiteral(identifier)} and a.attnum > 0 and not a.attisdropped
order by a.attnum`;

/** Everything of a table but its foreign keys: defaults, constraints, indexes, statistics, comments, storage, sequences. Then the rows. */
export function copyTable(from: RelationName, to: RelationName, columns: readonly CopiedColumn[]): string {
  const list = columns.flatMap((column) => (column.generated ? [] : quoteIdent(column.name))).join(", ");
  // The values of identity columns are the rows' own.
  const overriding = columns.some((column) => column.identity) ? " overriding system value" : "";
  const serials = columns.filter((column): column is Serial => column.sequence !== null && !column.identity);
  return [
    `create table ${quote(to)} (like ${quote(from)} including all)`,
    ...serials.map((column) => ownSequence(to, column)),
    ...columns.flatMap((column) => ownDefault(to, column, serials)),
    `insert into ${quote(to)} (${list})${overriding} select ${list} from ${quote(from)}`,
    ...columns.flatMap((column) => goOn(to, column)),
  ].join(";\n");
}

type Serial = CopiedColumn & { readonly sequence: NonNullable<CopiedColumn["sequence"]> };

const ownSequence = (to: RelationName, { name, sequence }: Serial): string =>
  `create sequence ${inPlace(to, sequence)} ${sequence.options} owned by ${quote(to)}.${quoteIdent(name)}`;

const inPlace = ({ schema }: RelationName, { name }: Serial["sequence"]): string => quote({ schema, identifier: name });

/** `like` would leave it counting with a sequence of the table that was copied. */
function ownDefault(to: RelationName, column: CopiedColumn, serials: readonly Serial[]): string[] {
  let text = column.default ?? "";
  for (const { sequence } of serials)
    text = text.replaceAll(
      `${quoteLiteral(sequence.shown)}::regclass`,
      () => `${quoteLiteral(inPlace(to, sequence))}::regclass`,
    );
  return text === (column.default ?? "")
    ? []
    : [`alter table ${quote(to)} alter column ${quoteIdent(column.name)} set default ${text}`];
}

function goOn(to: RelationName, { name, sequence }: CopiedColumn): string[] {
  if (!sequence) return [];
  const old = quote({ schema: sequence.schema, identifier: sequence.name });
  const own = `pg_get_serial_sequence(${quoteLiteral(quote(to))}, ${quoteLiteral(name)})`;
  return [`select setval(${own}, last_value, is_called) from ${old}`];
}

/**
 * Slowly changing rows, as dbt keeps them: each version of a row has an id, and when it was valid. All that is compared
 * is read before anything is written, in one statement.
 */
import { quote, quoteIdent, type RelationName } from "../relation.ts";
import { withBody, type WithBody } from "./body.ts";

/** Names are plain, keys and times are SQL within the query's own columns. */
export interface SnapshotShape {
  readonly keys: readonly string[];
  /** When a version begins to hold. */
  readonly updatedAt: string;
  /** SQL that `valid_to` has while a version holds; null when absent. */
  readonly current?: string | undefined;
  readonly names: {
    readonly scdId: string;
    readonly updatedAt: string;
    readonly validFrom: string;
    readonly validTo: string;
    /** Only where deleted rows get a record. */
    readonly isDeleted?: string | undefined;
  };
}

/** dbt's `snapshot_get_time()` on Postgres. */
export const SNAPSHOT_TIME = "now()::timestamp without time zone";

/** dbt's id of a version, to the letter: tables that dbt began are carried on. */
const versionId = (parts: readonly string[]): string =>
  `md5(${parts.map((part) => `coalesce(cast(${part} as varchar), '')`).join(" || '|' || ")})`;

const keyName = (i: number): string => quoteIdent(`dbt_unique_key_${i + 1}`);
const keyColumns = (shape: SnapshotShape): string => shape.keys.map((key, i) => `${key} as ${keyName(i)}`).join(", ");
const sameKey = (shape: SnapshotShape): string =>
  shape.keys.map((_, i) => `c.${keyName(i)} = s.${keyName(i)}`).join(" and ");

/** The type of the time, but the value of `current`. */
const validTo = (time: string, current: string | undefined): string =>
  `coalesce(nullif(${time}, ${time}), ${current ?? "null"})`;

/** The query of the first build. */
export function firstVersions(sql: string, shape: SnapshotShape): WithBody {
  const { names, updatedAt } = shape;
  const columns = [
    `${versionId([...shape.keys, updatedAt])} as ${quoteIdent(names.scdId)}`,
    `${updatedAt} as ${quoteIdent(names.updatedAt)}`,
    `${updatedAt} as ${quoteIdent(names.validFrom)}`,
    `${validTo(updatedAt, shape.current)} as ${quoteIdent(names.validTo)}`,
    ...(names.isDeleted === undefined ? [] : [`'False'::text as ${quoteIdent(names.isDeleted)}`]),
  ];
  return withBody(`select q.*,\n  ${columns.join(",\n  ")}\nfrom (\n`, sql, "\n) as q");
}

/** The query whose rows later builds compare with the table. */
export const stagedRows = (sql: string, shape: SnapshotShape): WithBody =>
  withBody(
    `select q.*, ${keyColumns(shape)}, ${shape.updatedAt} as dbt_new_at, ${versionId([...shape.keys, shape.updatedAt])} as dbt_new_id\nfrom (\n`,
    sql,
    "\n) as q",
  );

export interface SnapshotUpdate extends SnapshotShape {
  /** The query's columns. */
  readonly columns: readonly string[];
  /** What makes a version a new one: the columns compared, a later time, or, when a compared column is new, any row. */
  readonly change:
    | { readonly by: "columns"; readonly columns: readonly string[] }
    | { readonly by: "time" }
    | { readonly by: "any" };
  readonly hardDeletes: "ignore" | "invalidate" | "new_record";
}

const changed = (update: SnapshotUpdate): string => {
  const { change, names } = update;
  if (change.by === "any") return "true";
  if (change.by === "time") return `c.${quoteIdent(names.validFrom)} < s.dbt_new_at`;
  const compared = change.columns.map((column) => `c.${quoteIdent(column)} is distinct from s.${quoteIdent(column)}`);
  return compared.length ? compared.join(" or ") : "false";
};

/** The parts of an update: which versions end and when, and the versions that begin. All read `held`. */
interface VersionParts {
  readonly holds: (of: string) => string;
  readonly held: string;
  readonly ended: string;
  readonly begun: string;
  readonly columns: readonly string[];
}

function versionParts(target: RelationName, source: string, update: SnapshotUpdate): VersionParts {
  const { names, current, columns, hardDeletes } = update;
  const holds = (of: string): string =>
    current === undefined
      ? `${of}${quoteIdent(names.validTo)} is null`
      : `(${of}${quoteIdent(names.validTo)} = ${current} or ${of}${quoteIdent(names.validTo)} is null)`;
  const reborn = names.isDeleted === undefined ? "" : ` or c.${quoteIdent(names.isDeleted)} = 'True'`;
  const isNew = `(${changed(update)}${reborn})`;
  const gone = `c.${keyName(0)} is not null and s.${keyName(0)} is null${
    names.isDeleted === undefined ? "" : ` and c.${quoteIdent(names.isDeleted)} is distinct from 'True'`
  }`;
  const own = [names.scdId, names.updatedAt, names.validFrom, names.validTo];
  const values = [
    ...columns.map((column) => `s.${quoteIdent(column)}`),
    "s.dbt_new_id",
    "s.dbt_new_at",
    "s.dbt_new_at",
  ];
  const deletions =
    hardDeletes === "new_record" && names.isDeleted !== undefined
      ? `\n  union all
  select ${[...columns.map((column) => `c.${quoteIdent(column)}`), versionId([`c.${quoteIdent(names.scdId)}`, SNAPSHOT_TIME])].join(", ")},
    ${SNAPSHOT_TIME}, ${SNAPSHOT_TIME}, c.${quoteIdent(names.validTo)}, 'True'
  from held c left join ${source} s on ${sameKey(update)}
  where ${gone}`
      : "";
  const flag = names.isDeleted === undefined ? "" : ", 'False'";
  return {
    holds,
    held: `held as materialized (
  select t.*, ${keyColumns(update)} from ${quote(target)} t where ${holds("t.")}
)`,
    ended: `select c.${quoteIdent(names.scdId)} as id, s.dbt_new_at as at, c.${quoteIdent(names.validTo)} as was
  from held c join ${source} s on ${sameKey(update)}
  where ${isNew}${
    hardDeletes === "ignore"
      ? ""
      : `\n  union all
  select c.${quoteIdent(names.scdId)}, ${SNAPSHOT_TIME}, c.${quoteIdent(names.validTo)}
  from held c left join ${source} s on ${sameKey(update)}
  where ${gone}`
  }`,
    begun: `select ${values.join(", ")}, ${validTo("s.dbt_new_at", current)}${flag}
  from ${source} s left join held c on ${sameKey(update)}
  where c.${keyName(0)} is null or ${isNew}${deletions}`,
    columns: [...columns, ...own, ...(names.isDeleted === undefined ? [] : [names.isDeleted])],
  };
}

const list = (columns: readonly string[]): string => columns.map(quoteIdent).join(", ");

const close = (
  target: RelationName,
  ended: string,
  names: SnapshotShape["names"],
  holds: VersionParts["holds"],
): string =>
  `update ${quote(target)} t set ${quoteIdent(names.validTo)} = ended.at
  from ${ended} where t.${quoteIdent(names.scdId)}::text = ended.id::text and ${holds("t.")}`;

/** `source` is the SQL of the name of a table made of `stagedRows`. */
export function applyVersions(target: RelationName, source: string, update: SnapshotUpdate): string {
  const parts = versionParts(target, source, update);
  return `with ${parts.held},
ended as materialized (
  ${parts.ended}
),
closed as (
  ${close(target, "ended", update.names, parts.holds)}
)
insert into ${quote(target)} (${list(parts.columns)})
  ${parts.begun}`;
}

/** The same as a delta: two tables, and what the snapshot will hold once they have been applied. */
export interface SnapshotDelta {
  readonly ended: RelationName;
  readonly begun: RelationName;
}

export function stageVersions(
  target: RelationName,
  source: string,
  update: SnapshotUpdate,
  to: SnapshotDelta,
): string[] {
  const parts = versionParts(target, source, update);
  const named = quoteIdent("begun");
  return [
    `create table ${quote(to.ended)} as with ${parts.held}\n${parts.ended}`,
    `create table ${quote(to.begun)} as with ${parts.held},\n${named}(${list(parts.columns)}) as (\n  ${parts.begun}\n)\nselect * from ${named}`,
  ];
}

/** `columns` are the table's, with their types. */
export function afterVersions(
  target: RelationName,
  delta: SnapshotDelta,
  update: SnapshotUpdate,
  columns: readonly { readonly name: string; readonly type: string }[],
): string {
  const { names } = update;
  const begins = new Set([...update.columns, ...Object.values(names).filter((name) => name !== undefined)]);
  const { holds } = versionParts(target, "", update);
  const old = columns.map(({ name, type }) =>
    name === names.validTo
      ? `case when e.id is not null then e.at::${type} else t.${quoteIdent(name)} end as ${quoteIdent(name)}`
      : `t.${quoteIdent(name)}`,
  );
  const begun = columns.map(({ name, type }) =>
    begins.has(name) ? `b.${quoteIdent(name)}::${type}` : `null::${type}`,
  );
  return `select ${old.join(", ")}
from ${quote(target)} t left join ${quote(delta.ended)} e on t.${quoteIdent(names.scdId)}::text = e.id::text and ${holds("t.")}
union all
select ${begun.join(", ")}
from ${quote(delta.begun)} b`;
}

/** What applying the delta does. */
export function applyStaged(target: RelationName, delta: SnapshotDelta, update: SnapshotUpdate): string[] {
  const { names, columns } = update;
  const parts = versionParts(target, "", update);
  const all = [...columns, names.scdId, names.updatedAt, names.validFrom, names.validTo];
  const inserted = list(names.isDeleted === undefined ? all : [...all, names.isDeleted]);
  return [
    close(target, `${quote(delta.ended)} as ended`, names, parts.holds),
    `insert into ${quote(target)} (${inserted}) select ${inserted} from ${quote(delta.begun)}`,
  ];
}

/** What takes it back, from the same two tables. */
export function undoStaged(target: RelationName, delta: SnapshotDelta, { names }: SnapshotUpdate): string[] {
  const id = (of: string): string => `${of}.${quoteIdent(names.scdId)}::text`;
  return [
    `delete from ${quote(target)} t using ${quote(delta.begun)} b where ${id("t")} = ${id("b")}`,
    `update ${quote(target)} t set ${quoteIdent(names.validTo)} = ended.was
  from ${quote(delta.ended)} as ended where ${id("t")} = ended.id::text and t.${quoteIdent(names.validTo)} = ended.at`,
  ];
}

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

export function applyVersions(target: RelationName, source: string, update: SnapshotUpdate): string {
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
  const inserted = [...columns, names.scdId, names.updatedAt, names.validFrom, names.validTo];
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
  from held c left join ${quoteIdent(source)} s on ${sameKey(update)}
  where ${gone}`
      : "";
  const flag = names.isDeleted === undefined ? "" : ", 'False'";
  return `with held as materialized (
  select t.*, ${keyColumns(update)} from ${quote(target)} t where ${holds("t.")}
),
ended as materialized (
  select c.${quoteIdent(names.scdId)} as id, s.dbt_new_at as at
  from held c join ${quoteIdent(source)} s on ${sameKey(update)}
  where ${isNew}${
    hardDeletes === "ignore"
      ? ""
      : `\n  union all
  select c.${quoteIdent(names.scdId)}, ${SNAPSHOT_TIME}
  from held c left join ${quoteIdent(source)} s on ${sameKey(update)}
  where ${gone}`
  }
),
closed as (
  update ${quote(target)} t set ${quoteIdent(names.validTo)} = ended.at
  from ended where t.${quoteIdent(names.scdId)}::text = ended.id::text and ${holds("t.")}
)
insert into ${quote(target)} (${[...inserted, ...(names.isDeleted === undefined ? [] : [names.isDeleted])].map(quoteIdent).join(", ")})
  select ${values.join(", ")}, ${validTo("s.dbt_new_at", current)}${flag}
  from ${quoteIdent(source)} s left join held c on ${sameKey(update)}
  where c.${keyName(0)} is null or ${isNew}${deletions}`;
}

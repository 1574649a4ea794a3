/** The raw table and its table of rejects: made, checked, changed. Never dropped. */
import { error, Failure, type Span } from "../diagnostics/diagnostic.ts";
import { findRelation, listColumns, type ColumnInfo, type FoundRelation } from "../postgres/catalog.ts";
import type { Session } from "../postgres/database.ts";
import { QueryError } from "../postgres/errors.ts";
import { MAX_NAME_BYTES, quote, quoteIdent, quoteLiteral, type RelationName } from "../postgres/relation.ts";
import { createTable } from "../postgres/sql/table.ts";
import type { ColumnType } from "./convert.ts";

/** What Sluice adds to every raw row. */
export const META: readonly ColumnType[] = [
  { name: "_file", type: "text" },
  { name: "_line", type: "bigint" },
  { name: "_loaded_at", type: "timestamp with time zone" },
  { name: "_batch_id", type: "bigint" },
];

/** Postgres's own limit. */
const MAX_COLUMNS = 1600;

export type TableState = "created" | "kept" | "altered";

const definition = ({ name, type }: ColumnType): string =>
  `${quoteIdent(name)} ${type}${name === "_loaded_at" ? " default now()" : ""}`;

export const createRawTable = (name: RelationName, columns: readonly ColumnType[]): string =>
  createTable(name, [...columns, ...META].map(definition), { unlogged: false });

/** Mistakes in the declaration that need no database. */
export function checkColumns(name: RelationName, columns: readonly ColumnType[], at: Span): Failure | undefined {
  const table = `${name.schema}.${name.identifier}`;
  const diagnostics = [];
  if (columns.length === 0) {
    diagnostics.push(
      error("csv-no-columns", `The source table ${table} declares no columns.`, at, [
        "list the file's columns under `columns:`, each with a `data_type`",
      ]),
    );
  }
  for (const { name: column } of columns) {
    if (!META.some((meta) => meta.name === column)) continue;
    diagnostics.push(
      error("csv-reserved-column", `${table} declares "${column}", a column that Sluice adds itself.`, at),
    );
  }
  if (columns.length + META.length > MAX_COLUMNS) {
    const most = MAX_COLUMNS - META.length;
    diagnostics.push(
      error(
        "csv-too-many-columns",
        `${table} declares ${columns.length} columns; Postgres has room for ${MAX_COLUMNS}, ${META.length} of them for where each row came from.`,
        at,
        [`declare at most ${most}`],
      ),
    );
  }
  return diagnostics.length > 0 ? new Failure(diagnostics) : undefined;
}

/**
 * Brings the table into the declared shape; `loaded` are the files whose rows stand in it by the ledger. A table that is
 * "altered" is empty afterwards. Throws `Failure` when the table is not ours.
 */
export async function ensureTable(
  session: Session,
  name: RelationName,
  columns: readonly ColumnType[],
  loaded: readonly string[],
  at: Span,
): Promise<TableState> {
  const { rows } = await session.query<FoundRelation>(findRelation(name));
  const found = rows[0];
  if (!found) {
    await createFresh(session, name, columns, at);
    return "created";
  }
  const shown = `${name.schema}.${name.identifier}`;
  if (found.kind !== "table") {
    throw notOurs(`${shown} is a ${found.kind.replaceAll("_", " ")}, not a table that files can be loaded into.`, at);
  }
  const actual = (await session.query<ColumnInfo>(listColumns(name))).rows;
  const wanted = [...(await resolveTypes(session, columns, at)), ...META];
  const holdsStrangers = await hasOtherRows(session, name, actual, loaded);
  if (holdsStrangers) {
    throw notOurs(
      loaded.length === 0
        ? `${shown} exists and holds rows that were not loaded from files by Sluice.`
        : `${shown} holds rows that come from none of its files.`,
      at,
    );
  }
  const changes = changesBetween(actual, wanted);
  if (changes.length === 0) return "kept";
  if (loaded.length === 0 && !META.every((meta) => actual.some((column) => column.name === meta.name))) {
    throw notOurs(`${shown} exists, with other columns than the source declares.`, at);
  }
  await alter(session, name, changes, at);
  return "altered";
}

async function createFresh(
  session: Session,
  name: RelationName,
  columns: readonly ColumnType[],
  at: Span,
): Promise<void> {
  // `create schema if not exists` asks for the privilege even when there is nothing to create.
  const { rows } = await session.query<{ there: boolean }>(
    `select to_regnamespace(${quoteLiteral(quoteIdent(name.schema))}) is not null as there`,
  );
  if (!rows[0]!.there) await session.query(`create schema if not exists ${quoteIdent(name.schema)}`);
  await typed(() => session.query(createRawTable(name, columns)), at);
}

/** The declared columns with their types as the catalog writes them: `int` → `integer`. */
async function resolveTypes(session: Session, columns: readonly ColumnType[], at: Span): Promise<ColumnInfo[]> {
  const probe = "sluice_declared_columns";
  const list = columns.map(definition).join(", ");
  await typed(() => session.query(`create temporary table ${probe} (${list}) on commit drop`), at);
  const { rows } = await session.query<{ schema: string }>("select pg_my_temp_schema()::regnamespace::text as schema");
  const resolved = await session.query<ColumnInfo>(listColumns({ schema: rows[0]!.schema, identifier: probe }));
  await session.query(`drop table pg_temp.${probe}`);
  return resolved.rows;
}

async function typed<T>(work: () => Promise<T>, at: Span): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    // Class 42: the type does not exist, a name is given twice …
    if (!(thrown instanceof QueryError) || !thrown.sqlstate.startsWith("42") || thrown.sqlstate === "42501")
      throw thrown;
    throw new Failure(
      error("csv-column-type", `Postgres does not accept the declared columns: ${thrown.message}.`, at),
      {
        cause: thrown,
      },
    );
  }
}

async function hasOtherRows(
  session: Session,
  name: RelationName,
  actual: readonly ColumnInfo[],
  loaded: readonly string[],
): Promise<boolean> {
  const ours = actual.some((column) => column.name === "_file");
  const strange = ours && loaded.length > 0 ? "_file is null or _file <> all($1)" : "true";
  const params = strange === "true" ? [] : [loaded];
  const { rows } = await session.query<{ found: boolean }>(
    `select exists (select from ${quote(name)} where ${strange}) as found`,
    params,
  );
  return rows[0]!.found;
}

const changesBetween = (actual: readonly ColumnInfo[], wanted: readonly ColumnType[]): string[] => [
  ...actual.filter((a) => !wanted.some((w) => w.name === a.name)).map((a) => `drop column ${quoteIdent(a.name)}`),
  ...wanted.flatMap((w) => {
    const there = actual.find((a) => a.name === w.name);
    if (!there) return [`add column ${definition(w)}`];
    if (there.type === w.type) return [];
    const column = `alter column ${quoteIdent(w.name)}`;
    return [`${column} drop default`, `${column} type ${w.type} using null`];
  }),
];

/** Keeps the table itself, so that grants, comments and views stay; what depends on a changed column stops it. */
async function alter(session: Session, name: RelationName, changes: readonly string[], at: Span): Promise<void> {
  await session.query(`truncate ${quote(name)}`);
  try {
    await session.query(`alter table ${quote(name)} ${changes.join(", ")}`);
  } catch (thrown) {
    // dependent_objects_still_exist, and feature_not_supported for "cannot alter type of a column used by a view".
    if (!(thrown instanceof QueryError) || !["2BP01", "0A000"].includes(thrown.sqlstate)) throw thrown;
    const message = `The columns of ${name.schema}.${name.identifier} cannot be changed: ${thrown.message}.`;
    throw new Failure(
      error("csv-table-in-use", message, at, [
        ...(thrown.detail ? [thrown.detail] : []),
        "drop what depends on the column, load, and build it again",
      ]),
      { cause: thrown },
    );
  }
}

const notOurs = (message: string, at: Span): Failure =>
  new Failure(
    error("csv-table-not-ours", message, at, [
      "rename or drop that table yourself, or give the source another `identifier:`; Sluice drops nothing that it did not load",
    ]),
  );

/** `<table>__rejected`. */
export function rejectedName(name: RelationName, at: Span): RelationName {
  const identifier = `${name.identifier}__rejected`;
  if (Buffer.byteLength(identifier) > MAX_NAME_BYTES) {
    const message = `The table of rejected rows would be called "${identifier}", longer than Postgres's ${MAX_NAME_BYTES} bytes.`;
    throw new Failure(error("csv-name-too-long", message, at, ["give the source a shorter `identifier:`"]));
  }
  return { schema: name.schema, identifier };
}

export const REJECTED_COLUMNS: readonly ColumnType[] = [
  { name: "_file", type: "text" },
  { name: "_line", type: "bigint" },
  { name: "_column", type: "text" },
  { name: "_reason", type: "text" },
  { name: "_raw", type: "text" },
  { name: "_loaded_at", type: "timestamp with time zone" },
  { name: "_batch_id", type: "bigint" },
];

/** Makes the table of rejects when it is wanted and not there; tells whether it is there. */
export async function ensureRejected(
  session: Session,
  rejected: RelationName,
  wanted: boolean,
  at: Span,
): Promise<boolean> {
  const { rows } = await session.query<FoundRelation>(findRelation(rejected));
  if (!rows[0]) {
    if (wanted) await session.query(createTable(rejected, REJECTED_COLUMNS.map(definition), { unlogged: false }));
    return wanted;
  }
  const actual = (await session.query<ColumnInfo>(listColumns(rejected))).rows;
  const same = REJECTED_COLUMNS.every((c) => actual.some((a) => a.name === c.name && a.type === c.type));
  if (same) return true;
  if (!wanted) return false;
  throw notOurs(
    `${rejected.schema}.${rejected.identifier}, where rejected rows belong, exists with other columns.`,
    at,
  );
}

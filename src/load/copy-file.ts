/** The fast way for one file: straight into the typed table, in one COPY. */
import { addAbortSignal } from "node:stream";
import type { Readable } from "node:stream";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { Session } from "../postgres/database.ts";
import { QueryError } from "../postgres/errors.ts";
import { quote, quoteIdent, quoteLiteral, type RelationName } from "../postgres/relation.ts";
import type { ColumnType } from "./convert.ts";
import { CsvPass, type PassOptions } from "./csv-pass.ts";
import { copyStatement, type Dialect } from "./dialect.ts";
import type { LocatedFile } from "./locate.ts";
import { writeField } from "./record.ts";
import type { Reject } from "./reject.ts";
import { REJECTED_COLUMNS } from "./table.ts";

/** Everything about a load that is the same for all its files. */
export interface LoadContext {
  readonly session: Session;
  readonly table: RelationName;
  readonly columns: readonly ColumnType[];
  readonly dialect: Dialect;
  readonly source: Pick<PassOptions, "header" | "encoding" | "rewriter">;
  readonly quarantine: boolean;
  /** Where rejected rows go, if that table is there. */
  readonly rejected: RelationName | undefined;
  /** The table was made by this transaction: nobody else sees it yet. */
  readonly created: boolean;
  /** `server_version_num`. */
  readonly serverVersion: number;
  readonly signal: AbortSignal | undefined;
  onBytes(file: LocatedFile, bytes: number, records: number): void;
}

export interface FileOutcome {
  readonly rows: number;
  readonly rejected: number;
  readonly sha256: string;
}

/** A record was rejected where none may be: no use in going on this way. */
class Rejected extends Error {}

/**
 * Loads the file, or returns why Postgres refused a value: then the caller has to roll back, and `judgeFile` can tell
 * more. Without quarantine the first bad record ends it likewise.
 */
export async function copyFile(
  context: LoadContext,
  file: LocatedFile,
  batchId: number,
): Promise<FileOutcome | QueryError | "rejected"> {
  const { session, table, dialect, quarantine } = context;
  try {
    // Constants cost the least as defaults; but only on a table that nobody else is reading.
    if (context.created) await session.query(setDefaults(table, file.path, batchId));
    const pass = await openPass(context, file, {
      suffix: context.created ? dialect.delimiter : rowSuffix(dialect, file.path, batchId),
      onReject: () => {
        if (!quarantine) throw new Rejected();
      },
    });
    const appended = context.created ? ["_line"] : ["_file", "_batch_id", "_line"];
    const names = [...pass.columns.map((column) => column.name), ...appended];
    const sql = copyStatement(quote(table), names, dialect, { notNull: appended });
    const copied = await copyIn(context, sql, pass.stream());
    assertCounted(file, copied, pass.scanner.passed);
    if (context.created) await session.query(dropDefaults(table));
    const rejected = pass.scanner.rejected;
    if (rejected > 0) await quarantineRecords(context, file, batchId, rejected);
    return { rows: copied, rejected, sha256: pass.sha256() };
  } catch (thrown) {
    if (thrown instanceof Rejected) return "rejected";
    if (isValueError(thrown)) return thrown;
    throw thrown;
  }
}

export const openPass = (
  context: LoadContext,
  file: LocatedFile,
  options: Pick<PassOptions, "suffix" | "onReject"> & Partial<Pick<PassOptions, "rewriter">>,
): Promise<CsvPass> =>
  CsvPass.open({
    file,
    columns: context.columns,
    dialect: context.dialect,
    ...context.source,
    onBytes: (bytes, records) => context.onBytes(file, bytes, records),
    ...options,
  });

export async function copyIn({ session, signal }: LoadContext, sql: string, stream: Readable): Promise<number> {
  signal?.throwIfAborted();
  if (signal) addAbortSignal(signal, stream);
  try {
    return await session.copyIn(sql, stream);
  } catch (thrown) {
    signal?.throwIfAborted();
    throw thrown;
  }
}

/** Postgres and the scanner must agree, or rows were lost on the way. */
export function assertCounted(file: LocatedFile, copied: number, passed: number): void {
  if (copied === passed) return;
  throw new Error(`Internal error: ${file.path} has ${passed} good records, of which Postgres counted ${copied}`);
}

/** A value that the column's type or domain does not take: not a lost connection, a full disk, a missing privilege. */
const isValueError = (thrown: unknown): thrown is QueryError =>
  thrown instanceof QueryError && (thrown.sqlstate.startsWith("22") || thrown.sqlstate === "23514");

const setDefaults = (table: RelationName, path: string, batchId: number): string =>
  `alter table ${quote(table)} alter column _file set default ${quoteLiteral(path)}, alter column _batch_id set default ${batchId}`;

const dropDefaults = (table: RelationName): string =>
  `alter table ${quote(table)} alter column _file drop default, alter column _batch_id drop default`;

function rowSuffix(dialect: Dialect, path: string, batchId: number): string {
  const d = dialect.delimiter;
  return `${d}${writeField(path, true, dialect)}${d}${batchId}${d}`;
}

/** COPY's own default dialect. */
const PLAIN: Dialect = {
  delimiter: ",",
  quote: '"',
  escape: '"',
  nullStrings: new Set([""]),
  copyNull: "",
  rewriteNulls: false,
};

/**
 * Reads the file once more for its bad records only, so that none has to be kept in memory meanwhile. `expected` is what
 * the first reading found.
 */
export async function quarantineRecords(
  context: LoadContext,
  file: LocatedFile,
  batchId: number,
  expected: number,
): Promise<void> {
  const { rejected } = context;
  if (!rejected) throw new Error("Internal error: rejected rows, and no table for them");
  const found: Reject[] = [];
  const pass = await openPass(context, file, { onReject: (reject) => found.push(reject) });
  const names = REJECTED_COLUMNS.map((column) => column.name).filter((name) => name !== "_loaded_at");
  const sql = copyStatement(quote(rejected), names, PLAIN);
  const copied = await copyIn(context, sql, rejectRows(pass, found, file.path, batchId));
  if (copied !== expected) {
    const message = `${file.path} was changed while it was loaded: ${expected} bad records at first, then ${copied}.`;
    throw new Failure(error("csv-changed", message, undefined, ["load it when it is complete"]));
  }
}

const field = (text: string): string => writeField(text, true, PLAIN);

function rejectRows(pass: CsvPass, found: Reject[], path: string, batchId: number): Readable {
  const write = ({ line, column, reason, raw }: Reject): string =>
    `${field(path)},${line},${column === undefined ? "" : field(column)},${field(reason)},${field(raw)},${batchId}\n`;
  return pass.stream((): Buffer => Buffer.from(found.splice(0).map(write).join("")));
}

export const columnList = (names: readonly string[]): string => names.map(quoteIdent).join(", ");

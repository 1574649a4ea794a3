import type { DatabaseError } from "pg";

/** SQLSTATEs that the code asks about by name. The full list is in PostgreSQL's appendix A. */
export const SQLSTATE = {
  connectionLost: "08006",
  numericOutOfRange: "22003",
  divisionByZero: "22012",
  invalidText: "22P02",
  copyBadFormat: "22P04",
  foreignKeyViolation: "23503",
  uniqueViolation: "23505",
  inFailedTransaction: "25P02",
  readOnlyTransaction: "25006",
  invalidPassword: "28P01",
  invalidAuthorization: "28000",
  dependentObjects: "2BP01",
  noSuchDatabase: "3D000",
  noSuchSchema: "3F000",
  serializationFailure: "40001",
  deadlock: "40P01",
  syntaxError: "42601",
  insufficientPrivilege: "42501",
  undefinedColumn: "42703",
  undefinedTable: "42P01",
  undefinedFunction: "42883",
  undefinedSchema: "3F000",
  invalidFunction: "42P13",
  duplicateDatabase: "42P04",
  duplicateSchema: "42P06",
  duplicateTable: "42P07",
  duplicateObject: "42710",
  diskFull: "53100",
  tooManyConnections: "53300",
  objectInUse: "55006",
  lockNotAvailable: "55P03",
  queryCanceled: "57014",
  adminShutdown: "57P01",
  crashShutdown: "57P02",
  cannotConnectNow: "57P03",
} as const;

/** Someone else created it first; that is fine for everything made with "if not exists" in mind. */
export const ALREADY_THERE: ReadonlySet<string> = new Set([
  SQLSTATE.duplicateDatabase,
  SQLSTATE.duplicateSchema,
  SQLSTATE.duplicateTable,
  SQLSTATE.duplicateObject,
  // Two `create … if not exists` at once: the loser trips over the catalog's own unique index.
  SQLSTATE.uniqueViolation,
]);

/** The same statement may well succeed a moment later, on a new connection if need be. */
const TRANSIENT: ReadonlySet<string> = new Set([
  SQLSTATE.serializationFailure,
  SQLSTATE.deadlock,
  SQLSTATE.tooManyConnections,
  SQLSTATE.adminShutdown,
  SQLSTATE.crashShutdown,
  SQLSTATE.cannotConnectNow,
  SQLSTATE.lockNotAvailable,
]);

/** Connection exceptions, class 08: the connection is gone, whatever the statement was. */
export const isTransient = (sqlstate: string): boolean => TRANSIENT.has(sqlstate) || sqlstate.startsWith("08");

/** Socket errors of Node that mean "the connection is gone" or "nobody there yet". */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
]);

export const isNetworkCode = (code: string | undefined): boolean => code !== undefined && NETWORK_CODES.has(code);

/** Node tries all addresses of a host and throws what each said; the first is what the user wants to read. */
export function firstOf(thrown: unknown): Error & { code?: string } {
  if (thrown instanceof AggregateError && thrown.errors[0] instanceof Error) return thrown.errors[0];
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** What Postgres said about a statement, in full; `sql` is the statement, without the comment it was sent with. */
export class QueryError extends Error {
  /** Five characters; `08006` when the connection was lost before the server could say anything. */
  readonly sqlstate: string;
  readonly sql: string;
  readonly severity: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  /** Where in `sql`: 1-based, in code points (not UTF-16 units, not bytes). */
  readonly position: number | undefined;
  /** Postgres's context: `COPY tx, line 501, column amount: "abc"`, `PL/pgSQL function f() line 3 …`. */
  readonly where: string | undefined;
  readonly schema: string | undefined;
  readonly table: string | undefined;
  readonly column: string | undefined;
  readonly constraint: string | undefined;

  /** `moved`: how many characters stood before `sql` when it was sent. */
  constructor(sql: string, error: Partial<DatabaseError> & { message: string }, moved = 0) {
    super(error.message, { cause: error });
    this.name = "QueryError";
    this.sql = sql;
    this.sqlstate = error.code ?? "XX000";
    this.severity = error.severity ?? "ERROR";
    this.detail = error.detail;
    this.hint = error.hint;
    this.position = error.position === undefined ? undefined : Number(error.position) - moved;
    this.where = error.where;
    this.schema = error.schema;
    this.table = error.table;
    this.column = error.column;
    this.constraint = error.constraint;
  }

  get transient(): boolean {
    return isTransient(this.sqlstate);
  }
}

/** What the server said, as `pg` throws it. Told by its shape: commands that ask no server do not load `pg`. */
export const isServerError = (thrown: unknown): thrown is DatabaseError =>
  thrown instanceof Error && "severity" in thrown && "code" in thrown;

/** Where an error of `pg` becomes ours: what the server said, or that the connection is gone. */
export function toQueryError(thrown: unknown, sql: string, server: string, moved = 0): Error {
  if (thrown instanceof QueryError) return thrown;
  if (isServerError(thrown)) return new QueryError(sql, thrown, moved);
  if (!(thrown instanceof Error)) return new Error(`Internal error: ${String(thrown)} was thrown`);
  if (isLostConnection(thrown)) {
    return new QueryError(sql, {
      message: `The connection to ${server} was lost: ${thrown.message}`,
      code: SQLSTATE.connectionLost,
      severity: "FATAL",
    });
  }
  return thrown;
}

/** `pg` has no class or code for this: these are its messages, beside the socket's own codes. */
function isLostConnection(error: Error & { code?: string }): boolean {
  return (
    isNetworkCode(error.code) || /^(Connection terminated|Client (has encountered|was closed))/.test(error.message)
  );
}

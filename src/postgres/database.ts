import type { Readable } from "node:stream";
import type { StatementComment } from "./comment.ts";

/** One column of a result; `type` is the type's oid. */
export interface Field {
  readonly name: string;
  readonly type: number;
}

export type Row = Record<string, unknown>;

export interface QueryResult<R = Row> {
  readonly rows: R[];
  readonly fields: readonly Field[];
  /** What the command tag counts: rows selected, inserted, updated, deleted or copied. */
  readonly rowCount: number;
  /** The command tag's verb: `SELECT`, `INSERT`, `CREATE TABLE` … */
  readonly command: string;
}

/** One connection, held by one step at a time. */
export interface Session {
  /** The server's process. */
  readonly pid: number;
  /** Those of all connections of its pool. */
  readonly poolPids: readonly number[];
  /** Written into each statement until the session is given back; errors tell of statements without it. */
  comment: StatementComment | undefined;
  /** Runs one statement (or, without parameters, several: the last result is returned). Throws `QueryError`. */
  query<R = Row>(sql: string, params?: readonly unknown[]): Promise<QueryResult<R>>;
  /** Values as Postgres writes them: every value a string or null, rows as arrays. For results that go on unconverted. */
  queryText(
    sql: string,
  ): Promise<{ fields: readonly Field[]; rows: (string | null)[][]; rowCount: number; command: string }>;
  /** Runs `copy … from stdin`, fed from `source`, and returns the number of rows the server counted. */
  copyIn(sql: string, source: Readable): Promise<number>;
  /** As the server said last. */
  readonly inTransaction: boolean;
  /** `begin` … `commit`, or `rollback` when `work` throws. Not nested. */
  transaction<T>(work: () => Promise<T>): Promise<T>;
}

export interface ServerInfo {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** `server_version_num`, such as 180004. */
  readonly version: number;
  readonly embedded: boolean;
  /** Something stands between us and the server. */
  readonly pooled: boolean;
}

export interface Database {
  readonly info: ServerInfo;
  /** Lends a session for the time of `work`; waits while all are lent. A step may not ask for a second one. */
  session<T>(work: (session: Session) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Where a target's server is. Either `embedded`, or everything else. */
export interface Connection {
  readonly embedded: boolean;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly database: string;
  /** Default schema of the target; not part of the address, but the search path of the session may be set from it. */
  readonly searchPath?: string;
  readonly role?: string;
  readonly sslmode?: string;
  readonly sslcert?: string;
  readonly sslkey?: string;
  readonly sslrootcert?: string;
  /** Seconds. */
  readonly connectTimeout: number;
  /** Further attempts to open a connection. */
  readonly retries: number;
  readonly keepalivesIdle: number;
  readonly applicationName: string;
}

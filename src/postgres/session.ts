import type { Readable } from "node:stream";
import type { Client } from "pg";
import { commented, type StatementComment } from "./comment.ts";
import { sessionSettings, type Address, type Connected } from "./connect.ts";
import { copyFrom } from "./copy.ts";
import type { Field, QueryResult, Row, Session } from "./database.ts";
import { QueryError, SQLSTATE, toQueryError } from "./errors.ts";
import { javascriptTypes, textTypes } from "./values.ts";

type TextResult = Awaited<ReturnType<Session["queryText"]>>;

/** The parts of `pg`'s results that are used; `rows` are objects or arrays as asked for. */
interface RawResult<R> {
  rows: R[];
  fields: { name: string; dataTypeID: number }[];
  rowCount: number | null;
}

/** What `pg`'s client has, beside what its types tell. */
interface ClientInside {
  readonly connection: { on(event: "commandComplete", listener: (message: { text: string }) => void): void };
  getTransactionStatus(): "I" | "T" | "E" | null;
}

/** One connection of the pool. Statements are run one after another, in the order asked for. */
export class PooledSession implements Session {
  readonly pid: number;
  comment: StatementComment | undefined;
  readonly #client: Client;
  readonly #address: Address;
  readonly #signal: AbortSignal | undefined;
  readonly #pool: Iterable<PooledSession>;
  #tag = "";
  #settingsTouched = false;
  #running = 0;
  #lost = false;

  /** `pool`: where it stands among others. */
  constructor({ client, pid }: Connected, address: Address, pool: Iterable<PooledSession>, signal?: AbortSignal) {
    this.#pool = pool;
    this.#client = client;
    this.pid = pid;
    this.#address = address;
    this.#signal = signal;
    client.on("end", () => (this.#lost = true));
    client.on("error", () => (this.#lost = true));
    // `pg` keeps the first word of the tag only, and `create table` and `create view` are worth telling apart.
    this.#inside.connection.on("commandComplete", ({ text }) => {
      this.#tag = text;
      if (text === "SET" || text === "RESET") this.#settingsTouched = true;
    });
  }

  get #inside(): ClientInside {
    return this.#client as unknown as ClientInside;
  }

  get poolPids(): readonly number[] {
    return Array.from(this.#pool, ({ pid }) => pid);
  }

  /** A statement is on the server at this moment. */
  get busy(): boolean {
    return this.#running > 0;
  }

  /** The connection is gone: not to be lent again. */
  get lost(): boolean {
    return this.#lost;
  }

  async query<R = Row>(sql: string, params?: readonly unknown[]): Promise<QueryResult<R>> {
    this.#signal?.throwIfAborted();
    return this.#ask<R>(sql, { types: javascriptTypes, ...(params && { values: [...params] }) });
  }

  async queryText(sql: string): Promise<TextResult> {
    this.#signal?.throwIfAborted();
    return this.#ask<(string | null)[]>(sql, { types: textTypes, rowMode: "array" });
  }

  async copyIn(sql: string, source: Readable): Promise<number> {
    const { text, moved } = commented(sql, this.comment);
    try {
      this.#signal?.throwIfAborted();
      return await this.#counted(() => copyFrom(this.#client, text, source, this.#signal));
    } catch (thrown) {
      source.destroy();
      throw this.#explain(thrown, sql, moved);
    }
  }

  get inTransaction(): boolean {
    return this.#inside.getTransactionStatus() !== "I";
  }

  async transaction<T>(work: () => Promise<T>): Promise<T> {
    if (this.inTransaction) throw new Error("Internal error: a transaction inside another");
    await this.query("begin");
    try {
      const result = await work();
      await this.#commit();
      return result;
    } catch (thrown) {
      await this.rollback();
      throw thrown;
    }
  }

  async #commit(): Promise<void> {
    const { command } = await this.query("commit");
    // Someone swallowed the error of a statement: Postgres answers `commit` with a rollback, and calls that a success.
    if (command === "ROLLBACK") {
      throw new QueryError("commit", {
        message: "The transaction was rolled back, because a statement in it had failed",
        code: SQLSTATE.inFailedTransaction,
      });
    }
  }

  /** Ends an open transaction, also after an abort. Never throws: a lost connection has rolled back by itself. */
  async rollback(): Promise<void> {
    if (this.#lost || !this.inTransaction) return;
    await this.#counted(() => this.#client.query("rollback")).catch(() => (this.#lost = true));
  }

  /** Makes the connection as it was when opened, for the next borrower; costs nothing when no setting was touched. */
  async clean(): Promise<void> {
    this.comment = undefined;
    await this.rollback();
    if (this.#lost || !this.#settingsTouched) return;
    const reset = `reset session authorization; reset all; ${sessionSettings(this.#address)}`;
    await this.#counted(() => this.#client.query(reset)).catch(() => (this.#lost = true));
    this.#settingsTouched = false;
  }

  /** Closes at once; a statement still on the server rejects. */
  async close(): Promise<void> {
    this.#lost = true;
    await this.#client.end();
  }

  async #ask<R>(sql: string, config: object): Promise<QueryResult<R>> {
    // What only begins and ends transactions says nothing, and servers count texts that differ as statements that do.
    const { text, moved } = commented(sql, sql === "begin" || sql === "commit" ? undefined : this.comment);
    try {
      const raw: unknown = await this.#counted(() => this.#client.query({ ...config, text }));
      // Several statements in one message make an array of results; the last is the one asked for.
      const result = (Array.isArray(raw) ? raw.at(-1) : raw) as RawResult<R>;
      const fields: Field[] = result.fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID }));
      return { rows: result.rows, fields, rowCount: result.rowCount ?? 0, command: verbOf(this.#tag) };
    } catch (thrown) {
      throw this.#explain(thrown, sql, moved);
    }
  }

  /** `moved`: the characters before what was asked. */
  #explain(thrown: unknown, sql: string, moved: number): Error {
    const { host, port } = this.#address.connection;
    const error = toQueryError(thrown, sql, `${host}:${port}`, moved);
    // The server says so before it closes, and the socket's end comes a moment later.
    if (error instanceof QueryError && error.severity !== "ERROR") this.#lost = true;
    return error;
  }

  async #counted<T>(work: () => Promise<T>): Promise<T> {
    this.#running++;
    this.#tag = "";
    try {
      return await work();
    } finally {
      this.#running--;
    }
  }
}

/** `SELECT 5` → `SELECT`, `INSERT 0 5` → `INSERT`, `CREATE TABLE` → `CREATE TABLE`. */
const verbOf = (tag: string): string => tag.replace(/( \d+)+$/, "");

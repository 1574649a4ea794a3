/** The connections of one command: the pool of the run, and single ones beside it. */
import { join } from "node:path";
import type { Compiled } from "../compile/assemble.ts";
import { Failure, type Span } from "../diagnostics/diagnostic.ts";
import type { Database, ServerInfo, Session } from "../postgres/database.ts";
import { ensureRunning, type ServerAddress, status, stop } from "../postgres/embedded.ts";
import { QueryError } from "../postgres/errors.ts";
import { refuseSharedSessions } from "../postgres/pooler.ts";
import { openDatabase } from "../postgres/open.ts";
import type { Project } from "../project/types.ts";
import { explainQueryError } from "./explain.ts";

export class Connections {
  readonly #target: Project["target"];
  readonly #dataDir: string;
  readonly #onServerStart: (() => void) | undefined;
  #database: Database | undefined;

  /** `onServerStart` is called before the embedded server is started, which takes seconds the first time. */
  constructor({ root, target }: Pick<Project, "root" | "target">, onServerStart?: () => void) {
    this.#target = target;
    this.#dataDir = join(root, ".sluice", "postgres");
    this.#onServerStart = onServerStart;
  }

  /** The server in use; absent before `pool`. */
  get server(): ServerInfo | undefined {
    return this.#database?.info;
  }

  /** Connects, starting the embedded server if the target is one. Further calls give the same pool. */
  async pool(signal?: AbortSignal): Promise<Database> {
    const { connection, threads } = this.#target;
    if (!this.#database && connection.embedded && !(await status(this.#dataDir))) this.#onServerStart?.();
    if (this.#database) return this.#database;
    this.#database = await openDatabase(connection, { sessions: threads, signal, dataDir: this.#dataDir });
    await refuseSharedSessions(this.#database, () => this.beside(signal));
    return this.#database;
  }

  /** Without starting one. */
  async isRunning(): Promise<boolean> {
    return !this.#target.connection.embedded || (await status(this.#dataDir)) !== undefined;
  }

  /** A connection beside the pool, whose sessions are for steps. The caller closes it. */
  beside(signal?: AbortSignal): Promise<Database> {
    return openDatabase(this.#target.connection, { sessions: 1, signal, dataDir: this.#dataDir });
  }

  /** After Ctrl-C the pool refuses everything: what is to be tidied up then gets a connection of its own. */
  async tidy(signal: AbortSignal | undefined, work: (database: Database) => Promise<void>): Promise<void> {
    if (this.#database && !signal?.aborted) return work(this.#database);
    const connection = { ...this.#target.connection, retries: 0 };
    const database = await openDatabase(connection, { sessions: 1, dataDir: this.#dataDir });
    try {
      await work(database);
    } finally {
      await database.close();
    }
  }

  /** One question; what Postgres says against it becomes a `Failure` at the place given. */
  async ask<T>(work: (session: Session) => Promise<T>, at?: Span, compiled?: Compiled): Promise<T> {
    const database = await this.pool();
    try {
      return await database.session(work);
    } catch (thrown) {
      if (!(thrown instanceof QueryError)) throw thrown;
      const origin = { label: "query", ...(at && { at }), ...(compiled && { compiled, bodyAt: 0 }) };
      throw new Failure(explainQueryError(thrown, origin), { cause: thrown });
    }
  }

  /** The embedded server, running; the target's database is made too. */
  async startServer(): Promise<ServerAddress> {
    await this.pool();
    return ensureRunning(this.#dataDir);
  }

  /** False when none ran. */
  stopServer(): Promise<boolean> {
    return stop(this.#dataDir);
  }

  async close(): Promise<void> {
    await this.#database?.close();
    this.#database = undefined;
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../diagnostics/diagnostic.ts";
import { connect, type Address } from "./connect.ts";
import { connectFailure } from "./connect-failure.ts";
import type { Connection, Database } from "./database.ts";
import { ensureRunning } from "./embedded.ts";
import { ALREADY_THERE, SQLSTATE, isNetworkCode, isTransient } from "./errors.ts";
import { PooledDatabase } from "./pool.ts";
import { quoteIdent } from "./relation.ts";

/** Of finding the embedded server and connecting to it. */
const ATTEMPTS = 5;

export interface OpenOptions {
  /** The most connections that are open at a time. */
  readonly sessions: number;
  /** Aborting cancels what runs on the server and refuses what waits; `close()` is still yours to call. */
  readonly signal?: AbortSignal | undefined;
  /** Where the embedded server keeps its files; read for an embedded connection only. */
  readonly dataDir: string;
}

/**
 * Opens a target's database; for the embedded one, starts the server and creates the database first. The first
 * connection is made at once, so that a wrong password is known now: throws `Failure` ("connect-failed" and others).
 *
 * After `signal` aborts, running statements reject with `QueryError` 57014, and everything new with the signal's reason;
 * open transactions are rolled back. To tidy up afterwards, open another database without the signal.
 */
export async function openDatabase(connection: Connection, options: OpenOptions): Promise<Database> {
  const { sessions, signal } = options;
  signal?.throwIfAborted();
  if (connection.embedded) return openEmbedded(connection, options);
  const address: Address = { connection };
  return new PooledDatabase(await connect(address, signal), address, sessions, signal);
}

async function openEmbedded(connection: Connection, { sessions, signal, dataDir }: OpenOptions): Promise<Database> {
  for (let attempt = 1; ; attempt++) {
    const address: Address = { connection: await locate(connection, dataDir) };
    try {
      return new PooledDatabase(await connect(address, signal), address, sessions, signal);
    } catch (thrown) {
      if (attempt === ATTEMPTS) throw thrown;
      if (saysCode(thrown, (code) => code === SQLSTATE.noSuchDatabase)) await createDatabase(address.connection);
      // The server was found alive and ended in that moment: look again, and start it.
      else if (saysCode(thrown, (code) => isNetworkCode(code) || isTransient(code))) await sleep(100);
      else throw thrown;
    }
  }
}

async function locate(connection: Connection, dataDir: string): Promise<Connection> {
  const { host, port, user, password } = await ensureRunning(dataDir);
  return { ...connection, host, port, user, password };
}

const saysCode = (thrown: unknown, test: (code: string) => boolean): boolean =>
  thrown instanceof Failure && test((thrown.cause as { code?: string } | undefined)?.code ?? "");

async function createDatabase(connection: Connection): Promise<void> {
  const { role: _, searchPath: __, ...maintenance } = { ...connection, database: "postgres" };
  const { client } = await connect({ connection: maintenance });
  try {
    // template0: nobody can be connected to it, which would make `create database` fail.
    await client.query(`create database ${quoteIdent(connection.database)} template template0`);
  } catch (thrown) {
    // Another process had the same idea.
    if (!ALREADY_THERE.has((thrown as { code?: string }).code ?? "")) throw connectFailure(connection, thrown);
  } finally {
    await client.end();
  }
}

import { Failure } from "../diagnostics/diagnostic.ts";
import { connect, type Address, type Connected } from "./connect.ts";
import { connectFailure } from "./connect-failure.ts";
import type { Connection, Database } from "./database.ts";
import { ensureRunning } from "./embedded.ts";
import { ALREADY_THERE, SQLSTATE } from "./errors.ts";
import { PooledDatabase } from "./pool.ts";
import { quoteIdent } from "./relation.ts";

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
  const { sessions, signal, dataDir } = options;
  signal?.throwIfAborted();
  const address: Address = { connection: connection.embedded ? await embedded(connection, dataDir) : connection };
  const first = await connect(address, signal).catch(async (thrown: unknown): Promise<Connected> => {
    if (!connection.embedded || !isMissingDatabase(thrown)) throw thrown;
    await createDatabase(address.connection);
    return connect(address, signal);
  });
  return new PooledDatabase(first, address, sessions, signal);
}

async function embedded(connection: Connection, dataDir: string): Promise<Connection> {
  const { host, port, user, password } = await ensureRunning(dataDir);
  return { ...connection, host, port, user, password };
}

const isMissingDatabase = (thrown: unknown): boolean =>
  thrown instanceof Failure && (thrown.cause as { code?: string } | undefined)?.code === SQLSTATE.noSuchDatabase;

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

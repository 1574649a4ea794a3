import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import { Failure } from "../diagnostics/diagnostic.ts";
import { connectFailure } from "./connect-failure.ts";
import type { Connection } from "./database.ts";
import { firstOf, isNetworkCode, isServerError, isTransient } from "./errors.ts";
import { quoteIdent, quoteLiteral } from "./relation.ts";
import { sslAttempts, type Ssl } from "./ssl.ts";
import { javascriptTypes } from "./values.ts";

/** Where a connection goes, after the embedded server was asked for its address. */
export interface Address {
  readonly connection: Connection;
  /** What worked last time is tried first: `prefer` then costs one refused attempt per run, not per connection. */
  ssl?: Ssl;
  /** Servers on Windows and old macOS ones cannot watch for dead clients; asked once. */
  watchesClients?: boolean;
}

export interface Connected {
  readonly client: Client;
  /** The server's own process, also behind a connection pooler. */
  readonly pid: number;
  readonly version: number;
  /** Something stands between us and the server: it greeted us with another number. */
  readonly pooled: boolean;
}

/** First pause before another attempt, doubled each time up to the longest, in milliseconds. */
const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 5000;

/**
 * Opens one connection and prepares its session. Throws `Failure` ("connect-failed") after the last attempt, or the
 * signal's reason when aborted in a pause.
 */
export async function connect(address: Address, signal?: AbortSignal): Promise<Connected> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await connectOnce(address);
    } catch (thrown) {
      if (thrown instanceof Failure) throw thrown;
      if (attempt >= address.connection.retries || !worthAnotherTry(thrown)) {
        throw connectFailure(address.connection, thrown, attempt + 1);
      }
    }
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** attempt);
    // Jitter, so that eight sessions refused together do not come back together.
    await sleep(pause * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}

function worthAnotherTry(thrown: unknown): boolean {
  if (isServerError(thrown)) return isTransient(thrown.code ?? "");
  const error = firstOf(thrown);
  return isNetworkCode(error.code) || /timeout expired|terminated unexpectedly/.test(error.message);
}

async function connectOnce(address: Address): Promise<Connected> {
  const attempts = address.ssl === undefined ? sslAttempts(address.connection) : [address.ssl];
  let failed: unknown;
  for (const ssl of attempts) {
    try {
      const client = await login(address.connection, ssl);
      address.ssl = ssl;
      return await prepare(client, address);
    } catch (thrown) {
      // Any reason counts for more than "no encryption here".
      if (failed === undefined || !/does not support SSL/.test(firstOf(thrown).message)) failed = thrown;
      if (!mayDependOnSsl(thrown)) break;
    }
  }
  throw failed;
}

/** libpq tries the other way only where encryption can be the reason: no TLS there, or pg_hba.conf wants the other. */
function mayDependOnSsl(thrown: unknown): boolean {
  if (isServerError(thrown)) return thrown.code === "28000";
  const { code, message } = firstOf(thrown);
  return !isNetworkCode(code) && code !== "ENOTFOUND" && !message.includes("timeout expired");
}

async function login(connection: Connection, ssl: Ssl): Promise<Client> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({
    host: connection.host,
    port: connection.port,
    user: connection.user,
    password: connection.password,
    database: connection.database,
    application_name: connection.applicationName,
    connectionTimeoutMillis: connection.connectTimeout * 1000,
    keepAlive: true,
    keepAliveInitialDelayMillis: connection.keepalivesIdle * 1000,
    ssl,
    types: javascriptTypes,
  });
  // Without a listener a connection lost while idle would end the process; the session notices by itself.
  client.on("error", () => {});
  try {
    await client.connect();
    return client;
  } catch (thrown) {
    // `pg` leaves the socket of a login that it gave up itself, and with it the process would stay.
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    throw thrown;
  }
}

async function prepare(client: Client, address: Address): Promise<Connected> {
  try {
    const results = await client.query(
      `${sessionSettings(address)}; select pg_backend_pid() as pid, current_setting('server_version_num')::int as version`,
    );
    // Several statements in one message: `pg` answers with an array, which its types do not know.
    const { pid, version } = (results as unknown as { rows: { pid: number; version: number }[] }[]).at(-1)!.rows[0]!;
    await watchClient(client, address, version);
    const pooled = (client as unknown as { processID: number | null }).processID !== pid;
    return { client, pid, version, pooled };
  } catch (thrown) {
    await client.end();
    throw thrown;
  }
}

/** What every session starts with; also run after a step changed a setting. */
export function sessionSettings({ connection: { role, searchPath }, watchesClients }: Address): string {
  const settings = ["set datestyle to iso"];
  // The schema need not exist yet.
  if (searchPath) settings.push(`select set_config('search_path', ${quoteLiteral(searchPath)}, false)`);
  if (role) settings.push(`set role ${quoteIdent(role)}`);
  if (watchesClients) settings.push(WATCH_CLIENT);
  return settings.join("; ");
}

const WATCH_CLIENT = "set client_connection_check_interval to '2s'";

/** A statement of a Sluice that was killed ends after two seconds, instead of holding its locks until it is done. */
async function watchClient(client: Client, address: Address, version: number): Promise<void> {
  if (address.watchesClients !== undefined || version < 140_000) return;
  address.watchesClients = await client.query(WATCH_CLIENT).then(
    () => true,
    () => false,
  );
}

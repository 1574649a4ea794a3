import { randomBytes } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../diagnostics/diagnostic.ts";
import type { Connection, Session } from "../postgres/database.ts";
import { ensureRunning, type ServerAddress } from "../postgres/embedded.ts";
import { openDatabase } from "../postgres/open.ts";
import { quoteIdent } from "../postgres/relation.ts";

/** A database of its own for a test file; `drop` also ends the connections that a failed test left open. */
export interface TestDatabase {
  readonly connection: Connection;
  readonly url: string;
  drop(): Promise<void>;
}

/** Fast rather than durable: a power cut may cost this server's data, which nobody wants to keep. */
const SETTINGS = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  max_connections: "300",
  autovacuum: "off",
};

/** Databases of test runs that were killed are dropped after this time, in milliseconds. */
const LEFT_OVER = 2 * 3600 * 1000;

let known: Promise<Connection> | undefined;

/**
 * A superuser's connection to the server of all tests: started once per machine and user, shared by all workers and
 * runs, and left running. `SLUICE_TEST_DATABASE_URL` names another server to use instead.
 */
export function testServer(): Promise<Connection> {
  known ??= startOrAttach();
  return known;
}

async function startOrAttach(): Promise<Connection> {
  const connection = connectionTo(addressFromEnvironment() ?? (await startOrRenew()));
  await onServer(connection, dropLeftOvers);
  return connection;
}

/** What does not start any more (a power cut without fsync, another major version) is made anew. */
async function startOrRenew(): Promise<ServerAddress> {
  const dataDir = testDataDir();
  try {
    return await ensureRunning(dataDir, { settings: SETTINGS });
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    // Renamed first, so that of several workers one does it.
    await rename(dataDir, `${dataDir}.broken.${process.pid}`).catch(() => {});
    await rm(`${dataDir}.broken.${process.pid}`, { recursive: true, force: true });
    return ensureRunning(dataDir, { settings: SETTINGS });
  }
}

export const testDataDir = (): string => join(tmpdir(), `sluice-test-server-${process.getuid?.() ?? "user"}`);

/** A new, empty database, cloned from a template; about 30 ms. */
export async function testDatabase(): Promise<TestDatabase> {
  const server = await testServer();
  // The name tells the age, so that databases of killed runs can be found.
  const name = `sluice_test_${Date.now().toString(36)}_${randomBytes(5).toString("hex")}`;
  await onServer(server, async (session) => {
    await session.query(`create database ${quoteIdent(name)} template template0`);
  });
  const connection = { ...server, database: name };
  const { host, port, user, password } = connection;
  return {
    connection,
    url: `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password ?? "")}@${host}:${port}/${name}`,
    drop: () => onServer(server, (session) => dropDatabase(session, name)),
  };
}

async function dropLeftOvers(session: Session): Promise<void> {
  const { rows } = await session.query<{ datname: string }>(
    "select datname from pg_database where datname like 'sluice\\_test\\_%\\_%'",
  );
  for (const { datname } of rows) {
    const born = Number.parseInt(datname.split("_")[2] ?? "", 36);
    if (Date.now() - born > LEFT_OVER) await dropDatabase(session, datname);
  }
}

async function dropDatabase(session: Session, name: string): Promise<void> {
  await session.query(`drop database if exists ${quoteIdent(name)} with (force)`);
}

async function onServer(connection: Connection, work: (session: Session) => Promise<void>): Promise<void> {
  const database = await openDatabase(connection, { sessions: 1, dataDir: testDataDir() });
  try {
    await database.session(work);
  } finally {
    await database.close();
  }
}

function addressFromEnvironment(): (ServerAddress & { database: string }) | undefined {
  const text = process.env["SLUICE_TEST_DATABASE_URL"];
  if (!text) return undefined;
  const url = new URL(text);
  return {
    host: decodeURIComponent(url.hostname),
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)) || "postgres",
  };
}

/** As to any other server: that the tests' own one happens to be embedded is not their business. */
function connectionTo({
  host,
  port,
  user,
  password,
  database = "postgres",
}: ServerAddress & { database?: string }): Connection {
  return {
    embedded: false,
    host,
    port,
    user,
    password,
    database,
    sslmode: "prefer",
    connectTimeout: 10,
    retries: 1,
    keepalivesIdle: 0,
    applicationName: "sluice-test",
  };
}

import { readFile, readlink, realpath, rename, rm } from "node:fs/promises";

/** What `postmaster.pid` says: the running server's, or what a killed one left behind. */
export interface Postmaster {
  readonly pid: number;
  /** As of the last start; 0 while the file is half written. */
  readonly port: number;
  readonly ready: boolean;
  /** The file as read, to recognise it later. */
  readonly text: string;
}

export async function readPostmaster(pgdata: string): Promise<Postmaster | undefined> {
  let text: string;
  try {
    text = await readFile(`${pgdata}/postmaster.pid`, "utf8");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw thrown;
  }
  // Lines: pid, data directory, start time, port, socket directory, address, shared memory, status.
  const lines = text.split("\n");
  const [pid, port] = [Number.parseInt(lines[0] ?? "", 10), Number.parseInt(lines[3] ?? "", 10)];
  if (!Number.isInteger(pid)) return undefined;
  return { pid: Math.abs(pid), port: Number.isInteger(port) ? port : 0, ready: lines[7]?.trim() === "ready", text };
}

/**
 * Whether the process that the file names is alive and really this directory's server: the number may have gone to
 * another process since, and a copied project brings the file of the original, whose server does run.
 */
export async function isOurs(postmaster: Postmaster, pgdata: string, login?: Login): Promise<boolean> {
  if (!isAlive(postmaster.pid)) return false;
  try {
    // A server lives in its data directory, also when that has been moved since.
    return (await readlink(`/proc/${postmaster.pid}/cwd`)) === (await realpath(pgdata));
  } catch {
    return postmaster.ready && login ? answersFor(postmaster.port, pgdata, login) : true;
  }
}

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** Without /proc: ask the server itself. Knowing the password is not enough, since copies share it. */
async function answersFor(port: number, pgdata: string, login: Login): Promise<boolean> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({
    host: "127.0.0.1",
    port,
    ...login,
    database: "postgres",
    connectionTimeoutMillis: 5000,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>("show data_directory");
    return (await realpath(rows[0]!.data_directory)) === (await realpath(pgdata));
  } catch {
    return false;
  } finally {
    await client.end();
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Removes the file that a killed server left, when its number has gone to another process: the new server would take
 * that one for its predecessor and give up. Call only after `isOurs` said no.
 */
export async function dropForeignFile(pgdata: string): Promise<void> {
  const postmaster = await readPostmaster(pgdata);
  if (!postmaster || !isAlive(postmaster.pid) || (await isOurs(postmaster, pgdata))) return;
  const aside = `${pgdata}/postmaster.pid.${process.pid}`;
  await rename(`${pgdata}/postmaster.pid`, aside);
  // Another start may have put its own file there just now: back with it.
  if ((await readFile(aside, "utf8")) === postmaster.text) await rm(aside);
  else await rename(aside, `${pgdata}/postmaster.pid`);
}

/** Takes away a pid file that never got its first line; the server would not start over it. */
export async function dropEmptyFile(pgdata: string): Promise<void> {
  const file = `${pgdata}/postmaster.pid`;
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === "") await rm(file, { force: true });
}

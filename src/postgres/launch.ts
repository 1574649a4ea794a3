import { execFile, spawn } from "node:child_process";
import { closeSync, constants, fchownSync, fstatSync, openSync } from "node:fs";
import { open, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Failure, error } from "../diagnostics/diagnostic.ts";
import { asAccount, isRoot, type Account } from "./account.ts";
import type { Binaries } from "./binaries.ts";
import { serverEnvironment } from "./environment.ts";
import { nameFor } from "./initdb.ts";
import { readPostmaster } from "./postmaster.ts";

/** How a start can end, when not in a `Failure`. */
export type Launched = "started" | "port-taken" | "already-running" | "pid-file-empty";

export interface Launch {
  readonly pgdata: string;
  readonly log: string;
  readonly account: Account | undefined;
  readonly binaries: Binaries;
  readonly port: number;
}

/** Recovery after a crash may take a while; a server that neither ends nor gets ready by then is given up. */
const START_LIMIT = 120_000;
const LOOK_AGAIN = 10;
const LARGEST_LOG = 10_000_000;

/** Starts a server that outlives this process, and waits until it takes connections. */
export async function launch(how: Launch): Promise<Launched> {
  if ((await sizeOf(how.log)) > LARGEST_LOG) await rename(how.log, `${how.log}.1`);
  const before = await sizeOf(how.log);
  const ended = process.platform === "win32" ? await startWithPgCtl(how) : await startDetached(how);
  if (!ended) return "started";
  const said = (await readFrom(how.log, before)).trim();
  // The server itself makes sure that there is one per directory; another process was faster.
  if (/lock file "postmaster.pid" already exists|pre-existing shared memory block/.test(said)) return "already-running";
  // Another process makes the file at this moment; or a crash came between its making and its first line.
  if (/lock file "postmaster.pid" is empty/.test(said)) return "pid-file-empty";
  if (/could not bind .* address|could not create any TCP\/IP sockets/.test(said)) return "port-taken";
  throw startFailed(said, how);
}

function serverArguments({ pgdata, account, port }: Launch): string[] {
  // On the command line stands what no setting may change: loopback only, and no socket in the file system.
  return [
    "-D",
    nameFor(pgdata, account),
    "-p",
    String(port),
    "-c",
    "listen_addresses=127.0.0.1",
    "-c",
    "unix_socket_directories=",
  ];
}

/** True when the server ended instead of getting ready. */
async function startDetached(how: Launch): Promise<boolean> {
  const log = openLog(how);
  const child = spawn(join(how.binaries.bin, "postgres"), serverArguments(how), {
    cwd: how.pgdata,
    env: serverEnvironment(),
    // A group of its own: Ctrl-C in our terminal is not meant for it.
    detached: true,
    stdio: ["ignore", log, log],
    ...asAccount(how.account),
  });
  closeSync(log);
  let failed: Error | undefined;
  child.once("error", (thrown) => (failed = thrown));
  child.unref();
  for (const limit = Date.now() + START_LIMIT; ; await sleep(LOOK_AGAIN)) {
    if (failed) throw startFailed(String(failed), how);
    if (child.exitCode !== null || child.signalCode !== null) return true;
    const postmaster = await readPostmaster(how.pgdata);
    if (postmaster?.pid === child.pid && postmaster?.ready) return false;
    if (Date.now() > limit) throw startFailed("it was not ready in time", how);
  }
}

/**
 * As root we write into a directory of somebody else: no link there may lead us out of it, and a log that we make is
 * theirs.
 */
function openLog({ log, account }: Launch): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW = 0 } = constants;
  const file = openSync(log, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  const { uid, size, nlink } = fstatSync(file);
  if (isRoot() && account && uid === 0 && size === 0 && nlink === 1) fchownSync(file, account.uid, account.gid);
  return file;
}

/** On Windows `pg_ctl` gives away the administrator's rights that the server refuses to have. */
async function startWithPgCtl(how: Launch): Promise<boolean> {
  const options = serverArguments(how).slice(2);
  const args = ["start", "-w", "-D", how.pgdata, "-l", how.log, "-o", options.map((o) => `"${o}"`).join(" ")];
  return promisify(execFile)(join(how.binaries.bin, "pg_ctl.exe"), args, { env: serverEnvironment() }).then(
    () => false,
    () => true,
  );
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

async function readFrom(path: string, offset: number): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(64_000), position: offset });
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

function startFailed(said: string, how: Launch): Failure {
  const tail = said.split("\n").slice(-15).join("\n");
  return new Failure(
    error(
      "embedded-start-failed",
      `The embedded PostgreSQL ${how.binaries.version} did not start:\n${tail}`,
      undefined,
      [`the whole log is ${how.log}`, "or use a server of your own: set DATABASE_URL, or a target in profiles.yml"],
    ),
  );
}

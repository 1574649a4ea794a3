import { execFile } from "node:child_process";
import { access, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Failure, error } from "../diagnostics/diagnostic.ts";
import type { Account } from "./account.ts";
import { findBinaries } from "./binaries.ts";
import { isBeingMade, notYours, prepareDirectory } from "./directory.ts";
import { serverEnvironment } from "./environment.ts";
import { PASSWORD_FILE, SETTINGS_FILE, SUPERUSER, makeDataDirectory } from "./initdb.ts";
import { launch } from "./launch.ts";
import { freePort, rememberPort, rememberedPort } from "./port.ts";
import { dropEmptyFile, dropForeignFile, isOurs, readPostmaster, type Postmaster } from "./postmaster.ts";
import { writeSettings } from "./settings.ts";

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

export interface EmbeddedOptions {
  /** Server settings beside the usual ones (settings.ts); they count when this call starts the server. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** In milliseconds: how long a start may be repeated, while ports are taken or a killed server's processes linger. */
const START_LIMIT = 60_000;
/** Another process starts, stops or recovers the server. */
const WAIT_LIMIT = 120_000;
const LOOK_AGAIN = 20;
/** A server fills its pid file at once; one that is empty for longer is the remnant of a crash. */
const HALF_STARTED = 2000;

/**
 * Makes sure that the server of a data directory runs, and tells its address. Attaches to the one that is there; else
 * starts it, after making the directory if need be. It keeps running when this process ends.
 *
 * Safe when several processes come at once, with no lock of ours that could be left behind: a new data directory is
 * renamed into place, and the server itself makes sure that there is only one. Throws `Failure`.
 */
export async function ensureRunning(
  dataDir: string,
  options: EmbeddedOptions = {},
): Promise<ServerAddress & { readonly started: boolean }> {
  const pgdata = pgdataOf(dataDir);
  const attached = await attach(pgdata);
  if (attached) return { ...attached, started: false };
  const account = await prepareDirectory(resolve(dataDir), pgdata);
  await ensureInitialised(pgdata, account);
  return start(dataDir, account, options);
}

/** Stops the server, as `pg_ctl stop -m fast` does: open transactions are rolled back. False when none ran. */
export async function stop(dataDir: string): Promise<boolean> {
  const pgdata = pgdataOf(dataDir);
  const postmaster = await runningPostmaster(pgdata);
  if (!postmaster) return false;
  if (process.platform === "win32") {
    const { bin } = await findBinaries(undefined);
    await promisify(execFile)(join(bin, "pg_ctl.exe"), ["stop", "-m", "fast", "-D", pgdata], {
      env: serverEnvironment(),
    });
    return true;
  }
  process.kill(postmaster.pid, "SIGINT");
  // The file goes last. (The process may stay for a while as a zombie, in containers without an init.)
  const limit = Date.now() + WAIT_LIMIT;
  while ((await readPostmaster(pgdata))?.pid === postmaster.pid) {
    if (Date.now() > limit) {
      throw new Failure(
        error("embedded-stop-failed", `The embedded server (process ${postmaster.pid}) does not stop.`),
      );
    }
    await sleep(LOOK_AGAIN);
  }
  return true;
}

/** The running server's address, or nothing. Starts nothing. */
export async function status(dataDir: string): Promise<(ServerAddress & { readonly pid: number }) | undefined> {
  const pgdata = pgdataOf(dataDir);
  const postmaster = await runningPostmaster(pgdata);
  return postmaster?.ready ? { ...(await addressOf(pgdata, postmaster)), pid: postmaster.pid } : undefined;
}

const pgdataOf = (dataDir: string): string => join(resolve(dataDir), "data");

async function start(
  dataDir: string,
  account: Account | undefined,
  options: EmbeddedOptions,
): Promise<ServerAddress & { readonly started: boolean }> {
  const pgdata = pgdataOf(dataDir);
  const major = Number((await readFile(join(pgdata, "PG_VERSION"), "utf8")).trim());
  const binaries = await findBinaries(account, major);
  await writeSettings(join(pgdata, SETTINGS_FILE), major, account, options.settings);
  await dropForeignFile(pgdata);
  const log = join(resolve(dataDir), "server.log");
  let wanted = await rememberedPort(dataDir);
  const begun = Date.now();
  for (const limit = Date.now() + START_LIMIT; ;) {
    const port = await freePort(wanted);
    const outcome = await launch({ pgdata, log, account, binaries, port });
    const attached = await attach(pgdata);
    if (attached) {
      await rememberPort(dataDir, attached.port);
      return { ...attached, started: outcome === "started" };
    }
    if (Date.now() > limit) throw neverReady(outcome, log);
    // Somebody took it between our look and the server's.
    if (outcome === "port-taken") wanted = port + 1;
    else if (outcome === "pid-file-empty" && Date.now() - begun > HALF_STARTED) await dropEmptyFile(pgdata);
    else await sleep(100);
  }
}

/** The server that runs in the directory, once it is ready; nothing when none runs. */
async function attach(pgdata: string): Promise<ServerAddress | undefined> {
  const limit = Date.now() + WAIT_LIMIT;
  for (;;) {
    const postmaster = await runningPostmaster(pgdata);
    if (!postmaster) return undefined;
    if (postmaster.ready) return addressOf(pgdata, postmaster);
    if (Date.now() > limit) throw neverReady("not ready", join(dirname(pgdata), "server.log"));
    await sleep(LOOK_AGAIN);
  }
}

async function runningPostmaster(pgdata: string): Promise<Postmaster | undefined> {
  try {
    const postmaster = await readPostmaster(pgdata);
    if (!postmaster) return undefined;
    const login = { user: SUPERUSER, password: await passwordOf(pgdata) };
    return (await isOurs(postmaster, pgdata, login)) ? postmaster : undefined;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "EACCES") throw notYours(pgdata, undefined, thrown);
    throw thrown;
  }
}

async function addressOf(pgdata: string, postmaster: Postmaster): Promise<ServerAddress> {
  return { host: "127.0.0.1", port: postmaster.port, user: SUPERUSER, password: await passwordOf(pgdata) };
}

const passwordOf = (pgdata: string): Promise<string> => readFile(join(pgdata, PASSWORD_FILE), "utf8");

async function ensureInitialised(pgdata: string, account: Account | undefined): Promise<void> {
  const limit = Date.now() + WAIT_LIMIT;
  while (!(await exists(join(pgdata, "PG_VERSION")))) {
    // Two at once would both succeed, one in vain; waiting is kinder to the machine.
    if ((await isBeingMade(pgdata)) && Date.now() < limit) await sleep(LOOK_AGAIN);
    else await makeDataDirectory(pgdata, account, await findBinaries(account));
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function neverReady(what: string, log: string): Failure {
  const message = `The embedded PostgreSQL did not get ready (${what}).`;
  return new Failure(error("embedded-start-failed", message, undefined, [`its log is ${log}`]));
}

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFile, chown, lchown, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Failure, error } from "../diagnostics/diagnostic.ts";
import { asAccount, isRoot, listedAccount, mayEnter, type Account } from "./account.ts";
import type { Binaries } from "./binaries.ts";
import { stagingName } from "./directory.ts";
import { serverEnvironment } from "./environment.ts";

export const SUPERUSER = "sluice";
export const PASSWORD_FILE = "sluice.password";
export const SETTINGS_FILE = "sluice.conf";

/**
 * Makes `pgdata`, complete or not at all: it is prepared beside and then renamed. When another process was faster, its
 * directory stays and ours is dropped.
 */
export async function makeDataDirectory(
  pgdata: string,
  account: Account | undefined,
  binaries: Binaries,
): Promise<void> {
  const staging = stagingName(pgdata);
  await rm(staging, { recursive: true, force: true });
  try {
    const password = randomBytes(24).toString("base64url");
    const worker = account && listedAccount(account);
    await makeOwned(staging, worker);
    await makeOwned(join(staging, "data"), worker);
    await writeOwned(join(staging, "pw"), password, worker);
    await runInitdb(staging, worker, binaries);
    await appendFile(join(staging, "data", "postgresql.conf"), `\ninclude_if_exists = '${SETTINGS_FILE}'\n`);
    await writeOwned(join(staging, "data", PASSWORD_FILE), password, worker);
    if (account && worker && worker.uid !== account.uid) await giveTo(account, join(staging, "data"));
    await rename(join(staging, "data"), pgdata).catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== "ENOTEMPTY" && thrown.code !== "EEXIST" && thrown.code !== "EPERM") throw thrown;
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function runInitdb(staging: string, worker: Account | undefined, binaries: Binaries): Promise<void> {
  const pgdata = join(staging, "data");
  const args = ["-D", nameFor(pgdata, worker), "-U", SUPERUSER, "-E", "UTF8", "--auth=scram-sha-256"];
  args.push(`--pwfile=${nameFor(pgdata, worker) === pgdata ? join(staging, "pw") : `${HERE}/../pw`}`);
  // The same sort order on every system. Before version 17 only the C library could tell letters from digits.
  if (binaries.major >= 17) args.push("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8");
  else args.push("--lc-collate=C", `--lc-ctype=${process.platform === "linux" ? "C.UTF-8" : "C"}`);
  try {
    await promisify(execFile)(join(binaries.bin, "initdb"), args, {
      cwd: pgdata,
      env: serverEnvironment(),
      ...asAccount(worker),
    });
  } catch (thrown) {
    const { stderr, message } = thrown as Error & { stderr?: string };
    const said = stderr?.trim() || message;
    const notes = /could not look up effective user/.test(said)
      ? ["this user number has no line in /etc/passwd: add one, or use a server (DATABASE_URL)"]
      : ["check the rights and the free space of the project's directory, or use a server (DATABASE_URL)"];
    throw new Failure(error("embedded-start-failed", `PostgreSQL's initdb failed: ${said}`, undefined, notes), {
      cause: thrown,
    });
  }
}

/** The working directory, whatever its path: works where the account may not walk the path to it (root's home). */
const HERE = "/proc/self/cwd";

/** How to name `pgdata` to a server program started in it as `account`. */
export function nameFor(pgdata: string, account: Account | undefined): string {
  if (!isRoot() || !account || mayEnter(account, pgdata)) return pgdata;
  if (process.platform === "linux") return HERE;
  throw new Failure(
    error(
      "embedded-start-failed",
      `As root, the server runs as user ${account.uid}, who cannot reach ${pgdata}.`,
      undefined,
      ["run Sluice as an ordinary user, or move the project to a directory that others may enter"],
    ),
  );
}

async function makeOwned(directory: string, account: Account | undefined): Promise<void> {
  await mkdir(directory, { mode: 0o700 });
  if (isRoot() && account) await chown(directory, account.uid, account.gid);
}

/** Private from its first byte on. */
async function writeOwned(path: string, text: string, account: Account | undefined): Promise<void> {
  await writeFile(path, text, { mode: 0o600, flag: "wx" });
  if (isRoot() && account) await chown(path, account.uid, account.gid);
}

async function giveTo(account: Account, directory: string): Promise<void> {
  for (const entry of await readdir(directory, { recursive: true })) {
    await lchown(join(directory, entry), account.uid, account.gid);
  }
  await chown(directory, account.uid, account.gid);
}

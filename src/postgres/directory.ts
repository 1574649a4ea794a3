import { chown, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { userInfo } from "node:os";
import { Failure, error } from "../diagnostics/diagnostic.ts";
import { accountFor, isRoot, type Account } from "./account.ts";
import { isAlive } from "./postmaster.ts";

/** What a killed process left of a half-made data directory is dropped after this many milliseconds. */
const STALE = 600_000;

/**
 * Makes the embedded server's directory if need be, and says who runs the server: `undefined` for ourselves. When we are
 * root, what we make is given to the server's account, and nothing else is touched.
 */
export async function prepareDirectory(dataDir: string, pgdata: string): Promise<Account | undefined> {
  const owner = await ownerOf(pgdata);
  if (owner && !isRoot() && process.getuid && owner.uid !== process.getuid()) throw notYours(pgdata, owner);
  const account = isRoot() ? (owner ?? accountFor(await projectOf(dataDir))) : undefined;
  await makeDirectories(dataDir, account);
  return account;
}

async function makeDirectories(dataDir: string, account: Account | undefined): Promise<void> {
  let made: string | undefined;
  try {
    made = await mkdir(dataDir, { recursive: true });
  } catch (cause) {
    const message = `The embedded server's directory cannot be made: ${(cause as Error).message}`;
    throw new Failure(
      error("embedded-start-failed", message, undefined, [
        "the project's directory must be writable, or use a server of your own (DATABASE_URL)",
      ]),
      { cause },
    );
  }
  if (!made) return;
  await writeFile(join(dataDir, ".gitignore"), "*\n");
  if (!account) return;
  // From the first directory that was not there before, down to ours.
  for (let dir = dataDir; dir.length >= made.length; dir = dirname(dir)) await chown(dir, account.uid, account.gid);
}

/** `<project>/.sluice/postgres` → `<project>`; for other places the nearest directory that is there. */
async function projectOf(dataDir: string): Promise<string> {
  let dir = dirname(dirname(dataDir));
  while (!(await ownerOf(dir))) dir = dirname(dir);
  return dir;
}

async function ownerOf(path: string): Promise<Account | undefined> {
  return stat(path).then(
    ({ uid, gid }) => ({ uid, gid }),
    () => undefined,
  );
}

export const stagingName = (pgdata: string): string => `${pgdata}.new.${process.pid}`;

/** Whether another process is making `pgdata` now; drops what killed ones left. */
export async function isBeingMade(pgdata: string): Promise<boolean> {
  const prefix = `${basename(pgdata)}.new.`;
  const names = (await readdir(dirname(pgdata))).filter((name) => name.startsWith(prefix));
  let busy = false;
  for (const name of names) {
    const pid = Number(name.slice(prefix.length));
    const path = join(dirname(pgdata), name);
    const age = await stat(path).then(
      ({ ctimeMs }) => Date.now() - ctimeMs,
      () => 0,
    );
    if (age > STALE) await rm(path, { recursive: true, force: true });
    else if (pid !== process.pid && isAlive(pid)) busy = true;
  }
  return busy;
}

export function notYours(pgdata: string, owner?: Account, cause?: unknown): Failure {
  const whose = owner ? `user number ${owner.uid}` : "another user";
  return new Failure(
    error(
      "embedded-not-yours",
      `The embedded server's data in ${pgdata} belongs to ${whose}, and you are ${me()}.`,
      undefined,
      [
        "use it as that user, or as root",
        "or remove the directory, if its data can be rebuilt: the next command makes a new one",
      ],
    ),
    { cause },
  );
}

function me(): string {
  try {
    return `"${userInfo().username}"`;
  } catch {
    // No line in /etc/passwd.
    return `user number ${process.getuid?.()}`;
  }
}

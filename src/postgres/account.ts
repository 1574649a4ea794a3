import { readFileSync, statSync } from "node:fs";
import { dirname, parse } from "node:path";

/** Whom the server's processes belong to. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** As root PostgreSQL refuses to run; everyone else runs it as themselves. `undefined` on Windows. */
export const isRoot = (): boolean => process.getuid?.() === 0;

/**
 * Who shall own a new data directory when we are root: the project directory's owner, so that the same project can later
 * be used without root; else `postgres`; else `nobody`, whose number is taken where there is no list of users.
 */
export function accountFor(projectDir: string): Account {
  const { uid, gid } = statSync(projectDir);
  if (uid !== 0) return { uid, gid };
  return named("postgres") ?? named("nobody") ?? { uid: 65534, gid: 65534 };
}

/** `initdb`, unlike the server, looks its user up by number: one that is listed, for the time of its work. */
export function listedAccount(wanted: Account): Account {
  const listed = users().some((user) => user.uid === wanted.uid);
  return listed ? wanted : (named("postgres") ?? named("nobody") ?? wanted);
}

/** How a child process is started as `account`: nothing to say when we are that already. */
export const asAccount = (account: Account | undefined): Partial<Account> =>
  isRoot() && account ? { ...account } : {};

/** Whether `account` may enter the directory: every directory on the way to it must let it pass. */
export function mayEnter(account: Account, directory: string): boolean {
  for (let dir = directory; ; dir = dirname(dir)) {
    const { mode, uid, gid } = statSync(dir);
    const pass = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if (!(mode & pass)) return false;
    if (dir === parse(dir).root) return true;
  }
}

interface User extends Account {
  readonly name: string;
}

const named = (name: string): Account | undefined => {
  const user = users().find((u) => u.name === name);
  return user && { uid: user.uid, gid: user.gid };
};

function users(): User[] {
  let text: string;
  try {
    text = readFileSync("/etc/passwd", "utf8");
  } catch {
    return [];
  }
  return text.split("\n").flatMap((line) => {
    const [name, , uid, gid] = line.split(":");
    return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

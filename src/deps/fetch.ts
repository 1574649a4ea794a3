/** Getting a package's files: a link, a clone, an unpacked archive. Everything is put beside and then moved into place. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { error, Failure, type Span } from "../diagnostics/diagnostic.ts";

const run = promisify(execFile);

/** Clones one revision into a new folder; gives the commit. Throws `Failure`. */
export async function cloneInto(
  folder: string,
  { url, revision, at }: { url: string; revision?: string; at: Span },
): Promise<string> {
  const git = async (...args: string[]): Promise<string> => {
    // Nobody is there to type a password.
    const env = { ...process.env, GIT_TERMINAL_PROMPT: "0" };
    return (await run("git", args, { cwd: folder, env, maxBuffer: 1 << 26 })).stdout.trim();
  };
  await mkdir(folder, { recursive: true });
  try {
    await git("init", "--quiet");
    const wanted = revision ?? "HEAD";
    // A commit may only be known to who has its branch: then everything is fetched.
    await git("fetch", "--quiet", "--depth", "1", "--", url, wanted)
      .then(() => git("checkout", "--quiet", "FETCH_HEAD"))
      .catch(async () => {
        await git("fetch", "--quiet", "--tags", "--", url, "+refs/heads/*:refs/remotes/origin/*");
        await git("checkout", "--quiet", revision ?? "FETCH_HEAD");
      });
    const commit = await git("rev-parse", "HEAD");
    await rm(join(folder, ".git"), { recursive: true });
    return commit;
  } catch (thrown) {
    const said = (thrown as { stderr?: string }).stderr?.trim() || (thrown as Error).message;
    const message = `${withoutSecrets(url)}${revision ? ` at ${revision}` : ""} cannot be cloned: ${withoutSecrets(said)}`;
    throw new Failure(error("package-git", message, at, ["check the URL, the revision, and your access"]), {
      cause: thrown,
    });
  }
}

/** `https://user:token@host/…` without what is before the host. */
export const withoutSecrets = (text: string): string => text.replace(/(\w+:\/\/)[^/@\s]+@/g, "$1");

/** Downloads and unpacks an archive whose one folder is the package. Throws `Failure`. */
export async function unpackInto(folder: string, url: string, at: Span): Promise<string> {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    const bytes = Buffer.from(await response.arrayBuffer());
    await mkdir(folder, { recursive: true });
    const archive = `${folder}.tar.gz`;
    await writeFile(archive, bytes);
    await run("tar", ["-xzf", archive, "-C", folder]);
    await rm(archive);
    const inside = await readdir(folder);
    if (inside.length === 1 && (await stat(join(folder, inside[0]!))).isDirectory()) {
      await rename(join(folder, inside[0]!), `${folder}.inner`);
      await rm(folder, { recursive: true });
      await rename(`${folder}.inner`, folder);
    }
    return createHash("sha1").update(bytes).digest("hex");
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
    const message = `${withoutSecrets(url)} cannot be had: ${(cause as Error).message}`;
    throw new Failure(error("package-tarball", message, at, ["check the URL"]), { cause: thrown });
  }
}

/** A link to a local package; where links are not allowed, a copy. */
export async function linkInto(target: string, folder: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  try {
    await symlink(resolve(folder), target, "dir");
  } catch (thrown) {
    if (!["EPERM", "EACCES"].includes((thrown as NodeJS.ErrnoException).code ?? "")) throw thrown;
    await cp(folder, target, {
      recursive: true,
      filter: (path) => !/[\\/](dbt_packages|target|\.git)([\\/]|$)/.test(path),
    });
  }
}

/** Whether any file of a folder is another one than before, without reading it. */
import { readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { sha256 } from "./hash.ts";

/** At the root: made by tools, not by people. */
const SKIPPED: ReadonlySet<string> = new Set([".git", ".sluice", "node_modules", "logs"]);

/**
 * A hash of names, sizes, times and numbers of all files below the root but for `outputs` (absolute), and of the files
 * `beside` it. A changed file has another time of change, which no program sets back.
 */
export async function filesHash(root: string, outputs: readonly string[], beside: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const visit = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true });
    await Promise.all(
      entries.map(async (entry) => {
        const path = join(folder, entry.name);
        if ((folder === root && SKIPPED.has(entry.name)) || outputs.includes(path)) return;
        if (entry.isDirectory()) await visit(path);
        else lines.push(await line(root, path));
      }),
    );
  };
  await visit(root);
  for (const path of beside) lines.push(await line(root, path));
  return sha256(lines.toSorted().join("\n"));
}

/** Links are followed: what they lead to is what is read. One that leads to a folder has no hash that lasts. */
async function line(root: string, path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  if (!found) return `${relative(root, path)} none`;
  const lasting = found.isFile()
    ? `${found.size} ${found.mtimeNs} ${found.ctimeNs} ${found.ino}`
    : `folder ${process.hrtime.bigint()}`;
  return `${relative(root, path)} ${lasting}`;
}

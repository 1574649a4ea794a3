/** Lists and reads the files of a project's folders. */
import { readFileSync } from "node:fs";
import { readFile, readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import type { SourceFile } from "../diagnostics/diagnostic.ts";

/** Editors' temporary files, and what is hidden. */
const IGNORED = /^[.#~]/;

/** Paths of all files below a folder of the root, sorted, relative to the root, with forward slashes. */
export async function listFiles(root: string, folder: string, ignored: (path: string) => boolean): Promise<string[]> {
  const files: string[] = [];
  const start = folder.replace(/\\/g, "/").replace(/^(?:\.\/)+|\/+$/g, "");
  await list(root, start, [], files, ignored);
  return files.toSorted((a, b) => (a < b ? -1 : 1));
}

/** `above` holds the real paths of the folders entered, so that a link to one of them is not followed for ever. */
async function list(
  root: string,
  folder: string,
  above: readonly string[],
  files: string[],
  ignored: (path: string) => boolean,
): Promise<void> {
  const absolute = join(root, folder);
  let entries;
  try {
    entries = await readdir(absolute, { withFileTypes: true });
  } catch (thrown) {
    if (isMissing(thrown)) return;
    throw thrown;
  }
  let inside: readonly string[] | undefined;
  const folders: string[] = [];
  for (const entry of entries) {
    if (IGNORED.test(entry.name)) continue;
    const path = folder === "" || folder === "." ? entry.name : `${folder}/${entry.name}`;
    let kind: "folder" | "file" | undefined = entry.isDirectory() ? "folder" : entry.isFile() ? "file" : undefined;
    if (entry.isSymbolicLink()) {
      inside ??= [...above, await realpath(absolute)];
      kind = await linkKind(join(root, path), inside);
    }
    if (kind === "folder") folders.push(path);
    else if (kind === "file" && !ignored(path)) files.push(path);
  }
  inside ??= above;
  const chain = inside;
  await Promise.all(folders.map((path) => list(root, path, chain, files, ignored)));
}

/** What a link leads to; nothing when it is broken or leads back to a folder we stand in. */
async function linkKind(path: string, above: readonly string[]): Promise<"folder" | "file" | undefined> {
  try {
    const real = await realpath(path);
    const info = await stat(real);
    if (info.isFile()) return "file";
    return info.isDirectory() && !above.some((one) => one === real || one.startsWith(`${real}/`))
      ? "folder"
      : undefined;
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}

/** Reads a text file, without its byte order mark; undefined when there is none. */
export async function readSource(root: string, path: string): Promise<SourceFile | undefined> {
  const absolute = join(root, path);
  try {
    return source(path, absolute, await readFile(absolute, "utf8"));
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}

/**
 * Reads many files; those that vanished meanwhile are left out. One after the other on purpose: for small files, as these
 * are, the round trips to the thread pool cost ten times as much as the reading.
 */
export function readSources(root: string, paths: readonly string[]): SourceFile[] {
  return paths.flatMap((path) => {
    const absolute = join(root, path);
    try {
      return [source(path, absolute, readFileSync(absolute, "utf8"))];
    } catch (thrown) {
      if (isMissing(thrown)) return [];
      throw thrown;
    }
  });
}

/** Without a byte order mark. */
const source = (path: string, absolute: string, text: string): SourceFile => ({
  path,
  absolute,
  text: text.charCodeAt(0) === 0xfeff ? text.slice(1) : text,
});

export const isMissing = (thrown: unknown): boolean =>
  thrown instanceof Error && "code" in thrown && ["ENOENT", "ENOTDIR", "ELOOP"].includes(String(thrown.code));

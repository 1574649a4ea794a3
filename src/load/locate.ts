/** Which files a `location:` means. */
import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";

export interface LocatedFile {
  /** Relative to the project's root, with forward slashes: what `_file` holds. */
  readonly path: string;
  readonly absolute: string;
  readonly bytes: number;
}

/**
 * The files of a path or glob, sorted by path. `*` and `?` stay within a name, `**` crosses folders, `{a,b}` and `[a-z]`
 * work as in a shell. Names that begin with a dot are met only by patterns that say so.
 */
export async function locateFiles(location: string, root: string): Promise<LocatedFile[]> {
  const pattern = toPosix(isAbsolute(location) ? location : join(root, location));
  // A file that is called like the pattern is meant literally.
  const literal = await statOrNothing(pattern);
  if (literal?.isFile()) return [describe(pattern, root, literal.size)];
  // The root may be called anything; only what the user wrote is a pattern.
  const fixed = isAbsolute(location) ? "" : toPosix(root);
  const patterns = expandBraces(toPosix(location));
  const found = (await Promise.all(patterns.map((p) => walk(fixed, p.split("/"))))).flat();
  const files = await Promise.all(
    [...new Set(found)].toSorted().map(async (path) => {
      const info = await statOrNothing(path);
      return info?.isFile() ? [describe(path, root, info.size)] : [];
    }),
  );
  return files.flat();
}

/** Whether a location is a pattern rather than one path. */
export const isGlob = (location: string): boolean => location.split("/").some(isMagic);

const isMagic = (segment: string): boolean => /[*?[{]/.test(segment);

/** `a{b,c}d` → `abd`, `acd`; nested ones too. */
function expandBraces(pattern: string): string[] {
  const open = pattern.indexOf("{");
  if (open < 0) return [pattern];
  const parts: string[] = [];
  let depth = 0;
  let from = open + 1;
  for (let i = open; i < pattern.length; i++) {
    const c = pattern[i];
    if (c === "{") depth++;
    else if (c === "}") depth--;
    if (depth === 0 || (depth === 1 && c === ",")) {
      parts.push(pattern.slice(from, i));
      from = i + 1;
    }
    if (depth === 0) {
      const rest = pattern.slice(from);
      return parts.flatMap((part) => expandBraces(pattern.slice(0, open) + part + rest));
    }
  }
  return [pattern]; // never closed: a name with a brace in it
}

/** Files and folders below `folder` that the segments lead to. */
async function walk(folder: string, segments: readonly string[]): Promise<string[]> {
  const [segment, ...rest] = segments;
  if (segment === undefined) return [folder];
  if (segment === "**") {
    const here = await walk(folder, rest);
    const below = (await entries(folder)).filter((e) => e.isDirectory() && !e.name.startsWith("."));
    return [...here, ...(await Promise.all(below.map((e) => walk(`${folder}/${e.name}`, segments)))).flat()];
  }
  if (!isMagic(segment)) return walk(segment === "" || segment === "." ? folder : `${folder}/${segment}`, rest);
  const wanted = nameMatcher(segment);
  const matching = (await entries(folder)).filter((e) => wanted.test(e.name));
  return (await Promise.all(matching.map((e) => walk(`${folder}/${e.name}`, rest)))).flat();
}

const entries = (folder: string): Promise<Dirent[]> => readdir(folder || "/", { withFileTypes: true }).catch(() => []);

function nameMatcher(glob: string): RegExp {
  let source = glob.startsWith(".") ? "" : "(?!\\.)";
  for (let i = 0; i < glob.length; i++) {
    const c = glob[i]!;
    const close = c === "[" ? glob.indexOf("]", i + 2) : -1;
    if (c === "*") source += "[^/]*";
    else if (c === "?") source += "[^/]";
    else if (close > 0) {
      const set = glob
        .slice(i + 1, close)
        .replace(/^!/, "^")
        .replaceAll("\\", "\\\\");
      source += `[${set}]`;
      i = close;
    } else source += c.replace(/[\\^$.|+()[\]{}]/g, "\\$&");
  }
  return new RegExp(`^${source}$`, "u");
}
const toPosix = (path: string): string => (sep === "/" ? path : path.replaceAll(sep, "/"));

function describe(absolute: string, root: string, bytes: number): LocatedFile {
  const inside = toPosix(relative(root, absolute));
  return { path: inside, absolute, bytes };
}

async function statOrNothing(path: string): Promise<{ isFile(): boolean; size: number } | undefined> {
  return stat(path).catch(() => undefined);
}

/** Names of what lies where the location points, for suggestions. */
export async function siblings(location: string, root: string): Promise<string[]> {
  const folder = location.split("/").slice(0, -1).join("/");
  const found = await entries(isAbsolute(location) ? folder : toPosix(join(root, folder)));
  return found.map((e) => (folder ? `${folder}/${e.name}` : e.name));
}

/** `.dbtignore`: patterns as in `.gitignore`, against paths from the project's root with forward slashes. */

interface Rule {
  readonly test: RegExp;
  readonly keep: boolean;
}

/** A question: is this file ignored? Later patterns win; `!pattern` takes a file back. */
export function makeIgnore(text: string): (path: string) => boolean {
  const rules = text.split(/\r?\n/).flatMap((line) => rule(line) ?? []);
  return (path) => {
    let ignored = false;
    for (const { test, keep } of rules) if (test.test(path)) ignored = !keep;
    return ignored;
  };
}

function rule(line: string): Rule | undefined {
  let pattern = line.replace(/(?<!\\)\s+$/, "");
  if (pattern === "" || pattern.startsWith("#")) return undefined;
  const keep = pattern.startsWith("!");
  if (keep) pattern = pattern.slice(1);
  const folderOnly = pattern.endsWith("/");
  if (folderOnly) pattern = pattern.slice(0, -1);
  // A slash anywhere but at the end ties the pattern to the root.
  const anchored = pattern.includes("/");
  if (pattern.startsWith("/")) pattern = pattern.slice(1);
  const end = folderOnly ? "/.*" : "(?:/.*)?";
  return { test: new RegExp(`^${anchored ? "" : "(?:.*/)?"}${glob(pattern)}${end}$`), keep };
}

function glob(pattern: string): string {
  let out = "";
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!;
    if (pattern.startsWith("**/", i)) {
      out += "(?:.*/)?";
      i += 2;
    } else if (pattern.startsWith("**", i)) {
      out += ".*";
      i++;
    } else if (c === "*") out += "[^/]*";
    else if (c === "?") out += "[^/]";
    else if (c === "[" && pattern.indexOf("]", i + 2) > 0) {
      const close = pattern.indexOf("]", i + 2);
      out += `[${pattern
        .slice(i + 1, close)
        .replace(/^!/, "^")
        .replaceAll("\\", "\\\\")}]`;
      i = close;
    } else if (c === "\\" && i + 1 < pattern.length) out += escape(pattern[++i]!);
    else out += escape(c);
  }
  return out;
}

const escape = (c: string): string => c.replace(/[.*+?^${}()|[\]\\/]/, "\\$&");

/** Wildcards as Python's `fnmatch` and `pathlib` read them: `*`, `?`, `[abc]`, `[!a-z]`, and `**` in paths. */

const known = new Map<string, RegExp>();

/** Whether all of `text` fits the pattern. `*` crosses dots and slashes; upper and lower case differ. */
export function fits(text: string, pattern: string): boolean {
  let expression = known.get(pattern);
  if (!expression) {
    expression = new RegExp(`^(?:${translate(pattern)})$`, "su");
    known.set(pattern, expression);
  }
  return expression.test(text);
}

/**
 * Whether a path, or one of the folders it lies in, fits a glob: `models/staging`, `models/stg_*.sql`. Wildcards stay
 * within their folder, except `**`, which stands for any number of folders. A glob that ends in `/` means folders only.
 */
export function liesIn(path: string, glob: string): boolean {
  const foldersOnly = glob.endsWith("/");
  const pattern = glob.split("/").filter((part) => part !== "" && part !== ".");
  const parts = path.split("/");
  if (pattern.length === 0) return false;
  for (let length = foldersOnly ? parts.length - 1 : parts.length; length > 0; length--) {
    if (fitsParts(parts.slice(0, length), pattern)) return true;
  }
  return false;
}

function fitsParts(parts: readonly string[], pattern: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return parts.length === 0;
  if (first === "**") return parts.some((_, i) => fitsParts(parts.slice(i), rest)) || rest.length === 0;
  return parts.length > 0 && fits(parts[0]!, first) && fitsParts(parts.slice(1), rest);
}

function translate(pattern: string): string {
  let out = "";
  const chars = [...pattern];
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i]!;
    if (char === "*") out += ".*";
    else if (char === "?") out += ".";
    else if (char === "[") {
      // A `]` directly after `[` or `[!` belongs to the set.
      const start = chars[i + 1] === "!" ? i + 2 : i + 1;
      const end = chars.indexOf("]", start + 1);
      if (end < 0) out += literal(char);
      else {
        out += set(chars.slice(start, end), start === i + 2);
        i = end;
      }
    } else out += literal(char);
  }
  return out;
}

function set(chars: readonly string[], negated: boolean): string {
  let members = "";
  for (let i = 0; i < chars.length; i++) {
    const from = chars[i]!;
    const to = chars[i + 1] === "-" ? chars[i + 2] : undefined;
    if (to === undefined) members += literal(from);
    else {
      // A range that runs backwards holds nothing.
      if (from <= to) members += `${literal(from)}-${literal(to)}`;
      i += 2;
    }
  }
  if (members === "") return negated ? "." : "(?!)";
  return negated ? `[^${members}]` : `[${members}]`;
}

const literal = (char: string): string => `\\u{${char.codePointAt(0)!.toString(16)}}`;

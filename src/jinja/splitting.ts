/** Python's `strip`, `split`, `rsplit` and `splitlines`. */
import { raise } from "./errors.ts";
import { typeName } from "./values.ts";

/** What Python calls white space, as a character class. */
export const whitespace = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";

const oneSpace = new RegExp(whitespace);
const spaces = new RegExp(`${whitespace}+`);
// oxlint-disable-next-line no-control-regex -- the separators str.splitlines knows
const lineEnd = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g;

export function strip(s: string, chars: unknown, side: "both" | "start" | "end"): string {
  if (chars !== undefined && chars !== null && typeof chars !== "string")
    raise("TypeError", `strip arg must be None or str, not ${typeName(chars)}`);
  const goes = (c: string): boolean => (typeof chars === "string" ? chars.includes(c) : oneSpace.test(c));
  let start = 0;
  let end = s.length;
  if (side !== "end") while (start < end && goes(s.charAt(start))) start++;
  if (side !== "start") while (end > start && goes(s.charAt(end - 1))) end--;
  return s.slice(start, end);
}

/** At most `most` splits, from the left; any number if negative. Without a separator, at runs of white space. */
export function split(s: string, separator: unknown, most: number): string[] {
  if (separator === undefined || separator === null) return splitSpace(s, most);
  const sep = separatorText(separator);
  const parts = s.split(sep);
  if (most < 0 || parts.length <= most + 1) return parts;
  return [...parts.slice(0, most), parts.slice(most).join(sep)];
}

function splitSpace(s: string, most: number): string[] {
  const words: string[] = [];
  let rest = strip(s, undefined, "start");
  while (rest !== "") {
    const gap = most >= 0 && words.length >= most ? null : spaces.exec(rest);
    // Once the limit is reached, what is left stays as it is, blanks at its end included.
    if (!gap) return [...words, rest];
    words.push(rest.slice(0, gap.index));
    rest = rest.slice(gap.index + gap[0].length);
  }
  return words;
}

const reverse = (text: string): string => Array.from(text).toReversed().join("");

/** As `split`, counting from the right. */
export function rsplit(s: string, separator: unknown, most: number): string[] {
  if (most < 0) return split(s, separator, -1);
  const sep = separator === undefined || separator === null ? separator : reverse(separatorText(separator));
  return split(reverse(s), sep, most).map(reverse).toReversed();
}

function separatorText(separator: unknown): string {
  if (typeof separator !== "string") return raise("TypeError", `must be str or None, not ${typeName(separator)}`);
  return separator === "" ? raise("ValueError", "empty separator") : separator;
}

export function splitLines(s: string, keepEnds = false): string[] {
  const lines: string[] = [];
  let start = 0;
  for (const end of s.matchAll(lineEnd)) {
    const stop = end.index + end[0].length;
    lines.push(s.slice(start, keepEnds ? stop : end.index));
    start = stop;
  }
  if (start < s.length) lines.push(s.slice(start));
  return lines;
}

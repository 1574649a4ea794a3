import { bind, integer, methodTable, text } from "./arguments.ts";
import { raise } from "./errors.ts";
import { formatText, pad } from "./format.ts";
import { codePoints, iter, truth } from "./ops.ts";
import { rsplit, split, splitLines, strip } from "./splitting.ts";
import { PyDict } from "./dict.ts";
import { isUndefined, PyTuple, tuple, typeName, type Kwargs } from "./values.ts";

type Arguments = readonly unknown[];

export const capitalize = (s: string): string => (s === "" ? s : upperFirst(s) + lower(s.slice(firstLength(s))));

/** Every letter after a non-letter is a capital: `they're` becomes `They'Re`. */
export const title = (s: string): string =>
  lower(s).replace(/(^|[^\p{L}\p{M}])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase());

const lower = (s: string): string => s.toLowerCase();
const firstLength = (s: string): number => ((s.codePointAt(0) ?? 0) > 0xffff ? 2 : 1);
const upperFirst = (s: string): string => s.slice(0, firstLength(s)).toUpperCase();

const hasCase = (s: string): boolean => s.toLowerCase() !== s.toUpperCase();
const isTitle = (s: string): boolean => hasCase(s) && s === title(s);

function edge(callee: "startswith" | "endswith") {
  return (self: string, [affix, from, to]: Arguments): boolean => {
    const part = from === undefined && to === undefined ? self : self.slice(integer(from, 0), integer(to, self.length));
    const has = (one: unknown): boolean => {
      if (typeof one !== "string")
        return raise("TypeError", `${callee} first arg must be str or a tuple of str, not ${typeName(one)}`);
      return callee === "endswith" ? part.endsWith(one) : part.startsWith(one);
    };
    return affix instanceof PyTuple ? affix.some(has) : has(affix);
  };
}

/** Replaces at most `most` occurrences; all of them if it is negative. */
export function replace(self: string, from: string, to: string, most: number): string {
  if (from === "") return everywhere(self, to, most < 0 ? Infinity : most);
  const parts = self.split(from);
  if (most < 0) return parts.join(to);
  return (
    parts.slice(0, most + 1).join(to) +
    parts
      .slice(most + 1)
      .map((part) => from + part)
      .join("")
  );
}

/** Python puts the replacement of an empty text around every character. */
function everywhere(self: string, to: string, most: number): string {
  const characters = Array.from(self);
  return [...characters, ""].map((c, i) => (i < most ? to + c : c)).join("");
}

function find(self: string, sub: unknown, from: unknown, to: unknown, last: boolean): number {
  const wanted = text(sub, "find() argument 1");
  const points = codePoints(self);
  const window = typeof points === "string" ? points : points.join("");
  const start = integer(from, 0);
  const low = start < 0 ? Math.max(0, start + window.length) : start;
  const stop = integer(to, window.length);
  const part = window.slice(0, stop < 0 ? stop + window.length : stop);
  const found = last ? part.lastIndexOf(wanted) : part.indexOf(wanted, low);
  return found < low ? -1 : found;
}

function count(self: string, [sub]: Arguments): number {
  const wanted = text(sub, "count() argument 1");
  return wanted === "" ? codePoints(self).length + 1 : self.split(wanted).length - 1;
}

function join(self: string, [items]: Arguments): string {
  if (isUndefined(items)) return "";
  return iter(items)
    .map((item, i) => {
      return typeof item === "string"
        ? item
        : raise("TypeError", `sequence item ${i}: expected str instance, ${typeName(item)} found`);
    })
    .join(self);
}

function zfill(self: string, [width]: Arguments): string {
  const sign = /^[-+]/.exec(self)?.[0] ?? "";
  return sign + pad(self.slice(sign.length), integer(width, 0) - sign.length, ">", "0");
}

/** `center` gives an odd blank to the left where the width is odd too, unlike the format mini-language. */
export function center(self: string, width: number, fill = " "): string {
  const missing = Math.max(0, width - codePoints(self).length);
  const left = (missing >> 1) + (missing & width & 1);
  return fill.repeat(left) + self + fill.repeat(missing - left);
}

const fillOf = (x: unknown): string => (x === undefined ? " " : text(x, "The fill character"));

function expandTabs(self: string, [size]: Arguments): string {
  const width = integer(size, 8);
  let column = 0;
  return Array.from(self, (c) => {
    if (c === "\t") {
      const blanks = width > 0 ? width - (column % width) : 0;
      column += blanks;
      return " ".repeat(blanks);
    }
    column = c === "\n" || c === "\r" ? 0 : column + 1;
    return c;
  }).join("");
}

function translate(self: string, [table]: Arguments): string {
  if (!(table instanceof PyDict)) return self;
  return Array.from(self, (c) => {
    const to = table.get(c.codePointAt(0));
    if (to === undefined) return c;
    return to === null ? "" : typeof to === "number" ? String.fromCodePoint(to) : String(to);
  }).join("");
}

const cut = (self: string, i: number, width: number): PyTuple =>
  tuple([self.slice(0, i), self.slice(i, i + width), self.slice(i + width)]);

export const stringMethods = methodTable({
  capitalize,
  title,
  lower,
  upper: (self: string) => self.toUpperCase(),
  casefold: (self: string) => self.toLowerCase().replaceAll("ß", "ss"),
  swapcase: (self: string) =>
    Array.from(self, (c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())).join(""),
  strip: (self: string, [chars]: Arguments) => strip(self, chars, "both"),
  lstrip: (self: string, [chars]: Arguments) => strip(self, chars, "start"),
  rstrip: (self: string, [chars]: Arguments) => strip(self, chars, "end"),
  startswith: edge("startswith"),
  endswith: edge("endswith"),
  replace: (self: string, args: Arguments, kwargs: Kwargs | null) => {
    const { old, new: by, count: most } = bind("replace", args, kwargs, ["old!", "new!", "count"]);
    return replace(self, text(old, "replace() argument 1"), text(by, "replace() argument 2"), integer(most, -1));
  },
  split: (self: string, args: Arguments, kwargs: Kwargs | null) => {
    const { sep, maxsplit } = bind("split", args, kwargs, ["sep", "maxsplit"]);
    return split(self, sep, integer(maxsplit, -1));
  },
  rsplit: (self: string, args: Arguments, kwargs: Kwargs | null) => {
    const { sep, maxsplit } = bind("rsplit", args, kwargs, ["sep", "maxsplit"]);
    return rsplit(self, sep, integer(maxsplit, -1));
  },
  splitlines: (self: string, [keepEnds]: Arguments, kwargs: Kwargs | null) =>
    splitLines(self, truth(keepEnds ?? kwargs?.["keepends"] ?? false)),
  join,
  format: formatText,
  find: (self: string, [sub, from, to]: Arguments) => find(self, sub, from, to, false),
  rfind: (self: string, [sub, from, to]: Arguments) => find(self, sub, from, to, true),
  index: (self: string, [sub, from, to]: Arguments) => {
    const found = find(self, sub, from, to, false);
    return found < 0 ? raise("ValueError", "substring not found") : found;
  },
  rindex: (self: string, [sub, from, to]: Arguments) => {
    const found = find(self, sub, from, to, true);
    return found < 0 ? raise("ValueError", "substring not found") : found;
  },
  count,
  isdigit: (self: string) => /^[\p{Nd}²³¹⁰-⁹₀-₉]+$/u.test(self),
  isnumeric: (self: string) => /^\p{N}+$/u.test(self),
  isdecimal: (self: string) => /^\p{Nd}+$/u.test(self),
  isalpha: (self: string) => /^\p{L}+$/u.test(self),
  isalnum: (self: string) => /^[\p{L}\p{N}]+$/u.test(self),
  isspace: (self: string) => self !== "" && strip(self, undefined, "both") === "",
  islower: (self: string) => hasCase(self) && self === self.toLowerCase(),
  isupper: (self: string) => hasCase(self) && self === self.toUpperCase(),
  isascii: (self: string) => /^[\0-\x7f]*$/.test(self),
  isidentifier: (self: string) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(self),
  istitle: isTitle,
  ljust: (self: string, [width, fill]: Arguments) => pad(self, integer(width, 0), "<", fillOf(fill)),
  rjust: (self: string, [width, fill]: Arguments) => pad(self, integer(width, 0), ">", fillOf(fill)),
  center: (self: string, [width, fill]: Arguments) => center(self, integer(width, 0), fillOf(fill)),
  zfill,
  partition: (self: string, [sep]: Arguments) => {
    const at = self.indexOf(text(sep, "separator"));
    return at < 0 ? tuple([self, "", ""]) : cut(self, at, String(sep).length);
  },
  rpartition: (self: string, [sep]: Arguments) => {
    const at = self.lastIndexOf(text(sep, "separator"));
    return at < 0 ? tuple(["", "", self]) : cut(self, at, String(sep).length);
  },
  removeprefix: (self: string, [affix]: Arguments) => {
    const prefix = text(affix, "removeprefix() argument");
    return self.startsWith(prefix) ? self.slice(prefix.length) : self;
  },
  removesuffix: (self: string, [affix]: Arguments) => {
    const suffix = text(affix, "removesuffix() argument");
    return suffix !== "" && self.endsWith(suffix) ? self.slice(0, -suffix.length) : self;
  },
  expandtabs: expandTabs,
  translate,
  /** Bytes are not a value templates compute with; md5 and base64 helpers of the host take the text itself. */
  encode: (self: string) => self,
});

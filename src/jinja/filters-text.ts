/** Filters that make text. */
import { bind, integer, text } from "./arguments.ts";
import { raise } from "./errors.ts";
import type { Filters } from "./filter-types.ts";
import { formatValue } from "./format.ts";
import { jsonDumps } from "./json.ts";
import { entriesOf } from "./methods-dict.ts";
import { capitalize, center, replace } from "./methods-string.ts";
import { codePoints, iter, len, truth } from "./ops.ts";
import { percent } from "./percent.ts";
import { splitLines, strip } from "./splitting.ts";
import { repr, str } from "./text.ts";
import { isUndefined, PyFloat, tuple } from "./values.ts";
import { PyDict } from "./dict.ts";
import { toFloat } from "./numbers.ts";

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&#39;",
  '"': "&#34;",
};
const escapeHtml = (x: unknown): string => str(x).replace(/[&<>'"]/g, (c) => entities[c] ?? c);

/** Capitals at the start and after blanks, hyphens and brackets — unlike the string method, not after apostrophes. */
const title = (s: string): string =>
  s
    .split(/([-\s({[<]+)/)
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1).toLowerCase())
    .join("");

function indent(s: string, width: string, first: boolean, blank: boolean): string {
  const lines = splitLines(`${s}\n`);
  const rest = lines.slice(1).map((line) => (line === "" && !blank ? line : width + line));
  return (first ? width : "") + [lines[0] ?? "", ...rest].join("\n");
}

function truncate(s: string, length: number, killWords: boolean, end: string, leeway: number): string {
  const characters = Array.from(s);
  if (characters.length <= length + leeway) return s;
  if (length < len(end)) raise("AssertionError", `expected length >= ${len(end)}, got ${length}`);
  const kept = characters.slice(0, length - len(end)).join("");
  if (killWords) return kept + end;
  const lastBlank = kept.lastIndexOf(" ");
  return (lastBlank < 0 ? kept : kept.slice(0, lastBlank)) + end;
}

/** Breaks each line at blanks; longer words are cut. */
function wordWrap(s: string, width: number, breakLong: boolean, joint: string): string {
  const wrapLine = (line: string): string => {
    const rows: string[] = [];
    let row = "";
    for (const chunk of line.split(/(\s+)/).filter((part) => part !== "")) {
      let rest = chunk;
      if (row !== "" && len(row + rest) > width) {
        rows.push(row.trimEnd());
        row = "";
        rest = rest.trimStart();
      }
      if (breakLong) for (; len(rest) > width; rest = rest.slice(width)) rows.push(rest.slice(0, width));
      row += rest;
    }
    return [...rows, row].filter((part) => part !== "").join(joint);
  };
  return splitLines(s).map(wrapLine).join(joint);
}

function fileSize(bytes: number, binary: boolean): string {
  const base = binary ? 1024 : 1000;
  const units = binary ? ["KiB", "MiB", "GiB", "TiB", "PiB"] : ["kB", "MB", "GB", "TB", "PB"];
  if (bytes === 1) return "1 Byte";
  if (bytes < base) return `${bytes} Bytes`;
  let power = 1;
  while (power < units.length && bytes >= base ** (power + 1)) power++;
  return `${formatValue(new PyFloat(bytes / base ** power), ".1f")} ${units[power - 1]}`;
}

/** Python leaves these alone, JavaScript does not, and the other way round. */
const urlQuote = (s: string): string =>
  encodeURIComponent(s).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

function urlEncode(value: unknown): string {
  if (!(value instanceof PyDict || Array.isArray(value))) return urlQuote(str(value)).replaceAll("%2F", "/");
  const pairs = value instanceof PyDict ? [...value] : value.map((pair) => iter(pair));
  return pairs
    .map(([k, v]) => `${urlQuote(str(k))}=${urlQuote(str(v))}`)
    .join("&")
    .replaceAll("%20", "+");
}

/** Inside HTML and its attributes, too, the JSON stays what it is. */
const jsonEscapes: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "'": "\\u0027",
};

export const textFilters: Filters = {
  capitalize: (v) => capitalize(str(v)),
  center: (v, args, kwargs) => center(str(v), integer(bind("center", args, kwargs, ["width"]).width, 80)),
  escape: escapeHtml,
  e: escapeHtml,
  forceescape: escapeHtml,
  safe: (v) => v,
  filesizeformat: (v, args, kwargs) =>
    fileSize(toFloat(v).value, truth(bind("filesizeformat", args, kwargs, ["binary"]).binary)),
  format: (v, args, kwargs) => {
    if (args.length && kwargs)
      raise("FilterArgumentError", "can't handle positional and keyword arguments at the same time");
    return percent(str(v), kwargs ? new PyDict(Object.entries(kwargs)) : tuple(args));
  },
  indent: (v, args, kwargs) => {
    const { width, first, blank } = bind("do_indent", args, kwargs, ["width", "first", "blank"]);
    return indent(
      str(v),
      typeof width === "string" ? width : " ".repeat(integer(width, 4)),
      truth(first),
      truth(blank),
    );
  },
  lower: (v) => str(v).toLowerCase(),
  upper: (v) => str(v).toUpperCase(),
  title: (v) => title(str(v)),
  trim: (v, args, kwargs) => strip(str(v), bind("do_trim", args, kwargs, ["chars"]).chars, "both"),
  string: (v) => str(v),
  pprint: (v) => repr(v),
  replace: (v, args, kwargs) => {
    const { old, new: by, count } = bind("do_replace", args, kwargs, ["old!", "new!", "count"]);
    return replace(str(v), str(old), str(by), integer(count, -1));
  },
  striptags: (v) =>
    str(v)
      .replace(/<!--.*?-->|<[^>]*>/gs, "")
      .split(/\s+/)
      .filter(Boolean)
      .join(" "),
  tojson: (v, args, kwargs) => {
    const { indent: blanks } = bind("do_tojson", args, kwargs, ["indent"]);
    if (isUndefined(v)) raise("TypeError", "Object of type Undefined is not JSON serializable");
    const json = jsonDumps(v, {
      sortKeys: true,
      indent: blanks === undefined || blanks === null ? undefined : integer(blanks, 0),
    });
    return json.replace(/[<>&']/g, (c) => jsonEscapes[c] ?? c);
  },
  truncate: (v, args, kwargs) => {
    const given = bind("do_truncate", args, kwargs, ["length", "killwords", "end", "leeway"]);
    const end = given.end === undefined ? "..." : text(given.end, "end");
    return truncate(str(v), integer(given.length, 255), truth(given.killwords), end, integer(given.leeway, 5));
  },
  urlencode: urlEncode,
  wordcount: (v) => (str(v).match(/[\p{L}\p{N}_]+/gu) ?? []).length,
  wordwrap: (v, args, kwargs) => {
    const names = ["width", "break_long_words", "wrapstring", "break_on_hyphens"] as const;
    const given = bind("do_wordwrap", args, kwargs, names);
    const joint = given.wrapstring === undefined || given.wrapstring === null ? "\n" : str(given.wrapstring);
    return wordWrap(str(v), integer(given.width, 79), truth(given.break_long_words ?? true), joint);
  },
  xmlattr: (v) =>
    entriesOf(v)
      .filter(([, value]) => value !== null && !isUndefined(value))
      .map(([key, value]) => ` ${escapeHtml(key)}="${escapeHtml(value)}"`)
      .join(""),
  reverse: (v) => (typeof v === "string" ? Array.from(codePoints(v)).toReversed().join("") : iter(v).toReversed()),
};

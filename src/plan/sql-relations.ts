/** Which relations SQL names, and where. No parser: where the words do not suffice, the answer errs on the side of "other". */
import { nameOf, type Token, tokens } from "./sql-tokens.ts";

/** A dotted name as it is written. */
export interface Path {
  /** Unquoted: `schema`, `name`; `name`, `*`. */
  readonly parts: readonly string[];
  /** One a part, without the dots. */
  readonly tokens: readonly Token[];
  /** Whether a relation is read by it; else it names a column, or anything else. */
  readonly reads: boolean;
  /** What follows it. */
  readonly next: Token | undefined;
}

/** Relations named after `from` and `join`, as `schema.name` or `name`; those of the query's own `with` left out. */
export function namedRelations(sql: string): Set<string> {
  const read = paths(sql).filter((path) => path.reads);
  return new Set(read.map(({ parts }) => parts.slice(-2).join(".")));
}

/** All dotted names, and the plain ones of relations that are read. */
export function paths(sql: string): Path[] {
  const all = tokens(sql);
  const isOwn = ownNames(all);
  const starts = new Set(readAt(all).map((from) => firstOf(all, from)));
  const found: Path[] = [];
  for (let i = 0; i < all.length; i++) {
    const { path, end } = pathAt(all, i);
    if (path.length === 0) continue;
    const parts = path.map(nameOf);
    const next = all[end + 1];
    const isName = next?.text !== "(" && !(path.length === 1 && (NO_NAME.has(path[0]!.text) || isOwn(parts[0]!, i)));
    const reads = starts.has(i) && isName;
    if (reads || path.length > 1) found.push({ parts, tokens: path, reads, next });
    i = end;
  }
  return found;
}

/** In these, `from` is no clause: `extract(day from d)`. */
const FROM_INSIDE: ReadonlySet<string> = new Set(["extract", "substring", "trim", "overlay", "position", "btrim"]);
const LIST_ENDS: ReadonlySet<string> = new Set(
  "where group order having limit offset union intersect except window fetch for set values returning when".split(" "),
);

/** Where a relation must be named: the tokens after `from`, `join`, and the commas of a list. */
function readAt(all: readonly Token[]): number[] {
  const found: number[] = [];
  const owners: (string | undefined)[] = [];
  let listAt = -1;
  for (const [i, token] of all.entries()) {
    const before = all[i - 1];
    if (token.text === "(") owners.push(before?.kind === "word" ? before.text : undefined);
    else if (token.text === ")") owners.pop();
    else if (token.kind === "word" && (token.text === "from" || token.text === "join")) {
      if (FROM_INSIDE.has(owners.at(-1) ?? "") || before?.text === "distinct") continue;
      listAt = owners.length;
      found.push(i + 1);
    } else if (token.text === "table" && (!before || BEFORE_TABLE.has(before.text))) found.push(i + 1);
    else if (token.text === "," && listAt === owners.length) found.push(i + 1);
    else if (token.kind === "word" && listAt === owners.length && LIST_ENDS.has(token.text)) listAt = -1;
    if (token.text === ")" && owners.length < listAt) listAt = -1;
  }
  return found;
}

/** Past what may stand before the name. */
function firstOf(all: readonly Token[], from: number): number {
  let i = from;
  while (all[i]?.text === "(") i++;
  while (all[i]?.text === "only" || all[i]?.text === "lateral") i++;
  return i;
}

/**
 * Whether a name, at a token, is that of a `with` query. Such a name holds from the end of its own query, or with
 * `recursive` from the start of the list, to the end of the query that the list belongs to.
 */
function ownNames(all: readonly Token[]): (name: string, at: number) => boolean {
  const scopes = new Map<string, { from: number; to: number }[]>();
  const lists: { recursive: boolean; from: number; depth: number }[] = [];
  let depth = 0;
  for (const [i, token] of all.entries()) {
    if (token.text === "(") depth++;
    if (token.text === ")") {
      depth--;
      while ((lists.at(-1)?.depth ?? -1) > depth) lists.pop();
    }
    if (token.kind === "word" && token.text === "with")
      lists.push({ recursive: all[i + 1]?.text === "recursive", from: i, depth });
    const before = all[i - 1]?.text;
    const isName = token.kind === "word" || token.kind === "quoted";
    if (!isName || (before !== "with" && before !== "recursive" && before !== ",")) continue;
    const body = cteBody(all, i + 1);
    const list = lists.at(-1);
    if (body === undefined || list?.depth !== depth) continue;
    const scope = { from: list.recursive ? list.from : closing(all, body), to: closing(all, list.from) };
    const name = nameOf(token);
    scopes.set(name, [...(scopes.get(name) ?? []), scope]);
  }
  return (name, at) => (scopes.get(name) ?? []).some(({ from, to }) => from <= at && at <= to);
}

/** Of the parenthesis that opens at `from`, else of the one around it; the end, where there is none. */
function closing(all: readonly Token[], from: number): number {
  let depth = all[from]!.text === "(" ? 0 : 1;
  for (let i = from; i < all.length; i++) {
    const { text } = all[i]!;
    if (text === "(") depth++;
    else if ((text === ")" && --depth === 0) || (text === ";" && depth === 1)) return i;
  }
  return all.length;
}

/** Where it opens: `as (`, `(a, b) as (`, `as materialized (` … */
function cteBody(all: readonly Token[], from: number): number | undefined {
  let i = from;
  if (all[i]?.text === "(") {
    while (i < all.length && all[i]!.text !== ")") i++;
    i++;
  }
  if (all[i]?.text !== "as") return undefined;
  i++;
  if (all[i]?.text === "not") i++;
  if (all[i]?.text === "materialized") i++;
  return all[i]?.text === "(" ? i : undefined;
}

const NO_NAME: ReadonlySet<string> = new Set(["select", "values", "with", "table"]);
/** Before `table t`, which is short for `select * from t`. */
const BEFORE_TABLE: ReadonlySet<string> = new Set(["(", "as", "union", "all", "intersect", "except"]);

/** The names of a dotted name, and perhaps a star; `end` is its last token. */
function pathAt(all: readonly Token[], from: number): { path: Token[]; end: number } {
  let i = from;
  const path: Token[] = [];
  for (; all[i] && (all[i]!.kind === "word" || all[i]!.kind === "quoted"); i++) {
    path.push(all[i]!);
    if (all[i + 1]?.text !== ".") return { path, end: i };
    i++;
  }
  if (path.length > 0 && all[i]?.text === "*") path.push(all[i]!);
  return { path, end: i };
}

/** Before the name of what is written to; `update` stands in other places as well. */
const WRITES: readonly (readonly string[])[] = [
  ["insert", "into"],
  ["delete", "from"],
  ["merge", "into"],
  ["truncate", "table"],
  ["truncate"],
  ["copy"],
  ["update"],
];
const NO_UPDATE_AFTER: ReadonlySet<string> = new Set(["then", "for", "do", "key", "on", "or", "before", "after", ","]);

/** Relations that statements write rows to, as `schema.name` or `name`; `call` and `do` for what could write anywhere. */
export function writtenRelations(sql: string): Set<string> {
  const all = tokens(sql);
  const found = new Set<string>();
  for (let i = 0; i < all.length; i++) {
    if (all[i]!.kind !== "word") continue;
    const starts = i === 0 || all[i - 1]!.text === ";";
    if (starts && (all[i]!.text === "call" || all[i]!.text === "do")) found.add(all[i]!.text);
    const words = WRITES.find((list) => list.every((word, n) => all[i + n]?.text === word));
    if (!words || (words[0] === "update" && NO_UPDATE_AFTER.has(all[i - 1]?.text ?? ""))) continue;
    if (words[0] === "copy" && !starts) continue;
    const { path } = pathAt(all, firstOf(all, i + words.length));
    if (path.length > 0) found.add(path.map(nameOf).slice(-2).join("."));
    i += words.length - 1;
  }
  return found;
}

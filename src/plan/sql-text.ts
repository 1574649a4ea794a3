/**
 * What can be told of SQL by its words alone: whether two texts mean the same but for layout and comments, which functions
 * are called, which relations are named. No parser: where the words do not suffice, the answer errs on the side of "other".
 */

interface Token {
  readonly kind: "word" | "quoted" | "string" | "number" | "sign";
  /** Words in lower case; the others as written. */
  readonly text: string;
}

const BLANKS = /\s+|--[^\n]*/y;
const WORD = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const QUOTED = /(?:u&)?"(?:[^"]|"")*"/iy;
const STRING = /(?:[bnx]|u&)?'(?:[^']|'')*'/iy;
const ESCAPED = /e'(?:[^'\\]|''|\\[\s\S])*'/iy;
const DOLLAR = /\$([\p{L}_][\p{L}\p{N}_]*)?\$/uy;
const NUMBER = /(?:\d[\d_]*(?:\.(?!\.)[\d_]*)?|\.\d[\d_]*)(?:e[+-]?\d+)?/iy;
const SIGN = /::|:=|=>|<=|>=|<>|!=|\|\||->>|->|#>>|#>|@>|<@|[\s\S]/uy;

const at = (pattern: RegExp, sql: string, from: number): string | undefined => {
  pattern.lastIndex = from;
  return pattern.exec(sql)?.[0];
};

export const tokens = (sql: string): Token[] => placed(sql).map(({ token }) => token);

/** Where the literals in single quotes stand, quotes included. */
export const stringLiterals = (sql: string): { start: number; end: number }[] =>
  placed(sql).filter(({ token }) => token.kind === "string" && token.text.endsWith("'"));

interface Placed {
  readonly token: Token;
  readonly start: number;
  readonly end: number;
}

function placed(sql: string): Placed[] {
  const found: Placed[] = [];
  for (let i = 0; i < sql.length;) {
    const blanks = at(BLANKS, sql, i);
    if (blanks) {
      i += blanks.length;
      continue;
    }
    if (sql.startsWith("/*", i)) {
      i = commentEnd(sql, i);
      continue;
    }
    const token = tokenAt(sql, i);
    found.push({ token: token.token, start: i, end: i + token.length });
    i += token.length;
  }
  return found;
}

function tokenAt(sql: string, i: number): { token: Token; length: number } {
  const make = (kind: Token["kind"], text: string, shown = text) => ({
    token: { kind, text: shown },
    length: text.length,
  });
  const string = at(ESCAPED, sql, i) ?? at(STRING, sql, i);
  if (string !== undefined) return make("string", string);
  const quoted = at(QUOTED, sql, i);
  if (quoted !== undefined) return make("quoted", quoted);
  const dollar = at(DOLLAR, sql, i);
  if (dollar !== undefined) {
    const end = sql.indexOf(dollar, i + dollar.length);
    return make("string", sql.slice(i, end < 0 ? undefined : end + dollar.length));
  }
  const word = at(WORD, sql, i);
  if (word !== undefined) return make("word", word, word.toLowerCase());
  const number = at(NUMBER, sql, i);
  if (number !== undefined) return make("number", number);
  return make("sign", at(SIGN, sql, i)!);
}

/** Comments nest. */
function commentEnd(sql: string, start: number): number {
  let depth = 0;
  for (let i = start; i < sql.length; i++) {
    if (sql.startsWith("/*", i)) depth++;
    else if (sql.startsWith("*/", i)) depth--;
    else continue;
    i++;
    if (depth === 0) return i + 1;
  }
  return sql.length;
}

/** Equal for texts that differ in layout, comments and the case of words only. */
export const canonical = (sql: string): string =>
  tokens(sql)
    .map((token) => token.text)
    .join(" ");

/** Words and quoted names directly before an opening parenthesis, unquoted. */
export function calledNames(sql: string): Set<string> {
  const all = tokens(sql);
  const names = new Set<string>();
  for (const [i, token] of all.entries()) {
    if (all[i + 1]?.text === "(" && (token.kind === "word" || token.kind === "quoted")) names.add(nameOf(token));
  }
  return names;
}

const nameOf = ({ kind, text }: Token): string =>
  kind === "quoted" ? text.replace(/^u&/i, "").slice(1, -1).replaceAll('""', '"') : text;

/** In these, `from` is no clause: `extract(day from d)`. */
const FROM_INSIDE: ReadonlySet<string> = new Set(["extract", "substring", "trim", "overlay", "position", "btrim"]);
const LIST_ENDS: ReadonlySet<string> = new Set(
  "where group order having limit offset union intersect except window fetch for set values returning when".split(" "),
);

/** Relations named after `from` and `join`, as `schema.name` or `name`; those of the query's own `with` left out. */
export function namedRelations(sql: string): Set<string> {
  const all = tokens(sql);
  const own = new Set<string>();
  for (const [i, token] of all.entries()) {
    const isName = token.kind === "word" || token.kind === "quoted";
    const before = all[i - 1]?.text;
    if (isName && (before === "with" || before === "recursive" || before === ",") && opensCte(all, i + 1))
      own.add(nameOf(token));
  }
  const found = new Set<string>();
  const owners: (string | undefined)[] = [];
  let listAt = -1;
  for (const [i, token] of all.entries()) {
    if (token.text === "(") owners.push(all[i - 1]?.kind === "word" ? all[i - 1]!.text : undefined);
    else if (token.text === ")") owners.pop();
    else if (token.kind === "word" && (token.text === "from" || token.text === "join")) {
      const inside = FROM_INSIDE.has(owners.at(-1) ?? "") || all[i - 1]?.text === "distinct";
      if (inside) continue;
      listAt = owners.length;
      take(all, i + 1, own, found);
    } else if (token.text === "table" && (i === 0 || BEFORE_TABLE.has(all[i - 1]!.text))) take(all, i + 1, own, found);
    else if (token.text === "," && listAt === owners.length) take(all, i + 1, own, found);
    else if (token.kind === "word" && listAt === owners.length && LIST_ENDS.has(token.text)) listAt = -1;
    if (token.text === ")" && owners.length < listAt) listAt = -1;
  }
  return found;
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
    const { path } = pathAt(all, i + words.length);
    if (path.length > 0) found.add(path.slice(-2).join("."));
    i += words.length - 1;
  }
  return found;
}

/** `as (`, `(a, b) as (`, `as materialized (` … */
function opensCte(all: readonly Token[], from: number): boolean {
  let i = from;
  if (all[i]?.text === "(") {
    while (i < all.length && all[i]!.text !== ")") i++;
    i++;
  }
  if (all[i]?.text !== "as") return false;
  i++;
  if (all[i]?.text === "not") i++;
  if (all[i]?.text === "materialized") i++;
  return all[i]?.text === "(";
}

const NO_NAME: ReadonlySet<string> = new Set(["select", "values", "with", "table"]);
/** Before `table t`, which is short for `select * from t`. */
const BEFORE_TABLE: ReadonlySet<string> = new Set(["(", "as", "union", "all", "intersect", "except"]);

function take(all: readonly Token[], from: number, own: ReadonlySet<string>, found: Set<string>): void {
  let first = from;
  while (all[first]?.text === "(") first++;
  const { path, end } = pathAt(all, first);
  if (path.length === 0 || all[end + 1]?.text === "(" || NO_NAME.has(path[0]!)) return;
  if (path.length === 1 && own.has(path[0]!)) return;
  found.add(path.slice(-2).join("."));
}

/** A dotted name; `end` is its last token. */
function pathAt(all: readonly Token[], from: number): { path: string[]; end: number } {
  let i = from;
  while (all[i]?.text === "only" || all[i]?.text === "lateral") i++;
  const path: string[] = [];
  for (; all[i] && (all[i]!.kind === "word" || all[i]!.kind === "quoted"); i++) {
    path.push(nameOf(all[i]!));
    if (all[i + 1]?.text !== ".") break;
    i++;
  }
  return { path, end: i };
}

/** SQL as tokens, with comments and layout left out. */

export interface Token {
  readonly kind: "word" | "quoted" | "string" | "number" | "sign";
  /** Words in lower case; the others as written. */
  readonly text: string;
  /** Offsets into the SQL, in UTF-16. */
  readonly start: number;
  readonly end: number;
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

export function tokens(sql: string): Token[] {
  const found: Token[] = [];
  for (let i = 0; i < sql.length;) {
    const blanks = at(BLANKS, sql, i);
    if (blanks) i += blanks.length;
    else if (sql.startsWith("/*", i)) i = commentEnd(sql, i);
    else {
      const token = tokenAt(sql, i);
      found.push(token);
      i = token.end;
    }
  }
  return found;
}

/** Those in single quotes, quotes included. */
export const stringLiterals = (sql: string): Token[] =>
  tokens(sql).filter((token) => token.kind === "string" && token.text.endsWith("'"));

function tokenAt(sql: string, i: number): Token {
  const make = (kind: Token["kind"], text: string, shown = text): Token => ({
    kind,
    text: shown,
    start: i,
    end: i + text.length,
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

/** As Postgres reads a name. */
export const nameOf = ({ kind, text }: Pick<Token, "kind" | "text">): string =>
  kind === "quoted" ? text.replace(/^u&/i, "").slice(1, -1).replaceAll('""', '"') : text;

/** Jinja2's lexical grammar, giving the token objects nunjucks' Parser reads, with offsets. */
import nunjucks, { type NunjucksToken, type NunjucksTokens } from "nunjucks";
import { SyntaxMistake } from "./errors.ts";

const L = nunjucks.lexer;

/** nunjucks' names for the kinds of tokens, and one of ours for an unfinished tag. */
export const T = {
  data: L.TOKEN_DATA ?? "",
  blockStart: L.TOKEN_BLOCK_START ?? "",
  blockEnd: L.TOKEN_BLOCK_END ?? "",
  variableStart: L.TOKEN_VARIABLE_START ?? "",
  variableEnd: L.TOKEN_VARIABLE_END ?? "",
  name: L.TOKEN_SYMBOL ?? "",
  string: L.TOKEN_STRING ?? "",
  int: L.TOKEN_INT ?? "",
  float: L.TOKEN_FLOAT ?? "",
  operator: L.TOKEN_OPERATOR ?? "",
  leftParen: L.TOKEN_LEFT_PAREN ?? "",
  rightParen: L.TOKEN_RIGHT_PAREN ?? "",
  leftBracket: L.TOKEN_LEFT_BRACKET ?? "",
  rightBracket: L.TOKEN_RIGHT_BRACKET ?? "",
  leftCurly: L.TOKEN_LEFT_CURLY ?? "",
  rightCurly: L.TOKEN_RIGHT_CURLY ?? "",
  comma: L.TOKEN_COMMA ?? "",
  colon: L.TOKEN_COLON ?? "",
  tilde: L.TOKEN_TILDE ?? "",
  pipe: L.TOKEN_PIPE ?? "",
  end: "end",
} as const;

export interface Token extends NunjucksToken {
  /** Offsets into the normalised template text; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
}

const punctuation: Readonly<Record<string, string>> = {
  "(": T.leftParen,
  ")": T.rightParen,
  "[": T.leftBracket,
  "]": T.rightBracket,
  "{": T.leftCurly,
  "}": T.rightCurly,
  ",": T.comma,
  ":": T.colon,
  "~": T.tilde,
  "|": T.pipe,
};
const closing: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

const ws = "[\\t\\n\\v\\f\\r \\x1c-\\x1f\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
/** `{% raw %}`, then the three openings; `-` takes the white space before it, `+` is accepted and does nothing. */
const opening = new RegExp(
  `\\{%(?<rawSign>[-+]?)(?<raw>${ws}*raw${ws}*(?:-%\\}${ws}*|%\\}))|(?<tag>\\{[%#{])(?<sign>[-+]?)`,
  "g",
);
const commentEnd = new RegExp(`-#\\}${ws}*|\\+?#\\}`, "g");
const rawEnd = new RegExp(`\\{%([-+]?)${ws}*endraw${ws}*(?:\\+%\\}|-%\\}${ws}*|%\\})`, "g");
const blockEnd = new RegExp(`\\+%\\}|-%\\}${ws}*|%\\}`, "y");
const variableEnd = new RegExp(`-\\}\\}${ws}*|\\}\\}`, "y");
const space = new RegExp(`${ws}+`, "y");
const trailingSpace = new RegExp(`${ws}+$`);
const float = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const int = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const name = /[\p{L}\p{N}\p{M}_\p{Pc}]+/uy;
const string = /'[^'\\]*(?:\\[\s\S][^'\\]*)*'|"[^"\\]*(?:\\[\s\S][^"\\]*)*"/y;
const operator = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y;

/** Tokens of a normalised template text (see source-text.ts). */
export function tokenize(text: string): Token[] {
  return new Lexer(text).run();
}

class Lexer {
  readonly #text: string;
  readonly #tokens: Token[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): Token[] {
    while (this.#at < this.#text.length) {
      opening.lastIndex = this.#at;
      const found = opening.exec(this.#text);
      if (!found) {
        this.#data(this.#at, this.#text.length, false);
        break;
      }
      const { raw, rawSign, tag, sign } = found.groups ?? {};
      this.#data(this.#at, found.index, (rawSign ?? sign) === "-");
      this.#at = found.index + found[0].length;
      if (raw !== undefined) this.#raw(found.index);
      else if (tag === "{#") this.#comment(found.index);
      else this.#code(found.index, tag === "{%");
    }
    return this.#tokens;
  }

  #push(type: string, value: string, start: number, end: number): void {
    // nunjucks' line and column numbers are not used: diagnostics are made from offsets.
    this.#tokens.push({ type, value, start, end, lineno: 0, colno: 0 });
  }

  /** Literal text; `-%}` has taken the white space before `start` already. */
  #data(start: number, end: number, strip: boolean): void {
    const text = this.#text.slice(start, end);
    const kept = strip ? text.replace(trailingSpace, "") : text;
    if (kept !== "") this.#push(T.data, kept, start, start + kept.length);
  }

  #raw(start: number): void {
    rawEnd.lastIndex = this.#at;
    const end = rawEnd.exec(this.#text);
    if (!end) throw new SyntaxMistake("{% raw %} without {% endraw %}", start, this.#at);
    this.#data(this.#at, end.index, end[1] === "-");
    this.#at = end.index + end[0].length;
  }

  #comment(start: number): void {
    commentEnd.lastIndex = this.#at;
    const end = commentEnd.exec(this.#text);
    if (!end) throw new SyntaxMistake("comment without its closing #}", start, this.#at);
    this.#at = end.index + end[0].length;
  }

  /** The inside of `{{ … }}` or `{% … %}`. */
  #code(start: number, isBlock: boolean): void {
    this.#push(isBlock ? T.blockStart : T.variableStart, isBlock ? "{%" : "{{", start, this.#at);
    const open: Token[] = [];
    for (;;) {
      this.#match(space);
      const from = this.#at;
      if (from >= this.#text.length) {
        this.#push(T.end, "", from, from);
        return;
      }
      // A closing brace belongs to an open one first: `{{ {'a': {}} }}`.
      if (open.length === 0 && this.#match(isBlock ? blockEnd : variableEnd) !== undefined) {
        this.#push(isBlock ? T.blockEnd : T.variableEnd, isBlock ? "%}" : "}}", from, this.#at);
        return;
      }
      this.#token(open);
    }
  }

  #token(open: Token[]): void {
    const start = this.#at;
    const c = this.#text.charCodeAt(start);
    if (c >= 48 && c <= 57) {
      // In `a.0.1` the numbers are integers.
      const real = this.#text[start - 1] === "." ? undefined : this.#match(float);
      if (real !== undefined) return this.#push(T.float, real.replaceAll("_", ""), start, this.#at);
      const whole = this.#match(int);
      if (whole !== undefined) return this.#push(T.int, whole.replaceAll("_", ""), start, this.#at);
    }
    if (c === 39 || c === 34) {
      const quoted = this.#match(string);
      if (quoted === undefined)
        throw new SyntaxMistake("string without its closing quote", start, this.#lineEnd(start));
      return this.#push(T.string, unescape(quoted.slice(1, -1)), start, this.#at);
    }
    const word = this.#match(name);
    if (word !== undefined) return this.#push(T.name, word, start, this.#at);
    const sign = this.#match(operator);
    if (sign === undefined) throw new SyntaxMistake(`unexpected character "${this.#text[start]}"`, start, start + 1);
    this.#push(punctuation[sign] ?? T.operator, sign, start, this.#at);
    this.#balance(sign, open);
  }

  #balance(sign: string, open: Token[]): void {
    const token = this.#tokens.at(-1);
    if (!token) return;
    if (closing[sign]) open.push(token);
    else if (sign === ")" || sign === "]" || sign === "}") {
      const opened = open.pop();
      const wanted = opened && closing[opened.value];
      if (wanted === sign) return;
      const expected = opened ? `: "${opened.value}" is to be closed by "${wanted}"` : "";
      throw new SyntaxMistake(`unexpected "${sign}"${expected}`, token.start, token.end);
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #lineEnd(from: number): number {
    const end = this.#text.indexOf("\n", from);
    return end < 0 ? this.#text.length : end;
  }
}

const simpleEscapes: Readonly<Record<string, string>> = {
  "\n": "",
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** Python's escapes; unknown ones keep their backslash, which is what makes `'\s+'` a usable pattern. */
function unescape(body: string): string {
  if (!body.includes("\\")) return body;
  return body.replace(
    /\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3}|[\s\S])/g,
    (whole, code: string) => {
      if (code.length > 1 && /^[xuU]/.test(code)) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
      if (/^[0-7]/.test(code)) return String.fromCodePoint(Number.parseInt(code, 8));
      return simpleEscapes[code] ?? whole;
    },
  );
}

/** The tokens as nunjucks' Parser takes them, with look-ahead. */
export class TokenStream implements NunjucksTokens {
  readonly #tokens: readonly Token[];
  readonly #end: Token;
  #next = 0;
  /** Where the last token taken ended. */
  lastEnd = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
    this.#end = { type: T.end, value: "", start: text.length, end: text.length, lineno: 0, colno: 0 };
  }
  /** The token `ahead` places on; an `end` token after the last. */
  peek(ahead = 0): Token {
    return this.#tokens[this.#next + ahead] ?? this.#end;
  }
  nextToken(): Token | null {
    const token = this.#tokens[this.#next];
    if (!token) return null;
    this.#next++;
    this.lastEnd = token.end;
    return token;
  }
  back(): void {
    this.#next--;
  }
}

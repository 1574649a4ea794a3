/** Python's `re` module. Replacement functions must be synchronous. */
import { bind, callArgs, integer } from "../arguments.ts";
import { call } from "../access.ts";
import { PyDict } from "../dict.ts";
import { raise } from "../errors.ts";
import { repr, str } from "../text.ts";
import { Kwargs, tuple, typeName, type PyTuple } from "../values.ts";
import { dotAll, ignoreCase, multiLine, translate, verbose, type Translated } from "./regex-syntax.ts";

class Match {
  readonly #found: RegExpExecArray;
  constructor(found: RegExpExecArray) {
    this.#found = found;
  }
  #one(key: unknown): string | null {
    const isName = typeof key === "string";
    const groups = this.#found.groups ?? {};
    if (isName ? !Object.hasOwn(groups, key) : integer(key, 0) >= this.#found.length)
      raise("IndexError", "no such group");
    return (isName ? groups[key] : this.#found[integer(key, 0)]) ?? null;
  }
  group(...keys: unknown[]): unknown {
    return keys.length > 1 ? tuple(keys.map((key) => this.#one(key))) : this.#one(keys[0] ?? 0);
  }
  groups(fallback: unknown = null): PyTuple {
    return tuple(this.#found.slice(1).map((group: string | undefined) => group ?? fallback));
  }
  groupdict(fallback: unknown = null): PyDict {
    return new PyDict(Object.entries(this.#found.groups ?? {}).map(([name, text]) => [name, text ?? fallback]));
  }
  start(): number {
    return this.#found.index;
  }
  end(): number {
    return this.#found.index + this.#found[0].length;
  }
  span(): PyTuple {
    return tuple([this.start(), this.end()]);
  }
  __getitem__(key: unknown): unknown {
    return this.#one(key);
  }
  __repr__(): string {
    return `<re.Match object; span=${repr(this.span())}, match=${repr(this.#found[0])}>`;
  }
}

export class Pattern {
  readonly pattern: string;
  readonly #js: Translated;

  constructor(pattern: string, flags: number) {
    this.pattern = pattern;
    this.#js = translate(pattern, flags);
  }
  #compiled(extra: string, wrap = (source: string): string => source): RegExp {
    try {
      return new RegExp(wrap(this.#js.source), this.#js.flags + extra);
    } catch (thrown) {
      return raise("error", `invalid pattern ${repr(this.pattern)}: ${thrown instanceof Error ? thrown.message : ""}`);
    }
  }
  #all(text: unknown): RegExpExecArray[] {
    return [...subject(text).matchAll(this.#compiled("g"))];
  }
  match(text: unknown): Match | null {
    return matched(this.#compiled("y"), text);
  }
  fullmatch(text: unknown): Match | null {
    return matched(
      this.#compiled("y", (source) => `(?:${source})(?![\\s\\S])`),
      text,
    );
  }
  search(text: unknown): Match | null {
    return matched(this.#compiled(""), text);
  }
  finditer(text: unknown): Match[] {
    return this.#all(text).map((found) => new Match(found));
  }
  findall(text: unknown): unknown[] {
    return this.#all(text).map(([whole, ...groups]) => {
      const texts = groups.map((group: string | undefined) => group ?? "");
      return texts.length > 1 ? tuple(texts) : (texts[0] ?? whole);
    });
  }
  sub(...args: unknown[]): string {
    const { repl, string, count } = callArgs(args, ["repl!", "string!", "count"], "sub");
    return this.replace(repl, subject(string), integer(count, 0));
  }
  /** `most` of 0: all of them. */
  replace(by: unknown, text: string, most: number): string {
    let done = 0;
    let at = 0;
    let out = "";
    for (const found of text.matchAll(this.#compiled("g"))) {
      if (most > 0 && done++ >= most) break;
      out += text.slice(at, found.index) + replacement(by, found);
      at = found.index + found[0].length;
    }
    return out + text.slice(at);
  }
  split(...args: unknown[]): unknown[] {
    const { string, maxsplit } = callArgs(args, ["string!", "maxsplit"], "split");
    return this.splitText(subject(string), integer(maxsplit, 0));
  }
  splitText(text: string, most: number): unknown[] {
    const parts: unknown[] = [];
    let at = 0;
    let done = 0;
    for (const found of text.matchAll(this.#compiled("g"))) {
      if (most > 0 && done++ >= most) break;
      parts.push(text.slice(at, found.index), ...found.slice(1).map((group: string | undefined) => group ?? null));
      at = found.index + found[0].length;
    }
    return [...parts, text.slice(at)];
  }
  __repr__(): string {
    return `re.compile(${repr(this.pattern)})`;
  }
}

function matched(expression: RegExp, text: unknown): Match | null {
  const found = expression.exec(subject(text));
  return found ? new Match(found) : null;
}

function subject(x: unknown): string {
  return typeof x === "string" ? x : raise("TypeError", `expected string or bytes-like object, got '${typeName(x)}'`);
}

function replacement(by: unknown, found: RegExpExecArray): string {
  if (typeof by !== "string") {
    const made = call(by, [new Match(found)], null);
    if (made instanceof Promise)
      return raise("TypeError", "re.sub() takes no function that asks the database: it must answer at once");
    return str(made);
  }
  return by.replace(/\\(?:g<(\w+)>|(\d{1,2})|([ntrfv\\]))/g, (_, name?: string, number?: string, letter?: string) => {
    if (letter !== undefined) return { n: "\n", t: "\t", r: "\r", f: "\f", v: "\v" }[letter] ?? "\\";
    const key = name ?? number ?? "0";
    if (!/^\d+$/.test(key)) return found.groups?.[key] ?? "";
    if (Number(key) >= found.length) raise("error", `invalid group reference ${key}`);
    return found[Number(key)] ?? "";
  });
}

function patternOf(pattern: unknown, flags: unknown): Pattern {
  return pattern instanceof Pattern ? pattern : new Pattern(subject(pattern), integer(flags, 0));
}

/** A function of the module that takes a pattern, a text and flags. */
const onText =
  (name: "match" | "fullmatch" | "search" | "findall" | "finditer") =>
  (...args: unknown[]): unknown => {
    const { pattern, string, flags } = callArgs(args, ["pattern!", "string!", "flags"], name);
    return patternOf(pattern, flags)[name](string);
  };

export const reModule = (): Record<string, unknown> => ({
  I: ignoreCase,
  IGNORECASE: ignoreCase,
  M: multiLine,
  MULTILINE: multiLine,
  S: dotAll,
  DOTALL: dotAll,
  X: verbose,
  VERBOSE: verbose,
  compile: (...args: unknown[]) => {
    const { pattern, flags } = callArgs(args, ["pattern!", "flags"], "compile");
    return patternOf(pattern, flags);
  },
  match: onText("match"),
  fullmatch: onText("fullmatch"),
  search: onText("search"),
  findall: onText("findall"),
  finditer: onText("finditer"),
  sub: (...args: unknown[]) => {
    const given = callArgs(args, ["pattern!", "repl!", "string!", "count", "flags"], "sub");
    return patternOf(given.pattern, given.flags).replace(given.repl, subject(given.string), integer(given.count, 0));
  },
  split: (...args: unknown[]) => {
    const last = args.at(-1);
    const kwargs = last instanceof Kwargs ? last : null;
    const positional = kwargs ? args.slice(0, -1) : args;
    const given = bind("split", positional, kwargs, ["pattern!", "string!", "maxsplit", "flags"]);
    return patternOf(given.pattern, given.flags).splitText(subject(given.string), integer(given.maxsplit, 0));
  },
  escape: (text: unknown) => subject(text).replace(/[-.*+?^${}()|[\]\\ #&~\t\n\r\v\f]/g, "\\$&"),
});

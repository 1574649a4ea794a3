/** Python's regular expressions as JavaScript's, with the `u` flag. */
import { raise } from "../errors.ts";

export interface Translated {
  readonly source: string;
  /** JavaScript's flags, without `g` and `y`. */
  readonly flags: string;
}

export const ignoreCase = 2;
export const multiLine = 8;
export const dotAll = 16;
export const verbose = 64;

const inlineFlags: Readonly<Record<string, number>> = { i: ignoreCase, m: multiLine, s: dotAll, x: verbose };

export function translate(pattern: string, flags: number): Translated {
  let all = flags;
  // Global flags stand at the very beginning: `(?i)(?s)`.
  const body = pattern.replace(/^(?:\(\?[aiLmsux]+\))+/, (prefix) => {
    for (const letter of prefix) all |= inlineFlags[letter] ?? 0;
    return "";
  });
  const jsFlags = `u${all & ignoreCase ? "i" : ""}${all & multiLine ? "m" : ""}${all & dotAll ? "s" : ""}`;
  return { source: new Translator(body, all).run(), flags: jsFlags };
}

/** What a class of characters is outside of brackets, and inside. Python's are Unicode's. */
const classes: Readonly<Record<string, { alone: string; inside: string }>> = {
  d: { alone: "\\p{Nd}", inside: "\\p{Nd}" },
  D: { alone: "\\P{Nd}", inside: "\\P{Nd}" },
  w: { alone: "[\\p{L}\\p{N}\\p{M}_]", inside: "\\p{L}\\p{N}\\p{M}_" },
  W: { alone: "[^\\p{L}\\p{N}\\p{M}_]", inside: "\\W" },
};
/** Escapes that mean the same in both. */
const sameEscapes = "bBsSnrtfv0123456789xu";
/** What must be escaped in JavaScript's `u` mode; everything else must not be. */
const syntaxCharacters = "^$\\.*+?()[]{}|/";

class Translator {
  readonly #pattern: string;
  readonly #flags: number;
  #at = 0;
  #out = "";

  constructor(pattern: string, flags: number) {
    this.#pattern = pattern;
    this.#flags = flags;
  }

  run(): string {
    while (this.#at < this.#pattern.length) this.#out += this.#next();
    return this.#out;
  }

  #take(sticky: RegExp): string | undefined {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#pattern)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #next(): string {
    const c = this.#pattern.charAt(this.#at);
    if (c === "\\") return this.#escape(false);
    if (c === "[") return this.#brackets();
    if (c === "(") return this.#group();
    if (c === "{") return this.#quantifier();
    this.#at++;
    if (c === "}" || c === "]") return `\\${c}`;
    // Before a line end at the very end, too.
    if (c === "$" && !(this.#flags & multiLine)) return "(?=\\n?(?![\\s\\S]))";
    if (this.#flags & verbose && /\s/.test(c)) return "";
    if (this.#flags & verbose && c === "#") {
      this.#take(/[^\n]*/y);
      return "";
    }
    return c;
  }

  #escape(isInside: boolean): string {
    const c = this.#pattern.charAt(this.#at + 1);
    if (c === "") return raise("error", "bad escape (end of pattern)");
    this.#at += 2;
    const known = classes[c];
    if (known) return isInside ? known.inside : known.alone;
    if (c === "A") return "(?<![\\s\\S])";
    if (c === "Z" || c === "z") return "(?![\\s\\S])";
    if (c === "a") return "\\x07";
    if (c === "U") return `\\u{${this.#take(/[0-9a-fA-F]{8}/y) ?? "0"}}`;
    if (c === "0" && isInside) return "\\x00";
    if (sameEscapes.includes(c)) return `\\${c}`;
    if (/[A-Za-z]/.test(c)) return raise("error", `bad escape \\${c} at position ${this.#at - 2}`);
    return syntaxCharacters.includes(c) || (isInside && c === "-") ? `\\${c}` : c;
  }

  #brackets(): string {
    let made = this.#take(/\[\^?/y) ?? "";
    // A closing bracket right at the start stands for itself.
    if (this.#take(/\]/y)) made += "\\]";
    while (this.#at < this.#pattern.length) {
      const c = this.#pattern.charAt(this.#at);
      if (c === "]") {
        this.#at++;
        return `${made}]`;
      }
      if (c === "\\") made += this.#escape(true);
      else {
        this.#at++;
        made += c === "[" ? "\\[" : c;
      }
    }
    return raise("error", "unterminated character set");
  }

  #group(): string {
    if (this.#take(/\(\?#[^)]*\)/y)) return "";
    const named = this.#take(/\(\?P<\w+>/y);
    if (named) return named.replace("?P<", "?<");
    const reference = this.#take(/\(\?P=\w+\)/y);
    if (reference) return `\\k<${reference.slice(4, -1)}>`;
    return this.#take(/\((?:\?(?:[:=!]|<[=!]))?/y) ?? "";
  }

  #quantifier(): string {
    const found = this.#take(/\{(?:\d+(?:,\d*)?|,\d+)\}/y);
    if (found) return found.replace("{,", "{0,");
    this.#at++;
    return "\\{";
  }
}

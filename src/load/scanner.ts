/**
 * The byte scanner: reads CSV in UTF-8 chunk by chunk, checks its structure, counts, and hands on the good records as
 * COPY wants them, one per line feed, each with its own line number appended. Bad records are cut out and reported.
 *
 * Bytes are copied to the output while they are looked at; cutting a record out is moving the output's end back.
 */
import { isUtf8 } from "node:buffer";
import type { Dialect } from "./dialect.ts";
import { requote } from "./record.ts";
import { firstInvalid, hexByte, printable, view, wholeCharacters } from "./utf8.ts";

export interface Reject {
  /** Of the record's first line in the file, 1-based. */
  readonly line: number;
  readonly column?: string;
  readonly value?: string;
  readonly reason: string;
  readonly raw: string;
}

/** A record written anew, or why it cannot be. */
export type Rewritten = string | Omit<Reject, "line" | "raw">;

export interface ScanOptions {
  readonly dialect: Dialect;
  /** Fields that every record must have. */
  readonly fields: number;
  /** What follows each record before its line number, such as `,"data/a.csv",7,`; absent: records stay as they are. */
  readonly suffix?: string;
  /** The line on which the first byte stands. Default 1. */
  readonly line?: number;
  /** The file's line break, when a header has shown it already. */
  readonly lineBreak?: LineBreak;
  /** The text was decoded from this encoding; U+FFFD then stands for bytes that could not be. */
  readonly decodedFrom?: string;
  /** Every record passes through here; slow. */
  readonly rewrite?: (record: string) => Rewritten;
  readonly onReject: (reject: Reject) => void;
}

/** A lone carriage return ends a line only in files whose first line ends so. */
export type LineBreak = "lf" | "cr";

/** A longer record is taken for a quote that was never closed. */
export const MAX_RECORD = 16 * 1024 * 1024;
/** Of a rejected record, so much is kept. */
const MAX_RAW = 64 * 1024;

// States: where in a record the next byte stands.
const START = 0;
const UNQUOTED = 1;
const QUOTED = 2;
const AFTER_QUOTE = 3;
const ESCAPED = 4;
const AFTER_CR = 5;

// Kinds of bytes.
const PLAIN = 0;
const DELIMITER = 1;
const LF = 2;
const CR = 3;
const QUOTE = 4;
/** A double quote in a file that knows no quotes. */
const STRAY = 5;

const NEWLINE = 10;
const REPLACEMENT = Buffer.from("\ufffd");

export class Scanner {
  /** Records seen so far, rejected ones included; blank lines at the end are none. */
  records = 0;
  rejected = 0;

  readonly #options: ScanOptions;
  readonly #kinds = new Uint8Array(256);
  readonly #quote: number;
  readonly #escape: number;
  readonly #suffix: Uint8Array | undefined;
  /** Room that a record's end may need: suffix, line number, line feed. */
  readonly #margin: number;

  #out: Uint8Array = new Uint8Array(0);
  #end = 0;
  #start = 0;
  #blocks: Uint8Array[] = [];
  /** Input still to be scanned, the next piece last. */
  readonly #todo: Uint8Array[] = [];
  #state = START;
  #fields = 1;
  #line: number;
  #startLine: number;
  /** Where the quote that is open, or was closed last, was opened. */
  #quoteLine = 0;
  #fault = "";
  #lineBreak: LineBreak | undefined;
  #blankLines = 0;
  #stray = false;
  /** The next record to end may hold bytes that no check has seen whole. */
  #checkNext = true;
  #checkAll = false;
  #swallowLf = false;

  constructor(options: ScanOptions) {
    const { dialect } = options;
    this.#options = options;
    this.#line = this.#startLine = options.line ?? 1;
    this.#lineBreak = options.lineBreak;
    this.#kinds[10] = LF;
    this.#kinds[13] = CR;
    this.#kinds[34] = dialect.quote === "" ? STRAY : PLAIN;
    this.#quote = dialect.quote === "" ? -1 : dialect.quote.charCodeAt(0);
    this.#escape = dialect.quote === "" ? -1 : dialect.escape.charCodeAt(0);
    if (this.#quote >= 0) this.#kinds[this.#quote] = QUOTE;
    this.#kinds[dialect.delimiter.charCodeAt(0)] = DELIMITER;
    this.#suffix = options.suffix === undefined ? undefined : Buffer.from(options.suffix);
    this.#margin = (this.#suffix?.length ?? 0) + 24;
  }

  /** Records that were let through. */
  get passed(): number {
    return this.records - this.rejected;
  }

  /** The good records that are complete now, as blocks of bytes. */
  push(chunk: Uint8Array): Uint8Array[] {
    // A character may be cut in two by the chunk's end: the records at its borders are looked at on their own.
    this.#checkNext = true;
    this.#checkAll = this.#isSuspicious(chunk);
    this.#scanAll(chunk);
    return this.#take();
  }

  /** Call once, after the last chunk. */
  end(): Uint8Array[] {
    this.#checkNext = true;
    while (this.#state === QUOTED || this.#state === ESCAPED) {
      this.#fault = this.#unterminated();
      this.#resume(new Uint8Array(0));
      this.#scanAll(new Uint8Array(0));
    }
    const nothing = this.#end === this.#start && this.#fields === 1 && this.#state === START;
    if (!nothing) {
      this.#reserve(0);
      this.#endRecord();
    }
    return this.#take();
  }

  #isSuspicious(bytes: Uint8Array): boolean {
    if (bytes.indexOf(0) >= 0) return true;
    if (this.#options.decodedFrom !== undefined) return view(bytes).includes(REPLACEMENT);
    return !isUtf8(wholeCharacters(bytes));
  }

  #take(): Uint8Array[] {
    const blocks = this.#blocks;
    this.#blocks = [];
    if (this.#start > 0) {
      blocks.push(this.#out.subarray(0, this.#start));
      // The beginning of the next record moves to a buffer of its own: the block now belongs to the reader.
      this.#out = this.#out.slice(this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    return blocks;
  }

  /** Makes room for `more` bytes and a record's end. */
  #reserve(more: number): void {
    const needed = more + this.#margin;
    if (this.#out.length - this.#end >= needed) return;
    if (this.#start > 0 && this.#start >= this.#end - this.#start) {
      this.#blocks.push(this.#out.subarray(0, this.#start));
      const kept = this.#out.subarray(this.#start, this.#end);
      this.#out = grown(kept, needed + (needed >> 2));
      this.#end = kept.length;
      this.#start = 0;
    } else {
      this.#out = grown(this.#out.subarray(0, this.#end), Math.max(needed + (needed >> 2), this.#end));
    }
  }

  #scanAll(input: Uint8Array): void {
    this.#todo.push(input);
    for (let next = this.#todo.pop(); next !== undefined; next = this.#todo.pop()) {
      this.#scan(next);
      if (this.#end - this.#start > MAX_RECORD) this.#giveUpRecord();
    }
  }

  /** Returns early after `#resume`, with the rest of the input waiting in `#todo`. */
  #scan(input: Uint8Array): void {
    const kinds = this.#kinds;
    const quote = this.#quote;
    const escape = this.#escape;
    const wanted = this.#options.fields;
    // Blank lines, conversions and doubts are met in #endRecord; without any of them a record ends right here.
    const plain = this.#options.rewrite === undefined && (this.#suffix !== undefined || wanted > 1);
    const length = input.length;
    this.#reserve(length);
    let out = this.#out;
    let o = this.#end;
    let state = this.#state;
    let i = 0;
    if (this.#swallowLf && length > 0) {
      if (input[0] === NEWLINE) i++;
      this.#swallowLf = false;
    }
    while (i < length) {
      const c = input[i]!;
      if (state === UNQUOTED || state === START) {
        const kind = kinds[c]!;
        if (kind === PLAIN) {
          state = UNQUOTED;
          out[o++] = c;
          i++;
          while (i < length && kinds[input[i]!] === PLAIN) out[o++] = input[i++]!;
          continue;
        }
        i++;
        if (kind === DELIMITER) {
          out[o++] = c;
          this.#fields++;
          state = START;
          continue;
        }
        if (kind === QUOTE) {
          out[o++] = c;
          if (state === START) {
            state = QUOTED;
            this.#quoteLine = this.#line;
          } else {
            this.#fault ||= `a quote (${this.#options.dialect.quote}) stands inside a field that does not begin with one`;
          }
          continue;
        }
        if (kind === STRAY) {
          out[o++] = c;
          state = UNQUOTED;
          this.#stray = true;
          continue;
        }
        if (kind === CR && this.#lineBreak !== "cr") {
          state = AFTER_CR;
          continue;
        }
        if (kind === CR) this.#swallowLf = true;
        else this.#lineBreak ??= "lf";
      } else if (state === QUOTED) {
        i++;
        out[o++] = c;
        if (c === quote) state = AFTER_QUOTE;
        else if (c === escape) state = ESCAPED;
        else if (c === NEWLINE || (c === 13 && this.#lineBreak === "cr" && input[i] !== NEWLINE)) {
          this.#line++;
        }
        continue;
      } else if (state === ESCAPED) {
        state = QUOTED;
        if (c === quote || c === escape) {
          out[o++] = c;
          i++;
        }
        continue;
      } else if (state === AFTER_QUOTE) {
        const kind = kinds[c]!;
        if (c === quote && escape === quote) {
          out[o++] = c;
          i++;
          state = QUOTED;
          continue;
        }
        if (kind === DELIMITER) {
          out[o++] = c;
          i++;
          this.#fields++;
          state = START;
          continue;
        }
        if (kind !== LF && kind !== CR) {
          this.#fault ||= `text after a closing quote${this.#openedAt()}`;
          if (this.#line > this.#startLine) {
            this.#save(o, state);
            this.#resume(input.subarray(i));
            return;
          }
          state = UNQUOTED;
          continue;
        }
        i++;
        if (kind === CR && this.#lineBreak !== "cr") {
          state = AFTER_CR;
          continue;
        }
        if (kind === CR) this.#swallowLf = true;
        else this.#lineBreak ??= "lf";
      } else {
        // AFTER_CR: half of a CRLF, the line break of old Macs, or a stray.
        if (c === NEWLINE) {
          i++;
          this.#lineBreak ??= "lf";
        } else if (this.#lineBreak === undefined) {
          this.#lineBreak = "cr";
        } else {
          this.#fault ||= "a carriage return stands outside quotes, in a file whose lines do not end with it";
          out[o++] = 13;
          state = UNQUOTED;
          continue;
        }
      }
      // A record ends here.
      if (this.#swallowLf && i < length) {
        if (input[i] === NEWLINE) i++;
        this.#swallowLf = false;
      }
      if (
        plain &&
        this.#fields === wanted &&
        this.#fault === "" &&
        !this.#checkNext &&
        !this.#checkAll &&
        !this.#stray &&
        this.#blankLines === 0 &&
        o > this.#start
      ) {
        o = this.#terminate(out, o);
        this.records++;
        this.#start = o;
        this.#startLine = ++this.#line;
        this.#fields = 1;
        if (out.length - o < length - i + this.#margin) {
          this.#save(o, START);
          this.#reserve(length - i);
          out = this.#out;
          o = this.#end;
        }
      } else {
        this.#save(o, START);
        this.#endRecord();
        this.#reserve(length - i);
        out = this.#out;
        o = this.#end;
      }
      state = START;
    }
    this.#save(o, state);
  }

  #save(o: number, state: number): void {
    this.#end = o;
    this.#state = state;
  }

  /** Appends suffix, line number and line feed. */
  #terminate(out: Uint8Array, at: number, line = this.#startLine): number {
    let o = at;
    const suffix = this.#suffix;
    if (suffix !== undefined) {
      for (let k = 0; k < suffix.length; k++) out[o++] = suffix[k]!;
      let digits = 1;
      for (let n = line; n >= 10; n = Math.floor(n / 10)) digits++;
      let rest = line;
      for (let k = o + digits - 1; k >= o; k--) {
        out[k] = 48 + (rest % 10);
        rest = Math.floor(rest / 10);
      }
      o += digits;
    }
    out[o++] = NEWLINE;
    return o;
  }

  /** The careful end of a record: whatever is not plain. */
  #endRecord(): void {
    const { fields: wanted, rewrite } = this.#options;
    if (this.#end === this.#start && this.#fields === 1) {
      // Blank: a record only if another one follows.
      this.#blankLines++;
      this.#next();
      return;
    }
    this.#settleBlankLines();
    this.records++;
    const bytes = this.#out.subarray(this.#start, this.#end);
    const reason = this.#fault || this.#wrongCount(wanted) || this.#badBytes(bytes);
    if (reason !== "") {
      this.#reject({ line: this.#startLine, reason, raw: printable(bytes, MAX_RAW) });
      this.#end = this.#start;
    } else if (rewrite !== undefined || this.#stray || this.#isEndMarker(bytes)) {
      this.#rewriteRecord();
    } else {
      this.#end = this.#terminate(this.#out, this.#end);
    }
    this.#next();
  }

  #next(): void {
    this.#start = this.#end;
    this.#startLine = ++this.#line;
    this.#fields = 1;
    this.#fault = "";
    this.#stray = false;
    this.#checkNext = false;
    this.#state = START;
  }

  #reject(reject: Reject): void {
    this.rejected++;
    this.#options.onReject(reject);
  }

  /** Blank lines before this record: empty values of a single column, otherwise records that lack fields. */
  #settleBlankLines(): void {
    const count = this.#blankLines;
    if (count === 0) return;
    this.#blankLines = 0;
    const { fields: wanted, rewrite } = this.#options;
    const first = this.#startLine - count;
    this.records += count;
    const pending = this.#out.slice(this.#start, this.#end);
    this.#end = this.#start;
    for (let line = first; line < first + count; line++) {
      const written =
        wanted > 1 ? { reason: `a blank line, where ${wanted} fields are expected` } : (rewrite?.("") ?? "");
      if (typeof written !== "string") this.#reject({ line, raw: "", ...written });
      else this.#append(written, line);
    }
    this.#start = this.#end;
    this.#reserve(pending.length);
    this.#out.set(pending, this.#end);
    this.#end += pending.length;
  }

  #rewriteRecord(): void {
    const bytes = this.#out.slice(this.#start, this.#end);
    const record = view(bytes).toString("utf8");
    const { rewrite, dialect } = this.#options;
    this.#end = this.#start;
    const written = rewrite ? rewrite(record) : requote(record, dialect);
    if (typeof written === "string") this.#append(written, this.#startLine);
    else this.#reject({ line: this.#startLine, raw: printable(bytes, MAX_RAW), ...written });
  }

  #append(record: string, line: number): void {
    // `\.` alone on a line ends a COPY before PostgreSQL 18, silently; quoted, or with something appended, it does not.
    const quote = this.#options.dialect.quote || '"';
    const bytes = Buffer.from(this.#suffix === undefined && record === "\\." ? quote + record + quote : record);
    this.#reserve(bytes.length);
    this.#out.set(bytes, this.#end);
    this.#end = this.#terminate(this.#out, this.#end + bytes.length, line);
    this.#start = this.#end;
  }

  #isEndMarker(bytes: Uint8Array): boolean {
    return this.#suffix === undefined && bytes.length === 2 && bytes[0] === 92 && bytes[1] === 46;
  }

  #wrongCount(wanted: number): string {
    const found = this.#fields;
    if (found === wanted) return "";
    return `${found} field${found === 1 ? "" : "s"}, where ${wanted} ${wanted === 1 ? "is" : "are"} expected`;
  }

  #badBytes(bytes: Uint8Array): string {
    if (!this.#checkNext && !this.#checkAll) return "";
    if (bytes.indexOf(0) >= 0) return "a NUL byte (0x00), which Postgres cannot store in text";
    const encoding = this.#options.decodedFrom;
    if (encoding !== undefined) return view(bytes).includes(REPLACEMENT) ? `bytes that are not valid ${encoding}` : "";
    if (isUtf8(bytes)) return "";
    const at = firstInvalid(bytes);
    return `byte 0x${hexByte(bytes[at]!)} after "${printable(bytes.subarray(Math.max(0, at - 20), at))}" is not valid UTF-8`;
  }

  #openedAt(): string {
    return this.#quoteLine === this.#startLine ? "" : ` (the quote was opened on line ${this.#quoteLine})`;
  }

  #unterminated(): string {
    return `the quote opened on line ${this.#quoteLine} is never closed`;
  }

  /**
   * A fault of quoting costs the line it began on, not everything up to the next quote: rejects the record's first line
   * and reads the others again, then `rest`.
   */
  #resume(rest: Uint8Array): void {
    const bytes = this.#out.slice(this.#start, this.#end);
    const lineEnd = this.#firstLineEnd(bytes);
    this.#end = this.#start;
    this.#line = this.#startLine;
    const first = bytes.subarray(0, lineEnd);
    this.#settleBlankLines();
    this.records++;
    this.#reject({ line: this.#startLine, reason: this.#fault, raw: printable(trimBreak(first), MAX_RAW) });
    this.#next();
    this.#checkAll = true;
    this.#todo.push(rest, bytes.subarray(lineEnd));
  }

  /** So long a record is not held any longer: it is rejected, and passed over. */
  #giveUpRecord(): void {
    const quoted = this.#state === QUOTED || this.#state === ESCAPED;
    this.#fault ||= quoted ? this.#unterminated() : `a record longer than ${MAX_RECORD / 1024 / 1024} MiB`;
    if (this.#line > this.#startLine) return this.#resume(new Uint8Array(0));
    this.#end = this.#start + MAX_RAW;
    this.#state = UNQUOTED;
  }

  #firstLineEnd(bytes: Uint8Array): number {
    const lf = bytes.indexOf(NEWLINE);
    const cr = this.#lineBreak === "cr" ? bytes.indexOf(13) : -1;
    if (cr >= 0 && (lf < 0 || cr < lf)) return bytes[cr + 1] === NEWLINE ? cr + 2 : cr + 1;
    return lf < 0 ? bytes.length : lf + 1;
  }
}

function grown(bytes: Uint8Array, more: number): Uint8Array {
  // Not a Buffer, whose slice() would not copy.
  const larger = new Uint8Array(Buffer.allocUnsafeSlow(bytes.length + more).buffer);
  larger.set(bytes);
  return larger;
}

const trimBreak = (bytes: Uint8Array): Uint8Array => {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === NEWLINE || bytes[end - 1] === 13)) end--;
  return bytes.subarray(0, end);
};

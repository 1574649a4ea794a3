/**
 * The byte scanner: reads CSV in UTF-8 chunk by chunk, checks its structure, counts, and hands on the good records as
 * COPY wants them, one per line feed, each with its own line number appended. Bad records are cut out and reported.
 *
 * Bytes are copied to the output while they are looked at; cutting a record out is moving the output's end back.
 */
import type { Dialect } from "./dialect.ts";
import { requote } from "./record.ts";
import { RecordBuffer } from "./record-buffer.ts";
import { badBytes, isSuspicious, MAX_RAW, rawText, wrongCount, type Reject, type Rewritten } from "./reject.ts";

export interface ScanOptions {
  readonly dialect: Dialect;
  /** Fields that every record must have. */
  readonly fields: number;
  /**
   * What follows each record before its line number, such as `,"data/a.csv",7,`. Something has to, where COPY reads: the
   * line `\\.` alone ends a COPY before PostgreSQL 18, silently. Absent: only counting and rejecting is wanted.
   */
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

export class Scanner {
  /** Records seen so far, rejected ones included; blank lines at the end are none. */
  records = 0;
  rejected = 0;

  readonly #options: ScanOptions;
  readonly #kinds = new Uint8Array(256);
  /** Within quotes: whatever is not plain there. */
  readonly #insideKinds = new Uint8Array(256);
  readonly #quote: number;
  readonly #escape: number;
  readonly #buffer: RecordBuffer;
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
    for (const special of [NEWLINE, 13, this.#quote, this.#escape])
      if (special >= 0) this.#insideKinds[special] = QUOTE;
    this.#kinds[dialect.delimiter.charCodeAt(0)] = DELIMITER;
    this.#buffer = new RecordBuffer(options.suffix);
  }

  /** Records that were let through. */
  get passed(): number {
    return this.records - this.rejected;
  }

  /** The good records that are complete now, as blocks of bytes. */
  push(chunk: Uint8Array): Uint8Array[] {
    // A character may be cut in two by the chunk's end: the records at its borders are looked at on their own.
    this.#checkNext = true;
    this.#checkAll = isSuspicious(chunk, this.#options.decodedFrom);
    this.#scanAll(chunk);
    return this.#buffer.take();
  }

  /** Call once, after the last chunk. */
  end(): Uint8Array[] {
    this.#checkNext = true;
    while (this.#state === QUOTED || this.#state === ESCAPED) {
      this.#fault = this.#unterminated();
      this.#resume(new Uint8Array(0));
      this.#scanAll(new Uint8Array(0));
    }
    const { start, end } = this.#buffer;
    if (end > start || this.#fields > 1 || this.#state !== START) {
      this.#buffer.reserve(0);
      this.#endRecord();
    }
    return this.#buffer.take();
  }

  #scanAll(input: Uint8Array): void {
    this.#todo.push(input);
    for (let next = this.#todo.pop(); next !== undefined; next = this.#todo.pop()) {
      this.#scan(next);
      if (this.#buffer.end - this.#buffer.start > MAX_RECORD) this.#giveUpRecord();
    }
  }

  /** Returns early after `#resume`, with the rest of the input waiting in `#todo`. */
  #scan(input: Uint8Array): void {
    const kinds = this.#kinds;
    const inside = this.#insideKinds;
    const quote = this.#quote;
    const escape = this.#escape;
    const wanted = this.#options.fields;
    // Blank lines, conversions and doubts are met in #endRecord; without any of them a record ends right here.
    const plain = this.#options.rewrite === undefined;
    const length = input.length;
    const buffer = this.#buffer;
    buffer.reserve(length);
    let out = buffer.bytes;
    let o = buffer.end;
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
        if (inside[c] === PLAIN) {
          while (i < length && inside[input[i]!] === PLAIN) out[o++] = input[i++]!;
          continue;
        }
        if (c === quote) state = AFTER_QUOTE;
        else if (c === escape) state = ESCAPED;
        else if (this.#lineBreak !== "cr") {
          if (c === NEWLINE) this.#line++;
        } else if (c === 13 || out[o - 2] !== 13) this.#line++; // of a CRLF, the first half counts
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
        o > buffer.start
      ) {
        o = buffer.finish(o, this.#startLine);
        this.records++;
        this.#startLine = ++this.#line;
        this.#fields = 1;
        if (out.length - o < length - i + buffer.margin) {
          buffer.reserve(length - i);
          out = buffer.bytes;
          o = buffer.end;
        }
      } else {
        this.#save(o, START);
        this.#endRecord();
        buffer.reserve(length - i);
        out = buffer.bytes;
        o = buffer.end;
      }
      state = START;
    }
    this.#save(o, state);
  }

  #save(o: number, state: number): void {
    this.#buffer.end = o;
    this.#state = state;
  }

  /** The careful end of a record: whatever is not plain. */
  #endRecord(): void {
    const buffer = this.#buffer;
    const { fields: wanted, rewrite, dialect, decodedFrom } = this.#options;
    if (buffer.end === buffer.start && this.#fields === 1) {
      // Blank: a record only if another one follows.
      this.#blankLines++;
      this.#next();
      return;
    }
    this.#settleBlankLines();
    this.records++;
    const doubtful = this.#checkNext || this.#checkAll;
    const reason =
      this.#fault || wrongCount(this.#fields, wanted) || (doubtful ? badBytes(buffer.record, decodedFrom) : "");
    if (reason !== "") {
      this.#reject({ line: this.#startLine, reason, raw: rawText(buffer.record) });
      buffer.drop();
    } else if (rewrite !== undefined || this.#stray) {
      const written = rewrite ? rewrite(buffer.text) : requote(buffer.text, dialect);
      this.#settle(written, this.#startLine);
    } else {
      buffer.finish(buffer.end, this.#startLine);
    }
    this.#next();
  }

  #settle(written: Rewritten, line: number): void {
    if (typeof written === "string") this.#buffer.replace(written, line);
    else {
      this.#reject({ line, raw: rawText(this.#buffer.record), ...written });
      this.#buffer.drop();
    }
  }

  #next(): void {
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
    const buffer = this.#buffer;
    const { fields: wanted, rewrite } = this.#options;
    const first = this.#startLine - count;
    const pending = buffer.record.slice();
    buffer.drop();
    for (let line = first; line < first + count; line++) {
      const blank = { reason: `a blank line, where ${wanted} fields are expected` };
      this.#settle(wanted > 1 ? blank : (rewrite?.("") ?? ""), line);
    }
    this.records += count;
    this.#blankLines = 0;
    buffer.reserve(pending.length);
    buffer.bytes.set(pending, buffer.end);
    buffer.end += pending.length;
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
    const bytes = this.#buffer.record.slice();
    const lineEnd = this.#firstLineEnd(bytes);
    this.#buffer.drop();
    this.#line = this.#startLine;
    this.#settleBlankLines();
    this.records++;
    this.#reject({ line: this.#startLine, reason: this.#fault, raw: rawText(trimBreak(bytes.subarray(0, lineEnd))) });
    this.#next();
    this.#checkAll = true;
    this.#todo.push(rest, bytes.subarray(lineEnd));
  }

  /** So long a record is not held any longer: it is rejected, and passed over. */
  #giveUpRecord(): void {
    const quoted = this.#state === QUOTED || this.#state === ESCAPED;
    this.#fault ||= quoted ? this.#unterminated() : `a record longer than ${MAX_RECORD / 1024 / 1024} MiB`;
    if (this.#line > this.#startLine) return this.#resume(new Uint8Array(0));
    this.#buffer.end = this.#buffer.start + MAX_RAW;
    this.#state = UNQUOTED;
  }

  #firstLineEnd(bytes: Uint8Array): number {
    const lf = bytes.indexOf(NEWLINE);
    const cr = this.#lineBreak === "cr" ? bytes.indexOf(13) : -1;
    if (cr >= 0 && (lf < 0 || cr < lf)) return bytes[cr + 1] === NEWLINE ? cr + 2 : cr + 1;
    return lf < 0 ? bytes.length : lf + 1;
  }
}

const trimBreak = (bytes: Uint8Array): Uint8Array => {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === NEWLINE || bytes[end - 1] === 13)) end--;
  return bytes.subarray(0, end);
};

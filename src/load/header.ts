/** A file's header against the declared columns: matched by name, in whatever order the file has them. */
import { error, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { Dialect } from "./dialect.ts";
import { splitRecord } from "./record.ts";
import type { Reject } from "./reject.ts";
import { Scanner, type LineBreak } from "./scanner.ts";
import { view } from "./utf8.ts";

/** A longer header is a missing line break or a quote that was never closed. */
const MAX_HEADER = 1024 * 1024;

export interface Header {
  readonly names: readonly string[];
  /** What was read beyond the header. */
  readonly rest: Uint8Array;
  /** The line on which the rest begins, 1-based. */
  readonly line: number;
  readonly lineBreak: LineBreak;
}

/** Reads the first record; a string says why it is none. `undefined`: the file is empty. */
export async function readHeader(
  chunks: AsyncIterator<Uint8Array>,
  dialect: Dialect,
): Promise<Header | string | undefined> {
  let bytes: Uint8Array = new Uint8Array(0);
  let end = -1;
  for (let next = await chunks.next(); ; next = await chunks.next()) {
    if (!next.done) bytes = Buffer.concat([bytes, next.value]);
    const start = blankPrefix(bytes);
    end = recordEnd(bytes, start, dialect);
    // A carriage return at the very end may be half of a CRLF.
    if (next.done || (end >= 0 && end < bytes.length - 1) || bytes.length > MAX_HEADER) break;
  }
  const start = blankPrefix(bytes);
  if (start === bytes.length) return undefined;
  if (end < 0) end = bytes.length;
  if (end > MAX_HEADER) return `the header is longer than ${MAX_HEADER / 1024} KiB; is there a line break missing?`;
  const text = bytes.subarray(start, end);
  const fault = faultOf(text, dialect);
  if (fault !== undefined) return fault;
  const cr = bytes[end] === 13;
  const crlf = cr && bytes[end + 1] === 10;
  return {
    names: splitRecord(view(text).toString("utf8"), dialect).map((field) => field.text.trim()),
    rest: bytes.subarray(Math.min(bytes.length, end + (crlf ? 2 : 1))),
    line: lines(bytes.subarray(0, end)) + 1,
    lineBreak: cr && !crlf ? "cr" : "lf",
  };
}

/** Line breaks before the header. */
function blankPrefix(bytes: Uint8Array): number {
  let start = 0;
  while (bytes[start] === 10 || bytes[start] === 13) start++;
  return start;
}

function recordEnd(bytes: Uint8Array, from: number, { quote, escape }: Dialect): number {
  const mark = quote === "" ? -1 : quote.charCodeAt(0);
  const before = quote === "" || escape === quote ? -1 : escape.charCodeAt(0);
  let quoted = false;
  for (let i = from; i < bytes.length; i++) {
    const c = bytes[i];
    if (quoted && c === before) i++;
    else if (c === mark) quoted = !quoted;
    else if (!quoted && (c === 10 || c === 13)) return i;
  }
  return -1;
}

/** 1-based number of the line on which the bytes end. */
function lines(bytes: Uint8Array): number {
  let count = 1;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === 10 || (bytes[i] === 13 && bytes[i + 1] !== 10)) count++;
  }
  return count;
}

/** The scanner judges the header like any record, but for the number of its fields. */
function faultOf(header: Uint8Array, dialect: Dialect): string | undefined {
  let found: Reject | undefined;
  const fields = splitRecord(view(header).toString("utf8"), dialect).length;
  const scanner = new Scanner({ dialect, fields, onReject: (reject) => (found ??= reject) });
  scanner.push(header);
  scanner.end();
  return found?.reason;
}

/**
 * The declared column of each of the file's columns. Case and surrounding space do not matter. Every column must be there
 * exactly once, and nothing else.
 */
export function matchHeader(
  path: string,
  names: readonly string[],
  declared: readonly string[],
): { columns: string[]; diagnostics: Diagnostic[] } {
  const exact = new Set(declared);
  const folded = new Map(declared.map((name) => [fold(name), name]));
  const columns: string[] = [];
  const unknown: string[] = [];
  const diagnostics: Diagnostic[] = [];
  const at = `${path}:1`;
  for (const [i, name] of names.entries()) {
    const column = exact.has(name) ? name : folded.get(fold(name));
    if (column !== undefined && columns.includes(column)) {
      diagnostics.push(
        error(
          "csv-duplicate-header",
          `${at} The header names column "${name}" twice, the second time in position ${i + 1}.`,
          undefined,
          ["give every column of the file its own name"],
        ),
      );
    }
    if (column === undefined && name === "") {
      diagnostics.push(
        error("csv-unknown-header", `${at} Column ${i + 1} of the header has no name.`, undefined, [
          i === names.length - 1
            ? "is there a delimiter too many at the end of the line?"
            : "give it a name in the file",
        ]),
      );
    } else if (column === undefined) unknown.push(name);
    columns.push(column ?? name);
  }
  const missing = declared.filter((name) => !columns.includes(name));
  if (diagnostics.length === 0 && missing.length === declared.length && unknown.length === names.length) {
    return { columns, diagnostics: [noHeader(at, names, declared)] };
  }
  for (const name of missing) {
    diagnostics.push(
      error("csv-missing-header", `${at} The header lacks the declared column "${name}".`, undefined, [
        ...didYouMean(name, unknown),
        `the file has: ${names.join(", ")}`,
      ]),
    );
  }
  for (const name of unknown) {
    diagnostics.push(
      error("csv-unknown-header", `${at} The file has a column "${name}" that is not declared.`, undefined, [
        ...didYouMean(name, missing),
        `declare it under the table's "columns:" as { name: ${name}, data_type: text }`,
      ]),
    );
  }
  return { columns, diagnostics };
}

/** Nothing of the first record is known: most often it is a row. */
function noHeader(at: string, names: readonly string[], declared: readonly string[]): Diagnostic {
  return error("csv-missing-header", `${at} The header has none of the declared columns.`, undefined, [
    `the file begins with: ${names.join(", ")}`,
    `declared are: ${declared.join(", ")}`,
    "if the first line is a row already, say so: `header: false`",
  ]);
}

const fold = (name: string): string => name.trim().toLowerCase();

/** Records that cannot be loaded, and the reasons that bytes alone can give. */
import { isUtf8 } from "node:buffer";
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

/** Of a rejected record, so many bytes are kept. */
export const MAX_RAW = 64 * 1024;

export const rawText = (bytes: Uint8Array): string => printable(bytes, MAX_RAW);

const REPLACEMENT = Buffer.from("\ufffd");

export function wrongCount(found: number, wanted: number): string {
  if (found === wanted) return "";
  return `${found} field${found === 1 ? "" : "s"}, where ${wanted} ${wanted === 1 ? "is" : "are"} expected`;
}

/** A quick look at a whole chunk: whether any of its records needs `badBytes`. Characters cut by its ends do not count. */
export function isSuspicious(chunk: Uint8Array, decodedFrom: string | undefined): boolean {
  if (chunk.indexOf(0) >= 0) return true;
  return decodedFrom === undefined ? !isUtf8(wholeCharacters(chunk)) : view(chunk).includes(REPLACEMENT);
}

/** What Postgres would not store of a record, or "". */
export function badBytes(record: Uint8Array, decodedFrom: string | undefined): string {
  if (record.indexOf(0) >= 0) return "a NUL byte (0x00), which Postgres cannot store in text";
  if (decodedFrom !== undefined) {
    return view(record).includes(REPLACEMENT) ? `bytes that are not valid ${decodedFrom}` : "";
  }
  if (isUtf8(record)) return "";
  const at = firstInvalid(record);
  const before = printable(record.subarray(Math.max(0, at - 20), at));
  return `byte 0x${hexByte(record[at]!)} after "${before}" is not valid UTF-8`;
}

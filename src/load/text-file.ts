/** A file on disk as UTF-8 text: unpacked, decoded, without a byte order mark; hashed and counted while it is read. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { finished } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { TextDecoder } from "node:util";

/** Bytes per read: large enough that calls cost nothing, small enough that dozens in flight do not matter. */
const CHUNK = 256 * 1024;

export class TextFile {
  readonly path: string;
  /** As the bytes stand on disk; complete when `chunks` has ended. */
  bytesRead = 0;
  /** The encoding that the text was decoded from; absent for UTF-8, whose bytes pass as they are. */
  readonly decodedFrom: string | undefined;
  readonly #hash = createHash("sha256");
  readonly #gzip: boolean;
  readonly #bom: number;

  private constructor(path: string, gzip: boolean, encoding: string, bom: number) {
    this.path = path;
    this.#gzip = gzip;
    this.#bom = bom;
    this.decodedFrom = encoding === "utf-8" ? undefined : encoding;
  }

  /** `encoding` is one that `encodingName` knows. A byte order mark in the file counts for more. */
  static async open(path: string, encoding: string): Promise<TextFile> {
    const first = await firstBytes(path);
    const gzip = first[0] === 0x1f && first[1] === 0x8b;
    const [actual, bom] = byBom(gzip ? await firstUnpacked(path) : first) ?? [encoding, 0];
    return new TextFile(path, gzip, actual, bom);
  }

  /** Errors of reading and unpacking are Node's own. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    const file = createReadStream(this.path, { highWaterMark: CHUNK });
    const onData = (chunk: Buffer | string): void => {
      const bytes = chunk as Buffer; // no encoding was set
      this.bytesRead += bytes.length;
      this.#hash.update(bytes);
    };
    try {
      if (this.#gzip) {
        const gunzip = createGunzip({ chunkSize: CHUNK });
        file.on("data", onData).on("error", (error) => gunzip.destroy(error));
        file.pipe(gunzip);
        yield* this.#decode(gunzip);
        // What follows the archive is no text, but part of the hash.
        file.resume();
        await finished(file);
      } else {
        yield* this.#decode(withListener(file, onData));
      }
    } finally {
      file.destroy();
    }
  }

  /** Of the bytes on disk. Call once, after `chunks` has ended. */
  sha256(): string {
    return this.#hash.digest("hex");
  }

  async *#decode(source: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
    let skip = this.#bom;
    const toUtf8 = this.decodedFrom === undefined ? undefined : transcoder(this.decodedFrom);
    for await (const chunk of source) {
      const bytes = skip > 0 ? chunk.subarray(skip) : chunk;
      skip = Math.max(0, skip - chunk.length);
      yield toUtf8 ? toUtf8(bytes) : bytes;
    }
    if (toUtf8) yield toUtf8();
  }
}

async function* withListener(source: AsyncIterable<Buffer>, onData: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    onData(chunk);
    yield chunk;
  }
}

/** Of a whole file, without loading it. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK, signal })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** The WHATWG name of an encoding, in lower case, or nothing when it is unknown. */
export function encodingName(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}

async function firstBytes(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function firstUnpacked(path: string): Promise<Buffer> {
  const file = createReadStream(path, { end: 4095 });
  const gunzip = createGunzip();
  file.on("error", (error) => gunzip.destroy(error)).pipe(gunzip);
  try {
    for await (const chunk of gunzip) return chunk as Buffer;
  } catch {
    // Too damaged to begin with: whoever reads it all will say so.
  } finally {
    file.destroy();
  }
  return Buffer.alloc(0);
}

/** What a byte order mark tells, and how long it is. */
function byBom(first: Buffer): [encoding: string, length: number] | undefined {
  if (first[0] === 0xef && first[1] === 0xbb && first[2] === 0xbf) return ["utf-8", 3];
  if (first[0] === 0xff && first[1] === 0xfe) return ["utf-16le", 2];
  if (first[0] === 0xfe && first[1] === 0xff) return ["utf-16be", 2];
  return undefined;
}

/**
 * Decodes piece by piece; the last call is without bytes. What cannot be decoded becomes U+FFFD, by which the scanner
 * finds the record.
 */
function transcoder(encoding: string): (bytes?: Uint8Array) => Uint8Array {
  if (encoding === "windows-1252") return (bytes) => (bytes ? windows1252(bytes) : new Uint8Array(0));
  const decoder = new TextDecoder(encoding, { ignoreBOM: true });
  return (bytes) => Buffer.from(bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode());
}

/** Code points of the bytes 0x80 to 0x9F; all others are their own. */
const WINDOWS_1252 =
  "\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f" +
  "\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178";

/** Node's own decoder takes this encoding, which is also what "latin1" and "iso-8859-1" mean, for pure Latin-1 in some releases. */
function windows1252(bytes: Uint8Array): Uint8Array {
  const latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  // eslint-disable-next-line no-control-regex
  return Buffer.from(latin1.replace(/[\x80-\x9f]/g, (c) => WINDOWS_1252[c.charCodeAt(0) - 0x80]!));
}

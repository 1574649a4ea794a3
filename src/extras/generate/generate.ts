import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Fault, makeSpoiler } from "./faults.ts";
import { completeOptions, type GenerateRequest } from "./options.ts";
import { seededRandom } from "./random.ts";
import { HEADER, makeRows } from "./rows.ts";

/** Characters gathered before they are handed to the stream. */
const CHUNK = 256 * 1024;

export interface Generated {
  /** Transactions made, without injected duplicates. */
  readonly rows: number;
  readonly bytes: number;
  /** How many rows were spoiled, and how. */
  readonly faults: Readonly<Record<Fault, number>>;
}

export interface Progress {
  readonly rows: number;
  readonly of: number;
  readonly bytes: number;
}

/**
 * Writes a CSV file of bank transactions: the same bytes for the same request, with memory that does not grow with the
 * number of rows. A path is written beside and renamed when complete; a stream is left open for its owner to end.
 * Throws a `RangeError` for an option that makes no sense, and whatever the stream fails with.
 */
export async function generate(
  request: GenerateRequest,
  out: Writable | string,
  onProgress?: (progress: Progress) => void,
): Promise<Generated> {
  const file = startFile(request, onProgress);
  const source = Readable.from(file.chunks(), { highWaterMark: 1 });
  if (typeof out !== "string") {
    await pipeline(source, out, { end: false });
    return file.result();
  }
  const unfinished = `${out}.${process.pid}`;
  await mkdir(dirname(out), { recursive: true });
  try {
    await pipeline(source, createWriteStream(unfinished));
    await rename(unfinished, out);
  } catch (cause) {
    await rm(unfinished, { force: true });
    throw cause;
  }
  return file.result();
}

/** Checks the request and sets everything up; `chunks` then does the work, piece by piece, as its reader asks. */
function startFile(request: GenerateRequest, onProgress?: (progress: Progress) => void) {
  const options = completeOptions(request);
  const { row, calendar } = makeRows(options);
  const chance = seededRandom(options.seed, "faults");
  const spoiler = makeSpoiler(seededRandom(options.seed, "spoil"), calendar);
  let bytes = 0;

  function* chunks(): Generator<Buffer> {
    let text = `${HEADER}\n`;
    for (let i = 0; i < options.rows; i++) {
      const made = row(i);
      const lines = options.dirty > 0 && chance() < options.dirty ? spoiler.spoil(made).join("\n") : made.join();
      text += `${lines}\n`;
      if (text.length < CHUNK) continue;
      yield emit(text, i + 1);
      text = "";
    }
    yield emit(text, options.rows);
  }

  function emit(text: string, rows: number): Buffer {
    const chunk = Buffer.from(text, "utf8");
    bytes += chunk.length;
    onProgress?.({ rows, of: options.rows, bytes });
    return chunk;
  }

  return { chunks, result: (): Generated => ({ rows: options.rows, bytes, faults: spoiler.counts }) };
}

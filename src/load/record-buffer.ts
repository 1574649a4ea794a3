/** Where the scanner writes: finished records, and behind them the one that is being read. */
import { view } from "./utf8.ts";

const NEWLINE = 10;
const ENCODER = new TextEncoder();

export class RecordBuffer {
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the present record begins: all before it is finished. */
  start = 0;
  /** Where the next byte goes. */
  end = 0;
  /** Room that a record's end may need: suffix, line number, line feed. */
  readonly margin: number;
  readonly #suffix: Uint8Array | undefined;
  #blocks: Uint8Array[] = [];

  constructor(suffix: string | undefined) {
    this.#suffix = suffix === undefined ? undefined : Buffer.from(suffix);
    this.margin = (this.#suffix?.length ?? 0) + 24;
  }

  /** The present record so far. Not a copy. */
  get record(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }

  get text(): string {
    return view(this.bytes).toString("utf8", this.start, this.end);
  }

  /** Takes the finished records away. */
  take(): Uint8Array[] {
    const blocks = this.#blocks;
    this.#blocks = [];
    if (this.start > 0) {
      blocks.push(this.bytes.subarray(0, this.start));
      // The beginning of the next record moves to a buffer of its own: the block now belongs to the reader.
      this.#moveRecord(0);
    }
    return blocks;
  }

  /** Makes room for `more` bytes and a record's end. `bytes` may be another array afterwards. */
  reserve(more: number): void {
    const needed = more + this.margin;
    if (this.bytes.length - this.end >= needed) return;
    const held = this.end - this.start;
    if (this.start > 0) this.#blocks.push(this.bytes.subarray(0, this.start));
    // A record longer than all that comes is likely to grow on: doubled, so that copying stays cheap.
    this.#moveRecord(Math.max(needed + (needed >> 2), held));
  }

  #moveRecord(room: number): void {
    const held = this.record;
    // Not a Buffer, whose slice() would not copy.
    this.bytes = new Uint8Array(Buffer.allocUnsafeSlow(held.length + room).buffer);
    this.bytes.set(held);
    this.start = 0;
    this.end = held.length;
  }

  /** Ends the record, which has its room: writes suffix, line number and line feed. Returns the end. */
  finish(at: number, line: number): number {
    const out = this.bytes;
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
    this.start = this.end = o;
    return o;
  }

  /** Writes a whole record in place of the present one. */
  replace(record: string, line: number): void {
    this.end = this.start;
    // UTF-8 has at most three bytes for each UTF-16 unit.
    this.reserve(record.length * 3);
    const { written } = ENCODER.encodeInto(record, this.bytes.subarray(this.end));
    this.finish(this.end + written, line);
  }

  /** Forgets the present record. */
  drop(): void {
    this.end = this.start;
  }
}

import type { SourceFile, Span } from "../diagnostics/diagnostic.ts";
import type { Place } from "./nodes.ts";

/**
 * A template's text as Jinja2 reads it — line ends made `\n`, one at the very end dropped — and the way back to the
 * offsets of the file it was cut from.
 */
export class SourceText {
  readonly file: SourceFile;
  readonly text: string;
  readonly #offset: number;
  /** Normalised offsets at which a `\r` was dropped, ascending. */
  readonly #dropped: number[] = [];

  constructor(source: string, file: SourceFile, offset: number) {
    this.file = file;
    this.#offset = offset;
    const unix = source.includes("\r") ? this.#withoutReturns(source) : source;
    this.text = unix.endsWith("\n") ? unix.slice(0, -1) : unix;
  }

  #withoutReturns(source: string): string {
    let removed = 0;
    return source.replace(/\r\n|\r/g, (end, at: number) => {
      if (end === "\r\n") this.#dropped.push(at - removed++);
      return "\n";
    });
  }

  /** Where a normalised offset stands in the file. */
  toFile(offset: number): number {
    let low = 0;
    let high = this.#dropped.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#dropped[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return this.#offset + offset + low;
  }

  span({ start, end }: Place): Span {
    return { file: this.file, start: this.toFile(start), end: this.toFile(end) };
  }
}

import type { Span } from "../diagnostics/diagnostic.ts";
import type { NotedPlace } from "./codegen-expressions.ts";
import type { SourceText } from "./source-text.ts";

/** Leads from a place in a template's output to the template. */
export interface SourceMap {
  /** `offset`: UTF-16 units into the output. Undefined beyond its end and for empty outputs. */
  toTemplate(offset: number): Span | undefined;
}

/** Pairs as generated code notes them: an offset into the output, the number of the place written from there on. */
export class RecordedMap implements SourceMap {
  readonly #marks: readonly number[];
  readonly #places: readonly NotedPlace[];
  readonly #source: SourceText;
  readonly #length: number;

  constructor(marks: readonly number[], places: readonly NotedPlace[], source: SourceText, length: number) {
    this.#marks = marks;
    this.#places = places;
    this.#source = source;
    this.#length = length;
  }

  toTemplate(offset: number): Span | undefined {
    if (offset < 0 || offset > this.#length || this.#marks.length === 0) return undefined;
    let low = 0;
    let high = this.#marks.length / 2 - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#marks[2 * middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    const place = this.#places[this.#marks[2 * low + 1] ?? -1];
    if (!place) return undefined;
    if (!place.isLiteral) return this.#source.span(place);
    return this.#wordAt(place.start + offset - (this.#marks[2 * low] ?? 0), place.end);
  }

  /** The word that starts at an offset, or the one character there. */
  #wordAt(start: number, textEnd: number): Span {
    const word = /^[\p{L}\p{N}_$]+/u.exec(this.#source.text.slice(start, textEnd))?.[0] ?? "";
    return this.#source.span({ start, end: start + Math.max(1, word.length) });
  }
}

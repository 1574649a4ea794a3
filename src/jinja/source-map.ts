import type { Span } from "../diagnostics/diagnostic.ts";
import type { Place } from "./nodes.ts";
import type { SourceText } from "./source-text.ts";

/** Leads from a place in a template's output to the template. */
export interface SourceMap {
  /** `offset`: UTF-16 units into the output. Undefined beyond its end and for empty outputs. */
  toTemplate(offset: number): Span | undefined;
}

/** Pairs as generated code notes them: an offset into the output, the number of the place written from there on. */
export class RecordedMap implements SourceMap {
  readonly #marks: readonly number[];
  readonly #places: readonly Place[];
  readonly #source: SourceText;
  readonly #output: string;

  constructor(marks: readonly number[], places: readonly Place[], source: SourceText, output: string) {
    this.#marks = marks;
    this.#places = places;
    this.#source = source;
    this.#output = output;
  }

  toTemplate(offset: number): Span | undefined {
    if (offset < 0 || offset > this.#output.length || this.#marks.length === 0) return undefined;
    let low = 0;
    let high = this.#marks.length / 2 - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#marks[2 * middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    const place = this.#places[this.#marks[2 * low + 1] ?? -1];
    if (!place) return undefined;
    const into = offset - (this.#marks[2 * low] ?? 0);
    return this.#isLiteral(place, low) ? this.#wordAt(place.start + into, place.end) : this.#source.span(place);
  }

  /** Literal text stands in the output exactly as in the template; what a tag wrote starts with its brackets there. */
  #isLiteral(place: Place, mark: number): boolean {
    const from = this.#marks[2 * mark] ?? 0;
    const to = this.#marks[2 * mark + 2] ?? this.#output.length;
    return (
      to - from === place.end - place.start &&
      this.#output.startsWith(this.#source.text.slice(place.start, place.end), from)
    );
  }

  /** The word that starts at an offset, or the one character there. */
  #wordAt(start: number, textEnd: number): Span {
    const word = /^[\p{L}\p{N}_$]+/u.exec(this.#source.text.slice(start, textEnd))?.[0] ?? "";
    return this.#source.span({ start, end: start + Math.max(1, word.length) });
  }
}

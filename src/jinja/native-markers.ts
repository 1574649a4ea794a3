/** dbt's filters of native rendering: the text of a value, to be read again as what the marker asks for. */
import { add } from "./arithmetic.ts";
import type { Filters } from "./filter-types.ts";
import { str } from "./text.ts";

export type MarkerKind = "text" | "native" | "bool" | "number";

/** Behaves as its text wherever it is used before rendering ends. */
export class Marker {
  readonly kind: MarkerKind;
  readonly text: string;
  constructor(kind: MarkerKind, text: string) {
    this.kind = kind;
    this.text = text;
  }
  __str__(): string {
    return this.text;
  }
  get __type__(): string {
    return "str";
  }
  __add__(other: unknown): unknown {
    return add(this.text, other);
  }
  __len__(): number {
    return this.text.length;
  }
  __eq__(other: unknown): boolean {
    return str(other) === this.text;
  }
}

export const markers: Filters = {
  as_text: (v) => new Marker("text", str(v)),
  as_native: (v) => new Marker("native", str(v)),
  as_bool: (v) => new Marker("bool", str(v)),
  as_number: (v) => new Marker("number", str(v)),
};

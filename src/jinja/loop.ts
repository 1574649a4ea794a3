import { raise } from "./errors.ts";
import { eq } from "./ops.ts";
import { tuple, Undefined, type PyTuple } from "./values.ts";

/** What `loop` is inside `{% for %}`. */
export class Loop {
  readonly #items: readonly unknown[];
  readonly #recurse: ((items: unknown, depth: number) => unknown) | undefined;
  readonly depth0: number;
  #at = 0;
  #lastChecked: PyTuple | undefined;

  constructor(items: readonly unknown[], depth: number, recurse?: (items: unknown, depth: number) => unknown) {
    this.#items = items;
    this.depth0 = depth;
    this.#recurse = recurse;
  }

  __getattr__(name: string): unknown {
    switch (name) {
      case "index":
        return this.#at + 1;
      case "index0":
        return this.#at;
      case "first":
        return this.#at === 0;
      case "last":
        return this.#at === this.#items.length - 1;
      case "length":
        return this.#items.length;
      case "revindex":
        return this.#items.length - this.#at;
      case "revindex0":
        return this.#items.length - this.#at - 1;
      case "depth":
        return this.depth0 + 1;
      case "depth0":
        return this.depth0;
      case "previtem":
        return this.#at > 0
          ? this.#items[this.#at - 1]
          : new Undefined(undefined, { hint: "there is no previous item" });
      case "nextitem":
        return this.#at + 1 < this.#items.length
          ? this.#items[this.#at + 1]
          : new Undefined(undefined, { hint: "there is no next item" });
      case "cycle":
        return (...items: unknown[]) => {
          if (items.length === 0) raise("TypeError", "no items for cycling given");
          return items[this.#at % items.length];
        };
      case "changed":
        return (...values: unknown[]) => this.#changed(tuple(values));
      default:
        return undefined;
    }
  }

  #changed(values: PyTuple): boolean {
    if (this.#lastChecked && eq(this.#lastChecked, values)) return false;
    this.#lastChecked = values;
    return true;
  }

  __len__(): number {
    return this.#items.length;
  }

  __call__([items]: unknown[]): unknown {
    if (!this.#recurse)
      return raise("TypeError", "The loop must have the 'recursive' marker to be called recursively.");
    return this.#recurse(items, this.depth0 + 1);
  }

  /** Called by generated code, at the start of each round. */
  advance(to: number): void {
    this.#at = to;
  }

  get __type__(): string {
    return "LoopContext";
  }
}

/**
 * Python's values as JavaScript ones:
 *
 * | Python | here |
 * |---|---|
 * | None, bool, str, list | null, boolean, string, Array |
 * | int | number while it is exact, bigint beyond 2^53 |
 * | float | PyFloat: boxed, so that `1.0` prints as `1.0` |
 * | tuple, dict, set, range, iterators | PyTuple, PyDict, PySet, PyRange, PyIterator |
 * | an undefined name | Undefined |
 */
import { TemplateError } from "./errors.ts";
import { PyDict } from "./dict.ts";
import { repr } from "./text.ts";

export class PyFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
  valueOf(): number {
    return this.value;
  }
}

/** A number that prints the decimal text it came from, as Postgres numerics do; in arithmetic it is a float. */
export class PyDecimal extends PyFloat {
  readonly text: string;
  constructor(text: string) {
    super(Number(text));
    this.text = text;
  }
}

/** Array without its static side, whose `of` takes its items one by one. */
const BareArray = Array as unknown as new () => unknown[]; // the same constructor, seen through a smaller type

export class PyTuple extends BareArray {
  static of(items: Iterable<unknown>): PyTuple {
    const made = new PyTuple();
    for (const item of items) made.push(item);
    return made;
  }
  /** `map`, `filter` and `slice` of a tuple give plain arrays. */
  static get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

export const tuple = (items: Iterable<unknown>): PyTuple => PyTuple.of(items);

/** What `groupby` yields: a pair which also answers to `.grouper` and `.list`. */
export class GroupTuple extends PyTuple {}

/** The result of `dict.keys()`, `.values()` and `.items()`; a snapshot, unlike Python's. */
export class PyView extends Array<unknown> {
  kind: "keys" | "values" | "items" = "keys";
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

export class PyRange extends Array<unknown> {
  /** The arguments as `repr` shows them: `0, 3`. */
  bounds = "";
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

export class PySet implements Iterable<unknown> {
  readonly #items = new PyDict();
  constructor(items: Iterable<unknown> = []) {
    for (const item of items) this.#items.set(item, null);
  }
  get size(): number {
    return this.#items.size;
  }
  add(item: unknown): void {
    if (!this.#items.has(item)) this.#items.set(item, null);
  }
  has(item: unknown): boolean {
    return this.#items.has(item);
  }
  delete(item: unknown): boolean {
    return this.#items.delete(item);
  }
  clear(): void {
    this.#items.clear();
  }
  [Symbol.iterator](): IterableIterator<unknown> {
    return this.#items.keys();
  }
}

/** A generator, as `map` and `select` return: made when first read, read once, always true, without a length. */
export class PyIterator implements Iterable<unknown> {
  /** Shown by `repr`: `generator object sync_do_map`. */
  readonly label: string;
  #make: (() => readonly unknown[]) | undefined;
  #items: readonly unknown[] = [];
  #next = 0;
  constructor(label: string, make: () => readonly unknown[]) {
    this.label = label;
    this.#make = make;
  }
  /** Takes one item; undefined at the end. */
  take(): unknown {
    if (this.#make) {
      this.#items = this.#make();
      this.#make = undefined;
    }
    return this.#next < this.#items.length ? this.#items[this.#next++] : undefined;
  }
  *[Symbol.iterator](): Generator<unknown> {
    for (let item = this.take(); item !== undefined; item = this.take()) yield item;
  }
}

/** Keyword arguments by name, as the last argument of a host function's call. */
export class Kwargs {
  [name: string]: unknown;
  constructor(values: Iterable<readonly [string, unknown]> | Readonly<Record<string, unknown>> = []) {
    for (const [name, value] of Symbol.iterator in values ? values : Object.entries(values)) this[name] = value;
  }
}
// Arguments may be called `toString` or `__proto__`: nothing is inherited.
Object.setPrototypeOf(Kwargs.prototype, null);

/** `namespace()`: the one object templates may assign attributes of. */
export class Namespace {
  readonly attributes = new PyDict();
}

export class Slice {
  readonly start: unknown;
  readonly stop: unknown;
  readonly step: unknown;
  constructor(start: unknown, stop: unknown, step: unknown) {
    this.start = start;
    this.stop = stop;
    this.step = step;
  }
}

/**
 * A name, attribute or item that does not exist. Prints as nothing, is false and empty; anything else done with it is
 * an error, unless it is `lenient` (dbt's variant while parsing), whose attributes and results are undefined again.
 */
export class Undefined {
  readonly name: unknown;
  /** What the attribute or item was looked for in; absent for a plain name. */
  readonly owner: { readonly value: unknown } | undefined;
  readonly hint: string | undefined;
  readonly lenient: boolean;
  readonly kind: "UndefinedError" | "SecurityError";

  constructor(
    name: unknown,
    options: { owner?: { value: unknown }; hint?: string; lenient?: boolean; kind?: Undefined["kind"] } = {},
  ) {
    this.name = name;
    this.owner = options.owner;
    this.hint = options.hint;
    this.lenient = options.lenient ?? false;
    this.kind = options.kind ?? "UndefinedError";
  }

  get message(): string {
    if (this.hint !== undefined) return this.hint;
    if (!this.owner) return `${repr(this.name)} is undefined`;
    const { value } = this.owner;
    const type = value instanceof Namespace ? "jinja2.utils.Namespace" : typeName(value);
    const owner = value === null ? "None" : `${type} object`;
    if (typeof this.name !== "string") return `${owner} has no element ${repr(this.name)}`;
    return `${repr(owner)} has no attribute ${repr(this.name)}`;
  }

  fail(): never {
    const isPlainName = !this.owner && this.hint === undefined && typeof this.name === "string";
    throw new TemplateError(this.kind, this.message, isPlainName ? { unknownName: String(this.name) } : {});
  }
}

/** Objects of the host speak as much of Python's protocol as they wish to. */
export interface HostObject {
  __getattr__?(name: string): unknown;
  __getitem__?(key: unknown): unknown;
  __call__?(args: unknown[], kwargs: Kwargs | null): unknown;
  __str__?(): string;
  __repr__?(): string;
  __iter__?(): Iterable<unknown>;
  __len__?(): number;
  __bool__?(): boolean;
  __contains__?(item: unknown): boolean;
  __eq__?(other: unknown): boolean;
  __lt__?(other: unknown): boolean;
  __hash__?(): string;
  __add__?(other: unknown): unknown;
  __radd__?(other: unknown): unknown;
  __sub__?(other: unknown): unknown;
  __mul__?(other: unknown): unknown;
  __int__?(): number | bigint;
  __format__?(spec: string): string;
  /** Whether `is mapping` holds. */
  __mapping__?(): boolean;
  /** The class name in messages; the constructor's name otherwise. */
  readonly __type__?: string;
}

/** Reads any object or function as a host object; only the double-underscore members above are ever looked at. */
export function host(x: unknown): HostObject | undefined {
  // Every member is optional and checked before use, so the cast claims nothing.
  return (typeof x === "object" && x !== null) || typeof x === "function" ? (x as HostObject) : undefined;
}

export const isUndefined = (x: unknown): x is Undefined | undefined => x === undefined || x instanceof Undefined;
export const isInt = (x: unknown): x is number | bigint => typeof x === "number" || typeof x === "bigint";
export const isNumber = (x: unknown): x is number | bigint | PyFloat => isInt(x) || x instanceof PyFloat;
/** Booleans count as numbers in Python's arithmetic. */
export const isNumeric = (x: unknown): x is number | bigint | PyFloat | boolean =>
  isNumber(x) || typeof x === "boolean";

/** The JavaScript number behind a numeric value. */
export function num(x: number | bigint | PyFloat | boolean): number | bigint {
  if (typeof x === "boolean") return x ? 1 : 0;
  return x instanceof PyFloat ? x.value : x;
}

/** An exact integer in its smallest form. */
export const toInt = (x: bigint): number | bigint =>
  x >= BigInt(Number.MIN_SAFE_INTEGER) && x <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(x) : x;

const viewNames = { keys: "dict_keys", values: "dict_values", items: "dict_items" } as const;

/** Python's name of a value's type. */
export function typeName(x: unknown): string {
  if (x === null) return "NoneType";
  switch (typeof x) {
    case "string":
      return "str";
    case "boolean":
      return "bool";
    case "number":
    case "bigint":
      return "int";
    case "function":
      return "function";
    case "undefined":
      return "Undefined";
    default:
  }
  if (x instanceof PyDecimal) return "Decimal";
  if (x instanceof PyFloat) return "float";
  if (x instanceof PyTuple) return "tuple";
  if (x instanceof PyView) return viewNames[x.kind];
  if (x instanceof PyRange) return "range";
  if (Array.isArray(x)) return "list";
  if (x instanceof PyDict) return "dict";
  if (x instanceof PySet) return "set";
  if (x instanceof PyIterator) return "generator";
  if (x instanceof Undefined) return "Undefined";
  return host(x)?.__type__ ?? (x as object).constructor?.name ?? "object";
}

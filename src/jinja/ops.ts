/** Truth, equality, order, membership, iteration and length, as Python has them. */
import { raise } from "./errors.ts";
import { PyDict } from "./dict.ts";
import {
  host,
  isNumeric,
  isUndefined,
  Namespace,
  num,
  PyFloat,
  PyIterator,
  PyRange,
  PySet,
  PyTuple,
  PyView,
  typeName,
  Undefined,
} from "./values.ts";

export function truth(x: unknown): boolean {
  switch (typeof x) {
    case "boolean":
      return x;
    case "string":
      return x !== "";
    case "number":
    case "bigint":
      return Boolean(x);
    case "undefined":
      return false;
    case "function":
      return true;
    default:
  }
  if (x === null || x instanceof Undefined) return false;
  if (Array.isArray(x)) return x.length > 0;
  if (x instanceof Map || x instanceof PySet) return x.size > 0;
  if (x instanceof PyFloat) return x.value !== 0;
  const object = host(x);
  if (object?.__bool__) return object.__bool__();
  return object?.__len__ ? object.__len__() > 0 : true;
}

export function eq(a: unknown, b: unknown): boolean {
  if (a === b) return !(a instanceof PyFloat && Number.isNaN(a.value));
  if (isUndefined(a) || isUndefined(b)) return isUndefined(a) && isUndefined(b);
  if (a === null || b === null) return false;
  // Loose on purpose: a bigint equals the number of the same value.
  // oxlint-disable-next-line eqeqeq
  if (isNumeric(a) && isNumeric(b)) return num(a) == num(b);
  if (Array.isArray(a)) return Array.isArray(b) && typeName(a) === typeName(b) && sameItems(a, b);
  if (a instanceof PyDict) return b instanceof PyDict && sameEntries(a, b);
  if (a instanceof PySet) return b instanceof PySet && a.size === b.size && [...a].every((item) => b.has(item));
  if (a instanceof Namespace) return false;
  return host(a)?.__eq__?.(b) ?? host(b)?.__eq__?.(a) ?? false;
}

const sameItems = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((item, i) => eq(item, b[i]));

function sameEntries(a: PyDict, b: PyDict): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (!b.has(key) || !eq(value, b.get(key))) return false;
  return true;
}

export type Order = "<" | "<=" | ">" | ">=";

const mirrored: Record<Order, Order> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" };

/** `a < b`, `a <= b`, …; a TypeError for values without an order between them. */
export function order(op: Order, a: unknown, b: unknown): boolean {
  if (isNumeric(a) && isNumeric(b)) return holds(op, num(a), num(b));
  if (typeof a === "string" && typeof b === "string") return holds(op, a, b);
  if (Array.isArray(a) && Array.isArray(b) && typeName(a) === typeName(b) && isSequence(a)) {
    for (let i = 0; i < Math.min(a.length, b.length); i++) if (!eq(a[i], b[i])) return order(op, a[i], b[i]);
    return holds(op, a.length, b.length);
  }
  if (a instanceof PySet && b instanceof PySet) return subset(op, a, b);
  if (a instanceof Undefined) a.fail();
  if (b instanceof Undefined) b.fail();
  const [x, y, strict] = op === "<" || op === "<=" ? [a, b, op === "<"] : [b, a, op === ">"];
  const less = host(x)?.__lt__;
  if (less && typeName(a) !== "NoneType" && typeName(b) !== "NoneType") return less.call(x, y) || (!strict && eq(x, y));
  return raise("TypeError", `'${op}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

const isSequence = (x: readonly unknown[]): boolean => !(x instanceof PyView) && !(x instanceof PyRange);

function holds<T extends number | bigint | string>(op: Order, a: T, b: T): boolean {
  if (op === "<") return a < b;
  if (op === "<=") return a <= b;
  return op === ">" ? a > b : a >= b;
}

function subset(op: Order, a: PySet, b: PySet): boolean {
  if (op === ">" || op === ">=") return subset(mirrored[op], b, a);
  return (op === "<=" ? a.size <= b.size : a.size < b.size) && [...a].every((item) => b.has(item));
}

/** A comparison function for sorting. */
export const compare = (a: unknown, b: unknown): number => (order("<", a, b) ? -1 : order("<", b, a) ? 1 : 0);

/** `item in container`. */
export function contains(container: unknown, item: unknown): boolean {
  if (typeof container === "string") {
    if (typeof item === "string") return container.includes(item);
    return raise("TypeError", `'in <string>' requires string as left operand, not ${typeName(item)}`);
  }
  if (Array.isArray(container)) return container.some((one) => eq(one, item));
  if (container instanceof Map || container instanceof PySet) return container.has(item);
  if (isUndefined(container)) return false;
  const object = host(container);
  if (object?.__contains__) return object.__contains__(item);
  if (object && isIterable(container)) return iter(container).some((one) => eq(one, item));
  return raise("TypeError", `argument of type '${typeName(container)}' is not iterable`);
}

const isJsIterable = (x: unknown): x is Iterable<unknown> =>
  typeof x === "object" && x !== null && Symbol.iterator in x && typeof x[Symbol.iterator] === "function";

export const isIterable = (x: unknown): boolean =>
  typeof x === "string" || isUndefined(x) || isJsIterable(x) || Boolean(host(x)?.__iter__);

/** The items of an iterable; a list's own array, so that a loop sees what is appended while it runs. */
export function iter(x: unknown): readonly unknown[] {
  if (Array.isArray(x)) return x;
  if (typeof x === "string") return Array.from(x);
  if (isUndefined(x)) return [];
  if (x instanceof Map) return [...x.keys()];
  const own = host(x)?.__iter__;
  if (own) return [...own.call(x)];
  if (isJsIterable(x)) return [...x];
  return raise("TypeError", `'${typeName(x)}' object is not iterable`);
}

const hasSurrogates = /[\ud800-\udbff]/;

/** A string as its code points, or itself where they are its UTF-16 units anyway. */
export const codePoints = (s: string): string | string[] => (hasSurrogates.test(s) ? Array.from(s) : s);

export function len(x: unknown): number {
  if (typeof x === "string") return codePoints(x).length;
  if (Array.isArray(x)) return x.length;
  if (x instanceof Map || x instanceof PySet) return x.size;
  if (isUndefined(x)) return 0;
  const own = host(x)?.__len__;
  if (own && !(x instanceof PyIterator)) return own.call(x);
  return raise("TypeError", `object of type '${typeName(x)}' has no len()`);
}

/** The type of a tuple stays a tuple; everything else becomes a list. */
export function likeOf(model: unknown, items: Iterable<unknown>): unknown[] {
  if (!(model instanceof PyTuple)) return [...items];
  const made = new PyTuple();
  for (const item of items) made.push(item);
  return made;
}

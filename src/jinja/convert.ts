/** Between plain JavaScript data and Python's values. */
import { PyDict } from "./dict.ts";
import { str } from "./text.ts";
import { isUndefined, PyFloat, PyIterator, PySet } from "./values.ts";

/** Objects and Maps become dicts, numbers that are no integers floats; host objects stay what they are. */
export function toPython(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === "number") return Number.isInteger(value) ? integer(value) : new PyFloat(value);
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) return value.constructor === Array ? value.map(toPython) : value;
  if (value instanceof PyDict) return value;
  if (value instanceof Map) return new PyDict(Array.from(value, ([key, item]) => [key, toPython(item)]));
  if (value instanceof Set) return new PySet(Array.from(value, toPython));
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === Object.prototype || prototype === null;
  return isPlain ? new PyDict(Object.entries(value).map(([key, item]) => [key, toPython(item)])) : value;
}

/** A large integral number is exact only as the bigint of its digits. */
const integer = (value: number): number | bigint => (Number.isSafeInteger(value) ? value : BigInt(value));

/** Dicts become objects, tuples, sets and iterators arrays, floats numbers; undefined values `undefined`. */
export function fromPython(value: unknown): unknown {
  if (isUndefined(value)) return undefined;
  if (value instanceof PyFloat) return value.value;
  if (value instanceof PyDict) {
    const made: Record<string, unknown> = {};
    for (const [key, item] of value)
      Object.defineProperty(made, str(key), {
        value: fromPython(item),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    return made;
  }
  if (Array.isArray(value)) return Array.from(value, fromPython);
  if (value instanceof PySet || value instanceof PyIterator) return Array.from(value, fromPython);
  return value;
}

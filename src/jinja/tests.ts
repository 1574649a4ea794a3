/** What may follow `is`. */
import { isCallable } from "./access.ts";
import { mod } from "./arithmetic.ts";
import type { Filter, Filters } from "./filter-types.ts";
import { isMapping } from "./methods-dict.ts";
import { contains, eq, isIterable, order } from "./ops.ts";
import { str } from "./text.ts";
import { host, isInt, isNumber, isUndefined, PyFloat, PyIterator, PySet, PyView } from "./values.ts";

const equal: Filter = (v, [other]) => eq(v, other);
const unequal: Filter = (v, [other]) => !eq(v, other);
const less: Filter = (v, [other]) => order("<", v, other);
const atMost: Filter = (v, [other]) => order("<=", v, other);
const greater: Filter = (v, [other]) => order(">", v, other);
const atLeast: Filter = (v, [other]) => order(">=", v, other);

function isSequence(v: unknown): boolean {
  if (v instanceof PySet || v instanceof PyIterator || v instanceof PyView) return false;
  if (typeof v === "string" || Array.isArray(v) || v instanceof Map || isUndefined(v)) return true;
  const object = host(v);
  return Boolean(object?.__len__ && (object.__getitem__ || object.__iter__));
}

const hasCase = (s: string): boolean => s.toLowerCase() !== s.toUpperCase();

const remainder = (v: unknown, divisor: number): unknown => mod(v, divisor);

export function makeTests(hasFilter: (name: unknown) => boolean, hasTest: (name: unknown) => boolean): Filters {
  return {
    boolean: (v) => typeof v === "boolean",
    callable: isCallable,
    defined: (v) => !isUndefined(v),
    undefined: isUndefined,
    divisibleby: (v, [n]) => eq(mod(v, n), 0),
    escaped: () => false,
    even: (v) => eq(remainder(v, 2), 0),
    odd: (v) => eq(remainder(v, 2), 1),
    false: (v) => v === false,
    true: (v) => v === true,
    none: (v) => v === null,
    float: (v) => v instanceof PyFloat,
    integer: isInt,
    number: (v) => isNumber(v) || typeof v === "boolean",
    string: (v) => typeof v === "string",
    mapping: isMapping,
    sequence: isSequence,
    iterable: isIterable,
    in: (v, [container]) => contains(container, v),
    lower: (v) => hasCase(str(v)) && str(v) === str(v).toLowerCase(),
    upper: (v) => hasCase(str(v)) && str(v) === str(v).toUpperCase(),
    sameas: (v, [other]) => v === other,
    filter: hasFilter,
    test: hasTest,
    eq: equal,
    equalto: equal,
    "==": equal,
    ne: unequal,
    "!=": unequal,
    lt: less,
    lessthan: less,
    "<": less,
    le: atMost,
    "<=": atMost,
    gt: greater,
    greaterthan: greater,
    ">": greater,
    ge: atLeast,
    ">=": atLeast,
  };
}

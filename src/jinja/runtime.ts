/** What generated code calls, as one object: its `$`. */
import { call, callMethod, getattr, getitem } from "./access.ts";
import { add, div, floordiv, mod, mul, neg, pos, pow, sub } from "./arithmetic.ts";
import { PyDict } from "./dict.ts";
import { raise, traced } from "./errors.ts";
import { Loop } from "./loop.ts";
import { MacroValue } from "./macro.ts";
import { entriesOf, isMapping } from "./methods-dict.ts";
import { contains, eq, isIterable, iter, order, truth } from "./ops.ts";
import { enter, pause } from "./state.ts";
import { repr, str } from "./text.ts";
import { Kwargs, Namespace, PyFloat, Slice, tuple, typeName, Undefined } from "./values.ts";

/** `{% set ns.name = value %}` */
function setAttribute(target: unknown, name: string, value: unknown): void {
  if (target instanceof Namespace) target.attributes.set(name, value);
  else raise("TemplateRuntimeError", "cannot assign attribute on non-namespace object");
}

/** `a, b = value` */
function unpack(value: unknown, count: number): readonly unknown[] {
  if (!isIterable(value)) raise("TypeError", `cannot unpack non-iterable ${typeName(value)} object`);
  const items = iter(value);
  if (items.length > count) raise("ValueError", `too many values to unpack (expected ${count})`);
  if (items.length < count) raise("ValueError", `not enough values to unpack (expected ${count}, got ${items.length})`);
  return items;
}

/** `*value` in a call. */
function star(value: unknown): readonly unknown[] {
  if (!isIterable(value)) raise("TypeError", `Value after * must be an iterable, not ${typeName(value)}`);
  return iter(value);
}

/** `**value` in a call. */
function spread(value: unknown): [string, unknown][] {
  if (!isMapping(value)) return raise("TypeError", `argument after ** must be a mapping, not ${typeName(value)}`);
  return entriesOf(value).map(([name, item]) =>
    typeof name === "string" ? [name, item] : raise("TypeError", "keywords must be strings"),
  );
}

function kwargs(pairs: [string, unknown][]): Kwargs {
  const made = new Kwargs();
  for (const [name, value] of pairs) {
    if (Object.hasOwn(made, name)) raise("TypeError", `got multiple values for keyword argument ${repr(name)}`);
    made[name] = value;
  }
  return made;
}

/** The result of a call in synchronous code. */
function settled(value: unknown): unknown {
  if (value instanceof Promise) {
    value.catch(() => undefined); // the error below says what matters
    throw new Error("Internal error: a function called in synchronous rendering returned a promise");
  }
  return value;
}

const noElse = (line: number): Undefined =>
  new Undefined(undefined, {
    hint: `the inline if-expression on line ${line} evaluated to false and no else section was defined.`,
  });

const notGiven = (name: string): Undefined => new Undefined(name, { hint: `parameter ${repr(name)} was not provided` });

const missing = (message: string): never => raise("TemplateRuntimeError", message);

/** Operands in the order in which they are written and computed. */
const inside = (item: unknown, container: unknown): boolean => contains(container, item);

export const runtime = Object.assign(
  { call, callMethod, getattr, getitem, setAttribute },
  { add, sub, mul, div, floordiv, mod, pow, neg, pos },
  { eq, order, inside, truth, iter, unpack, str },
  { PyFloat, PyDict, tuple, Slice, Loop, MacroValue, star, spread, kwargs },
  { enter, pause, settled, traced, noElse, notGiven, missing },
);

/** Attributes, items and calls, as Jinja2's sandboxed environment does them. */
import { raise } from "./errors.ts";
import { dictMethods } from "./methods-dict.ts";
import { listMethods, sequenceMethods } from "./methods-list.ts";
import { setMethods } from "./methods-set.ts";
import { stringMethods } from "./methods-string.ts";
import { numberMethods } from "./methods-number.ts";
import type { Methods } from "./arguments.ts";
import { PyDict } from "./dict.ts";
import { codePoints } from "./ops.ts";
import { sliceOf } from "./slices.ts";
import { lenience } from "./state.ts";
import {
  GroupTuple,
  host,
  isNumber,
  Kwargs,
  Namespace,
  PyIterator,
  PySet,
  PyTuple,
  PyRange,
  PyView,
  Slice,
  typeName,
  Undefined,
} from "./values.ts";

/** The methods of a built-in value; undefined for host objects. */
function methodsOf(x: unknown): Methods | undefined {
  if (typeof x === "string") return stringMethods;
  if (Array.isArray(x))
    return x instanceof PyTuple || x instanceof PyView || x instanceof PyRange ? sequenceMethods : listMethods;
  if (x instanceof PyDict) return dictMethods;
  if (x instanceof PySet) return setMethods;
  if (isNumber(x) || typeof x === "boolean") return numberMethods;
  return undefined;
}

const missing = (name: unknown, owner: unknown): Undefined =>
  new Undefined(name, { owner: { value: owner }, lenient: lenience.on });

/** The sandbox hides what starts with an underscore, and we what leads out of a JavaScript object. */
const isHidden = (name: string): boolean => name.startsWith("_") || name === "constructor" || name === "prototype";

const unsafe = (name: string, owner: unknown): Undefined =>
  new Undefined(name, {
    hint: `access to attribute '${name}' of '${typeName(owner)}' object is unsafe.`,
    kind: "SecurityError",
  });

/** `owner.name`: the attribute, else the item of that name, else undefined. */
export function getattr(owner: unknown, name: string): unknown {
  if (owner instanceof Undefined) return owner.lenient ? owner : owner.fail();
  const methods = methodsOf(owner);
  if (methods) {
    if (owner instanceof GroupTuple && (name === "grouper" || name === "list")) return owner[name === "list" ? 1 : 0];
    const method = methods.get(name);
    if (method) return bound(owner, name);
    const value = owner instanceof PyDict ? owner.get(name) : undefined;
    if (value !== undefined) return value;
    return name.startsWith("__") ? unsafe(name, owner) : missing(name, owner);
  }
  // None is a value like any other: only undefined means that there is nothing.
  const value = owner instanceof Namespace ? owner.attributes.get(name) : hostAttribute(owner, name);
  return value === undefined ? missing(name, owner) : value;
}

function bound(owner: unknown, name: string): (...args: unknown[]) => unknown {
  const method = (...args: unknown[]): unknown => {
    const kwargs = args.at(-1) instanceof Kwargs ? (args.pop() as Kwargs) : null; // checked just before
    return callMethod(owner, name, args, kwargs);
  };
  Object.defineProperty(method, "name", { value: name });
  return method;
}

function hostAttribute(owner: unknown, name: string): unknown {
  const object = host(owner);
  if (!object || owner instanceof PyIterator) return undefined;
  // Items are nobody's attributes: a package's macros may be called `_anything`.
  if (isHidden(name)) return object.__getitem__?.(name) ?? unsafe(name, owner);
  if (object.__getattr__) {
    const value = object.__getattr__(name);
    return value === undefined ? object.__getitem__?.(name) : value;
  }
  // A property of the object, but nothing of Object.prototype or Function.prototype.
  const isOwn = Object.hasOwn(object, name);
  if (isOwn || (typeof owner !== "function" && name in object && !(name in Object.prototype))) {
    const value = (object as Record<string, unknown>)[name]; // `name in object` was just established
    // What is inherited is a method and needs its object; what was put there stays itself, with its own attributes.
    if (typeof value === "function" && !isOwn) return (value as (...args: unknown[]) => unknown).bind(owner);
    if (value !== undefined) return value;
  }
  return object.__getitem__?.(name);
}

/** As `getattr`, without a look at the items of a dict. */
export function attribute(owner: unknown, name: string): unknown {
  return owner instanceof PyDict && !dictMethods.has(name) ? missing(name, owner) : getattr(owner, name);
}

/** `owner[key]`: the item, else for texts the attribute of that name, else undefined. */
export function getitem(owner: unknown, key: unknown): unknown {
  if (owner instanceof Undefined) return owner.lenient ? owner : owner.fail();
  const item = itemOf(owner, key);
  if (item !== undefined) return item;
  if (typeof key !== "string") return missing(key, owner);
  if (owner instanceof PyDict) return dictMethods.has(key) ? bound(owner, key) : missing(key, owner);
  return getattr(owner, key);
}

function itemOf(owner: unknown, key: unknown): unknown {
  if (key instanceof Slice) return sliceOf(owner, key);
  if (typeof owner === "string" || (Array.isArray(owner) && !(owner instanceof PyView))) {
    const index = typeof key === "boolean" ? Number(key) : key;
    if (typeof index !== "number") return undefined;
    const items = typeof owner === "string" ? codePoints(owner) : (owner as unknown[]); // an array by the line above
    return items[index < 0 ? index + items.length : index];
  }
  if (owner instanceof PyDict) {
    try {
      return owner.get(key);
    } catch {
      return undefined; // an unhashable key: Jinja2 swallows the TypeError
    }
  }
  return host(owner)?.__getitem__?.(key);
}

/** Calls a value; what a host function leaves undefined is None, as in Python. */
export function call(callee: unknown, args: unknown[], kwargs: Kwargs | null): unknown {
  if (callee instanceof Undefined) return callee.lenient ? callee : callee.fail();
  const own = host(callee)?.__call__;
  if (own) return own.call(callee, args, kwargs) ?? null;
  const all = kwargs ? [...args, kwargs] : args;
  // Any JavaScript function a host hands out may be called with anything.
  if (typeof callee === "function") return (callee as (...args: readonly unknown[]) => unknown)(...all) ?? null;
  return raise("TypeError", `'${typeName(callee)}' object is not callable`);
}

/** `owner.name(...)`, without making a bound method in between. */
export function callMethod(owner: unknown, name: string, args: unknown[], kwargs: Kwargs | null): unknown {
  const method = methodsOf(owner)?.get(name);
  return method ? method(owner, args, kwargs) : call(getattr(owner, name), args, kwargs);
}

/** Whether a template may call this value. */
export const isCallable = (x: unknown): boolean =>
  typeof x === "function" || Boolean(host(x)?.__call__) || x instanceof Undefined;

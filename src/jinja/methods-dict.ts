import { methodTable } from "./arguments.ts";
import { PyDict } from "./dict.ts";
import { raise } from "./errors.ts";
import { iter } from "./ops.ts";
import { repr } from "./text.ts";
import { host, Kwargs, PyView, tuple, typeName, Undefined, type HostObject } from "./values.ts";

type Arguments = readonly unknown[];

function view(kind: PyView["kind"], items: Iterable<unknown>): PyView {
  const made = new PyView();
  for (const item of items) made.push(item);
  made.kind = kind;
  return made;
}

/** Adds the entries of a mapping, of pairs, and of keyword arguments, as `dict(...)` and `update(...)` take them. */
export function update(dict: PyDict, args: Arguments, kwargs: Kwargs | null): void {
  const [source] = args;
  if (args.length > 1) raise("TypeError", `update expected at most 1 argument, got ${args.length}`);
  if (source instanceof Map) for (const [key, value] of source) dict.set(key, value);
  else if (args.length === 1) {
    for (const [key, value] of hostEntries(source) ?? pairs(source)) dict.set(key, value);
  }
  if (kwargs) for (const [key, value] of Object.entries(kwargs)) dict.set(key, value);
}

/** A mapping of the host has `items()`. */
function hostEntries(source: unknown): Iterable<readonly [unknown, unknown]> | undefined {
  const items = (host(source) as (HostObject & { items?: unknown }) | undefined)?.items; // looked at before use
  if (Array.isArray(source) || typeof items !== "function") return undefined;
  return Array.from(items.call(source) as Iterable<[unknown, unknown]>); // what `items` means, in Python and here
}

function pairs(source: unknown): [unknown, unknown][] {
  return iter(source).map((item, i) => {
    if (typeof item !== "string" && !Array.isArray(item))
      raise("TypeError", `cannot convert dictionary update sequence element #${i} to a sequence`);
    const pair = iter(item);
    if (pair.length !== 2)
      raise("ValueError", `dictionary update sequence element #${i} has length ${pair.length}; 2 is required`);
    return [pair[0], pair[1]];
  });
}

export const dictMethods = methodTable({
  get: (self: PyDict, [key, fallback = null]: Arguments, kwargs) =>
    self.get(key) ?? (self.has(key) ? null : (kwargs?.["default"] ?? fallback)),
  keys: (self: PyDict) => view("keys", self.keys()),
  values: (self: PyDict) => view("values", self.values()),
  items: (self: PyDict) => view("items", Array.from(self.entries(), tuple)),
  update: (self: PyDict, args: Arguments, kwargs: Kwargs | null) => {
    update(self, args, kwargs);
    return null;
  },
  pop: (self: PyDict, args: Arguments) => {
    const [key, fallback] = args;
    if (!self.has(key)) return args.length > 1 ? fallback : raise("KeyError", repr(key));
    const value = self.get(key);
    self.delete(key);
    return value;
  },
  popitem: (self: PyDict) => {
    const last = [...self].at(-1);
    if (!last) return raise("KeyError", "'popitem(): dictionary is empty'");
    self.delete(last[0]);
    return tuple(last);
  },
  setdefault: (self: PyDict, [key, fallback = null]: Arguments) => {
    if (!self.has(key)) self.set(key, fallback);
    return self.get(key);
  },
  copy: (self: PyDict) => new PyDict(self),
  clear: (self: PyDict) => {
    self.clear();
    return null;
  },
  fromkeys: (_self: PyDict, [keys, value = null]: Arguments) => new PyDict(iter(keys).map((key) => [key, value])),
});

export const isMapping = (x: unknown): boolean => x instanceof PyDict || host(x)?.__mapping__?.() === true;

/** The entries of a dict; an AttributeError for anything else, as Jinja2's filters raise it. */
export function entriesOf(x: unknown): [unknown, unknown][] {
  if (x instanceof PyDict) return [...x];
  const entries = host(x)?.__mapping__?.() ? hostEntries(x) : undefined;
  if (entries) return Array.from(entries, ([key, value]) => [key, value]);
  if (x instanceof Undefined) x.fail();
  return raise("AttributeError", `'${typeName(x)}' object has no attribute 'items'`);
}

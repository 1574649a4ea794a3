import { methodTable } from "./arguments.ts";
import { raise } from "./errors.ts";
import { iter } from "./ops.ts";
import { repr } from "./text.ts";
import { PySet } from "./values.ts";

type Arguments = readonly unknown[];

const asSet = (x: unknown): PySet => (x instanceof PySet ? x : new PySet(iter(x)));
const without = (a: PySet, b: PySet): unknown[] => [...a].filter((item) => !b.has(item));

/** Runs a change for its effect; Python's changing methods return None. */
const changing =
  (change: (self: PySet, args: Arguments) => void) =>
  (self: PySet, args: Arguments): null => {
    change(self, args);
    return null;
  };

export const setMethods = methodTable({
  add: changing((self, [item]) => self.add(item)),
  discard: changing((self, [item]) => self.delete(item)),
  remove: changing((self, [item]) => {
    if (!self.delete(item)) raise("KeyError", repr(item));
  }),
  clear: changing((self) => self.clear()),
  update: changing((self, sources) => {
    for (const source of sources) for (const item of iter(source)) self.add(item);
  }),
  difference_update: changing((self, sources) => {
    for (const source of sources) for (const item of iter(source)) self.delete(item);
  }),
  intersection_update: changing((self, [other]) => {
    for (const item of without(self, asSet(other))) self.delete(item);
  }),
  pop: (self: PySet) => {
    const [first] = self;
    if (self.size === 0) raise("KeyError", "'pop from an empty set'");
    self.delete(first);
    return first;
  },
  copy: (self: PySet) => new PySet(self),
  union: (self: PySet, sources: Arguments) => new PySet([...self, ...sources.flatMap((source) => [...iter(source)])]),
  intersection: (self: PySet, sources: Arguments) => {
    const others = sources.map(asSet);
    return new PySet([...self].filter((item) => others.every((other) => other.has(item))));
  },
  difference: (self: PySet, sources: Arguments) => {
    const others = sources.map(asSet);
    return new PySet([...self].filter((item) => !others.some((other) => other.has(item))));
  },
  symmetric_difference: (self: PySet, [other]: Arguments) =>
    new PySet([...without(self, asSet(other)), ...without(asSet(other), self)]),
  issubset: (self: PySet, [other]: Arguments) => without(self, asSet(other)).length === 0,
  issuperset: (self: PySet, [other]: Arguments) => without(asSet(other), self).length === 0,
  isdisjoint: (self: PySet, [other]: Arguments) => !iter(other).some((item) => self.has(item)),
});

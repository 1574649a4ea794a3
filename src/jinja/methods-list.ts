import { call } from "./access.ts";
import { integer, methodTable } from "./arguments.ts";
import { raise } from "./errors.ts";
import { compare, eq, iter, truth } from "./ops.ts";
import { repr } from "./text.ts";
import { Kwargs, typeName } from "./values.ts";

type List = unknown[];

const count = (self: List, [item]: readonly unknown[]): number => self.filter((one) => eq(one, item)).length;

function index(self: List, [item, from, to]: readonly unknown[]): number {
  const found = self.slice(0, integer(to, self.length)).findIndex((one, i) => i >= integer(from, 0) && eq(one, item));
  return found >= 0 ? found : raise("ValueError", `${repr(item)} is not in ${typeName(self)}`);
}

/** A list sorted in place; `key` must be a synchronous callable. */
function sort(self: List, _args: readonly unknown[], kwargs: Kwargs | null): null {
  const key = kwargs?.["key"];
  const keyed = self.map((item) => ({ item, key: key ? call(key, [item], null) : item }));
  const sign = truth(kwargs?.["reverse"]) ? -1 : 1;
  keyed.sort((a, b) => sign * compare(a.key, b.key));
  self.splice(0, self.length, ...keyed.map((entry) => entry.item));
  return null;
}

function pop(self: List, [at]: readonly unknown[]): unknown {
  if (self.length === 0) raise("IndexError", "pop from empty list");
  const position = integer(at, -1);
  const i = position < 0 ? position + self.length : position;
  if (i < 0 || i >= self.length) raise("IndexError", "pop index out of range");
  return self.splice(i, 1)[0];
}

/** What tuples, ranges and dict views have too. */
export const sequenceMethods = methodTable({ count, index });

export const listMethods = methodTable({
  count,
  index,
  sort,
  pop,
  append: (self: List, args: readonly unknown[]) => {
    if (args.length !== 1) raise("TypeError", `list.append() takes exactly one argument (${args.length} given)`);
    self.push(args[0]);
    return null;
  },
  extend: (self: List, [items]: readonly unknown[]) => {
    self.push(...iter(items));
    return null;
  },
  insert: (self: List, [at, item]: readonly unknown[]) => {
    const position = integer(at, 0);
    self.splice(position < 0 ? Math.max(0, position + self.length) : position, 0, item);
    return null;
  },
  remove: (self: List, [item]: readonly unknown[]) => {
    const i = self.findIndex((one) => eq(one, item));
    if (i < 0) raise("ValueError", "list.remove(x): x not in list");
    self.splice(i, 1);
    return null;
  },
  reverse: (self: List) => {
    self.reverse();
    return null;
  },
  copy: (self: List) => [...self],
  clear: (self: List) => {
    self.length = 0;
    return null;
  },
});

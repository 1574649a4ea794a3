/** Filters on sequences. Those that are generators in Jinja2 give a PyIterator. */
import { getitem } from "./access.ts";
import { add } from "./arithmetic.ts";
import { bind, integer } from "./arguments.ts";
import { equality } from "./dict.ts";
import { raise } from "./errors.ts";
import type { Filter, Filters } from "./filter-types.ts";
import { entriesOf, isMapping } from "./methods-dict.ts";
import { compare, eq, iter, len, truth } from "./ops.ts";
import { repr, str } from "./text.ts";
import { GroupTuple, isUndefined, Kwargs, PyIterator, tuple, Undefined } from "./values.ts";

type Getter = (item: unknown) => unknown;

const identity: Getter = (item) => item;
/** Text is compared without regard to case unless asked for. */
const folded = (x: unknown): unknown => (typeof x === "string" ? x.toLowerCase() : x);

/** Reads `a.b.0` of an item; `fallback` replaces an undefined step. */
function getter(attribute: unknown, fallback?: unknown): Getter {
  if (attribute === undefined || attribute === null) return identity;
  const steps =
    typeof attribute === "string" ? attribute.split(".").map((s) => (/^\d+$/.test(s) ? Number(s) : s)) : [attribute];
  return (item) => {
    let value = item;
    for (const step of steps) {
      value = getitem(value, step);
      if (fallback !== undefined && isUndefined(value)) return fallback;
    }
    return value;
  };
}

const sortKey = (attribute: unknown, isCaseSensitive: unknown): Getter => {
  const get = getter(attribute);
  return truth(isCaseSensitive) ? get : (item) => folded(get(item));
};

const empty = (hint: string): Undefined => new Undefined(undefined, { hint });
const orEmpty = (item: unknown, hint: string): unknown => (item === undefined ? empty(hint) : item);

function extreme(v: unknown, args: readonly unknown[], kwargs: Kwargs | null, sign: 1 | -1): unknown {
  const given = bind(sign > 0 ? "do_max" : "do_min", args, kwargs, ["case_sensitive", "attribute"]);
  const key = sortKey(given.attribute, given.case_sensitive);
  const items = iter(v);
  if (items.length === 0) return empty("No aggregated item, sequence was empty.");
  return items.reduce((best, item) => (sign * compare(key(item), key(best)) > 0 ? item : best));
}

const sort: Filter = (v, args, kwargs) => {
  const given = bind("do_sort", args, kwargs, ["reverse", "case_sensitive", "attribute"]);
  const attributes = typeof given.attribute === "string" ? given.attribute.split(",") : [given.attribute];
  const keys = attributes.map((attribute) => sortKey(attribute, given.case_sensitive));
  const sign = truth(given.reverse) ? -1 : 1;
  const keyed = Array.from(iter(v), (item) => ({ item, key: keys.map((key) => key(item)) }));
  return keyed.toSorted((a, b) => sign * compare(a.key, b.key)).map(({ item }) => item);
};

const dictSort: Filter = (v, args, kwargs) => {
  const given = bind("do_dictsort", args, kwargs, ["case_sensitive", "by", "reverse"]);
  if (given.by !== undefined && given.by !== "key" && given.by !== "value")
    raise("FilterArgumentError", 'You can only sort by either "key" or "value"');
  const key = sortKey(given.by === "value" ? 1 : 0, given.case_sensitive);
  const sign = truth(given.reverse) ? -1 : 1;
  return entriesOf(v)
    .map(tuple)
    .toSorted((a, b) => sign * compare(key(a), key(b)));
};

const groupBy: Filter = (v, args, kwargs) => {
  const given = bind("do_groupby", args, kwargs, ["attribute!", "default", "case_sensitive"]);
  const get = getter(given.attribute, given.default);
  const key: Getter = truth(given.case_sensitive) ? get : (item) => folded(get(item));
  const groups: { key: unknown; name: unknown; items: unknown[] }[] = [];
  for (const item of iter(v).toSorted((a, b) => compare(key(a), key(b)))) {
    const last = groups.at(-1);
    if (last && eq(last.key, key(item))) last.items.push(item);
    else groups.push({ key: key(item), name: get(item), items: [item] });
  }
  return groups.map(({ name, items }) => {
    const group = new GroupTuple();
    group.push(name, items);
    return group;
  });
};

const unique: Filter = (v, args, kwargs) => {
  const given = bind("do_unique", args, kwargs, ["case_sensitive", "attribute"]);
  const key = sortKey(given.attribute, given.case_sensitive);
  return new PyIterator("do_unique", () => {
    const seen = new Set<string>();
    return iter(v).filter((item) => {
      const name = equality(key(item));
      return !seen.has(name) && Boolean(seen.add(name));
    });
  });
};

const batch: Filter = (v, args, kwargs) => {
  const given = bind("do_batch", args, kwargs, ["linecount!", "fill_with"]);
  const size = integer(given.linecount, 1);
  return new PyIterator("do_batch", () => {
    const rows: unknown[][] = [];
    for (const item of iter(v)) {
      const row = rows.at(-1);
      if (row && row.length < size) row.push(item);
      else rows.push([item]);
    }
    const last = rows.at(-1);
    if (last && given.fill_with !== undefined && given.fill_with !== null)
      for (let i = last.length; i < size; i++) last.push(given.fill_with);
    return rows;
  });
};

const slice: Filter = (v, args, kwargs) => {
  const given = bind("do_slice", args, kwargs, ["slices!", "fill_with"]);
  const count = integer(given.slices, 1);
  return new PyIterator("sync_do_slice", () => {
    const items = iter(v);
    const size = Math.floor(items.length / count);
    const longer = items.length % count;
    let start = 0;
    return Array.from({ length: count }, (_, i) => {
      const part = items.slice(start, (start += size + (i < longer ? 1 : 0)));
      return given.fill_with !== undefined && given.fill_with !== null && i >= longer
        ? [...part, given.fill_with]
        : part;
    });
  });
};

const join: Filter = (v, args, kwargs) => {
  const { d = "", attribute } = bind("sync_do_join", args, kwargs, ["d", "attribute"]);
  const get = getter(attribute);
  return iter(v)
    .map((item) => str(get(item)))
    .join(str(d));
};

/** `map`, `select` and their relatives look filters and tests up by name. */
export function sequenceFilters(filter: (name: unknown) => Filter, test: (name: unknown) => Filter): Filters {
  const map: Filter = (v, args, kwargs) => {
    const [name, ...rest] = args;
    let get: Getter;
    if (args.length === 0 && kwargs && "attribute" in kwargs) {
      const { attribute, default: fallback } = bind("map", [], kwargs, ["attribute", "default"]);
      get = getter(attribute, fallback);
    } else {
      if (args.length === 0) raise("FilterArgumentError", "map requires a filter argument");
      const chosen = filter(name);
      get = (item) => chosen(item, rest, kwargs);
    }
    return new PyIterator("sync_do_map", () => (truth(v) ? iter(v).map(get) : []));
  };

  const selecting = (label: string, byAttribute: boolean, wanted: boolean): Filter => {
    return (v, args, kwargs) => {
      if (byAttribute && args.length === 0) raise("FilterArgumentError", "Missing parameter for attribute name");
      const get = byAttribute ? getter(args[0]) : identity;
      const [name, ...rest] = byAttribute ? args.slice(1) : args;
      const chosen = name === undefined ? undefined : test(name);
      const holds = (item: unknown): boolean => truth(chosen ? chosen(get(item), rest, kwargs) : get(item));
      return new PyIterator(label, () => (truth(v) ? iter(v).filter((item) => holds(item) === wanted) : []));
    };
  };

  return {
    map,
    select: selecting("select_or_reject", false, true),
    reject: selecting("select_or_reject", false, false),
    selectattr: selecting("select_or_reject", true, true),
    rejectattr: selecting("select_or_reject", true, false),
    batch,
    slice,
    unique,
    sort,
    dictsort: dictSort,
    groupby: groupBy,
    join,
    items: (v) =>
      new PyIterator("do_items", () => {
        if (isUndefined(v)) return [];
        if (!isMapping(v)) raise("TypeError", "Can only get item pairs from a mapping.");
        return entriesOf(v).map(tuple);
      }),
    list: (v) => [...iter(v)],
    count: len,
    length: len,
    first: (v) => orEmpty(v instanceof PyIterator ? v.take() : iter(v)[0], "No first item, sequence was empty."),
    last: (v) => orEmpty(iter(v).at(-1), "No last item, sequence was empty."),
    max: (v, args, kwargs) => extreme(v, args, kwargs, 1),
    min: (v, args, kwargs) => extreme(v, args, kwargs, -1),
    random: (v) => orEmpty(iter(v)[Math.floor(Math.random() * len(v))], "No random item, sequence was empty."),
    sum: (v, args, kwargs) => {
      const { attribute, start = 0 } = bind("sync_do_sum", args, kwargs, ["attribute", "start"]);
      const get = getter(attribute);
      return iter(v).reduce((total, item) => add(total, get(item)), start);
    },
  };
}

/** The error for a name that only turns up while running. */
export const unknownName = (what: "filter" | "test", name: unknown): never =>
  raise("TemplateRuntimeError", `No ${what} named ${repr(name)}.`);

/** Python's `itertools`, as far as it ends: what it gives are lists. */
import { call } from "../access.ts";
import { add } from "../arithmetic.ts";
import { callArgs, integer } from "../arguments.ts";
import { eq, iter, truth } from "../ops.ts";
import { Kwargs, tuple, type PyTuple } from "../values.ts";
import { raise } from "../errors.ts";

type List = readonly unknown[];

function apart(args: List): [positional: List, kwargs: Readonly<Record<string, unknown>>] {
  const last = args.at(-1);
  return last instanceof Kwargs ? [args.slice(0, -1), last] : [args, {}];
}

function product(...args: unknown[]): PyTuple[] {
  const [given, kwargs] = apart(args);
  const lists = given.map(iter);
  const repeated = Array.from({ length: integer(kwargs["repeat"], 1) }, () => lists).flat();
  const rows = repeated.reduce<unknown[][]>(
    (done, list) => done.flatMap((row) => list.map((item) => [...row, item])),
    [[]],
  );
  return rows.map(tuple);
}

/** All choices of `size` positions, in order; `next` says from which position on the following one is chosen. */
function choices(items: List, size: number, next: (chosen: number[]) => number[]): PyTuple[] {
  const found: PyTuple[] = [];
  const choose = (chosen: number[]): void => {
    if (chosen.length === size) found.push(tuple(chosen.map((i) => items[i])));
    else for (const i of next(chosen)) choose([...chosen, i]);
  };
  choose([]);
  return found;
}

const from = (start: number, length: number): number[] =>
  Array.from({ length: Math.max(0, length - start) }, (_, i) => start + i);

function combinations(...args: unknown[]): PyTuple[] {
  const { iterable, r } = callArgs(args, ["iterable!", "r!"], "combinations");
  const items = iter(iterable);
  return choices(items, integer(r, 0), (chosen) => from((chosen.at(-1) ?? -1) + 1, items.length));
}

function combinationsWithReplacement(...args: unknown[]): PyTuple[] {
  const { iterable, r } = callArgs(args, ["iterable!", "r!"], "combinations_with_replacement");
  const items = iter(iterable);
  return choices(items, integer(r, 0), (chosen) => from(chosen.at(-1) ?? 0, items.length));
}

function permutations(...args: unknown[]): PyTuple[] {
  const { iterable, r } = callArgs(args, ["iterable!", "r"], "permutations");
  const items = iter(iterable);
  return choices(items, integer(r, items.length), (chosen) => from(0, items.length).filter((i) => !chosen.includes(i)));
}

function zipLongest(...args: unknown[]): PyTuple[] {
  const [given, kwargs] = apart(args);
  const lists = given.map(iter);
  const length = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length }, (_, i) =>
    tuple(lists.map((list) => (i < list.length ? list[i] : (kwargs["fillvalue"] ?? null)))),
  );
}

function accumulate(...args: unknown[]): unknown[] {
  const { iterable, func, initial } = callArgs(args, ["iterable!", "func", "initial"], "accumulate");
  const items = initial === undefined || initial === null ? iter(iterable) : [initial, ...iter(iterable)];
  const sums: unknown[] = [];
  for (const item of items) {
    const last = sums.at(-1);
    if (sums.length === 0) sums.push(item);
    else sums.push(func === undefined || func === null ? add(last, item) : call(func, [last, item], null));
  }
  return sums;
}

function groupBy(...args: unknown[]): PyTuple[] {
  const { iterable, key } = callArgs(args, ["iterable!", "key"], "groupby");
  const groups: { key: unknown; items: unknown[] }[] = [];
  for (const item of iter(iterable)) {
    const name = key === undefined || key === null ? item : call(key, [item], null);
    const last = groups.at(-1);
    if (last && eq(last.key, name)) last.items.push(item);
    else groups.push({ key: name, items: [item] });
  }
  return groups.map((group) => tuple([group.key, group.items]));
}

function islice(iterable: unknown, ...bounds: unknown[]): unknown[] {
  const items = iter(iterable);
  const [start, stop, step] = bounds.length === 1 ? [0, bounds[0], 1] : bounds;
  const every = integer(step, 1);
  return items.slice(integer(start, 0), integer(stop, items.length)).filter((_, i) => i % every === 0);
}

function repeat(item: unknown, times?: unknown): unknown[] {
  if (times === undefined) return raise("ValueError", "itertools.repeat() needs a number of times: templates end");
  return Array.from({ length: Math.max(0, integer(times, 0)) }, () => item);
}

const chain = Object.assign((...lists: unknown[]) => lists.flatMap((list) => [...iter(list)]), {
  from_iterable: (lists: unknown) => iter(lists).flatMap((list) => [...iter(list)]),
});

export const itertoolsModule = (): Record<string, unknown> => ({
  chain,
  product,
  combinations,
  permutations,
  accumulate,
  islice,
  repeat,
  groupby: groupBy,
  combinations_with_replacement: combinationsWithReplacement,
  zip_longest: zipLongest,
  compress: (items: unknown, selectors: unknown) => iter(items).filter((_, i) => truth(iter(selectors)[i])),
  pairwise: (items: unknown) =>
    iter(items)
      .slice(1)
      .map((item, i) => tuple([iter(items)[i], item])),
  starmap: (callee: unknown, rows: unknown) => iter(rows).map((row) => call(callee, [...iter(row)], null)),
});

/** The names Jinja2 defines in every template. */
import { callArgs, integer } from "./arguments.ts";
import { PyDict } from "./dict.ts";
import { raise } from "./errors.ts";
import { update } from "./methods-dict.ts";
import { str } from "./text.ts";
import { Kwargs, Namespace, PyRange, typeName } from "./values.ts";

/** The sandbox's limit. */
const longestRange = 100_000;

function range(...args: unknown[]): PyRange {
  if (args.length === 0 || args.length > 3) raise("TypeError", `range expected 1 to 3 arguments, got ${args.length}`);
  for (const arg of args)
    if (typeof arg !== "number" && typeof arg !== "boolean")
      raise("TypeError", `'${typeName(arg)}' object cannot be interpreted as an integer`);
  const numbers = args.map((arg) => integer(arg, 0));
  const [start = 0, stop = 0, step = 1] = numbers.length === 1 ? [0, ...numbers] : numbers;
  if (step === 0) raise("ValueError", "range() arg 3 must not be zero");
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > longestRange)
    raise("OverflowError", `Range too big. The sandbox blocks ranges larger than MAX_RANGE (${longestRange}).`);
  const made = new PyRange();
  for (let i = 0; i < length; i++) made.push(start + i * step);
  made.bounds = step === 1 ? `${start}, ${stop}` : `${start}, ${stop}, ${step}`;
  return made;
}

function filled(target: PyDict, args: unknown[]): PyDict {
  const last = args.at(-1);
  if (last instanceof Kwargs) update(target, args.slice(0, -1), last);
  else update(target, args, null);
  return target;
}

function namespace(...args: unknown[]): Namespace {
  const made = new Namespace();
  filled(made.attributes, args);
  return made;
}

/** Gives its items in turn, at each `next()`. */
class Cycler {
  readonly #items: readonly unknown[];
  #at = 0;
  constructor(items: readonly unknown[]) {
    if (items.length === 0) raise("RuntimeError", "at least one item has to be provided");
    this.#items = items;
  }
  get current(): unknown {
    return this.#items[this.#at];
  }
  next(): unknown {
    const item = this.current;
    this.#at = (this.#at + 1) % this.#items.length;
    return item;
  }
  reset(): null {
    this.#at = 0;
    return null;
  }
}

/** Nothing at its first call, the separator at every later one. */
function joiner(...args: unknown[]): () => string {
  const { sep = ", " } = callArgs(args, ["sep"], "joiner");
  let used = false;
  return () => {
    if (used) return str(sep);
    used = true;
    return "";
  };
}

export const globals: Readonly<Record<string, unknown>> = {
  range,
  dict: (...args: unknown[]) => filled(new PyDict(), args),
  namespace,
  cycler: (...items: unknown[]) => new Cycler(items),
  joiner,
};

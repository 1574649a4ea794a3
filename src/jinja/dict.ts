import { raise } from "./errors.ts";
import { host, isUndefined, PyFloat, PySet, PyTuple } from "./values.ts";

/**
 * A dict: keeps insertion order and takes any hashable key. Keys that are equal in Python but not to a Map — `1`,
 * `1.0` and `True`, equal tuples, all undefined values — are one key; the first one written is the one kept.
 */
export class PyDict extends Map<unknown, unknown> {
  /** Python-equality → the key stored, for keys a Map would not find by itself. */
  #stored: Map<string, unknown> | undefined;

  constructor(entries?: Iterable<readonly [unknown, unknown]>) {
    super();
    if (entries) for (const [key, value] of entries) this.set(key, value);
  }

  override get(key: unknown): unknown {
    return super.get(typeof key === "string" ? key : this.#find(key));
  }
  override has(key: unknown): boolean {
    return super.has(typeof key === "string" ? key : this.#find(key));
  }
  override set(key: unknown, value: unknown): this {
    if (typeof key === "string") return super.set(key, value);
    const stored = this.#find(key);
    if (stored === key && !super.has(key) && !isPlainKey(key)) (this.#stored ??= new Map()).set(equality(key), key);
    return super.set(stored, value);
  }
  override delete(key: unknown): boolean {
    const stored = typeof key === "string" ? key : this.#find(key);
    if (this.#stored && typeof key !== "string") this.#stored.delete(equality(key));
    return super.delete(stored);
  }
  override clear(): void {
    this.#stored = undefined;
    super.clear();
  }

  /** The key as it is stored, or the key itself if it is not. */
  #find(key: unknown): unknown {
    if (isPlainKey(key)) return this.#stored?.get(equality(key)) ?? key;
    const name = equality(key);
    const found = this.#stored?.get(name);
    if (found !== undefined) return found;
    const integer = key === true ? 1 : key === false ? 0 : key instanceof PyFloat ? key.value : undefined;
    return integer !== undefined && super.has(integer) ? integer : key;
  }
}

const isPlainKey = (key: unknown): boolean =>
  typeof key === "string" || typeof key === "number" || typeof key === "bigint" || key === null;

let lastIdentity = 0;
const identities = new WeakMap<object, string>();

/** A text that is the same for two values exactly if Python holds them equal; throws for unhashable ones. */
export function equality(x: unknown): string {
  switch (typeof x) {
    case "string":
      return `s${x.length}:${x}`;
    case "number":
    case "bigint":
      return `n${x}`;
    case "boolean":
      return x ? "n1" : "n0";
    default:
  }
  if (x === null) return "None";
  // jinja2 hashes an Undefined by its type: all of them are one key.
  if (isUndefined(x)) return "undefined";
  if (x instanceof PyFloat) return `n${x.value}`;
  if (x instanceof PyTuple) return `(${Array.from(x, equality).join()})`;
  if (Array.isArray(x)) return raise("TypeError", "unhashable type: 'list'");
  if (x instanceof PyDict) return raise("TypeError", "unhashable type: 'dict'");
  if (x instanceof PySet) return raise("TypeError", "unhashable type: 'set'");
  const hash = host(x)?.__hash__?.();
  if (hash !== undefined) return `h${hash}`;
  const object = x as object; // everything else typeof allows here is an object, function or symbol-free value
  let identity = identities.get(object);
  if (identity === undefined) identities.set(object, (identity = `o${++lastIdentity}`));
  return identity;
}

/** Binding of call arguments to parameter names. */
import { raise } from "./errors.ts";
import { Kwargs, typeName } from "./values.ts";
import { repr } from "./text.ts";

/** A method of a built-in type. */
export type Method = (self: never, args: readonly unknown[], kwargs: Kwargs | null) => unknown;
type BoundMethod = (self: unknown, args: readonly unknown[], kwargs: Kwargs | null) => unknown;
export type Methods = ReadonlyMap<string, BoundMethod>;

/** Tables are looked up by the type of `self`, so each method may state the type it is given. */
export const methodTable = (methods: Readonly<Record<string, Method>>): Methods =>
  new Map(Object.entries(methods) as [string, BoundMethod][]);

type ParameterName<S extends string> = S extends `${infer Name}!` ? Name : S;

/**
 * Binds the arguments of a host function (positional ones, then perhaps a `Kwargs`) to parameter names. What was not
 * given is undefined, unless the name ends in `!`: then it is required. Unknown, doubled, missing and too many
 * arguments raise Python's TypeErrors, which name `callee`.
 */
export function callArgs<const S extends string>(
  args: readonly unknown[],
  names: readonly S[],
  callee = "function",
): Record<ParameterName<S>, unknown> {
  const last = args.at(-1);
  return last instanceof Kwargs ? bind(callee, args.slice(0, -1), last, names) : bind(callee, args, null, names);
}

/** As `callArgs`, with the keyword arguments already apart. */
export function bind<const S extends string>(
  callee: string,
  positional: readonly unknown[],
  kwargs: Kwargs | null,
  names: readonly S[],
): Record<ParameterName<S>, unknown> {
  const given: Readonly<Record<string, unknown>> = kwargs ?? {};
  const found: Record<string, unknown> = {};
  const missing: string[] = [];
  const known = new Set<string>();
  if (positional.length > names.length) tooMany(callee, names.length, positional.length);
  for (const [i, spec] of names.entries()) {
    const name = spec.endsWith("!") ? spec.slice(0, -1) : spec;
    known.add(name);
    const isNamed = Object.hasOwn(given, name);
    if (i < positional.length) {
      if (isNamed) raise("TypeError", `${callee}() got multiple values for argument ${repr(name)}`);
      found[name] = positional[i];
    } else if (isNamed) found[name] = given[name];
    else if (spec.endsWith("!")) missing.push(name);
  }
  for (const name of Object.keys(given))
    if (!known.has(name)) raise("TypeError", `${callee}() got an unexpected keyword argument ${repr(name)}`);
  if (missing.length) {
    const plural = missing.length === 1 ? "" : "s";
    const list = missing.map((name) => repr(name)).join(" and ");
    raise("TypeError", `${callee}() missing ${missing.length} required positional argument${plural}: ${list}`);
  }
  return found as Record<ParameterName<S>, unknown>; // one property per given name
}

function tooMany(callee: string, most: number, given: number): never {
  const takes = `${most} positional argument${most === 1 ? "" : "s"}`;
  return raise("TypeError", `${callee}() takes ${takes} but ${given} ${given === 1 ? "was" : "were"} given`);
}

/** An argument that must be an integer; `fallback` if it is absent or None. */
export function integer(x: unknown, fallback: number): number {
  if (x === undefined || x === null) return fallback;
  if (typeof x === "number") return x;
  if (typeof x === "boolean" || typeof x === "bigint") return Number(x);
  return raise("TypeError", `'${typeName(x)}' object cannot be interpreted as an integer`);
}

/** An argument that must be a string. */
export function text(x: unknown, callee: string): string {
  return typeof x === "string" ? x : raise("TypeError", `${callee} must be str, not ${typeName(x)}`);
}

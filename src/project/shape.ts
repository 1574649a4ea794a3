/** Reads a mapping of the user's YAML key by key; what is not of the expected shape becomes a diagnostic at its place. */
import { error, warning } from "../diagnostics/diagnostic.ts";
import type { Diagnostic, Span } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { Mapping, Value } from "./types.ts";
import { keySpan, valueSpan } from "./written.ts";
import type { Key } from "./written.ts";
import { plainScalar } from "./yaml-scalar.ts";

export const isMapping = (value: Value | undefined): value is Mapping =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** "a list", "the text \"x\"": how a value is called in messages. Texts are not shown: they may be secret. */
export function describe(value: Value | undefined): string {
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return "a list";
  switch (typeof value) {
    case "string":
      return "text";
    case "number":
      return "a number";
    case "boolean":
      return value ? "true" : "false";
    default:
      return "a mapping";
  }
}

export class Shape {
  readonly value: Mapping;
  /** How messages call it: `model "orders"`. */
  readonly what: string;
  readonly at: Span;
  readonly problems: Diagnostic[];

  constructor(value: Mapping, what: string, at: Span, problems: Diagnostic[]) {
    this.value = value;
    this.what = what;
    this.at = at;
    this.problems = problems;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.value, key) && this.value[key] !== null;
  }

  /** The value of a key; undefined where it is absent or empty. */
  get(key: string): Value | undefined {
    return this.has(key) ? this.value[key] : undefined;
  }

  span(key: Key): Span {
    return valueSpan(this.value, key) ?? this.at;
  }

  keySpan(key: Key): Span {
    return keySpan(this.value, key) ?? this.at;
  }

  /** Text; numbers and truth values are taken as they are written in YAML (`identifier: 2024`). */
  text(key: string): string | undefined {
    const value = this.get(key);
    if (value === undefined || typeof value === "string") return value;
    if (typeof value === "number" || typeof value === "boolean") {
      const at = valueSpan(this.value, key);
      const written = at?.file.text.slice(at.start, at.end) ?? "";
      return plainScalar(written).value === value ? written : String(value);
    }
    this.wrong(key, "text", value);
    return undefined;
  }

  /** Text that must be there. */
  required(key: string, example: string): string | undefined {
    const value = this.text(key);
    if (value !== undefined && value !== "") return value;
    if (!isMapping(this.get(key)) && !Array.isArray(this.get(key))) {
      const at = Object.hasOwn(this.value, key) ? this.keySpan(key) : this.at;
      this.problems.push(
        error("yaml-missing-key", `${capital(this.what)} has no "${key}".`, at, [`add  ${key}: ${example}`]),
      );
    }
    return undefined;
  }

  flag(key: string): boolean | undefined {
    const value = this.get(key);
    if (value === undefined || typeof value === "boolean") return value;
    this.wrong(key, "true or false", value);
    return undefined;
  }

  list(key: string): Value[] {
    const value = this.get(key);
    if (value === undefined) return [];
    if (Array.isArray(value)) return value;
    this.wrong(key, "a list", value);
    return [];
  }

  /** A list of texts; one text alone stands for a list of one, as dbt accepts for tags. */
  texts(key: string): string[] {
    const value = this.get(key);
    if (typeof value === "string") return [value];
    const list = this.list(key);
    return list.flatMap((item, i) => {
      if (typeof item === "string") return [item];
      if (typeof item === "number" || typeof item === "boolean") return [String(item)];
      const at = valueSpan(list, i) ?? this.span(key);
      this.problems.push(
        error("yaml-shape", `"${key}" of ${this.what} must hold texts, but this is ${describe(item)}.`, at),
      );
      return [];
    });
  }

  mapping(key: string): Mapping {
    const value = this.get(key);
    if (value === undefined) return {};
    if (isMapping(value)) return value;
    this.wrong(key, "a mapping", value);
    return {};
  }

  /** A mapping under a key, to be read in its turn. */
  child(key: string, what: string): Shape | undefined {
    if (!this.has(key)) return undefined;
    const value = this.get(key);
    if (isMapping(value)) return new Shape(value, what, this.keySpan(key), this.problems);
    this.wrong(key, "a mapping", value);
    return undefined;
  }

  /** A list of named mappings. Each is called by its name; entries that are none, or have no name, are reported. */
  entries(key: string, kind: string): (Shape & { readonly name: string })[] {
    const list = this.list(key);
    return list.flatMap((item, i) => {
      const entry = named(list, i, item, kind, `"${key}"`, this.span(key), this.problems);
      return entry ? [entry] : [];
    });
  }

  /** A list of mappings without names of their own. */
  shapes(key: string, kind: string): Shape[] {
    const list = this.list(key);
    return list.flatMap((item, i) => {
      const at = valueSpan(list, i) ?? this.span(key);
      if (isMapping(item)) return [new Shape(item, `${kind} ${i + 1} of ${this.what}`, at, this.problems)];
      const message = `Each entry of "${key}" of ${this.what} must be a mapping, but this is ${describe(item)}.`;
      this.problems.push(error("yaml-shape", message, at));
      return [];
    });
  }

  warnUnknown(known: readonly string[]): void {
    for (const key of Object.keys(this.value)) {
      if (known.includes(key)) continue;
      const notes = didYouMean(key, known);
      const message = `${capital(this.what)} has an unknown key "${key}", which is ignored.`;
      this.problems.push(warning("yaml-unknown-key", message, this.keySpan(key), notes));
    }
  }

  wrong(key: string, expected: string, found: Value | undefined): void {
    const message = `"${key}" of ${this.what} must be ${expected}, but it is ${describe(found)}.`;
    this.problems.push(error("yaml-shape", message, this.span(key)));
  }
}

class Named extends Shape {
  readonly name: string;
  constructor(name: string, value: Mapping, what: string, at: Span, problems: Diagnostic[]) {
    super(value, what, at, problems);
    this.name = name;
  }
}

function named(
  list: Value[],
  index: number,
  item: Value,
  kind: string,
  listName: string,
  fallback: Span,
  problems: Diagnostic[],
): Named | undefined {
  const at = valueSpan(list, index) ?? fallback;
  if (!isMapping(item)) {
    const notes = typeof item === "string" ? [`write  - name: ${item}`] : [];
    problems.push(
      error("yaml-shape", `Each entry of ${listName} must be a mapping, but this is ${describe(item)}.`, at, notes),
    );
    return undefined;
  }
  const name = new Shape(item, `this ${kind}`, at, problems).required("name", `my_${kind.replaceAll(" ", "_")}`);
  if (name === undefined) return undefined;
  return new Named(name, item, `${kind} "${name}"`, valueSpan(item, "name") ?? at, problems);
}

/** For the beginning of a sentence. */
export const capital = (text: string): string => text[0]!.toUpperCase() + text.slice(1);

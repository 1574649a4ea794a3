import { error, type Diagnostic, type Span } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { Mapping, Value } from "../project/types.ts";

/** Reads one mapping of configuration and gathers what is wrong with it, so that all mistakes are told at once. */
export class ConfigReader {
  /** Shared with the readers inside. */
  readonly diagnostics: Diagnostic[];
  readonly values: Mapping;
  /** Of the node. */
  readonly name: string;
  readonly #at: Span;
  readonly #path: string;

  constructor(values: Mapping, at: Span, name: string, path = "", diagnostics: Diagnostic[] = []) {
    this.diagnostics = diagnostics;
    this.values = values;
    this.name = name;
    this.#at = at;
    this.#path = path;
  }

  has(key: string): boolean {
    return this.values[key] !== undefined && this.values[key] !== null;
  }

  add(code: string, message: string, notes: readonly string[] = []): void {
    this.diagnostics.push(error(code, message, this.#at, notes));
  }

  problem(key: string, expected: string): void {
    const value = this.values[key];
    const found = value === undefined || value === null ? "nothing" : JSON.stringify(value);
    this.add(
      "config-invalid",
      `The config "${this.#path}${key}" of "${this.name}" must be ${expected}; found ${found}.`,
    );
  }

  flag(key: string, otherwise: boolean): boolean {
    if (!this.has(key)) return otherwise;
    const value = this.values[key];
    if (typeof value === "boolean") return value;
    this.problem(key, "true or false");
    return otherwise;
  }

  text(key: string): string | undefined {
    if (!this.has(key)) return undefined;
    const value = this.values[key];
    if (typeof value === "string") return value;
    this.problem(key, "a text");
    return undefined;
  }

  /** One text counts as a list of one. */
  texts(key: string): readonly string[] {
    if (!this.has(key)) return [];
    const value = this.values[key];
    if (typeof value === "string") return [value];
    if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return value as readonly string[];
    this.problem(key, "a text or a list of texts");
    return [];
  }

  list(key: string): readonly Value[] {
    if (!this.has(key)) return [];
    const value = this.values[key];
    if (Array.isArray(value)) return value;
    this.problem(key, "a list");
    return [];
  }

  /** Without a default, the key must be there; unless it is `optional`. */
  oneOf<T extends string, D extends T | undefined>(
    key: string,
    choices: readonly T[],
    otherwise: D,
    optional?: "optional",
  ): T | D {
    if (!this.has(key) && (optional || otherwise !== undefined)) return otherwise;
    const choice = choices.find((c) => c === this.values[key]);
    if (choice !== undefined) return choice;
    this.problem(key, `one of ${choices.join(", ")}`);
    return otherwise;
  }

  /** A whole number, not negative; also as text, as templates give it. */
  count(key: string): number | undefined {
    if (!this.has(key)) return undefined;
    const number = Number(this.values[key]);
    if (Number.isInteger(number) && number >= 0) return number;
    this.problem(key, "a whole number");
    return undefined;
  }

  mapping(key: string): ConfigReader | undefined {
    return this.has(key) ? this.inside(key, this.values[key] ?? null) : undefined;
  }

  /** A reader of a nested mapping whose mistakes are gathered here. With `keys`, others are mistakes. */
  inside(path: string, value: Value, keys?: readonly string[]): ConfigReader | undefined {
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
      this.add(
        "config-invalid",
        `The config "${this.#path}${path}" of "${this.name}" must be a mapping; found ${JSON.stringify(value)}.`,
      );
      return undefined;
    }
    const reader = new ConfigReader(value, this.#at, this.name, `${this.#path}${path}.`, this.diagnostics);
    for (const key of keys ? Object.keys(value).filter((k) => !keys.includes(k)) : [])
      this.add("config-invalid", `The config "${this.#path}${path}" of "${this.name}" has no key "${key}".`, [
        ...didYouMean(key, keys!),
        `known keys: ${keys!.join(", ")}`,
      ]);
    return reader;
  }
}

/** Python's `json.dumps`. */
import { PyDict } from "./dict.ts";
import { raise } from "./errors.ts";
import { compare } from "./ops.ts";
import { floatText, repr } from "./text.ts";
import { isInt, PyDecimal, PyFloat, PyRange, PyView, typeName } from "./values.ts";

export interface JsonOptions {
  /** Blanks per level; everything on one line if it is absent. */
  readonly indent?: number | undefined;
  readonly sortKeys?: boolean;
}

/** ASCII only, with Python's separators; a TypeError for what JSON cannot hold. */
export function jsonDumps(value: unknown, options: JsonOptions = {}): string {
  return dump(value, options, "\n");
}

function dump(value: unknown, options: JsonOptions, newline: string): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return text(value);
  if (isInt(value)) return value.toString();
  if (value instanceof PyDecimal) return value.text;
  if (value instanceof PyFloat) return number(value.value);
  if (Array.isArray(value) && !(value instanceof PyView) && !(value instanceof PyRange)) {
    return enclosed("[]", options, newline, (inner) => value.map((item) => dump(item, options, inner)));
  }
  if (value instanceof PyDict) {
    const entries = [...value];
    if (options.sortKeys) entries.sort(([a], [b]) => compare(a, b));
    return enclosed("{}", options, newline, (inner) =>
      entries.map(([key, item]) => `${text(keyText(key))}: ${dump(item, options, inner)}`),
    );
  }
  return raise("TypeError", `Object of type ${typeName(value)} is not JSON serializable`);
}

function enclosed(
  brackets: string,
  { indent }: JsonOptions,
  newline: string,
  items: (newline: string) => string[],
): string {
  const inner = indent === undefined ? newline : newline + " ".repeat(indent);
  const parts = items(inner);
  if (parts.length === 0) return brackets;
  const [before, between, after] = indent === undefined ? ["", ", ", ""] : [inner, `,${inner}`, newline];
  return brackets.charAt(0) + before + parts.join(between) + after + brackets.charAt(1);
}

const text = (s: string): string =>
  JSON.stringify(s).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

function number(v: number): string {
  if (Number.isNaN(v)) return "NaN";
  return Number.isFinite(v) ? floatText(v) : v > 0 ? "Infinity" : "-Infinity";
}

function keyText(key: unknown): string {
  if (typeof key === "string") return key;
  if (key === null) return "null";
  if (typeof key === "boolean") return String(key);
  if (isInt(key) || key instanceof PyFloat) return repr(key);
  return raise("TypeError", `keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

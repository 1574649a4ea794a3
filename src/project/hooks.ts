/** `on-run-start` and `on-run-end`: a text, a list, or mappings `{sql, transaction}`, also written as JSON text. */
import { error } from "../diagnostics/diagnostic.ts";
import { describe, isMapping } from "./shape.ts";
import type { Shape } from "./shape.ts";
import type { Hook, Value } from "./types.ts";
import { valueSpan } from "./written.ts";

export function readHooks(config: Shape, key: string): Hook[] {
  const value = config.get(key);
  if (value === undefined) return [];
  if (!Array.isArray(value)) return hook(config, key, value, config.span(key));
  return value.flatMap((item, i) => hook(config, key, item, valueSpan(value, i) ?? config.span(key)));
}

function hook(config: Shape, key: string, value: Value, at: Hook["at"]): Hook[] {
  if (value === null || value === "") return [];
  const written = typeof value === "string" ? fromJson(value) : value;
  if (typeof written === "string") return [{ sql: written, transaction: true, at }];
  if (isMapping(written) && typeof written["sql"] === "string") {
    const inside = valueSpan(written, "sql") ?? at;
    return [{ sql: written["sql"], transaction: written["transaction"] !== false, at: inside }];
  }
  const message = `A hook of "${key}" must be SQL text, or a mapping with "sql", but it is ${describe(value)}.`;
  config.problems.push(error("yaml-shape", message, at, ['write  - "select 1"']));
  return [];
}

/** Hooks made by macros may be the JSON of a mapping. */
function fromJson(text: string): Value {
  if (!text.trimStart().startsWith("{") || text.includes("{{") || text.includes("{%")) return text;
  try {
    // JSON.parse returns what JSON can hold, which is what a Value is.
    return JSON.parse(text) as Value;
  } catch {
    return text;
  }
}

import { PyDict, PyFloat, toPython } from "../jinja/index.ts";
import type { Mapping, Value } from "../project/types.ts";
import { isFloat } from "../project/written.ts";

/** Python's value of one entry of a YAML mapping or list: `1.0` is a float there, and prints with its point. */
export function writtenValue(container: Mapping | Value[], key: string | number): unknown {
  const value = (container as Record<string | number, Value>)[key]; // a list's entries have numbers as keys
  return typeof value === "number" && isFloat(container, key) ? new PyFloat(value) : toPython(value);
}

/** As `writtenValue`, to any depth. */
export function asWritten(container: Mapping | Value[], key: string | number): unknown {
  const value = (container as Record<string | number, Value>)[key]; // as above
  if (Array.isArray(value)) return value.map((_, i) => asWritten(value, i));
  if (value === null || typeof value !== "object") return writtenValue(container, key);
  return new PyDict(Object.keys(value).map((inner) => [inner, asWritten(value, inner)] as [unknown, unknown]));
}

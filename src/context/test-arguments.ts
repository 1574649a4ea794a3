/** Arguments of generic tests as YAML writes them, made into what the test's macro is called with. */
import { PyDict } from "../jinja/index.ts";
import type { Mapping, Value } from "../project/types.ts";
import { writtenValue } from "./written-value.ts";

/** Texts that look like a call of these are calls, without braces (dbt's rule). */
const BARE_CALL = /^\s*(env_var|ref|var|source|doc)\s*\(.+\)\s*$/s;

/** `render` gives the native value of a template text. */
export function testArguments(args: Mapping, model: unknown, render: (template: string) => unknown): PyDict {
  const kwargs = new PyDict();
  kwargs.set("model", model);
  for (const key of Object.keys(args)) {
    // A column's name is never a template.
    kwargs.set(key, key === "column_name" ? args[key] : argument(args, key, render));
  }
  return kwargs;
}

function argument(container: Mapping | Value[], key: string | number, render: (template: string) => unknown): unknown {
  const value = (container as Record<string | number, Value>)[key]; // a list's entries have numbers as keys
  if (typeof value === "string") {
    if (BARE_CALL.test(value)) return render(`{{ ${value} }}`);
    return value.includes("{{") || value.includes("{%") ? render(value) : value;
  }
  if (Array.isArray(value)) return value.map((_, i) => argument(value, i, render));
  if (value !== null && typeof value === "object") {
    return new PyDict(Object.keys(value).map((k) => [k, argument(value, k, render)] as [unknown, unknown]));
  }
  return writtenValue(container, key);
}

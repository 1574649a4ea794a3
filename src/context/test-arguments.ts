/** Arguments of generic tests as YAML writes them, made into what the test's macro is called with. */
import { PyDict, toPython } from "../jinja/index.ts";
import type { Mapping, Value } from "../project/types.ts";

/** Texts that look like a call of these are calls, without braces (dbt's rule). */
const BARE_CALL = /^\s*(env_var|ref|var|source|doc)\s*\(.+\)\s*$/s;

/** `render` gives the native value of a template text. */
export function testArguments(args: Mapping, model: unknown, render: (template: string) => unknown): PyDict {
  const kwargs = new PyDict();
  kwargs.set("model", model);
  for (const [key, value] of Object.entries(args)) {
    // A column's name is never a template.
    kwargs.set(key, key === "column_name" ? value : argument(value, render));
  }
  return kwargs;
}

function argument(value: Value, render: (template: string) => unknown): unknown {
  if (typeof value === "string") {
    if (BARE_CALL.test(value)) return render(`{{ ${value} }}`);
    return value.includes("{{") || value.includes("{%") ? render(value) : value;
  }
  if (Array.isArray(value)) return value.map((item) => argument(item, render));
  if (value !== null && typeof value === "object") {
    return new PyDict(Object.entries(value).map(([k, v]) => [k, argument(v, render)] as [unknown, unknown]));
  }
  return toPython(value);
}

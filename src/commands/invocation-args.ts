/** The command line as dbt tells it: `args` of run_results.json, and `invocation_args_dict` of templates. */
import { Failure } from "../diagnostics/diagnostic.ts";
import type { Mapping, Value } from "../index.ts";

/** Other names of options, which say nothing new; and what is no option of dbt's. */
const LEFT_OUT = new Set(["models", "model", "resourceTypes", "excludeResourceTypes", "direct", "force", "action"]);
const RENAMED: Readonly<Record<string, string>> = {
  resourceType: "resource_types",
  excludeResourceType: "exclude_resource_types",
};
const SECRET = /password|secret|token|apiKey/i;
/** Texts of YAML that dbt tells as what they mean. */
const YAML = ["vars", "warnErrorOptions", "args"];

/** `read` understands YAML; `command` is dbt's word for what is done. Keys are dbt's. */
export function invocationArgs(
  command: string,
  args: Readonly<Record<string, unknown>>,
  read: (yaml: string) => Mapping,
): Mapping {
  const told: Mapping = { vars: {}, which: command, invocation_command: `sluice ${process.argv.slice(2).join(" ")}` };
  for (const [key, value] of Object.entries(args)) {
    // yargs tells each option by all of its names.
    if (value === undefined || LEFT_OUT.has(key) || !/^[a-z][A-Za-z]+$/.test(key) || SECRET.test(key)) continue;
    const name = RENAMED[key] ?? key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    told[name] = YAML.includes(key) && typeof value === "string" ? meant(value, read) : (value as Value); // plain values
  }
  return told;
}

/** What is wrong with the text is told by those who need it. */
function meant(text: string, read: (yaml: string) => Mapping): Value {
  try {
    return read(text);
  } catch (thrown) {
    if (thrown instanceof Failure) return text;
    throw thrown;
  }
}

/** `exceptions.…` in templates: dbt's ways to stop with a message of one's own, or to warn. */
import { isUndefined, repr, str, TemplateError } from "../jinja/index.ts";

/** Kinds of errors, and what each function says of its arguments. */
const raised: Readonly<Record<string, readonly [kind: string, says: (...args: unknown[]) => string]>> = {
  raise_compiler_error: ["CompilationError", str],
  raise_database_error: ["DatabaseError", str],
  raise_not_implemented: ["NotImplemented", str],
  raise_dependency_error: ["DependencyError", str],
  raise_fail_fast_error: ["FailFast", str],
  raise_cache_inconsistent: ["CacheInconsistency", str],
  missing_config: ["CompilationError", (_, name) => `the configuration "${str(name)}" is missing`],
  missing_materialization: ["CompilationError", (_, type) => `there is no materialization for ${str(type)}`],
  missing_relation: ["CompilationError", (relation) => `relation ${str(relation)} does not exist`],
  relation_wrong_type: [
    "CompilationError",
    (relation, expected) => `relation ${str(relation)} exists, but is no ${str(expected)}`,
  ],
  raise_ambiguous_alias: ["CompilationError", (a, b, name) => `two nodes are ${str(name ?? a)}: ${str(a)}, ${str(b)}`],
  raise_invalid_property_yml_version: ["CompilationError", (path, issue) => `${str(path)}: ${str(issue)}`],
  raise_contract_error: [
    "ContractError",
    (declared, found) => `the columns are not those of the contract: declared ${repr(declared)}, found ${repr(found)}`,
  ],
  column_type_missing: ["ContractError", (names) => `the contract needs a data_type for ${str(names)}`],
};

export function exceptionsFor(warn: (text: string) => void): unknown {
  return {
    __getattr__(name: string): unknown {
      if (name === "warn") return (message: unknown) => (warn(str(message)), "");
      if (name === "warn_snapshot_timestamp_data_types") {
        return (now: unknown, updated: unknown) => {
          warn(`snapshots are timed in ${str(now)}, and updated_at is ${str(updated)}: they may not compare as meant`);
          return "";
        };
      }
      const known = raised[name];
      return (
        known &&
        ((...args: unknown[]): never => {
          throw new TemplateError(known[0], known[1](...args));
        })
      );
    },
  };
}

/** `try_or_compiler_error(message, function, …)`: calls the function; any error of it becomes the message. */
export function tryOrCompilerError(...args: unknown[]): unknown {
  const [message, work, ...rest] = args;
  if (typeof work !== "function" || isUndefined(work)) {
    throw new TemplateError("CompilationError", `try_or_compiler_error() takes a message and a function`);
  }
  try {
    return (work as (...given: unknown[]) => unknown)(...rest); // any function a template can name
  } catch {
    throw new TemplateError("CompilationError", str(message));
  }
}

/** What dbt had before `adapter.dispatch`. */
export function adapterMacro(name: unknown): never {
  const text = `The "adapter_macro" macro has been deprecated. Instead, use: adapter.dispatch('${str(name)}')(…)`;
  throw new TemplateError("CompilationError", text);
}

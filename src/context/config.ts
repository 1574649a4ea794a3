/** The `config` object of a template: recording while parsing, reading while running. */
import { callArgs, fromPython, isUndefined, Kwargs, PyDict, TemplateError, toPython, truth } from "../jinja/index.ts";
import type { Mapping, Value } from "../project/types.ts";

/** Parsing: `config(materialized='table', …)` or `config({…})` is handed to `record`; answers are dbt's parse-time ones. */
export function recordingConfig(record: (config: Mapping) => void): unknown {
  return {
    __call__(args: unknown[], kwargs: Record<string, unknown> | null): string {
      const config: Record<string, Value> = {};
      if (args[0] !== undefined && !(args[0] instanceof Kwargs)) Object.assign(config, fromPython(args[0]) as Mapping);
      for (const [key, value] of Object.entries(kwargs ?? {})) config[key] = fromPython(value) as Value;
      record(config);
      return "";
    },
    __getattr__(name: string): unknown {
      if (["get", "require", "meta_get", "meta_require"].includes(name)) return () => "";
      if (name === "set") return () => "";
      if (name.startsWith("persist_")) return () => false;
      return undefined;
    },
  };
}

/** Running: the merged configuration. */
export function readingConfig(config: Mapping): unknown {
  const values = toPython(config) as PyDict;
  const meta = toPython(config["meta"] ?? {}) as PyDict;
  const get = (from: PyDict, args: unknown[]): unknown => {
    const given = callArgs(args, ["name", "default", "validator"]) as Record<string, unknown>;
    const value = from.get(given["name"]);
    return value === undefined || value === null ? (given["default"] ?? null) : value;
  };
  const require = (from: PyDict, args: unknown[]): unknown => {
    const value = from.get(args[0]);
    if (value === undefined || isUndefined(value)) {
      throw new TemplateError("CompilationError", `Required configuration "${String(args[0])}" is missing.`);
    }
    return value;
  };
  const persist = (key: string): boolean => {
    const docs = config["persist_docs"];
    return typeof docs === "object" && docs !== null && !Array.isArray(docs) && truth(docs[key] ?? false);
  };
  return {
    __call__: () => "",
    __getattr__(name: string): unknown {
      switch (name) {
        case "get":
          return (...args: unknown[]) => get(values, args);
        case "require":
          return (...args: unknown[]) => require(values, args);
        case "meta_get":
          return (...args: unknown[]) => get(meta, args);
        case "meta_require":
          return (...args: unknown[]) => require(meta, args);
        case "set":
          return (key: unknown, value: unknown) => (values.set(key, value), "");
        case "persist_relation_docs":
          return () => persist("relation");
        case "persist_column_docs":
          return () => persist("columns");
        default:
          return values.get(name);
      }
    },
  };
}

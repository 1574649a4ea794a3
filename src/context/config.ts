/** The `config` object of a template: recording while parsing, reading while running. */
import {
  callArgs,
  fromPython,
  isUndefined,
  Kwargs,
  PyDict,
  repr,
  str,
  TemplateError,
  toPython,
  truth,
} from "../jinja/index.ts";
import type { Mapping, Value } from "../project/types.ts";

/** Parsing: `config(materialized='table', …)` or `config({…})` is handed to `record`; answers are dbt's parse-time ones. */
export function recordingConfig(record: (config: Mapping) => void): unknown {
  const config = (...args: unknown[]): string => {
    const recorded: Mapping = {};
    for (const given of args) {
      if (!(given instanceof Kwargs || given instanceof PyDict)) {
        throw new TemplateError(
          "CompilationError",
          `config() takes named values, config(materialized='table'), got ${repr(given)}`,
        );
      }
      const entries: Iterable<[unknown, unknown]> = given instanceof PyDict ? given : Object.entries(given);
      for (const [key, value] of entries) recorded[String(key)] = plain(value);
    }
    refuseTwice(recorded);
    record(recorded);
    return "";
  };
  const set = (key: unknown, value: unknown): string => (record({ [String(key)]: plain(value) }), "");
  return Object.assign(config, {
    __getattr__: (name: string): unknown => (name === "set" ? set : parsingAttribute(name)),
  });
}

/** Both are the same key, and one of the two would be lost. */
function refuseTwice(config: Mapping): void {
  for (const key of ["pre_hook", "post_hook"]) {
    const other = key.replace("_", "-");
    if (!Object.hasOwn(config, key) || !Object.hasOwn(config, other)) continue;
    const message = `Invalid config, has conflicting keys "${key}" and "${other}", which are the same: write both into one list`;
    throw new TemplateError("CompilationError", message);
  }
}

/** Dates and times become their ISO texts, as artifacts have them. */
function plain(value: unknown): Value {
  const isTime = typeof value === "object" && value !== null && "isoformat" in value;
  return isTime ? str((value.isoformat as () => unknown)()) : (fromPython(value) as Value); // Python's own method
}

const parsingAttribute = (name: string): unknown => {
  if (["get", "require", "meta_get", "meta_require"].includes(name)) return () => "";
  return name.startsWith("persist_") ? () => false : undefined;
};

function read(from: PyDict, args: unknown[]): unknown {
  const given = callArgs(args, ["name", "default", "validator"]);
  const value = from.get(given["name"]);
  return value === undefined || value === null ? (given["default"] ?? null) : value;
}

function need(from: PyDict, args: unknown[]): unknown {
  const value = from.get(args[0]);
  if (value === undefined || isUndefined(value)) {
    throw new TemplateError("CompilationError", `Required configuration "${String(args[0])}" is missing.`);
  }
  return value;
}

/** Running: the merged configuration. */
export function readingConfig(config: Mapping): unknown {
  const values = toPython(config) as PyDict;
  const meta = toPython(config["meta"] ?? {}) as PyDict;
  const persist = (key: string): boolean => {
    const docs = config["persist_docs"];
    return typeof docs === "object" && docs !== null && !Array.isArray(docs) && truth(docs[key] ?? false);
  };
  return Object.assign(() => "", {
    __getattr__(name: string): unknown {
      switch (name) {
        case "get":
          return (...args: unknown[]) => read(values, args);
        case "require":
          return (...args: unknown[]) => need(values, args);
        case "meta_get":
          return (...args: unknown[]) => read(meta, args);
        case "meta_require":
          return (...args: unknown[]) => need(meta, args);
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
  });
}

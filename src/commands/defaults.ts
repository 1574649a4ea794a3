/** What options are when the command line does not say: dbt's environment variables, `flags:` of the project, our default. */
import { dirname, join } from "node:path";
import { existsSync } from "node:fs";
import type { Option } from "./options.ts";
import { UsageError } from "./usage.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Options that are about one call of a command. */
const ONLY_GIVEN = new Set(
  (
    "select models exclude selector args sql inline inline-direct output output-keys threads lock upgrade add-package " +
    "show"
  ).split(" "),
);

/** Options for which dbt reads a variable, most of them by their own name; others may be the user's: `DBT_PORT`. */
const DBT_VARIABLES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      "clean-project-files-only debug defer defer-state empty event-time-end event-time-start fail-fast favor-state",
      "full-refresh indirect-selection introspect log-file-max-bytes log-format log-format-file log-level log-level-file",
      "log-path print printer-width profile profiles-dir project-dir quiet sample single-threaded state store-failures",
      "target target-path upload-to-artifacts-ingest-api use-colors use-colors-file warn-error warn-error-options",
      "write-json",
    ]
      .flatMap((names) => names.split(" "))
      .map((name) => [name, inCapitals(name)]),
  ),
  "resource-type": "RESOURCE_TYPES",
  "exclude-resource-type": "EXCLUDE_RESOURCE_TYPES",
  // Only with DBT_ENGINE_ before it, as dbt's newer ones.
  "maximum-seed-size-mib": "",
};
/** What these variables were called once; dbt still reads them. */
const OLD_VARIABLES: Readonly<Record<string, string>> = {
  defer: "DEFER_TO_STATE",
  "favor-state": "FAVOR_STATE_MODE",
  state: "ARTIFACT_STATE_PATH",
};

/** Keys of `flags:` that stand for options; the others are for behaviour. */
const PROJECT_FLAGS = new Set([
  "debug",
  "maximum-seed-size-mib",
  "fail-fast",
  "indirect-selection",
  "log-format",
  "log-format-file",
  "log-level",
  "log-level-file",
  "log-path",
  "print",
  "printer-width",
  "quiet",
  "store-failures",
  "target-path",
  "use-colors",
  "use-colors-file",
  "warn-error",
  "warn-error-options",
  "write-json",
]);

/** `SLUICE_<NAME>`, else dbt's `DBT_ENGINE_<NAME>`, else `DBT_<NAME>`; undefined where none is set. Throws `UsageError` on a value that is none. */
export function fromEnvironment(name: string, option: Option, env: Env): unknown {
  if (ONLY_GIVEN.has(name)) return undefined;
  for (const variable of variablesOf(name)) {
    const text = env[variable];
    if (text !== undefined && text !== "") return typed(text, option, `$${variable}`);
  }
  if (name !== "print") return undefined;
  const unwanted = fromEnvironment("no-print", option, env);
  return unwanted === undefined ? undefined : unwanted !== true;
}

function variablesOf(name: string): string[] {
  const own = `SLUICE_${inCapitals(name)}`;
  const named = name === "no-print" ? inCapitals(name) : DBT_VARIABLES[name];
  if (named === undefined) return [own];
  const all = [named, OLD_VARIABLES[name]].filter((one) => one !== undefined && one !== "");
  const engine = named === "" ? [`DBT_ENGINE_${inCapitals(name)}`] : [];
  return [own, ...engine, ...all.flatMap((one) => [`DBT_ENGINE_${one}`, `DBT_${one}`])];
}

function inCapitals(name: string): string {
  return name.replaceAll("-", "_").toUpperCase();
}

export function fromProjectFlags(name: string, option: Option, flags: Readonly<Record<string, unknown>>): unknown {
  if (!PROJECT_FLAGS.has(name)) return undefined;
  const value = flags[name.replaceAll("-", "_")];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "object") return JSON.stringify(value);
  return typed(String(value), option, `flags.${name.replaceAll("-", "_")} of dbt_project.yml`);
}

const TRUE = ["1", "t", "true", "y", "yes", "on"];
const FALSE = ["0", "f", "false", "n", "no", "off"];

function typed(text: string, option: Option, from: string): unknown {
  if (option.type === "boolean") {
    const word = text.toLowerCase();
    if (TRUE.includes(word) || FALSE.includes(word)) return TRUE.includes(word);
    throw new UsageError(`${from} must be true or false, not "${text}".`);
  }
  if (option.type === "number") {
    if (text.trim() !== "" && Number.isFinite(Number(text))) return Number(text);
    throw new UsageError(`${from} must be a number, not "${text}".`);
  }
  const choices = option.choices as readonly string[] | undefined;
  const word = choices?.find((choice) => choice === text.toLowerCase());
  if (choices && word === undefined) {
    throw new UsageError(`${from} cannot be "${text}". It takes ${choices.join(", ")}.`);
  }
  const value = word ?? text;
  return option.array ? value.split(/[\s,]+/).filter(Boolean) : value;
}

/** The folder, or the next one above it, that holds a project; as dbt, which also works in a project's subfolders. */
export function projectFolder(projectDir: string): string {
  if (projectDir !== ".") return projectDir;
  const start = process.cwd();
  for (let here = start; ; here = dirname(here)) {
    if (existsSync(join(here, "dbt_project.yml"))) return here;
    if (here === dirname(here)) return start;
  }
}

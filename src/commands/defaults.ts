/** What options are when the command line does not say: dbt's environment variables, `flags:` of the project, our default. */
import { dirname, join } from "node:path";
import { existsSync } from "node:fs";
import type { Option } from "./options.ts";
import { UsageError } from "./usage.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Options that are about one call of a command: dbt, too, reads no variable for them. */
const ONLY_GIVEN = new Set(["select", "exclude", "selector", "args", "inline", "output", "threads", "lock", "upgrade"]);

/** Keys of `flags:` that stand for options; the others are for behaviour. */
const PROJECT_FLAGS = new Set([
  "debug",
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

/** `SLUICE_<NAME>`, else `DBT_ENGINE_<NAME>`, else `DBT_<NAME>`; undefined where none is set. Throws `UsageError` on a value that is none. */
export function fromEnvironment(name: string, option: Option, env: Env): unknown {
  if (ONLY_GIVEN.has(name)) return undefined;
  for (const variable of variablesOf(name)) {
    const text = env[variable];
    if (text !== undefined && text !== "") return typed(text, option, `$${variable}`);
  }
  return undefined;
}

function variablesOf(name: string): string[] {
  const upper = name.replaceAll("-", "_").toUpperCase();
  return [`SLUICE_${upper}`, `DBT_ENGINE_${upper}`, `DBT_${upper}`];
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

/** Flags shared by commands, named as dbt's; each global one also reads dbt's environment variable. */
import type { ArgumentsCamelCase, InferredOptionTypes, Options } from "yargs";

const env = (name: string): string | undefined => process.env[`DBT_${name}`] ?? process.env[`DBT_ENGINE_${name}`];

/** The value of an environment variable as an option's default, when it is set. */
const fromEnv = (name: string): { default?: string; defaultDescription?: string } => {
  const value = env(name);
  return value === undefined ? {} : { default: value, defaultDescription: `DBT_${name}` };
};
const flagFromEnv = (name: string): boolean => ["1", "true", "yes", "on"].includes((env(name) ?? "").toLowerCase());

export const globalOptions = {
  "project-dir": { type: "string", describe: "Directory of dbt_project.yml", default: env("PROJECT_DIR") ?? ".", defaultDescription: "this directory" },
  "profiles-dir": { type: "string", describe: "Directory of profiles.yml", ...fromEnv("PROFILES_DIR") },
  profile: { type: "string", describe: "Profile to use, instead of the project's", ...fromEnv("PROFILE") },
  target: { type: "string", alias: "t", describe: "Target of the profile", ...fromEnv("TARGET") },
  "target-path": { type: "string", describe: "Where output is written", ...fromEnv("TARGET_PATH") },
  vars: { type: "string", describe: "Variables, as YAML: '{top_n: 10}'", ...fromEnv("VARS") },
  threads: { type: "number", describe: "Connections that work at the same time" },
  quiet: { type: "boolean", alias: "q", describe: "Print errors only", default: flagFromEnv("QUIET") },
  debug: { type: "boolean", alias: "d", describe: "Print statements and debug messages", default: flagFromEnv("DEBUG") },
  "log-format": { choices: ["text", "json", "debug", "default"] as const, describe: "Form of the output", default: logFormat() },
  "use-colors": { type: "boolean", describe: "Colours (--no-use-colors: none)" },
  "printer-width": { type: "number", describe: "Width of lines off a terminal" },
} satisfies Record<string, Options>;

function logFormat(): "text" | "json" {
  return env("LOG_FORMAT") === "json" ? "json" : "text";
}

export type GlobalArgs = ArgumentsCamelCase<InferredOptionTypes<typeof globalOptions>>;

export const selectionOptions = {
  select: { type: "string", array: true, alias: ["s", "models", "m"], describe: "Nodes to include: names, paths, tag:x, +parents, children+ …", default: [] as string[], defaultDescription: "all" },
  exclude: { type: "string", array: true, describe: "Nodes to leave out", default: [] as string[], defaultDescription: "none" },
  "indirect-selection": {
    choices: ["eager", "cautious", "buildable", "empty"] as const,
    describe: "Which tests of selected nodes come along",
    default: "eager" as const,
  },
} satisfies Record<string, Options>;

export const resourceTypeOptions = {
  "resource-type": { type: "string", array: true, alias: "resource-types", describe: "Kinds to keep: model, seed, test, unit_test, source, snapshot …" },
  "exclude-resource-type": { type: "string", array: true, alias: "exclude-resource-types", describe: "Kinds to leave out" },
} satisfies Record<string, Options>;

export const runOptions = {
  ...selectionOptions,
  "full-refresh": { type: "boolean", alias: "f", describe: "Rebuild incremental models, reload all files", default: flagFromEnv("FULL_REFRESH") },
  "fail-fast": { type: "boolean", alias: "x", describe: "Start nothing more after the first failure", default: flagFromEnv("FAIL_FAST") },
} satisfies Record<string, Options>;

export type SelectionArgs = ArgumentsCamelCase<InferredOptionTypes<typeof selectionOptions>>;
export type RunArgs = ArgumentsCamelCase<InferredOptionTypes<typeof runOptions>>;

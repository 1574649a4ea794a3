/** Options that several commands share. Names and short forms are dbt's; `defaults.ts` says what they are when not given. */
import type { ArgumentsCamelCase, InferredOptionTypes, Options } from "yargs";
import { eventTimeOptions } from "./event-times.ts";

/** `value` is what stands for the value in help: `--target <name>`. */
export type Option = Options & { readonly value?: string };

const text = { type: "string", requiresArg: true } as const;
const number = { type: "number", requiresArg: true } as const;
const list = { type: "string", array: true, requiresArg: true } as const;

export const globalOptions = {
  "project-dir": {
    ...text,
    value: "dir",
    describe: "Folder of dbt_project.yml",
    default: ".",
    defaultDescription: "this one, or the next above it",
  },
  "profiles-dir": { ...text, value: "dir", describe: "Folder of profiles.yml" },
  profile: { ...text, value: "name", describe: "Profile to use instead of the project's" },
  target: {
    ...text,
    value: "name",
    alias: "t",
    describe: "Target of the profile: which server, which schema",
  },
  "target-path": { ...text, value: "dir", describe: "Where output is written (target/)" },
  vars: { ...text, value: "yaml", describe: "Variables: '{top_n: 10}'" },
  threads: { ...number, value: "n", describe: "How many nodes may run at the same time" },
  quiet: { type: "boolean", alias: "q", describe: "Print errors only", default: false },
  debug: {
    type: "boolean",
    alias: "d",
    describe: "Print statements and debug messages",
    default: false,
  },
  "log-format": {
    choices: ["text", "json", "debug", "default"] as const,
    requiresArg: true,
    value: "text|json",
    describe: "Form of the log; json: one object per line",
    default: "text" as const,
  },
  "log-level": {
    choices: ["debug", "info", "warn", "error", "none"] as const,
    requiresArg: true,
    describe: "Least severity that is logged",
    hidden: true,
  },
  "log-path": { ...text, value: "dir", describe: "Folder of a log file, dbt.log" },
  "log-level-file": {
    choices: ["debug", "info", "warn", "error", "none"] as const,
    requiresArg: true,
    describe: "Least severity in the log file",
    hidden: true,
    default: "debug" as const,
  },
  "log-format-file": {
    choices: ["text", "json", "debug", "default"] as const,
    requiresArg: true,
    describe: "Form of the log file",
    hidden: true,
  },
  "log-file-max-bytes": { ...number, describe: "Size of the log file", default: 10 * 1024 * 1024, hidden: true },
  "use-colors": { type: "boolean", describe: "No colours" },
  "printer-width": {
    ...number,
    value: "n",
    describe: "Width of lines off a terminal",
    hidden: true,
  },
  "warn-error": { type: "boolean", describe: "Take warnings for errors" },
  "warn-error-options": {
    ...text,
    value: "yaml",
    describe: "Which: '{error: all, silence: [NoNodeForYamlKey]}'",
    hidden: true,
  },
  "write-json": { type: "boolean", describe: "Write artifacts to the target folder", hidden: true },
  introspect: { type: "boolean", describe: "Let templates ask the database while compiling", hidden: true },
  "single-threaded": { type: "boolean", describe: "As --threads 1", hidden: true },
} satisfies Record<string, Option>;

const ignored = (type: "boolean" | "string"): Option => ({ type, hidden: true });

/** Options of dbt that scripts pass, and that have nothing to decide here: there is no parse cache, no telemetry, no log file. */
export const ignoredOptions: Readonly<Record<string, Option>> = {
  "partial-parse": ignored("boolean"),
  "partial-parse-file-diff": ignored("boolean"),
  "version-check": ignored("boolean"),
  "populate-cache": ignored("boolean"),
  "cache-selected-only": ignored("boolean"),
  "static-parser": ignored("boolean"),
  "use-experimental-parser": ignored("boolean"),
  "send-anonymous-usage-stats": ignored("boolean"),
  "log-cache-events": ignored("boolean"),
  "use-colors-file": ignored("boolean"),
  "use-fast-test-edges": ignored("boolean"),
  print: ignored("boolean"),
};

export type GlobalArgs = ArgumentsCamelCase<InferredOptionTypes<typeof globalOptions>>;

export const selectionOptions = {
  select: {
    ...list,
    alias: ["s", "models", "model", "m"],
    value: "nodes…",
    describe: "Nodes to include: names, paths, tag:x, +parents, children+, a,b (both) …",
    default: [] as string[],
    defaultDescription: "all",
  },
  exclude: {
    ...list,
    value: "nodes…",
    describe: "Nodes to leave out",
    default: [] as string[],
    defaultDescription: "none",
  },
  selector: { ...text, value: "name", describe: "A selection of selectors.yml" },
  state: { ...text, value: "dir", describe: "Artifacts of another run, for state: and result: and --defer" },
  "indirect-selection": {
    choices: ["eager", "cautious", "buildable", "empty"] as const,
    requiresArg: true,
    describe: "Which tests of selected nodes come along",
    default: "eager" as const,
  },
} satisfies Record<string, Option>;

/** Reading what is not built here from where another run built it. */
export const deferOptions = {
  defer: { type: "boolean", describe: "Read what is not selected, and not there, as --state has it", default: false },
  "favor-state": { type: "boolean", describe: "With --defer: even if it is there", default: false },
  "defer-state": { ...text, value: "dir", describe: "Artifacts for --defer, in the place of --state's" },
} satisfies Record<string, Option>;

export const resourceTypeOptions = {
  "resource-type": {
    ...list,
    alias: "resource-types",
    value: "kinds…",
    describe: "Kinds to keep: model, seed, test, unit_test, source, snapshot …",
  },
  "exclude-resource-type": {
    ...list,
    alias: "exclude-resource-types",
    value: "kinds…",
    describe: "Kinds to leave out",
  },
} satisfies Record<string, Option>;

export const runOptions = {
  ...selectionOptions,
  ...deferOptions,
  ...eventTimeOptions,
  "full-refresh": {
    type: "boolean",
    alias: "f",
    describe: "Rebuild incremental models, reload all files",
    default: false,
  },
  empty: { type: "boolean", describe: "Read no rows of parents: only the shape is built", default: false },
  "store-failures": { type: "boolean", describe: "Keep the failing rows of tests in tables" },
  "fail-fast": {
    type: "boolean",
    alias: "x",
    describe: "Start nothing more after the first failure",
    default: false,
  },
} satisfies Record<string, Option>;

export type DeferArgs = ArgumentsCamelCase<InferredOptionTypes<typeof deferOptions>> & { state?: string };
export type SelectionArgs = ArgumentsCamelCase<InferredOptionTypes<typeof selectionOptions>>;
export type RunArgs = ArgumentsCamelCase<InferredOptionTypes<typeof runOptions>>;

/** Of verbs that build. */
export const publishOptions = {
  direct: {
    type: "boolean",
    describe: "Replace each node where it stands, as dbt does, instead of publishing all together",
    defaultDescription: "what the project says",
  },
  force: { type: "boolean", describe: "Build also what has not changed", default: false },
} satisfies Record<string, Option>;

export type PublishArgs = ArgumentsCamelCase<InferredOptionTypes<typeof publishOptions>>;

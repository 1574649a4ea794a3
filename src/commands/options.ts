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
  print: { type: "boolean", describe: "Print what templates print()", hidden: true, default: true },
  "warn-error": { type: "boolean", describe: "Take warnings for errors" },
  "warn-error-options": {
    ...text,
    value: "yaml",
    describe: "Which: '{error: all, silence: [NoNodeForYamlKey]}'",
    hidden: true,
  },
  "maximum-seed-size-mib": {
    ...number,
    describe: "Seeds up to this size are compared by content (state:modified); 0: all",
    hidden: true,
  },
  "write-json": { type: "boolean", describe: "Write artifacts to the target folder", hidden: true },
  introspect: { type: "boolean", describe: "Let templates ask the database while compiling", hidden: true },
  "single-threaded": { type: "boolean", describe: "As --threads 1", hidden: true },
} satisfies Record<string, Option>;

const ignored = (type: "boolean" | "string", more: Option = {}): Option => ({
  ...(type === "string" && { requiresArg: true }),
  ...more,
  type,
  hidden: true,
});

/** Options of dbt that scripts pass, and that have nothing to decide here: there is no parse cache and no telemetry. */
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
  "hints-enabled": ignored("boolean"),
  "macro-debugging": ignored("boolean"),
  "partial-parse-file-path": ignored("string"),
  "show-all-deprecations": ignored("boolean"),
  "show-resource-report": ignored("boolean"),
  "snowflake-projects-otel": ignored("boolean"),
  "use-v2-parser": ignored("boolean"),
  "v2-parser": ignored("string"),
  // Refused, unless they say no: what they promise is not done.
  "record-timing-info": ignored("string", { alias: "r" }),
  "upload-to-artifacts-ingest-api": ignored("boolean"),
};

/** Of these, what is said to those who ask for it. */
export const REFUSED: Readonly<Record<string, string>> = {
  "record-timing-info":
    "--record-timing-info writes a profile of dbt's Python, and there is none here. NODE_OPTIONS=--cpu-prof makes one of Sluice.",
  "upload-to-artifacts-ingest-api":
    "--upload-to-artifacts-ingest-api: Sluice sends nothing to dbt Cloud. Leave it out; the artifacts are in target/.",
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

/** dbt's queries of the semantic layer and its parser's limits, of which there are none. */
export const ignoredRunOptions: Readonly<Record<string, Option>> = {
  sqlparse: ignored("string"),
  "export-saved-queries": ignored("boolean"),
  "include-saved-query": ignored("boolean"),
};

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

/** Verbs of dbt, each of which takes these options, whether they mean anything to it or not. */
const DBT_VERBS = new Set(
  "build clean clone compile debug deps docs init ls parse retry run run-operation seed show snapshot source test".split(
    " ",
  ),
);
const { "fail-fast": failFast } = runOptions;
const { state, "indirect-selection": indirectSelection } = selectionOptions;
const anywhere = { ...deferOptions, state, "indirect-selection": indirectSelection, "fail-fast": failFast };

/** Everything that a verb takes: its own options have the last word. */
export function optionsOf(verb: string, own: Readonly<Record<string, Option>>): Readonly<Record<string, Option>> {
  const more = Object.entries(DBT_VERBS.has(verb) ? { ...anywhere, ...ignoredRunOptions } : {});
  const hidden = Object.fromEntries(more.map(([name, option]) => [name, { ...option, hidden: true }]));
  return { ...hidden, ...globalOptions, ...ignoredOptions, ...own };
}

/** What may stand before the verb. */
export const optionsBeforeVerb: Readonly<Record<string, Option>> = { ...anywhere, ...globalOptions, ...ignoredOptions };

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

/** `--warn-error` and `--warn-error-options`: which warnings stop a command, and which are not worth a word. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { GlobalArgs } from "./options.ts";
import { UsageError } from "./usage.ts";

export interface WarningPolicy {
  /** Warnings as errors, or left out, as the policy says. */
  judge(diagnostics: readonly Diagnostic[]): Diagnostic[];
  /** Tests that warn fail. */
  readonly testsFail: boolean;
  /** Warnings of templates are errors, and those about nodes as they are built. */
  readonly templatesFail: boolean;
}

/** dbt's names of what our codes say; a code that dbt has no name for is its own. */
const NAMES: Readonly<Record<string, string>> = {
  "config-key-unknown": "CustomKeyInConfigDeprecation",
  "config-path-unused": "UnusedResourceConfigPath",
  "model-deprecated": "DeprecatedModel",
  "project-old-key": "ConfigSourcePathDeprecation",
  "properties-misplaced": "WrongResourceSchemaFile",
  "properties-without-node": "NoNodeForYamlKey",
  "ref-deprecated": "DeprecatedReference",
  "ref-deprecation-upcoming": "UpcomingReferenceDeprecation",
  "selection-no-match": "NoNodesForSelectionCriteria",
  "yaml-duplicate-key": "DuplicateYAMLKeysDeprecation",
  "yaml-unknown-key": "CustomKeyInObjectDeprecation",
};

const TEST_RESULT = "LogTestResult";
const TEMPLATE_WARNING = "JinjaLogWarning";

interface Options {
  readonly all: boolean;
  readonly error: ReadonlySet<string>;
  readonly warn: ReadonlySet<string>;
  readonly silence: ReadonlySet<string>;
}

/** Throws `UsageError` where the options cannot be read. */
export async function warningPolicy(args: GlobalArgs): Promise<WarningPolicy> {
  const options = await readOptions(args);
  const isSilent = (code: string): boolean => isNamed(options.silence, code);
  const isError = (code: string): boolean =>
    !isSilent(code) && !isNamed(options.warn, code) && (options.all || isNamed(options.error, code));
  return {
    judge: (diagnostics) =>
      diagnostics.flatMap((one): Diagnostic[] => {
        if (one.severity === "error") return [one];
        if (isSilent(one.code)) return [];
        return [isError(one.code) ? { ...one, severity: "error" } : one];
      }),
    testsFail: isError(TEST_RESULT),
    templatesFail: isError(TEMPLATE_WARNING),
  };
}

const isNamed = (names: ReadonlySet<string>, code: string): boolean =>
  names.has(NAMES[code] ?? code) || names.has(code) || (names.has("Deprecations") && isDeprecation(code));

const isDeprecation = (code: string): boolean => (NAMES[code] ?? "").endsWith("Deprecation");

async function readOptions({ warnError, warnErrorOptions }: GlobalArgs): Promise<Options> {
  const none = { error: new Set<string>(), warn: new Set<string>(), silence: new Set<string>() };
  if (warnErrorOptions === undefined) return { ...none, all: warnError === true };
  const { readArguments } = await import("../index.ts");
  const given = readArguments(warnErrorOptions);
  const names = (key: string, older: string): ReadonlySet<string> | "all" => {
    const value = given[key] ?? given[older] ?? [];
    if (value === "all" || value === "*") return "all";
    if (Array.isArray(value) && value.every((name) => typeof name === "string")) return new Set(value);
    throw new UsageError(`--warn-error-options: ${key} must be a list of names${key === "error" ? ', or "all"' : ""}.`);
  };
  const unknown = Object.keys(given).filter((key) => !["error", "warn", "silence", "include", "exclude"].includes(key));
  if (unknown.length > 0) {
    throw new UsageError(`--warn-error-options takes error, warn and silence, not ${unknown.join(", ")}.`);
  }
  const [error, warn, silence] = [names("error", "include"), names("warn", "exclude"), names("silence", "silence")];
  return {
    all: warnError === true || error === "all",
    error: error === "all" ? none.error : error,
    warn: warn === "all" ? none.warn : warn,
    silence: silence === "all" ? none.silence : silence,
  };
}

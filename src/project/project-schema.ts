/** The shape of dbt_project.yml. In a file of its own, so that zod is loaded only where a project is read. */
import * as z from "zod";
import { error } from "../diagnostics/diagnostic.ts";
import type { Diagnostic, SourceFile, Span } from "../diagnostics/diagnostic.ts";
import { lineSpan } from "../diagnostics/format.ts";
import { describe } from "./shape.ts";
import type { Mapping, Value } from "./types.ts";
import { keySpan, valueSpan } from "./written.ts";

// One file is checked a command: compiling the checker takes longer than checking.
z.config({ jitless: true });

const texts = z.array(z.string()).nullish();
const textOrTexts = z.union([z.string(), z.array(z.string())]).nullish();
const mapping = z.record(z.string(), z.unknown()).nullish();
const flag = z.boolean().nullish();

/** dbt's: `1.0.0`, `0.1.0-a1`; also `1.0`. */
const VERSION = /^\d+(?:\.\d+){0,2}(?:[-+]?[0-9A-Za-z.+-]*)?$/;

const projectSchema = z.looseObject({
  name: z.string().regex(/^[^\d\W]\w*$/),
  version: z.union([z.string().regex(VERSION), z.number()]).nullish(),
  "config-version": z.literal(2).nullish(),
  profile: z.string().nullish(),
  "model-paths": textOrTexts,
  "seed-paths": textOrTexts,
  "test-paths": textOrTexts,
  "analysis-paths": textOrTexts,
  "macro-paths": textOrTexts,
  "snapshot-paths": textOrTexts,
  "docs-paths": textOrTexts,
  "function-paths": textOrTexts,
  "target-path": z.string().nullish(),
  "packages-install-path": z.string().nullish(),
  "clean-targets": texts,
  quoting: z.looseObject({ database: flag, schema: flag, identifier: flag }).nullish(),
  "require-dbt-version": textOrTexts,
  dispatch: z.array(z.looseObject({ macro_namespace: z.string(), search_order: z.array(z.string()) })).nullish(),
  models: mapping,
  seeds: mapping,
  snapshots: mapping,
  sources: mapping,
  tests: mapping,
  data_tests: mapping,
  unit_tests: mapping,
  analyses: mapping,
  functions: mapping,
  exposures: mapping,
  vars: mapping,
  flags: mapping,
  "restrict-access": flag,
  "dbt-cloud": mapping,
});

const WORDS: Record<string, string> = {
  string: "text",
  record: "a mapping",
  object: "a mapping",
  array: "a list",
  boolean: "true or false",
  number: "a number",
};

/** Everything in the file that is not of the expected shape. */
export function checkProjectShape(value: Mapping, file: SourceFile): Diagnostic[] {
  const result = projectSchema.safeParse(value);
  return result.success ? [] : result.error.issues.map((issue) => explain(issue, value, file));
}

function explain(issue: z.core.$ZodIssue, root: Mapping, file: SourceFile): Diagnostic {
  const path = issue.path.map((key) => (typeof key === "number" ? key : String(key)));
  const { found, at } = follow(root, path, file);
  const name = path.join(".");
  if (found === undefined || found === null) {
    const example = name === "name" ? "my_project" : "…";
    const notes = [`add  ${String(path.at(-1))}: ${example}`];
    return error("yaml-missing-key", `${file.path} has no "${name}".`, at, notes);
  }
  if (name === "version" && typeof found === "string")
    return error("project-version", `The version "${found}" is none.`, at, [
      NOT_VALID(path, found),
      "for example  1.0.0",
    ]);
  if (issue.code === "invalid_format" && typeof found === "string") {
    const notes = [`for example  ${found.replace(/\W+/g, "_").replace(/^(?=\d)/, "_")}`];
    return error("project-name", `The project name "${found}" must be letters, digits and underscores.`, at, notes);
  }
  const notes = name === "dbt-cloud" ? [NOT_VALID(path, found)] : [];
  return error("yaml-shape", `"${name}" must be ${expected(issue)}, but it is ${describe(found)}.`, at, notes);
}

/** dbt's words. */
const NOT_VALID = (path: readonly (string | number)[], found: Value): string =>
  `at path ['${path.join("']['")}']: '${String(found)}' is not valid under any of the given schemas`;

function expected(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return WORDS[issue.expected] ?? issue.expected;
  if (issue.code === "invalid_union") return "text or a list of texts";
  if (issue.code === "invalid_value") return issue.values.map(String).join(" or ");
  return issue.message;
}

function follow(
  root: Mapping,
  path: readonly (string | number)[],
  file: SourceFile,
): { found: Value | undefined; at: Span } {
  let found: Value | undefined = root;
  let at = lineSpan(file, 1);
  for (const key of path) {
    if (typeof found !== "object" || found === null) return { found: undefined, at };
    const container: object = found;
    found = Array.isArray(found) ? found[Number(key)] : found[key];
    at = valueSpan(container, key) ?? keySpan(container, key) ?? at;
  }
  return { found, at };
}

/** `dbt_project.yml` → `ProjectConfig`. */
import { error, warning } from "../diagnostics/diagnostic.ts";
import type { Diagnostic, SourceFile, Span } from "../diagnostics/diagnostic.ts";
import { lineSpan } from "../diagnostics/format.ts";
import { readHooks } from "./hooks.ts";
import { readQueryComment } from "./query-comment.ts";
import { renderTree, renderValue } from "./render.ts";
import type { RenderText } from "./render.ts";
import { Shape, describe, isMapping } from "./shape.ts";
import type { Mapping, ProjectConfig, Value } from "./types.ts";
import { copyPlaces, keySpan, valueSpan, write, writtenAt } from "./written.ts";
import type { Key } from "./written.ts";
import { readYaml } from "./yaml.ts";

/** A file read but not yet rendered: what the choice of a profile needs, before a target is known. */
export interface RawConfig {
  readonly file: SourceFile;
  readonly value: Mapping;
  locate(path: readonly Key[]): Span | undefined;
}

const KNOWN = [
  "name",
  "version",
  "config-version",
  "profile",
  "model-paths",
  "seed-paths",
  "test-paths",
  "analysis-paths",
  "macro-paths",
  "snapshot-paths",
  "docs-paths",
  "asset-paths",
  "function-paths",
  "target-path",
  "log-path",
  "packages-install-path",
  "clean-targets",
  "quoting",
  "on-run-start",
  "on-run-end",
  "require-dbt-version",
  "dispatch",
  "models",
  "seeds",
  "snapshots",
  "sources",
  "tests",
  "data_tests",
  "unit_tests",
  "analyses",
  "exposures",
  "metrics",
  "semantic-models",
  "saved-queries",
  "functions",
  "vars",
  "query-comment",
  "flags",
  "restrict-access",
  "dbt-cloud",
  "packages",
  "anchors",
];

const RENAMED: Record<string, string> = {
  "source-paths": "model-paths",
  "data-paths": "seed-paths",
  "modules-path": "packages-install-path",
};

const LATE_HOOKS = ["pre-hook", "post-hook", "pre_hook", "post_hook"];

export function readRawConfig(file: SourceFile, problems: Diagnostic[]): RawConfig | undefined {
  const yaml = readYaml(file);
  problems.push(...yaml.diagnostics);
  if (yaml.diagnostics.some((d) => d.severity === "error")) return undefined;
  if (!isMapping(yaml.value)) {
    const notes = ["it begins with  name: my_project"];
    problems.push(
      error(
        "project-shape",
        `${file.path} must be a mapping, but it is ${describe(yaml.value)}.`,
        lineSpan(file, 1),
        notes,
      ),
    );
    return undefined;
  }
  return { file, value: renameOldKeys(yaml.value, problems), locate: (path) => yaml.locate(path) };
}

/** Project and profile names, which are needed before there is a target. */
export function projectNames(
  raw: RawConfig,
  render: RenderText,
  problems: Diagnostic[],
): { name: string; profile?: string } {
  const text = (key: string): string | undefined => {
    const value = raw.value[key];
    if (typeof value !== "string") return undefined;
    return String(renderValue(value, valueSpan(raw.value, key), { render, problems }));
  };
  const profile = text("profile");
  return { name: text("name") ?? "", ...(profile !== undefined && { profile }) };
}

/** Renders and checks the whole file. Vars, run hooks and model hooks keep their Jinja: they are rendered when used. */
export async function makeProjectConfig(
  raw: RawConfig,
  render: RenderText,
  vars: Mapping,
  problems: Diagnostic[],
): Promise<ProjectConfig | undefined> {
  const before = problems.length;
  const rendered = renderTree(raw.value, { render, problems }, isRendered);
  const value = isMapping(rendered) ? rendered : {};
  const { checkProjectShape } = await import("./project-schema.ts");
  problems.push(...checkProjectShape(value, raw.file));
  const shape = new Shape(value, "this file", lineSpan(raw.file, 1), problems);
  shape.warnUnknown([...KNOWN, ...Object.keys(value).filter((key) => key.startsWith("x-") || key.startsWith("."))]);
  const onRunStart = readHooks(shape, "on-run-start");
  const onRunEnd = readHooks(shape, "on-run-end");
  const queryComment = readQueryComment(shape);
  if (problems.slice(before).some((d) => d.severity === "error")) return undefined;
  const targetPath = shape.text("target-path") ?? "target";
  const paths = readPaths(shape, targetPath);
  const version = shape.text("version");
  const profile = shape.text("profile");
  return {
    name: shape.text("name") ?? "",
    ...(version !== undefined && { version }),
    ...(profile !== undefined && { profile }),
    file: raw.file,
    paths,
    vars: { ...vars, ...shape.mapping("vars") },
    quoting: shape.mapping("quoting"),
    onRunStart,
    onRunEnd,
    dispatch: shape.list("dispatch").flatMap((entry) => {
      if (!isMapping(entry)) return [];
      const order = entry["search_order"];
      const searchOrder = Array.isArray(order) ? order.filter((name) => typeof name === "string") : [];
      return [{ namespace: String(entry["macro_namespace"]), searchOrder }];
    }),
    configs: {
      models: shape.mapping("models"),
      seeds: shape.mapping("seeds"),
      snapshots: shape.mapping("snapshots"),
      sources: shape.mapping("sources"),
      tests: shape.has("data_tests") ? shape.mapping("data_tests") : shape.mapping("tests"),
      unit_tests: shape.mapping("unit_tests"),
      exposures: shape.mapping("exposures"),
      analyses: shape.mapping("analyses"),
      functions: shape.mapping("functions"),
    },
    flags: shape.mapping("flags"),
    ...(queryComment && { queryComment }),
    restrictAccess: shape.flag("restrict-access") ?? false,
    locate: (path) => raw.locate(path),
  };
}

function readPaths(shape: Shape, target: string): ProjectConfig["paths"] {
  const paths = (key: string, standard: string[]): string[] => {
    const written = shape.has(key) ? shape.texts(key) : standard;
    return [...new Set(written.map((path) => path.replace(/\\/g, "/").replace(/^(?:\.\/)+(?=.)|(?<=.)\/+$/g, "")))];
  };
  const models = paths("model-paths", ["models"]);
  const seeds = paths("seed-paths", ["seeds"]);
  const snapshots = paths("snapshot-paths", ["snapshots"]);
  const analyses = paths("analysis-paths", ["analyses"]);
  const macros = paths("macro-paths", ["macros"]);
  const tests = paths("test-paths", ["tests"]);
  const functions = paths("function-paths", ["functions"]);
  const all = [...new Set([...models, ...seeds, ...snapshots, ...analyses, ...macros, ...functions, ...tests])];
  return {
    models,
    seeds,
    snapshots,
    analyses,
    macros,
    tests,
    functions,
    docs: paths("docs-paths", all),
    assets: paths("asset-paths", []),
    target,
    packages: shape.text("packages-install-path") ?? "dbt_packages",
    clean: paths("clean-targets", [target]),
  };
}

/** Sections whose nodes may have hooks. */
const HOOKED: ReadonlySet<string> = new Set(["models", "seeds", "snapshots", "tests", "data_tests", "functions"]);

function isRendered(path: readonly Key[]): boolean {
  const first = path[0];
  if (first === "on-run-start" || first === "on-run-end" || first === "query-comment" || first === "vars") return false;
  if (typeof first === "string" && HOOKED.has(first)) {
    return !path.some((key) => typeof key === "string" && LATE_HOOKS.includes(key.replace(/^[+ ]+/, "")));
  }
  return true;
}

/** Names of old dbt versions stand for the new ones, unless both are there. */
function renameOldKeys(value: Mapping, problems: Diagnostic[]): Mapping {
  const renamed: Mapping = {};
  for (const [key, item] of Object.entries(value)) {
    const now = Object.hasOwn(RENAMED, key) ? RENAMED[key]! : key;
    if (now !== key) {
      const at = keySpan(value, key);
      if (Object.hasOwn(value, now)) {
        problems.push(error("project-shape", `"${key}" and "${now}" mean the same: keep only "${now}".`, at));
        continue;
      }
      problems.push(warning("project-old-key", `"${key}" is now called "${now}".`, at, [`rename it to  ${now}:`]));
    }
    renamed[now] = item;
    copyEntry(value, key, renamed, now);
  }
  copyPlaces(value, renamed);
  return renamed;
}

function copyEntry(from: Mapping, key: string, to: Mapping, now: string): void {
  const written = writtenAt(from, key);
  if (written) write(to, now, written);
}

/** `vars.yml` beside dbt_project.yml, which must then have no `vars:` of its own. */
export function readVarsFile(file: SourceFile, raw: RawConfig, problems: Diagnostic[]): Mapping {
  const yaml = readYaml(file);
  problems.push(...yaml.diagnostics);
  const root: Value = yaml.value ?? {};
  const vars = isMapping(root) ? (root["vars"] ?? {}) : root;
  if (!isMapping(vars)) {
    problems.push(
      error(
        "project-shape",
        `"vars" of ${file.path} must be a mapping, but it is ${describe(vars)}.`,
        lineSpan(file, 1),
      ),
    );
    return {};
  }
  if (Object.hasOwn(raw.value, "vars") && Object.keys(vars).length > 0) {
    const notes = [`keep them in one place: ${file.path} or ${raw.file.path}`];
    problems.push(error("vars-twice", "Vars are defined in two files.", keySpan(raw.value, "vars"), notes));
  }
  return vars;
}

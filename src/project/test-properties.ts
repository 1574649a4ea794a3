/** Uses of generic tests in their many spellings → `TestProperties`. */
import { error } from "../diagnostics/diagnostic.ts";
import type { Diagnostic, Span } from "../diagnostics/diagnostic.ts";
import { renderTree } from "./render.ts";
import type { Rendering } from "./render.ts";
import { capital, describe, isMapping } from "./shape.ts";
import type { Shape } from "./shape.ts";
import type { Mapping, TestProperties, Value } from "./types.ts";
import { copyPlaces, keySpan, valueSpan } from "./written.ts";

/** Keys that are config also where they stand among the arguments. */
const CONFIG_KEYS = [
  "severity",
  "tags",
  "enabled",
  "where",
  "limit",
  "warn_if",
  "error_if",
  "fail_calc",
  "store_failures",
  "store_failures_as",
  "meta",
  "database",
  "schema",
  "alias",
  "group",
];

/** The tests of a model, source table or column: under `data_tests` or, as formerly, `tests`. */
export function readTests(owner: Shape, rendering: Rendering): TestProperties[] {
  if (owner.has("tests") && owner.has("data_tests")) {
    const notes = ["put all tests under data_tests"];
    const message = `${owner.what} has both "tests" and "data_tests".`;
    owner.problems.push(error("yaml-shape", capital(message), owner.keySpan("tests"), notes));
  }
  const key = owner.has("data_tests") ? "data_tests" : "tests";
  const list = owner.list(key);
  return list.flatMap((item, i) => readTest(item, valueSpan(list, i) ?? owner.span(key), owner, rendering) ?? []);
}

function readTest(item: Value, at: Span, owner: Shape, rendering: Rendering): TestProperties | undefined {
  if (typeof item === "string") return { test: item, description: "", args: {}, config: {}, at };
  if (!isMapping(item)) {
    const message = `A test of ${owner.what} must be a name or a mapping, but it is ${describe(item)}.`;
    owner.problems.push(error("test-shape", message, at));
    return undefined;
  }
  if (typeof item["test_name"] === "string") {
    const args = { ...item };
    delete args["test_name"];
    copyPlaces(item, args);
    return build(item["test_name"], args, valueSpan(item, "test_name") ?? at, owner.problems, rendering);
  }
  const names = Object.keys(item);
  const name = names[0];
  if (name === undefined || names.length > 1) {
    const notes = item[name ?? ""] === null ? [`indent the lines below "${name}:", so that they belong to it`] : [];
    const message = `A test of ${owner.what} must have one name, but this has ${names.map((n) => `"${n}"`).join(", ") || "none"}.`;
    owner.problems.push(error("test-shape", message, name === undefined ? at : (keySpan(item, name) ?? at), notes));
    return undefined;
  }
  const args = item[name] ?? {};
  const nameAt = keySpan(item, name) ?? at;
  if (!isMapping(args)) {
    const message = `The arguments of test "${name}" must be a mapping, but they are ${describe(args)}.`;
    owner.problems.push(
      error("test-shape", message, valueSpan(item, name) ?? nameAt, ["write  arguments:  with one key for each"]),
    );
    return undefined;
  }
  return build(name, args, nameAt, owner.problems, rendering);
}

function build(
  test: string,
  written: Mapping,
  at: Span,
  problems: Diagnostic[],
  rendering: Rendering,
): TestProperties | undefined {
  const before = problems.length;
  const mapping = (key: string): Mapping => {
    const value = written[key] ?? {};
    if (isMapping(value)) return value;
    const message = `"${key}" of test "${test}" must be a mapping, but it is ${describe(value)}.`;
    problems.push(error("test-shape", message, valueSpan(written, key) ?? at));
    return {};
  };
  const args: Mapping = {};
  const inner = mapping("config");
  const config: Mapping = { ...inner };
  copyPlaces(inner, config);
  for (const [key, value] of Object.entries(written)) {
    if (key === "config" || key === "arguments" || key === "name" || key === "description") continue;
    if (!CONFIG_KEYS.includes(key)) args[key] = value;
    else if (Object.hasOwn(config, key)) {
      const notes = [{ message: "also here", ...place(config, key) }];
      problems.push(
        error("test-config-twice", `"${key}" of test "${test}" is set twice.`, keySpan(written, key), notes),
      );
    } else config[key] = value;
  }
  copyPlaces(written, config);
  const given = mapping("arguments");
  Object.assign(args, given);
  copyPlaces(given, args);
  copyPlaces(written, args);
  if (Object.hasOwn(args, "model")) {
    const message = `Test "${test}" may not be given "model": it is the model the test stands under.`;
    problems.push(error("test-shape", message, keySpan(args, "model")));
  }
  const rendered = renderTree(config, rendering, () => true);
  const name = written["name"];
  const description = written["description"];
  if (problems.slice(before).some((d) => d.severity === "error")) return undefined;
  return {
    test,
    ...(typeof name === "string" && { name }),
    description: typeof description === "string" ? description : "",
    args,
    config: isMapping(rendered) ? rendered : {},
    at,
  };
}

function place(config: Mapping, key: string): { at?: Span } {
  const at = keySpan(config, key);
  return at ? { at } : {};
}

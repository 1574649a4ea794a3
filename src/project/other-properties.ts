/** Entries of `macros:`, `exposures:`, `groups:` and `unit_tests:`. */
import { error } from "../diagnostics/diagnostic.ts";
import { readConfig, textsOf } from "./node-properties.ts";
import type { Entry } from "./node-properties.ts";
import { capital, isMapping } from "./shape.ts";
import type { Shape } from "./shape.ts";
import type {
  ExposureProperties,
  GroupProperties,
  MacroProperties,
  UnitTestInput,
  UnitTestProperties,
  UnitTestRows,
} from "./types.ts";
import { valueSpan } from "./written.ts";

export function readMacro(macro: Entry): MacroProperties {
  macro.warnUnknown(["name", "description", "meta", "docs", "config", "arguments"]);
  const config = readConfig(macro, ["meta", "docs"]);
  return {
    name: macro.name,
    description: macro.text("description") ?? "",
    meta: isMapping(config["meta"]) ? config["meta"] : {},
    arguments: macro.entries("arguments", "argument").map((argument) => {
      const type = argument.text("type");
      const description = argument.text("description") ?? "";
      return { name: argument.name, ...(type !== undefined && { type }), description };
    }),
    at: macro.at,
  };
}

const EXPOSURE_TYPES = ["dashboard", "notebook", "analysis", "ml", "application"];

export function readExposure(exposure: Entry): ExposureProperties[] {
  exposure.warnUnknown([
    "name",
    "description",
    "type",
    "label",
    "url",
    "maturity",
    "owner",
    "depends_on",
    "config",
    "tags",
    "meta",
    "enabled",
  ]);
  const before = exposure.problems.length;
  const type = exposure.required("type", "dashboard") ?? "";
  if (type !== "" && !EXPOSURE_TYPES.includes(type)) {
    const notes = [`expected one of ${EXPOSURE_TYPES.join(", ")}`];
    exposure.problems.push(error("exposure-type", `"${type}" is no type of exposure.`, exposure.span("type"), notes));
  }
  const owner = exposure.mapping("owner");
  if (owner["name"] === undefined && owner["email"] === undefined) {
    const message = `The owner of ${exposure.what} needs a name or an email.`;
    exposure.problems.push(error("yaml-missing-key", message, exposure.at, ["add  owner: {name: …, email: …}"]));
  }
  if (exposure.problems.slice(before).some((d) => d.severity === "error")) return [];
  const config = readConfig(exposure, ["meta", "tags"]);
  const list = exposure.list("depends_on");
  const label = exposure.text("label");
  const url = exposure.text("url");
  const maturity = exposure.text("maturity");
  return [
    {
      name: exposure.name,
      type,
      ...(label !== undefined && { label }),
      ...(url !== undefined && { url }),
      ...(maturity !== undefined && { maturity }),
      description: exposure.text("description") ?? "",
      owner,
      dependsOn: list.flatMap((text, i) => {
        const at = valueSpan(list, i) ?? exposure.span("depends_on");
        return typeof text === "string" ? [{ text, at }] : [];
      }),
      config,
      tags: textsOf(config["tags"]),
      meta: isMapping(config["meta"]) ? config["meta"] : {},
      at: exposure.at,
    },
  ];
}

export function readGroup(group: Entry): GroupProperties {
  group.warnUnknown(["name", "description", "owner", "config"]);
  return {
    name: group.name,
    description: group.text("description") ?? "",
    owner: group.mapping("owner"),
    config: group.mapping("config"),
    at: group.at,
  };
}

export function readUnitTest(test: Entry): UnitTestProperties[] {
  test.warnUnknown(["name", "description", "model", "given", "expect", "overrides", "config", "versions"]);
  const model = test.required("model", "my_model");
  const expect = test.child("expect", `"expect" of ${test.what}`);
  if (!test.has("expect")) {
    const notes = ["add  expect: {rows: [{…}]}"];
    test.problems.push(error("yaml-missing-key", `${capital(test.what)} has no "expect".`, test.at, notes));
  }
  const given = test.shapes("given", "input").flatMap((input): UnitTestInput[] => {
    const name = input.required("input", "ref('my_model')");
    const rows = readRows(input);
    return name === undefined || !rows ? [] : [{ ...rows, input: name, at: input.span("input") }];
  });
  const expected = expect && readRows(expect);
  if (model === undefined || !expected) return [];
  const overrides = test.child("overrides", `"overrides" of ${test.what}`);
  const versions = test.get("versions");
  return [
    {
      name: test.name,
      model,
      description: test.text("description") ?? "",
      given,
      expect: expected,
      overrides: {
        macros: overrides?.mapping("macros") ?? {},
        vars: overrides?.mapping("vars") ?? {},
        env_vars: overrides?.mapping("env_vars") ?? {},
      },
      config: test.mapping("config"),
      ...(versions !== undefined && { versions }),
      at: test.at,
    },
  ];
}

function readRows(shape: Shape): UnitTestRows | undefined {
  const format = shape.text("format") ?? "dict";
  if (format !== "dict" && format !== "csv" && format !== "sql") {
    const message = `"format" of ${shape.what} must be dict, csv or sql.`;
    shape.problems.push(error("yaml-shape", message, shape.span("format")));
    return undefined;
  }
  const rows = shape.get("rows");
  const fixture = shape.text("fixture");
  if (rows !== undefined && (format === "dict" ? !Array.isArray(rows) : typeof rows !== "string")) {
    shape.wrong("rows", format === "dict" ? "a list of mappings" : "text", rows);
    return undefined;
  }
  if (Array.isArray(rows)) {
    const wrong = rows.findIndex((row) => !isMapping(row));
    if (wrong >= 0) {
      const message = `Row ${wrong + 1} of ${shape.what} must be a mapping of columns to values.`;
      shape.problems.push(error("yaml-shape", message, valueSpan(rows, wrong) ?? shape.span("rows")));
      return undefined;
    }
  }
  return { format, rows, ...(fixture !== undefined && { fixture }) };
}

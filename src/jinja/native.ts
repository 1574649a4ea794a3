import type { SourceFile } from "../diagnostics/diagnostic.ts";
import type { Jinja } from "./environment.ts";
import { raise } from "./errors.ts";
import { literalEval } from "./literal.ts";
import { Marker } from "./native-markers.ts";
import type { JinjaTemplate, Scope } from "./template.ts";
import { repr, str } from "./text.ts";
import { isNumber } from "./values.ts";

/**
 * Renders a value of a YAML file as dbt does: a lone `{{ expression }}` gives its value, anything else text. The
 * filters `as_native`, `as_bool` and `as_number` read that text as a Python literal; constants are text already.
 */
export function renderNative(text: string, file: SourceFile, scope: Scope, jinja: Jinja): unknown {
  const outputs = compiled(text, file, jinja).outputs(scope);
  if (outputs.length > 1) return outputs.map(str).join("");
  const [only = ""] = outputs;
  return only instanceof Marker ? converted(only) : only;
}

/** By file: whoever renders a file again and again has it compiled once. */
const templates = new WeakMap<SourceFile, JinjaTemplate>();

function compiled(text: string, file: SourceFile, jinja: Jinja): JinjaTemplate {
  const known = file.text === text ? templates.get(file) : undefined;
  if (known) return known;
  const template = jinja.nativeTemplate(text, file);
  if (file.text === text) templates.set(file, template);
  return template;
}

function converted({ kind, text }: Marker): unknown {
  if (kind === "text") return text;
  const literal = literalEval(text);
  const value = literal === undefined ? text : literal;
  const fits = kind === "native" || (kind === "bool" ? typeof value === "boolean" : isNumber(value));
  return fits ? value : raise("JinjaRenderingError", `Could not convert value ${repr(text)} into type '${kind}'`);
}

/** Jinja inside YAML values: every text is rendered natively, so that `"{{ 1 + 1 }}"` becomes the number 2. */
import { Failure, error } from "../diagnostics/diagnostic.ts";
import type { Diagnostic, SourceFile, Span } from "../diagnostics/diagnostic.ts";
import { TemplateError, fromPython, renderNative } from "../jinja/index.ts";
import type { Jinja, Scope } from "../jinja/index.ts";
import type { Mapping, Value } from "./types.ts";
import { copyPlaces, keySpan, valueSpan, write, writtenAt } from "./written.ts";
import type { Key } from "./written.ts";

/** Renders one text natively. Throws `Failure` for the user's mistakes, with places in `file` (whose text is the template). */
export type RenderText = (text: string, file: SourceFile) => Value;

/** Renders with the project's Jinja: what `readProject` wants for its `render`. */
export const nativeRenderer =
  (jinja: Jinja) =>
  (text: string, file: SourceFile, scope: Scope): Value => {
    try {
      // Python's values come back as what YAML can hold.
      return fromPython(renderNative(text, file, scope, jinja)) as Value;
    } catch (thrown) {
      throw thrown instanceof TemplateError ? new Failure(thrown.toDiagnostic(), { cause: thrown }) : thrown;
    }
  };

/** Whether the value at a path, from the tree's root, is rendered. */
export type ShouldRender = (path: readonly Key[]) => boolean;

export interface Rendering {
  readonly render: RenderText;
  readonly problems: Diagnostic[];
}

/**
 * `value` with all its Jinja rendered; places are kept. Where a template fails, its text is kept. What holds no Jinja is
 * not copied: that is nearly everything, in most projects.
 */
export function renderTree(value: Value, rendering: Rendering, should: ShouldRender, path: readonly Key[] = []): Value {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    let list: Value[] | undefined;
    for (const [i, item] of value.entries()) {
      const rendered = renderEntry(value, i, item, rendering, should, path);
      if (rendered === item) continue;
      list ??= copied(value, [...value]);
      list[i] = rendered;
      remember(list, i, item);
    }
    return list ?? value;
  }
  let mapping: Mapping | undefined;
  for (const key of Object.keys(value)) {
    const item = value[key]!;
    const rendered = renderEntry(value, key, item, rendering, should, path);
    if (rendered === item) continue;
    mapping ??= copied(value, { ...value });
    mapping[key] = rendered;
    remember(mapping, key, item);
  }
  return mapping ?? value;
}

/** What stood there before it was rendered. */
function remember(container: object, key: Key, before: Value): void {
  const written = writtenAt(container, key);
  if (written && typeof before === "string") write(container, key, { ...written, unrendered: before });
}

function copied<T extends object>(from: T, to: T): T {
  copyPlaces(from, to);
  return to;
}

function renderEntry(
  container: object,
  key: Key,
  value: Value,
  rendering: Rendering,
  should: ShouldRender,
  path: readonly Key[],
): Value {
  if (typeof value === "object" && value !== null) return renderTree(value, rendering, should, [...path, key]);
  if (typeof value !== "string" || !needsRendering(value) || !should([...path, key])) return value;
  return renderValue(value, valueSpan(container, key) ?? keySpan(container, key), rendering);
}

const JINJA = /\{[{%#]/;

/** Jinja drops one line break at the end of every template, also of those without any Jinja. */
const needsRendering = (text: string): boolean => JINJA.test(text) || text.endsWith("\n");

/** Renders one text; `at` is its place in YAML, where a failure is shown. */
export function renderValue(text: string, at: Span | undefined, { render, problems }: Rendering): Value {
  if (!JINJA.test(text)) return text.endsWith("\n") ? text.slice(0, -1) : text;
  const file = { path: at?.file.path ?? "", absolute: at?.file.absolute ?? "", text };
  try {
    // What is undefined has no value, whatever the type says.
    const value: Value | undefined = render(text, file);
    if (value !== undefined) return value;
    problems.push(error("jinja-undefined", "This has no value: a name in it is not defined.", at));
    return text;
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    for (const d of thrown.diagnostics) {
      problems.push(
        error(
          d.code,
          d.message,
          at && place(at, d.at),
          d.notes.map((n) => n.message),
        ),
      );
    }
    return text;
  }
}

/** The place in the YAML file of a place in a template that stands there, where the two texts agree. */
function place(yaml: Span, template: Span | undefined): Span {
  if (!template) return yaml;
  const raw = yaml.file.text.slice(yaml.start, yaml.end);
  const offset = raw.indexOf(template.file.text);
  if (offset < 0) return yaml;
  const start = yaml.start + offset + template.start;
  return { file: yaml.file, start, end: Math.max(start + 1, yaml.start + offset + template.end) };
}

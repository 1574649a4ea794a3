/** For this folder's tests: a template rendered in a scope given as a plain object. */
import type { SourceFile } from "../diagnostics/diagnostic.ts";
import { Jinja } from "./environment.ts";
import type { Rendered, Scope } from "./template.ts";

export const jinja = new Jinja();

export const fileOf = (text: string): SourceFile => ({ path: "models/m.sql", absolute: "/p/models/m.sql", text });

export const scopeOf = (names: Readonly<Record<string, unknown>>, lenientUndefined = false): Scope => ({
  get: (name) => (Object.hasOwn(names, name) ? names[name] : undefined),
  lenientUndefined,
});

export const rendered = (text: string, names: Readonly<Record<string, unknown>> = {}): Rendered =>
  jinja.template(text, fileOf(text)).renderSync(scopeOf(names));

export const render = (text: string, names: Readonly<Record<string, unknown>> = {}): string =>
  rendered(text, names).text;

export const renderAsync = async (text: string, names: Readonly<Record<string, unknown>> = {}): Promise<string> =>
  (await jinja.template(text, fileOf(text)).render(scopeOf(names))).text;

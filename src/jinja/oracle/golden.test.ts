/** Several hundred constructs with Jinja2's own answers, frozen by freeze.py. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Failure, type SourceFile } from "../../diagnostics/diagnostic.ts";
import { Jinja, modules, renderNative, repr, type Scope, TemplateError } from "../index.ts";

interface Construct {
  readonly template: string;
  readonly text?: string;
  readonly error?: string;
}

const golden = JSON.parse(readFileSync(new URL("golden.json", import.meta.url), "utf8")) as Record<string, Construct[]>;
const jinja = new Jinja();
const fileOf = (text: string): SourceFile => ({ path: "models/t.sql", absolute: "/p/models/t.sql", text });
const names = new Map<string, unknown>([["modules", modules.all]]);
const scope: Scope = { get: (name) => names.get(name) };
const lenient: Scope = { ...scope, lenientUndefined: true };

async function outcome(render: () => unknown): Promise<Omit<Construct, "template">> {
  try {
    return { text: String(await render()) };
  } catch (thrown) {
    if (thrown instanceof TemplateError) return { error: `${thrown.kind}: ${thrown.message}` };
    if (thrown instanceof Failure) return { error: "TemplateSyntaxError" };
    throw thrown;
  }
}

for (const [group, constructs] of Object.entries(golden))
  describe(`as Jinja2 does it: ${group}`, () => {
    for (const { template, ...expected } of constructs)
      test(template === "" ? "an empty template" : template, async () => {
        const file = fileOf(template);
        if (group === "native") {
          expect(await outcome(() => repr(renderNative(template, file, scope, jinja)))).toEqual(expected);
          return;
        }
        const compiled = jinja.template(template, file);
        const where = group === "lenient" ? lenient : scope;
        expect(await outcome(() => compiled.renderSync(where).text)).toEqual(expected);
        if (group === "lenient") return;
        expect(await outcome(async () => (await compiled.render(scope)).text)).toEqual(expected);
      });
  });

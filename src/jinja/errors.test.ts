import { expect, test } from "vitest";
import { Failure } from "../diagnostics/diagnostic.ts";
import { place } from "../diagnostics/format.ts";
import { framesOf, TemplateError } from "./errors.ts";
import { fileOf, jinja, render, renderAsync, scopeOf } from "./rig.ts";

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (thrown) {
    return thrown;
  }
  return undefined;
}

function failureOf(text: string) {
  const thrown = thrownBy(() => render(text));
  if (!(thrown instanceof Failure)) throw new Error(`no Failure for ${text}`);
  const [diagnostic] = thrown.diagnostics;
  return {
    ...diagnostic,
    where: diagnostic?.at && place(diagnostic.at),
    notes: diagnostic?.notes.map((n) => n.message),
  };
}

test("a mistake in the grammar is one diagnostic at its line and column", () => {
  expect(failureOf("select\n  {{ ref('a' }}")).toMatchObject({ code: "jinja-syntax", where: "models/m.sql:2:14" });
  expect(failureOf("{% if x %}\n{{ y }}")).toMatchObject({
    where: "models/m.sql:1:9",
    message: "the template ends before {% endif %}",
  });
  expect(failureOf("a\n{% for x in y %}{% endif %}")).toMatchObject({
    where: "models/m.sql:2:20",
    message: 'unknown tag "endif"',
    notes: ["the open tag is closed by {% else %}"],
  });
});

test("an unknown filter names the nearest one", () => {
  expect(failureOf("{{ x | uper }}")).toMatchObject({
    message: 'no filter is named "uper"',
    notes: [expect.stringContaining('"upper"')],
  });
});

test("an error while running stands at the expression, not just at the line", () => {
  const source = "select 1,\n  {{ 'x' }} {{ a.b.c }}";
  const thrown = thrownBy(() => render(source, { a: jinja }));
  if (!(thrown instanceof TemplateError)) throw new Error("no TemplateError");
  const diagnostic = thrown.toDiagnostic();
  expect(diagnostic.at && source.slice(diagnostic.at.start, diagnostic.at.end)).toBe("a.b.c");
  expect(diagnostic.message).toBe("'Jinja object' has no attribute 'b'");
});

test("the place of an operator is noted after its operands have run", () => {
  const source = "{{ f('abc') + 1 }}";
  const thrown = thrownBy(() => render(source, { f: (x: unknown) => x }));
  const [frame] = framesOf(thrown);
  expect(frame && source.slice(frame.at.start, frame.at.end)).toBe("f('abc') + 1");
});

test("frames lead from the innermost macro to the template", async () => {
  const source = "{% macro a(x) %}{{ x.y.z }}{% endmacro %}\n{% macro b() %}{{ a({}) }}{% endmacro %}\n{{ b() }}";
  for (const run of [async () => render(source), () => renderAsync(source)]) {
    const thrown: unknown = await run().catch((error: unknown) => error);
    const frames = framesOf(thrown).map((f) => [f.name, source.slice(f.at.start, f.at.end)]);
    expect(frames).toEqual([
      ["a", "x.y.z"],
      ["b", "a({})"],
      [undefined, "b()"],
    ]);
    expect(thrown instanceof TemplateError && thrown.toDiagnostic().notes.map((n) => n.message)).toEqual([
      'macro "a" was called here',
      'macro "b" was called here',
    ]);
  }
});

test("errors of host functions pass through unchanged, with their frames beside them", () => {
  const own = new Error("from the database");
  const thrown = thrownBy(() =>
    render("{% macro m() %}{{ q() }}{% endmacro %}{{ m() }}", {
      q: () => {
        throw own;
      },
    }),
  );
  expect(thrown).toBe(own);
  expect(framesOf(own).map((frame) => frame.name)).toEqual(["m", undefined]);
});

test("endless recursion of macros is a RecursionError, synchronously and not", async () => {
  const source = "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}";
  const kinds = [thrownBy(() => render(source)), await renderAsync(source).catch((error: unknown) => error)];
  for (const thrown of kinds) expect(thrown instanceof TemplateError && thrown.kind).toBe("RecursionError");
});

test("a list that contains itself is a RecursionError when it is printed", () => {
  const thrown = thrownBy(() => render("{% set l = [] %}{% do l.append(l) %}{{ l }}"));
  expect(thrown instanceof TemplateError && thrown.kind).toBe("RecursionError");
});

test("many calls one after another are not deep", async () => {
  const source =
    "{% macro f(n) %}{{ 'x' if n == 0 else f(n - 1) }}{% endmacro %}{% for i in range(2000) %}{{ f(3) }}{% endfor %}";
  expect(render(source)).toBe("x".repeat(2000));
  expect(await renderAsync(source)).toBe("x".repeat(2000));
  for (const mode of ["sync", "async"] as const) {
    const macros = jinja.template("{% macro f() %}{{ g() }}{% endmacro %}", fileOf(""));
    const f = macros.definitions(scopeOf({ g: () => "x" }), mode).get("f");
    for (let i = 0; i < 1000; i++) expect(await f?.__call__([], null)).toBe("x");
  }
});

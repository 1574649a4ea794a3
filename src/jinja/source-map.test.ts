import { expect, test } from "vitest";
import { positionAt } from "../diagnostics/format.ts";
import { fileOf, jinja, rendered, scopeOf } from "./rig.ts";
import type { Rendered } from "./template.ts";

/** The template's text at the place a piece of the output comes from. */
function origin({ text, map }: Rendered, piece: string): string | undefined {
  const span = map.toTemplate(text.indexOf(piece));
  return span && span.file.text.slice(span.start, span.end);
}

test("literal text maps to its own line and column", () => {
  const source = "select a,\n  {{ x }} as b,\n  form t\n";
  const { text, map } = rendered(source, { x: 1 });
  const span = map.toTemplate(text.indexOf("form"));
  expect(span && positionAt(span.file, span.start)).toEqual({ line: 3, column: 3 });
  expect(span && source.slice(span.start, span.end)).toBe("form");
});

test("the middle of literal text maps exactly, even where the output is longer before it", () => {
  const source = "{{ 'long ' * 9 }}abc def";
  const result = rendered(source);
  expect(result.map.toTemplate(result.text.length - 2)?.start).toBe(source.length - 2);
});

test("what an expression wrote maps to the expression", () => {
  expect(origin(rendered("select {{ col ~ '_x' }} from t", { col: "a" }), "a_x")).toBe("col ~ '_x'");
});

test("the output of a macro maps to the call in the template", () => {
  const source = "{% macro f(a) %}sum({{ a }}){% endmacro %}select {{ f('q') }} from t";
  const result = rendered(source);
  expect(origin(result, "sum(")).toBe("f('q')");
  expect(origin(result, "q)")).toBe("f('q')");
});

test("bodies of for and if map exactly, in every round", () => {
  const source = "select {% for c in ['a', 'b'] %}{% if c %}\n  x_{{ c }},{% endif %}{% endfor %} 1";
  const result = rendered(source);
  const second = result.text.lastIndexOf("x_");
  expect(result.map.toTemplate(second)?.start).toBe(source.indexOf("x_"));
  expect(origin(result, "b,")).toBe("c");
  expect(origin(result, " 1")).toBe(" ");
});

test("a captured block maps to where it is written out", () => {
  expect(origin(rendered("{% set q %}select 1{% endset %}-- \n{{ q }}"), "select 1")).toBe("q");
});

test("a call block maps to its call", () => {
  const source = "{% macro w() %}<{{ caller() }}>{% endmacro %}{% call w() %}in{% endcall %}";
  expect(origin(rendered(source), "in")).toBe("w()");
});

test("places are those of the file: Windows line ends and the block's own offset included", () => {
  const before = "-- head\r\n";
  const source = "a\r\nb {{ x }}\r\nc";
  const file = fileOf(before + source);
  const { text, map } = jinja.template(source, file, before.length).renderSync(scopeOf({ x: "X" }));
  expect(text).toBe("a\nb X\nc");
  for (const piece of ["a", "b", "c"])
    expect(map.toTemplate(text.indexOf(piece))?.start).toBe(file.text.lastIndexOf(piece));
  const x = map.toTemplate(text.indexOf("X"));
  expect(x && file.text.slice(x.start, x.end)).toBe("x");
});

test("an expression that writes its own source text still maps as an expression", () => {
  expect(origin(rendered("{{ a ~ b }}", { a: "a ", b: "~ b" }), "~")).toBe("a ~ b");
});

test("there is no place beyond the end, nor in an empty output", () => {
  expect(rendered("abc").map.toTemplate(9)).toBeUndefined();
  expect(rendered("").map.toTemplate(0)).toBeUndefined();
});

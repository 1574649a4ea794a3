import { expect, test } from "vitest";
import { Failure } from "../diagnostics/diagnostic.ts";
import { place } from "../diagnostics/format.ts";
import { splitBlocks } from "./blocks.ts";
import { fileOf } from "./rig.ts";

const kinds = ["macro", "test", "data_test", "materialization", "docs", "snapshot"];

test("a block is cut out with its name, arguments, contents and places", () => {
  const text = "-- head\n{% macro f(a, b='%}') -%} body {%- endmacro %}\ntail";
  const [block] = splitBlocks(fileOf(text), kinds);
  expect(block).toMatchObject({ kind: "macro", name: "f", argumentText: "(a, b='%}')", contents: " body " });
  expect(block && text.slice(block.start, block.end)).toBe(block?.source);
  expect(block && text.slice(block.contentsStart)).toMatch(/^ body /);
});

test("what stands between blocks need not be valid Jinja", () => {
  const text = `{% https://example.org/x %} {% ##### %} {{ '%}' }} {# {% macro no() %} #}
{% raw %}{% macro no() %}{% endraw %} it's fine {% set x = 1 %}
{% macro yes() %}{% for x in y %}{% if x %}{{ "{% endmacro %}" }}{% endif %}{% endfor %}{% endmacro %}`;
  expect(splitBlocks(fileOf(text), kinds).map((block) => block.name)).toEqual(["yes"]);
});

test("every kind that is asked for is found, and no other", () => {
  const text =
    "{% docs d %}It is *good*.{% enddocs %}{% test t(model) %}{% endtest %}{% materialization m, default %}{% endmaterialization %}{% snapshot s %}select 1{% endsnapshot %}{%macro x()%}{%endmacro%}";
  expect(splitBlocks(fileOf(text), kinds).map(({ kind, name, argumentText }) => [kind, name, argumentText])).toEqual([
    ["docs", "d", ""],
    ["test", "t", "(model)"],
    ["materialization", "m", ", default"],
    ["snapshot", "s", ""],
    ["macro", "x", "()"],
  ]);
  expect(splitBlocks(fileOf(text), ["docs"])).toHaveLength(1);
});

const mistakes: [string, string, string][] = [
  ["{% macro f() %}\n", "{% macro f %} has no {% endmacro %}", "1:1"],
  ["{% macro f() %}\n{% macro g() %}{% endmacro %}", "{% macro %} may not stand inside {% macro %}", "2:1"],
  ["{% if x %}\n{% macro g() %}{% endmacro %}{% endif %}", "{% macro %} may not stand inside {% if %}", "2:1"],
  ["{% for x in y %}\n{% endif %}", "expected {% endfor %}, found {% endif %}", "2:1"],
  ["a\n{% endif %}", "{% endif %} closes nothing", "2:1"],
  ["a {# b", "comment without its closing #}", "1:3"],
  ["{% macro f( ", "tag without its closing %}", "1:1"],
];
for (const [text, message, where] of mistakes)
  test(`a broken file is told at its place: ${message}`, () => {
    try {
      splitBlocks(fileOf(text), kinds);
      expect.unreachable();
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      const [diagnostic] = thrown.diagnostics;
      expect(diagnostic).toMatchObject({ code: "jinja-syntax", message });
      expect(diagnostic?.at && place(diagnostic.at)).toBe(`models/m.sql:${where}`);
    }
  });

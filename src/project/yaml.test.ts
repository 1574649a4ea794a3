import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { formatDiagnostic, place } from "../diagnostics/format.ts";
import type { Value } from "./types.ts";
import { isFloat } from "./written.ts";
import { readYaml } from "./yaml.ts";

const file = (text: string) => ({ path: "a.yml", absolute: "/a.yml", text });
const report = (text: string): string =>
  readYaml(file(text))
    .diagnostics.map((d) => formatDiagnostic(d))
    .join("\n");

interface Case {
  readonly text: string;
  readonly value?: Value;
  readonly error?: true;
}

/** Answers of PyYAML: `testing/yaml-oracle.py`. */
const cases = JSON.parse(readFileSync(new URL("yaml.golden.json", import.meta.url), "utf8")) as Case[];

test.each(cases)("values are PyYAML's: $text", ({ text, value, error }) => {
  const found = readYaml(file(text));
  if (error) expect(found.diagnostics).not.toEqual([]);
  else expect(spelled(found.value)).toEqual(python(value!));
});

/** Floats by their value, marked; a whole one is known by its place. */
function spelled(value: Value, container?: object, key?: string | number): unknown {
  if (Array.isArray(value)) return value.map((item, i) => spelled(item, value, i));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([k, item]) => [k, spelled(item, value, k)]));
  }
  const float = container && key !== undefined && isFloat(container, key);
  return float ? { float: value } : value;
}

function python(value: Value): unknown {
  if (Array.isArray(value)) return value.map(python);
  if (typeof value !== "object" || value === null) return value;
  const { float, date } = value;
  if (typeof float === "string") return { float: Number(float.replace("inf", "Infinity").replace("nan", "NaN")) };
  if (typeof date === "string") return date;
  return Object.fromEntries(Object.entries(value).map(([k, item]) => [k, python(item)]));
}

test("every value has its place", () => {
  const yaml = readYaml(
    file("models:\n  - name: 'a'\n    tags: [x, y]\n    config:\n      enabled: yes\n    columns:\n"),
  );
  const at = (...path: (string | number)[]): string => {
    const span = yaml.locate(path);
    return span ? `${place(span)} ${span.file.text.slice(span.start, span.end)}` : "nowhere";
  };
  expect(at("models", 0, "name")).toBe("a.yml:2:11 'a'");
  expect(at("models", 0, "tags", 1)).toBe("a.yml:3:15 y");
  expect(at("models", 0, "config", "enabled")).toBe("a.yml:5:16 yes");
  // Nothing is written there: the key is shown.
  expect(at("models", 0, "columns")).toBe("a.yml:6:5 columns");
  expect(at("models", 1, "name")).toBe("nowhere");
});

test("merged keys keep the places where they were written", () => {
  const yaml = readYaml(file("base: &b\n  k: 1\nd:\n  <<: *b\n  l: 2\n"));
  expect(yaml.value).toEqual({ base: { k: 1 }, d: { k: 1, l: 2 } });
  expect(place(yaml.locate(["d", "k"])!)).toBe("a.yml:2:6");
});

test("keys are the text written, and __proto__ is one like any other", () => {
  const { value } = readYaml(file("no: a\n1: b\n__proto__: c\n"));
  expect(Object.entries(value as object)).toEqual([
    ["1", "b"],
    ["no", "a"],
    ["__proto__", "c"],
  ]);
});

test("a duplicate key is warned of, and the last one counts", () => {
  expect(readYaml(file("a: 1\nb: 0\na: 2\n")).value).toEqual({ a: 2, b: 0 });
  expect(report("a: 1\nb: 0\na: 2\n")).toMatchInlineSnapshot(`
    "a.yml:3:1  yaml-duplicate-key  The key "a" is written twice: the last one counts.
        3 │ a: 2
          │ ~
        → the first stands here  (a.yml:1:1)"
  `);
});

test("unquoted Jinja is told of as such", () => {
  expect(report("a: {{ ref('x') }}\n")).toMatchInlineSnapshot(`
    "a.yml:1:4  yaml-syntax  This is read as a nested mapping, which cannot be a key.
        1 │ a: {{ ref('x') }}
          │    ~~~~~~~~~~~~~~
        → Jinja must be quoted in YAML: write  key: "{{ … }}""
  `);
  expect(report("a: {{ var('x') }}_suffix\nb: 1\n")).toMatchInlineSnapshot(`
    "a.yml:1:18  yaml-syntax  This is not valid YAML: bad indentation of a mapping entry.
        1 │ a: {{ var('x') }}_suffix
          │                  ~
        → Jinja must be quoted in YAML: write  key: "{{ … }}""
  `);
  expect(report("a:\n  - {% if x %}\n")).toMatchInlineSnapshot(`
    "a.yml:2:6  yaml-syntax  This is not valid YAML: missed comma between flow collection entries.
        2 │   - {% if x %}
          │      ~
        → Jinja must be quoted in YAML: write  key: "{{ … }}""
  `);
});

test("other mistakes of syntax have their line and a next move", () => {
  const texts = [
    "a: b: c\n",
    "a: 'x\n",
    "a:\n\t- b\n",
    "a: *x\n",
    "a: 1\n---\nb: 2\n",
    "a: !foo x\n",
    "a: @x\n",
    "a:\n  - b\n   c: d\n",
    "a: &a [*a]\n",
    "a:\n  <<: 3\n",
  ];
  expect(texts.map(report).join("\n\n")).toMatchInlineSnapshot(`
    "a.yml:1:5  yaml-syntax  This is not valid YAML: bad indentation of a mapping entry.
        1 │ a: b: c
          │     ~
        → quote texts that hold a colon and a space

    a.yml:1:5  yaml-syntax  This is not valid YAML: deficient indentation.
        1 │ a: 'x
          │     ~

    a.yml:2:1  yaml-syntax  This is not valid YAML: tab characters must not be used in indentation.
        2 │  - b
          │ ~
        → indent with spaces: YAML allows no tabs here

    a.yml:1:4  yaml-syntax  The alias *x names no anchor above it.
        1 │ a: *x
          │    ~~

    a.yml:3:1  yaml-syntax  One YAML document was expected here, but a second one begins (after ---).
        3 │ b: 2
          │ ~~~~

    a.yml:1:4  yaml-syntax  The tag !foo is not known. Text beginning with "!" must be quoted.
        1 │ a: !foo x
          │    ~~~~

    a.yml:1:4  yaml-syntax  This is not valid YAML: bad indentation of a mapping entry.
        1 │ a: @x
          │    ~
        → quote texts that begin with @, \` or %

    a.yml:3:5  yaml-syntax  This is not valid YAML: bad indentation of a sequence entry.
        3 │    c: d
          │     ~

    a.yml:1:8  yaml-syntax  The alias *a names no anchor above it.
        1 │ a: &a [*a]
          │        ~~

    a.yml:2:7  yaml-syntax  The value of << must be a mapping, or a list of mappings.
        2 │   <<: 3
          │       ~"
  `);
});

import { expect, test } from "vitest";
import { fromPython, toPython } from "./convert.ts";
import { PyDict } from "./dict.ts";
import { repr } from "./text.ts";
import { PyTuple } from "./values.ts";

test("plain data becomes Python's and comes back", () => {
  const data = { a: [1, 2.5, "x", null, true], b: { c: {} }, big: 12345678901234567000, "10": 1 };
  expect(repr(toPython(data))).toBe(
    "{'10': 1, 'a': [1, 2.5, 'x', None, True], 'b': {'c': {}}, 'big': 12345678901234567168}",
  );
  expect(fromPython(toPython({ a: data.a, b: data.b }))).toEqual({ a: data.a, b: data.b });
});

test("tuples become arrays, and host objects stay themselves", () => {
  const host = new URL("https://example.org");
  expect(fromPython(PyTuple.of([1, PyTuple.of([2])]))).toEqual([1, [2]]);
  expect(toPython(host)).toBe(host);
});

test("a key called __proto__ is a key", () => {
  const made = fromPython(new PyDict([["__proto__", 1]])) as object; // a dict gives an object
  expect(Object.hasOwn(made, "__proto__")).toBe(true);
});

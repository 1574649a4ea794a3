import { expect, test } from "vitest";
import { toPython } from "./convert.ts";
import { jsonDumps } from "./json.ts";
import { PyFloat } from "./values.ts";

test("JSON has Python's separators, in the order of the dict, floats as floats, ASCII only", () => {
  const value = toPython({ b: [1, "é😀"], a: null });
  expect(jsonDumps(value)).toBe('{"b": [1, "\\u00e9\\ud83d\\ude00"], "a": null}');
  expect(jsonDumps(value, { sortKeys: true, indent: 2 })).toBe(
    '{\n  "a": null,\n  "b": [\n    1,\n    "\\u00e9\\ud83d\\ude00"\n  ]\n}',
  );
  expect(jsonDumps([new PyFloat(1), new PyFloat(Number.NaN), new PyFloat(-Infinity)])).toBe("[1.0, NaN, -Infinity]");
});

test("what JSON cannot hold is a TypeError", () => {
  expect(() => jsonDumps([() => 1])).toThrow("Object of type function is not JSON serializable");
});

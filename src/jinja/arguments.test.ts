import { expect, test } from "vitest";
import { callArgs } from "./arguments.ts";
import { Kwargs } from "./values.ts";

test("positional and keyword arguments are bound to their names; absent ones are undefined", () => {
  expect(callArgs([1, new Kwargs({ c: 3 })], ["a", "b", "c"])).toEqual({ a: 1, c: 3 });
  expect(callArgs([], ["a"]).a).toBeUndefined();
});

const mistakes: [unknown[], string[], string][] = [
  [[1, 2], ["a"], "f() takes 1 positional argument but 2 were given"],
  [[1, new Kwargs({ a: 2 })], ["a"], "f() got multiple values for argument 'a'"],
  [[new Kwargs({ z: 2 })], ["a"], "f() got an unexpected keyword argument 'z'"],
  [[], ["a!", "b!"], "f() missing 2 required positional arguments: 'a' and 'b'"],
];
for (const [args, names, message] of mistakes)
  test(`wrong calls raise Python's TypeError: ${message}`, () => {
    expect(() => callArgs(args, names, "f")).toThrow(message);
  });

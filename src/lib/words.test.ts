import { expect, test } from "vitest";
import { splitWords } from "./words.ts";

test.each([
  ["build -s tag:nightly", ["build", "-s", "tag:nightly"]],
  [`  build\t--vars '{top_n: 10}'  `, ["build", "--vars", "{top_n: 10}"]],
  [`show --inline "select \\"a\\" from b"`, ["show", "--inline", 'select "a" from b']],
  [`a'b'"c" '' \\ d`, ["abc", "", " d"]],
  ["", []],
])("%j is split as a shell does", (line, words) => expect(splitWords(line)).toEqual(words));

test("a quote that is not closed is no line", () => {
  expect(splitWords("show 'a")).toBeUndefined();
});

import { expect, test } from "vitest";
import { commented } from "./comment.ts";

const of = (append: boolean) => ({ text: "ab 𝄞", append });

test("a comment stands before the statement, and tells by how many characters it moves it", () => {
  const { text, moved } = commented("select 1", of(false));
  expect(text).toBe("/* ab 𝄞 */\nselect 1");
  // Characters as Postgres counts them: the clef is one.
  expect(Array.from(text).slice(moved).join("")).toBe("select 1");
});

test("an appended comment stands on a line of its own, before the last semicolon", () => {
  expect(commented("select 1 -- one", of(true))).toEqual({ text: "select 1 -- one\n/* ab 𝄞 */", moved: 0 });
  expect(commented("select 1;\n", of(true)).text).toBe("select 1\n/* ab 𝄞 */;");
});

test("without a comment a statement is sent as it is", () => {
  expect(commented("select 1", undefined)).toEqual({ text: "select 1", moved: 0 });
});

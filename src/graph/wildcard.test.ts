import { expect, test } from "vitest";
import { fits, liesIn } from "./wildcard.ts";

test("wildcards mean what they mean to Python's fnmatch", () => {
  for (const [text, pattern, expected] of [
    ["abc", "abc", true],
    ["abc", "ABC", false],
    ["abc", "a*", true],
    ["a.b/c", "a*c", true],
    ["abc", "a?c", true],
    ["ac", "a?c", false],
    ["b", "[a-c]", true],
    ["d", "[a-c]", false],
    ["d", "[!a-c]", true],
    ["]", "[]]", true],
    ["x", "[!]]", true],
    ["-", "[a-]", true],
    ["^", "[^]", true],
    ["b", "[c-a]", false],
    ["[ab", "[ab", true],
    ["a.c", "a.c", true],
    ["abc", "a.c", false],
    ["a\nc", "a*c", true],
    ["ä€", "?€", true],
    ["a+b(c)", "a+b(?)", true],
  ] as const) {
    expect([text, pattern, fits(text, pattern)]).toEqual([text, pattern, expected]);
  }
});

test("a glob takes a file, or the folder it lies in, and stays within folders", () => {
  const path = "models/staging/deep/a.sql";
  for (const [glob, expected] of [
    ["models", true],
    ["models/", true],
    ["./models//staging", true],
    ["staging", false],
    ["models/*/deep", true],
    ["models/*/a.sql", false],
    ["models/*", true],
    ["models/**", true],
    ["**/a.sql", true],
    ["models/**/a.sql", true],
    ["models/**/deep", true],
    ["models/staging/deep/a.sql", true],
    ["models/staging/deep/a.sql/", false],
    ["models/stag", false],
    ["/", false],
  ] as const) {
    expect([glob, liesIn(path, glob)]).toEqual([glob, expected]);
  }
});

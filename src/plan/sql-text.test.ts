import { expect, test } from "vitest";
import { calledNames, canonical } from "./sql-text.ts";

test.each([
  ["select 1", "SELECT\n  1 -- one"],
  ["select a from b", "select /* x /* nested */ */ a\tfrom\n\nb"],
  ["select 'A  b'", "SELECT 'A  b'"],
])("layout, comments and case of words do not count: %s", (one, other) => {
  expect(canonical(one)).toBe(canonical(other));
});

test.each([
  ["select 'a'", "select 'A'"],
  ["select 'a  b'", "select 'a b'"],
  ['select "A"', "select a"],
  ["select 1.5", "select 15"],
  ["select 'x' -- y", "select 'x -- y'"],
  ["select $$ a $$", "select $$ b $$"],
  ["select e'a\\'--' , 1", "select e'a\\'--' , 2"],
  ["select a - -b", "select a --b"],
  ["select u&'d\\0061t'", "select 'd\\0061t'"],
])("what it means does: %s is not %s", (one, other) => {
  expect(canonical(one)).not.toBe(canonical(other));
});

test("functions are names before a parenthesis", () => {
  expect([...calledNames(`select now(), "My F"(1), x in (1), 'no()' from t -- random()`)]).toEqual([
    "now",
    "My F",
    "in",
  ]);
});

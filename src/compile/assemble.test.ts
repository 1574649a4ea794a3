import { expect, test } from "vitest";
import type { SourceFile } from "../diagnostics/diagnostic.ts";
import { assemble, type Compiled, withCtes } from "./assemble.ts";

/** SQL that stands in a file of its own, as it is. */
function standing(path: string, text: string): Compiled {
  const file: SourceFile = { path, absolute: path, text };
  return { sql: text, locate: (offset) => ({ file, start: offset, end: offset + 1 }) };
}

const injected = (query: string): string => withCtes(standing("q", query), [{ name: "e", body: "select 1" }]).sql;

test("ephemeral models stand in front of a query that has no CTEs", () => {
  expect(injected("select * from e")).toBe("with e as (\nselect 1\n)\nselect * from e");
});

test("ephemeral models come before the CTEs of a query, which may be recursive and begin with comments", () => {
  expect(injected("with a as (select 2) select 3")).toBe("with  e as (\nselect 1\n), a as (select 2) select 3");
  expect(injected("-- with x\n/* with\n y */ WITH  RECURSIVE a as (select 2) select 3")).toBe(
    "-- with x\n/* with\n y */ WITH  RECURSIVE  e as (\nselect 1\n), a as (select 2) select 3",
  );
});

test("a name that only begins like with is no with", () => {
  expect(injected("without")).toBe("with e as (\nselect 1\n)\nwithout");
});

test("a query without ephemeral models stays as it is", () => {
  expect(withCtes(standing("q", "select 1"), []).sql).toBe("select 1");
});

test("a place in the assembled SQL leads to the file its piece came from, and to none in what was added", () => {
  const all = withCtes(standing("q.sql", "with a as (select 2) select three"), [
    { name: "e", body: standing("e.sql", "select one") },
  ]);
  const at = (word: string): unknown => {
    const span = all.locate(all.sql.indexOf(word));
    return span && [span.file.path, span.file.text.slice(span.start, span.start + word.length)];
  };
  expect(at("three")).toEqual(["q.sql", "three"]);
  expect(at("one")).toEqual(["e.sql", "one"]);
  expect(at("e as")).toBeUndefined();
});

test("pieces may be assembled of assembled ones", () => {
  const inner = assemble("(", standing("i.sql", "x"), ")");
  const outer = assemble("select ", inner, " as y");
  expect(outer.sql).toBe("select (x) as y");
  expect(outer.locate(8)?.file.path).toBe("i.sql");
  expect(outer.locate(0)).toBeUndefined();
});

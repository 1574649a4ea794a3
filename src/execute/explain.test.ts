import { expect, test } from "vitest";
import type { SourceFile } from "../diagnostics/diagnostic.ts";
import { formatDiagnostic } from "../diagnostics/format.ts";
import { QueryError } from "../postgres/errors.ts";
import { explainQueryError, utf16Offset } from "./explain.ts";

test("Postgres counts characters from 1, JavaScript UTF-16 units from 0", () => {
  expect(utf16Offset("select x", 1)).toBe(0);
  expect(utf16Offset("select x", 8)).toBe(7);
  // One character of two units, and one of one unit and two bytes.
  expect(utf16Offset("'😀ü' x", 6)).toBe(6);
  expect(utf16Offset("ab", 99)).toBe(2);
});

const file: SourceFile = { path: "models/b.sql", absolute: "/p/models/b.sql", text: "select\n  '😀',\n  nope\nfrom a" };
const at = { file, start: 0, end: 6 };
/** As compiled without a change: each character stands where it stood in the file. */
const compiled = { sql: file.text, locate: (offset: number) => ({ file, start: offset, end: offset + 4 }) };
const head = "create table b as (\n";

function failed(
  position: number | undefined,
  more: { detail?: string; hint?: string; code?: string } = {},
): QueryError {
  const sql = `${head}${file.text}\n)`;
  const message = 'column "nope" does not exist';
  return new QueryError(sql, { message, code: "42703", ...(position && { position: String(position) }), ...more });
}

test("a place in the statement becomes the line and column of the model, with the compiled line", () => {
  const position = [...`${head}select\n  '😀',\n  `].length + 1;
  const found = explainQueryError(failed(position, { hint: "Perhaps …" }), {
    at,
    compiled,
    bodyAt: head.length,
    label: "table",
  });
  expect(formatDiagnostic(found)).toBe(
    'models/b.sql:3:3  sql-42703  column "nope" does not exist\n    3 │   nope\n      │   ~~~~\n    → hint: Perhaps …\n    → compiled:   nope\n                  ^',
  );
});

test("what fails in a statement of our own is told at the node, and what was being done", () => {
  const found = explainQueryError(failed(undefined, { detail: "Key (id)=(1) is duplicated." }), {
    at,
    label: "create index",
  });
  expect(found.message).toBe('column "nope" does not exist (create index)');
  expect(found.at).toEqual(at);
  expect(found.notes.map((note) => note.message)).toEqual(["Key (id)=(1) is duplicated."]);
});

test("a place before the model's own SQL is told at the node", () => {
  const found = explainQueryError(failed(3), { at, compiled, bodyAt: head.length, label: "table" });
  expect(found.at).toEqual(at);
});

const lastNote = (code: string): string | undefined =>
  explainQueryError(failed(undefined, { code }), { at, label: "x" }).notes.at(-1)?.message;

test("a missing table, a missing privilege and a lost server come with the next move", () => {
  expect(lastNote("42P01")).toContain("name it with ref()");
  const missing = (text: string): string | undefined =>
    explainQueryError(failed(undefined, { code: "42P01" }), {
      at: { file: { ...file, text }, start: 0, end: text.length },
      label: "x",
    }).notes.at(-1)?.message;
  expect(missing("{{ source('raw', 'a') }}")).toContain("`sluice load` loads its files");
  expect(missing("{{ ref('a') }}")).toContain("it was not built yet");
  expect(lastNote("42501")).toContain("grant the missing privilege");
  expect(lastNote("08006")).toContain("can be run again");
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { parse } from "csv-parse/sync";
import { expect, test } from "vitest";
import { formatDiagnostic } from "../diagnostics/format.ts";
import { seedRows } from "./seed-rows.ts";
import { inferSeedFile, inferSeedTypes } from "./seed-types.ts";
import { seedValue } from "./seed-values.ts";

interface Case {
  readonly name: string;
  readonly text: string;
  readonly delimiter: string;
  readonly forced: readonly string[];
  readonly columns?: { name: string; type: string }[];
  readonly rows?: (string | null)[][];
  readonly error?: string;
}

/** Answers of dbt's own reader: `testing/seed-oracle.py`. */
const cases = JSON.parse(readFileSync(new URL("seed-types.golden.json", import.meta.url), "utf8")) as Case[];

const infer = ({ text, delimiter, forced }: Case): ReturnType<typeof inferSeedTypes> =>
  inferSeedTypes(() => text, delimiter, Object.fromEntries(forced.map((name) => [name, "text"])));

test.each(cases)("types are dbt's: $name", async (one) => {
  const found = await infer(one);
  if (one.error !== undefined) {
    expect(found.diagnostics.some((d) => d.severity === "error")).toBe(true);
    return;
  }
  expect(found.columns.map(({ name, type }) => ({ name, type }))).toEqual(one.columns);
  expect(found.rows).toBe(one.rows?.length);
});

test.each(cases.filter(({ rows }) => rows))("values are dbt's: $name", async (one) => {
  const { columns } = await infer(one);
  const records = parse(one.text, {
    delimiter: one.delimiter,
    bom: true,
    relax_quotes: true,
    relax_column_count: true,
    from: 2,
    record_delimiter: ["\r\n", "\n"],
  });
  const found = records.map((record) => columns.map((column, i) => seedValue(column, record[i] ?? "")));
  const expected = one.rows!.map((row) => row.map((cell, i) => sameForPostgres(cell, columns[i]!.type)));
  expect(found.map((row) => row.map((cell, i) => sameForPostgres(cell, columns[i]!.type)))).toEqual(expected);
});

/** Python's and our spelling of the same value of a type. */
function sameForPostgres(cell: string | null, type: string): string | null {
  if (cell === null || type === "text" || type === "boolean" || type === "date") return cell;
  if (cell.startsWith("NaN")) return "NaN";
  if (type === "integer") return String(/^-?\d+$/.test(cell) ? BigInt(cell) : Math.round(Number(cell)));
  if (type === "float8") return String(Number(cell));
  const zoned = /[-+]\d\d:\d\d$/.test(cell);
  const [, fraction] = /\.(\d+)/.exec(cell) ?? [];
  return `${new Date(zoned ? cell : `${cell.replace(" ", "T")}Z`).toISOString().slice(0, 19)}.${fraction ?? ""}`;
}

test("a stream gives the same as a text, and given types are kept", async () => {
  const text = "id,zip\n1,01067\n2,80331\n";
  const source = Readable.from([Buffer.from(text.slice(0, 11)), Buffer.from(text.slice(11))]);
  const { columns, rows } = await inferSeedTypes(() => source, ",", { zip: "varchar(5)" });
  expect(columns).toEqual([
    { name: "id", type: "integer", kind: "number" },
    { name: "zip", type: "varchar(5)", kind: "text" },
  ]);
  expect(rows).toBe(2);
});

test("faults of rows and header are shown with their lines", async () => {
  const csv = 'id,,id\n1,2,3\n"a\nb",1,2,3\n4\n5,6,7,8\n';
  const file = { path: "seeds/s.csv", absolute: "/p/seeds/s.csv", text: "" };
  const { columns, diagnostics } = await inferSeedTypes(() => csv, ",", {}, file);
  expect(columns).toEqual([]);
  expect(diagnostics.map((d) => formatDiagnostic(d)).join("\n")).toMatchInlineSnapshot(`
    "seeds/s.csv:1:1  seed-header  Column 2 has no name in the header.
        1 │ id,,id
          │ ~~~~~~
        → it is called "b"
    seeds/s.csv:1:1  seed-header  The header has two columns "id".
        1 │ id,,id
          │ ~~~~~~
        → the later one is called "id_2"
    seeds/s.csv:3:1  seed-row  This row has 4 values, but the header has 3.
        3 │ a
          │ ~
        → quote values that hold the delimiter
    seeds/s.csv:5:1  seed-row  This row has 1 value, but the header has 3.
        5 │ 4
          │ ~
        → the missing values are null
    seeds/s.csv:6:1  seed-row  This row has 4 values, but the header has 3.
        6 │ 5,6,7,8
          │ ~~~~~~~
        → quote values that hold the delimiter"
  `);
});

test("a quote without an end and an empty file are errors", async () => {
  const file = { path: "s.csv", absolute: "/s.csv", text: "" };
  const open = await inferSeedTypes(() => 'id,name\n1,a\n2,"b\n', ",", {}, file);
  const empty = await inferSeedTypes(() => "", ",", {}, file);
  expect([...open.diagnostics, ...empty.diagnostics].map((d) => formatDiagnostic(d)).join("\n")).toMatchInlineSnapshot(`
    "s.csv:3:1  seed-csv  A quote that is opened here is never closed.
    s.csv:1:1  seed-header  The file is empty: it has no header.
        → the first line names the columns"
  `);
});

test("rows that were kept are those of the file", async () => {
  const dir = mkdtempSync(join(tmpdir(), "sluice-seed-"));
  const file = { path: "s.csv", absolute: join(dir, "s.csv"), text: "" };
  writeFileSync(file.absolute, 'id,day,note\n1,2024-1-5,"a, ""b"""\n\n2,null,\n3\n');
  const kept = await inferSeedFile({ file, bytes: 1 }, ",", {});
  const large = await inferSeedFile({ file, bytes: 1e9 }, ",", {});
  expect([kept.records?.length, large.records]).toEqual([4, undefined]);
  for (const found of [kept, large])
    expect(await text(seedRows(file, ",", found))).toBe('"1","2024-01-05","a, ""b"""\n,,\n"2",,\n"3",,\n');
  rmSync(dir, { recursive: true });
});

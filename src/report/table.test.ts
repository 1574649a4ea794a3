import fc from "fast-check";
import { expect, test } from "vitest";
import { rowLines, NumberText, showJson, tableLines } from "./table.ts";
import { textWidth } from "./text-width.ts";

const columns = ["id", "name", "amount"];
const rows = [
  ["1", "Jonathan Gentry", "12,876.00"],
  ["22", null, "-5.5"],
];

test("numbers stand right, text left, null is said", () => {
  expect(tableLines(columns, rows)).toEqual([
    "id  name                amount",
    "──  ───────────────  ─────────",
    " 1  Jonathan Gentry  12,876.00",
    "22  null                  -5.5",
  ]);
});

test("text is cut to fit, numbers never", () => {
  expect(tableLines(columns, rows, { width: 24 })).toEqual([
    "id  name          amount",
    "──  ─────────  ─────────",
    " 1  Jonathan…  12,876.00",
    "22  null            -5.5",
  ]);
});

test("columns that do not fit are left out, and counted", () => {
  const wide = ["a", "b", "c", "d", "e"].map((name) => `column_${name}`);
  const lines = tableLines(wide, [wide.map(() => "some long text")], { width: 34 });
  expect(lines[0]).toBe("column_a  column_b  … 3 more");
});

test("control characters of the data do not reach the terminal", () => {
  const lines = tableLines(["x"], [["a\nb\t\x1b[31mred\u0085"]]);
  expect(lines[2]).toBe("a\\nb\\t\\x1b[31mred\\x85");
});

test("a table never exceeds its width, whatever is in it", () => {
  const cell = fc.option(fc.string({ unit: "grapheme", maxLength: 30 }), { nil: null });
  const table = fc
    .integer({ min: 1, max: 6 })
    .chain((n) =>
      fc.tuple(
        fc.array(fc.string({ unit: "grapheme", maxLength: 20 }), { minLength: n, maxLength: n }),
        fc.array(fc.array(cell, { minLength: n, maxLength: n }), { maxLength: 5 }),
      ),
    );
  fc.assert(
    fc.property(table, fc.integer({ min: 36, max: 200 }), ([heads, body], width) => {
      for (const line of tableLines(heads, body, { width })) expect(textWidth(line)).toBeLessThanOrEqual(width);
    }),
  );
});

test("wide letters take two cells and marks none", () => {
  expect(textWidth("顧客")).toBe(4);
  expect(textWidth("e\u0301a\u0308")).toBe(2);
  expect(textWidth("👩‍👩‍👧 🇩🇪")).toBe(5);
  expect(textWidth("\x1b[31mred\x1b[39m")).toBe(3);
});

test("show's JSON names the node, as dbt, and keeps numbers as Postgres writes them", () => {
  const row = [new NumberText("3.0"), null, true, 'a "b"'];
  const text = showJson("a", ["n", "none", "yes", "t"], [row, row]);
  expect(text).toContain('"n": 3.0,');
  const shown = { n: 3, none: null, yes: true, t: 'a "b"' };
  expect(text).toBe(JSON.stringify({ node: "a", show: [shown, shown] }, null, 2).replaceAll('"n": 3,', '"n": 3.0,'));
  expect(JSON.parse(showJson(undefined, ["id"], []))).toEqual({ show: [] });
});

test("rows that are too wide for the terminal become lists of their columns", () => {
  const columns = ["id", "remark"];
  const rows = [
    ["1", "a long remark that does not fit"],
    ["2", null],
  ];
  expect(rowLines(columns, rows, 80)).toEqual(tableLines(columns, rows));
  expect(rowLines(columns, rows, 30)).toEqual([
    "id      1",
    "remark  a long remark that",
    "        does not fit",
    "",
    "id      2",
    "remark  null",
  ]);
});

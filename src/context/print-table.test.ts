import { expect, test } from "vitest";
import { callMethod } from "../jinja/index.ts";
import { ResultTable } from "./results.ts";

/** What a table of these rows prints; the answers are agate's, of dbt's types. */
function printedBy(method: string, ...args: unknown[]): string {
  const said: string[] = [];
  const fields = [
    { name: "n", type: 23 },
    { name: "d", type: 1700 },
    { name: "txt", type: 25 },
    { name: "day", type: 1082 },
    { name: "b", type: 16 },
    { name: "p", type: 1700 },
    { name: "more", type: 25 },
  ];
  const rows = [
    ["1234567", "1234.5", "ab", "2020-01-01", "t", "2.123456", null],
    ["-1", "2.25", 'a "long" text, that is longer', null, "f", "1.23455", "x\ny"],
  ];
  const table = ResultTable.of({ fields, rows, rowCount: 2, command: "SELECT" }, (text) => said.push(text));
  callMethod(table, method, args, null);
  return said.join("\n");
}

test("print_table is a Markdown table of so many rows, columns and characters", () => {
  expect(printedBy("print_table")).toBe(`\
|       n |        d | txt                  |        day |     b |      p | ... |
| ------- | -------- | -------------------- | ---------- | ----- | ------ | --- |
| 1234567 | 1,234.50 | ab                   | 2020-01-01 |  True | 2.123… | ... |
|      -1 |     2.25 | a "long" text, th... |            | False | 1.235… | ... |`);
  expect(printedBy("print_table", 1, null, null, 8)).toBe(`\
|       n |       d | txt |      day |    b |      p | more |
| ------- | ------- | --- | -------- | ---- | ------ | ---- |
| 1234567 | 1,234.5 | ab  | 2020-... | True | 2.123… |      |
|     ... |     ... | ... |      ... |  ... |    ... | ...  |`);
});

test("print_csv, print_json and print_structure print all of it", () => {
  expect(printedBy("print_csv")).toBe(`\
n,d,txt,day,b,p,more
1234567,1234.5,ab,2020-01-01,True,2.123456,
-1,2.25,"a ""long"" text, that is longer",,False,1.23455,"x
y"`);
  expect(printedBy("print_json")).toBe(
    '[{"n": 1234567, "d": 1234.5, "txt": "ab", "day": "2020-01-01", "b": true, "p": 2.123456, "more": null}, ' +
      '{"n": -1, "d": 2.25, "txt": "a \\"long\\" text, that is longer", "day": null, "b": false, "p": 1.23455, "more": "x\\ny"}]',
  );
  expect(printedBy("print_structure").split("\n").slice(0, 4)).toEqual([
    "| column | data_type |",
    "| ------ | --------- |",
    "| n      | Integer   |",
    "| d      | Number    |",
  ]);
});

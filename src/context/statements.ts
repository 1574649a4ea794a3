/** `statement` blocks and what they leave: results live as long as the template's context. */
import { call, callArgs, PyDict, PyTuple, str } from "../jinja/index.ts";
import type { Phase } from "./phase.ts";
import { ResultTable } from "./results.ts";

/** What `load_result` gives: how the server answered, the rows as tuples, and the table. */
const stored = (response: unknown, table: unknown): PyDict =>
  new PyDict([
    ["response", response],
    ["data", table instanceof ResultTable ? table.rows.map((row) => PyTuple.of([...row.items])) : []],
    ["table", table ?? null],
  ]);

/** The names `statement`, `load_result`, `store_result` and `store_raw_result`. While parsing they do nothing. */
export function statementNames(phase: Phase): [string, unknown][] {
  const results = new Map<string, PyDict>();
  const { query } = phase;
  if (!query) {
    return [
      ["statement", () => ""],
      ["load_result", () => null],
      ["store_result", () => ""],
      ["store_raw_result", () => ""],
    ];
  }
  const statement = async (...args: unknown[]): Promise<string> => {
    const given = callArgs(args, ["name", "fetch_result", "auto_begin", "language", "caller"]);
    if (given["caller"] === undefined) return "";
    const result = await query(str(await call(given["caller"], [], null)));
    if (given["name"]) {
      results.set(str(given["name"]), stored(`${result.command} ${result.rowCount}`, new ResultTable(result)));
    }
    return "";
  };
  const storeResult = (...args: unknown[]): string => {
    const { name, response, agate_table } = callArgs(args, ["name", "response", "agate_table"]);
    results.set(str(name), stored(response ?? null, agate_table));
    return "";
  };
  const storeRaw = (...args: unknown[]): string => {
    const given = callArgs(args, ["name", "message", "code", "rows_affected", "agate_table"]);
    results.set(str(given["name"]), stored(given["message"] ?? null, given["agate_table"]));
    return "";
  };
  return [
    ["statement", statement],
    ["load_result", (name: unknown) => results.get(str(name)) ?? null],
    ["store_result", storeResult],
    ["store_raw_result", storeRaw],
  ];
}

/** What a contract promises and the query does not give: dbt's table of it, and each difference at its column. */
import { error, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { Site } from "./materialization.ts";

export interface Difference {
  readonly column: string;
  readonly promised: string;
  readonly found: string;
  /** dbt's names of the types, for its table; empty where the column is missing. */
  readonly definition: string;
  readonly contract: string;
}

export function broken(input: Site, differences: readonly Difference[], found: readonly string[]): Diagnostic {
  const { node } = input;
  return error(
    "contract-broken",
    `This model has an enforced contract that failed. The query of "${node.name}" does not give the columns promised.`,
    node.at,
    [
      mismatchTable(differences),
      ...differences.map((d) => {
        const at = node.columns.find((column) => column.name === d.column)?.at;
        const message =
          d.found === "missing"
            ? `"${d.column}" (${d.promised}) is not in the query: missing in definition. ${didYouMean(d.column, found).join("")}`.trim()
            : d.promised === "missing"
              ? `"${d.column}" (${d.found}) is in the query only: missing in contract`
              : `"${d.column}" is promised as ${d.promised} and found as ${d.found}: data type mismatch`;
        return at ? { message, at } : { message };
      }),
    ],
  );
}

/** dbt's table of what does not match, which tools read out of the log. */
function mismatchTable(differences: readonly Difference[]): string {
  const rows = [
    ["column_name", "definition_type", "contract_type", "mismatch_reason"],
    ...differences.map(({ column, definition, contract }) => [
      column,
      definition,
      contract,
      definition === "" ? "missing in definition" : contract === "" ? "missing in contract" : "data type mismatch",
    ]),
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  return [line(rows[0]!), line(widths.map((width) => "-".repeat(width))), ...rows.slice(1).map(line)].join("\n");
}

/** What dbt calls a type, for those whose own names it does not use: families of them, and arrays. */
const TYPE_NAMES: readonly (readonly [name: string, ...oids: number[]])[] = [
  ["TEXT", 18, 19, 25, 1042, 1043],
  ["INT", 21, 23],
  ["LONGINTEGER", 20],
  ["DECIMAL", 1700],
  ["FLOAT", 700, 701],
  ["BOOLEAN", 16],
  ["DATETIME", 1114],
  ["DATETIMETZ", 1184],
  ["STRINGARRAY", 1002, 1003, 1009, 1014, 1015],
  ["INTEGERARRAY", 1005, 1006, 1007],
  ["LONGINTEGERARRAY", 1016],
  ["DECIMALARRAY", 1231],
  ["FLOATARRAY", 1021, 1022],
  ["BOOLEANARRAY", 1000],
  ["DATEARRAY", 1182],
  ["DATETIMEARRAY", 1115],
  ["DATETIMETZARRAY", 1185],
];
export const typeName = (oid: number, name = "another type"): string =>
  TYPE_NAMES.find(([, ...oids]) => oids.includes(oid))?.[0] ?? name.toUpperCase();

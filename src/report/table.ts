/** Small aligned tables: rows of `show`, failing rows of a test, the plan. */
import { plain, type Palette } from "../lib/palette.ts";
import { cut, oneLine, padEnd, padStart, textWidth, wrapWords } from "./text-width.ts";

export interface TableOptions {
  /** Cells the whole table may take; columns are cut, then left out, to fit. Without it nothing is cut. */
  readonly width?: number;
  readonly palette?: Palette;
  /** By column: never cut, such as a name one wants to copy. Numbers never are: a cut number is a wrong one. */
  readonly keep?: readonly boolean[];
}

type Cell = string | null;
const GAP = "  ";
const SMALLEST = 6;
const NUMBER = /^[-+]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?([eE][-+]?\d+)?%?$/;

/** Lines of the table: header, rule, rows. Columns of numbers are right aligned; null is shown dim. */
export function tableLines(
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions = {},
): string[] {
  const c = options.palette ?? plain;
  const cells = rows.map((row) => columns.map((_, i) => (row[i] == null ? null : oneLine(row[i]))));
  const heads = columns.map(oneLine);
  const right = columns.map((_, i) => isNumeric(cells.map((row) => row[i]!)));
  const natural = heads.map((head, i) => Math.max(textWidth(head), ...cells.map((row) => textWidth(row[i] ?? "null"))));
  const widths =
    options.width === undefined
      ? natural
      : fit(
          natural,
          heads,
          options.width,
          right.map((number, i) => number || options.keep?.[i] === true),
        );
  const left = natural.length - widths.length;
  const more = left ? `${GAP}… ${left} more` : "";

  const line = (row: readonly Cell[], paint: (cell: Cell, text: string) => string) =>
    widths
      .map((width, i) => {
        const text = cut(row[i] ?? "null", width);
        const padded = right[i] ? padStart(text, width) : i === widths.length - 1 ? text : padEnd(text, width);
        return paint(row[i] ?? null, padded);
      })
      .join(GAP)
      .trimEnd();
  return [
    line(heads, (_, text) => c.bold(text)) + c.dim(more),
    c.dim(widths.map((width) => "─".repeat(width)).join(GAP)),
    ...cells.map((row) => line(row, (cell, text) => (cell === null ? c.dim(text) : text))),
  ];
}

/** A table if it fits; else, so that nothing is cut, each row as a list of its columns. */
export function rowLines(
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
  width: number,
  palette: Palette = plain,
): string[] {
  const table = tableLines(columns, rows, { palette });
  if (rows.length === 0 || table.every((line) => textWidth(line) <= width)) return table;
  return rows.flatMap((row, i) => [...(i > 0 ? [""] : []), ...recordLines(columns, row, width, palette)]);
}

/** `name  value`, a line a column; long values go on below themselves. */
function recordLines(columns: readonly string[], row: readonly (string | null)[], width: number, c: Palette): string[] {
  const label = Math.max(...columns.map(textWidth));
  return columns.flatMap((column, i) => {
    const value = row[i] ?? null;
    const lines = value === null ? [c.dim("null")] : wrapWords(oneLine(value), Math.max(20, width - label - 2));
    return lines.map((line, n) => `${n === 0 ? c.dim(padEnd(column, label)) : " ".repeat(label)}  ${line}`);
  });
}

const isNumeric = (cells: readonly Cell[]): boolean =>
  cells.some((cell) => cell !== null) && cells.every((cell) => cell === null || NUMBER.test(cell));

/** Takes cells from the widest columns until the table fits; when every column is small already, drops the last ones. */
function fit(natural: readonly number[], heads: readonly string[], width: number, keep: readonly boolean[]): number[] {
  const widths = [...natural];
  const floor = (i: number) =>
    keep[i] ? natural[i]! : Math.min(natural[i]!, Math.max(SMALLEST, textWidth(heads[i]!)));
  const total = () => widths.reduce((sum, w) => sum + w, 0) + GAP.length * (widths.length - 1);
  // ` … 12 more` needs room of its own once columns are left out.
  const room = () => (widths.length < natural.length ? width - 12 : width);
  while (total() > room()) {
    const cuttable = widths.map((w, i) => (w > floor(i) ? w : 0));
    const widest = cuttable.indexOf(Math.max(...cuttable));
    if (cuttable[widest]! > 0) widths[widest]!--;
    else if (widths.length > 1) widths.pop();
    else return [Math.max(1, room())];
  }
  return widths;
}

/** A number as Postgres writes it, which JSON takes as it is: `3.0` stays `3.0`. */
export class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** dbt's `show --output json`: `{"node": …, "show": […]}`; inline queries have no node. Values are text, booleans, null or numbers as text. */
export function showJson(
  node: string | undefined,
  columns: readonly string[],
  rows: readonly (readonly (string | boolean | null | NumberText)[])[],
): string {
  const objects = rows.map((row) => {
    const cells = columns.map((name, i) => `      ${JSON.stringify(name)}: ${cellJson(row[i] ?? null)}`);
    return `    {\n${cells.join(",\n")}\n    }`;
  });
  const shown = objects.length === 0 ? "[]" : `[\n${objects.join(",\n")}\n  ]`;
  return `{\n${node === undefined ? "" : `  "node": ${JSON.stringify(node)},\n`}  "show": ${shown}\n}`;
}

const cellJson = (value: string | boolean | null | NumberText): string =>
  value instanceof NumberText ? value.text : JSON.stringify(value);

/** `print_table()` and its kin of agate's tables: the text that they print. */
import { callArgs, jsonDumps, PyDecimal, PyDict, PyFloat, str } from "../jinja/index.ts";

/** What is printed of a table; `kinds` are agate's names of its columns' types. */
export interface Printed {
  readonly names: readonly string[];
  readonly kinds: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

const ELLIPSIS = "...";
const PARAMETERS = ["max_rows", "max_columns", "output", "max_column_width", "locale", "max_precision"] as const;
/** Digits behind the point that are shown of a number, unless asked otherwise. */
const PRECISION = 3;

/** Markdown; `max_rows` (20), `max_columns` (6), `max_column_width` (20) and `max_precision` (3) may be None. */
export function tableText({ names, kinds, rows }: Printed, args: unknown[] = []): string {
  const given = callArgs(args, PARAMETERS);
  const limit = (name: (typeof PARAMETERS)[number], standard: number): number =>
    given[name] === undefined ? standard : given[name] === null ? Infinity : Number(given[name]);
  const [most, wide] = [limit("max_rows", 20), limit("max_columns", 6)];
  const [width, precision] = [limit("max_column_width", 20), limit("max_precision", PRECISION)];
  const cut = (text: string): string => {
    const characters = Array.from(text);
    return characters.length > width ? characters.slice(0, width - ELLIPSIS.length).join("") + ELLIPSIS : text;
  };
  const columns = names.slice(0, wide).map((name, i) => {
    const shown = rows.slice(0, most).map((row) => row[i]);
    const texts = kinds[i] === "Number" ? numberTexts(shown, precision) : shown.map(plainText);
    const cells = [cut(name), ...texts.map(cut)];
    if (rows.length > most) cells.push(ELLIPSIS);
    return { cells, left: kinds[i] === "Text" };
  });
  if (names.length > wide) columns.push({ cells: columns[0]!.cells.map(() => ELLIPSIS), left: kinds[wide] === "Text" });
  const padded = columns.map(({ cells, left }) => {
    const size = Math.max(...cells.map((cell) => Array.from(cell).length));
    const [head = "", ...body] = cells.map((cell) => {
      const room = " ".repeat(size - Array.from(cell).length);
      return left ? cell + room : room + cell;
    });
    return [head, "-".repeat(size), ...body];
  });
  return lines(padded);
}

/** Names and types of the columns. */
export const structureText = ({ names, kinds }: Printed): string =>
  tableText(
    { names: ["column", "data_type"], kinds: ["Text", "Text"], rows: names.map((name, i) => [name, kinds[i]]) },
    [null],
  );

export function csvText({ names, rows }: Printed): string {
  return [names, ...rows.map((row) => row.map(isoText))].map((row) => row.map(csvField).join(",")).join("\n");
}

export function jsonText({ names, rows }: Printed): string {
  const records = rows.map(
    (row) => new PyDict(names.map((name, i) => [name, jsonValue(row[i])] as [unknown, unknown])),
  );
  return String(jsonDumps(records));
}

const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const jsonValue = (cell: unknown): unknown =>
  cell instanceof PyDecimal
    ? new PyFloat(Number(cell.text))
    : typeof cell === "object" && cell !== null
      ? isoText(cell)
      : cell;

const plainText = (value: unknown): string => (value === null ? "" : str(value).replaceAll("\n", "↵"));

/** Dates and times as ISO has them. */
function isoText(value: unknown): string {
  if (value === null) return "";
  const isTime = typeof value === "object" && "isoformat" in value;
  return str(isTime ? (value.isoformat as () => unknown)() : value);
}

/** Thousands apart, with as many digits as the longest needs, and a sign where that is more than is shown. */
function numberTexts(values: readonly unknown[], most: number): string[] {
  const texts = values.map((value) => (value === null ? "" : str(value)));
  const needed = Math.max(0, ...texts.map((text) => /\.(\d*?)0*$/.exec(text)?.[1]?.length ?? 0));
  const places = Math.min(needed, most);
  return texts.map((text) => {
    if (!/^-?\d+(\.\d+)?$/.test(text)) return text;
    const [, fraction = ""] = text.split(".");
    const exact = fraction.length > places ? Number(text).toFixed(places) : text;
    const [whole = "", digits = ""] = exact.split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
    return `${grouped}${places > 0 ? `.${digits.padEnd(places, "0")}` : ""}${needed > most ? "…" : ""}`;
  });
}

function lines(columns: readonly (readonly string[])[]): string {
  const height = columns[0]?.length ?? 0;
  return Array.from({ length: height }, (_, i) => `| ${columns.map((cells) => cells[i]).join(" | ")} |`).join("\n");
}

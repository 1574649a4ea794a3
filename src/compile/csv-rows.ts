import { parse } from "csv-parse/sync";
import { error, Failure, type Span } from "../diagnostics/diagnostic.ts";
import type { Mapping } from "../project/types.ts";

/** Rows of a unit test written as CSV text; an empty cell is null. */
export function parseCsvRows(text: string, at: Span): Mapping[] {
  try {
    const rows: Record<string, string>[] = parse(text, { columns: true, trim: true, skip_empty_lines: true });
    return rows.map((row) => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, v === "" ? null : v])));
  } catch (cause) {
    throw new Failure(error("unit-test-csv", `The rows are not valid CSV: ${(cause as Error).message}`, at), { cause });
  }
}

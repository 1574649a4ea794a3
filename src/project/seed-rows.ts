/** A seed's rows as dbt would insert them, as CSV for COPY: nulls unquoted and empty, everything else quoted. */
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { parse } from "csv-parse";
import type { SourceFile } from "../diagnostics/diagnostic.ts";
import type { SeedColumn } from "./seed-types.ts";
import { seedValue } from "./seed-values.ts";

/** How COPY is to read what `seedRows` gives. */
export const SEED_COPY_OPTIONS = "format csv";

/** Text handed on at a time, in characters. */
const CHUNK = 64 * 1024;

/** `columns` are the inferred ones: every cell fits its column. */
export function seedRows(file: SourceFile, delimiter: string, columns: readonly SeedColumn[]): Readable {
  const records = createReadStream(file.absolute).pipe(
    parse({
      delimiter,
      bom: true,
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_quotes: true,
      relax_column_count: true,
      from: 2,
    }),
  );
  return Readable.from(lines(records, columns));
}

async function* lines(records: AsyncIterable<string[]>, columns: readonly SeedColumn[]): AsyncGenerator<string> {
  let text = "";
  for await (const record of records) {
    const cells = columns.map((column, i) => {
      const value = seedValue(column, record[i] ?? "");
      return value === null ? "" : `"${value.replaceAll('"', '""')}"`;
    });
    text += `${cells.join(",")}\n`;
    if (text.length >= CHUNK) {
      yield text;
      text = "";
    }
  }
  if (text) yield text;
}

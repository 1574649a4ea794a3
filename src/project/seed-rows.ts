/** A seed's rows as dbt would insert them, as CSV for COPY: nulls unquoted and empty, everything else quoted. */
import { createReadStream } from "node:fs";
import { pipeline, Readable, Transform } from "node:stream";
import { parse } from "csv-parse";
import type { SourceFile } from "../diagnostics/diagnostic.ts";
import type { SeedColumn, SeedTypes } from "./seed-types.ts";
import { seedValue } from "./seed-values.ts";

/** How COPY is to read what `seedRows` gives. */
export const SEED_COPY_OPTIONS = "format csv";

/** Text handed on at a time, in characters. */
const CHUNK = 64 * 1024;

/** How Python's reader takes CSV, for csv-parse. */
export const SEED_DIALECT = {
  bom: true,
  record_delimiter: ["\r\n", "\n", "\r"],
  relax_quotes: true,
  relax_column_count: true,
};

/** `columns` and `records` are what `inferSeedFile` found: every cell fits its column. Without records the file is read again. */
export function seedRows(
  file: SourceFile,
  delimiter: string,
  { columns, records }: Pick<SeedTypes, "columns" | "records">,
): Readable {
  // What goes wrong on the way is the error of the last, which is read.
  if (records) return pipeline(Readable.from(records), lines(columns), () => {});
  const parser = parse({ ...SEED_DIALECT, delimiter, from: 2 });
  return pipeline(createReadStream(file.absolute), parser, lines(columns), () => {});
}

function lines(columns: readonly SeedColumn[]): Transform {
  let text = "";
  return new Transform({
    writableObjectMode: true,
    transform(record: string[], _, done) {
      for (const [i, column] of columns.entries()) {
        const value = seedValue(column, record[i] ?? "");
        const cell = value === null ? "" : `"${value.includes('"') ? value.replaceAll('"', '""') : value}"`;
        text += i === 0 ? cell : `,${cell}`;
      }
      text += "\n";
      if (text.length < CHUNK) return done();
      done(null, text);
      text = "";
    },
    flush: (done) => done(null, text),
  });
}

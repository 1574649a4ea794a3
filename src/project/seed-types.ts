/** The types dbt gives a seed's columns, inferred from all its rows while they stream by. */
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { parse } from "csv-parse";
import type { CsvError } from "csv-parse";
import { error, warning } from "../diagnostics/diagnostic.ts";
import type { Diagnostic, SourceFile, Span } from "../diagnostics/diagnostic.ts";
import { Precision } from "./seed-precision.ts";
import { SEED_DIALECT } from "./seed-rows.ts";
import type { SeedFile } from "./types.ts";
import { SEED_KINDS, fits, isNull, numberIn } from "./seed-values.ts";
import type { SeedKind } from "./seed-values.ts";

export interface SeedColumn {
  readonly name: string;
  /** `integer`, `float8`, `date`, `timestamp without time zone`, `boolean`, `text`, or the type of `column_types`. */
  readonly type: string;
  /** How cells are read (`seedValue`); `text` where the type was given. */
  readonly kind: SeedKind;
}

export interface SeedTypes {
  readonly columns: SeedColumn[];
  readonly rows: number;
  /** Errors make the seed unusable; `columns` is empty then. */
  readonly diagnostics: readonly Diagnostic[];
  /** The rows as they stand in the file, where these are few enough to be kept. */
  readonly records?: readonly (readonly string[])[];
}

const TYPES: Record<Exclude<SeedKind, "number">, string> = {
  date: "date",
  datetime: "timestamp without time zone",
  "iso-datetime": "timestamp without time zone",
  boolean: "boolean",
  text: "text",
};

/** Problems of rows are shown up to this number, and counted beyond. */
const SHOWN = 20;

/** Of larger files, in bytes, rows are not kept: these take six times as much memory. */
const KEPT_BYTES = 8 * 1024 * 1024;

/**
 * Reads a seed's text (not its path) to the end. `overrides` is `column_types`: such columns are not looked at. `file` is where diagnostics
 * point; it need not hold the text. Where something is wrong it is read again for the lines, which take a third longer to know.
 */
export async function inferSeedTypes(
  open: () => Readable | string,
  delimiter: string,
  overrides: Readonly<Record<string, string>>,
  file: SourceFile = { path: "seed.csv", absolute: "", text: "" },
  keeps = false,
): Promise<SeedTypes> {
  const found = await infer(open(), delimiter, new Inference(overrides, file, keeps), false);
  return found.diagnostics.length === 0 ? found : infer(open(), delimiter, new Inference(overrides, file, keeps), true);
}

async function infer(
  source: Readable | string,
  delimiter: string,
  inference: Inference,
  withLines: boolean,
): Promise<SeedTypes> {
  const parser = parse({
    ...SEED_DIALECT,
    delimiter,
    ...(withLines && {
      on_record: (record: string[], context: { lines: number }) => {
        inference.add(record, context.lines);
        return null;
      },
    }),
  });
  try {
    await new Promise<void>((done, failed) => {
      parser
        .on("data", (record: string[]) => inference.add(record, 0))
        .on("end", done)
        .on("error", failed);
      if (typeof source === "string") parser.end(source);
      else source.on("error", failed).pipe(parser);
    });
  } catch (thrown) {
    if (!(thrown instanceof Error) || !("code" in thrown) || !String(thrown.code).startsWith("CSV_")) throw thrown;
    inference.unreadable(thrown as CsvError); // its code says so
  }
  return inference.result();
}

/** As `inferSeedTypes`, of a file on disk. */
export const inferSeedFile = (
  { file, bytes }: Pick<SeedFile, "file" | "bytes">,
  delimiter: string,
  overrides: Readonly<Record<string, string>>,
): Promise<SeedTypes> =>
  inferSeedTypes(() => createReadStream(file.absolute), delimiter, overrides, file, bytes <= KEPT_BYTES);

class Column {
  readonly name: string;
  readonly type: string | undefined;
  readonly precision = new Precision();
  #kinds: SeedKind[] = [...SEED_KINDS];

  constructor(name: string, type: string | undefined) {
    this.name = name;
    this.type = type;
    if (type !== undefined) this.#kinds = ["text"];
  }

  add(cell: string): void {
    // Null is of every kind.
    if (this.#kinds.length === 1 || isNull(cell)) return;
    // Most columns are of one kind from the first cell to the last: numbers are looked at once only.
    const number = this.#kinds[0] === "number" ? numberIn(cell) : undefined;
    if (number !== undefined) this.precision.add(number);
    const isOf = (kind: SeedKind): boolean => (kind === "number" ? number !== undefined : fits(kind, cell));
    if (!this.#kinds.every(isOf)) this.#kinds = this.#kinds.filter(isOf);
  }

  result(): SeedColumn {
    const kind = this.#kinds[0]!;
    if (this.type !== undefined) return { name: this.name, type: this.type, kind: "text" };
    const type = kind === "number" ? (this.precision.hasDecimals() ? "float8" : "integer") : TYPES[kind];
    return { name: this.name, type, kind };
  }
}

class Inference {
  readonly #overrides: Readonly<Record<string, string>>;
  readonly #file: SourceFile;
  readonly #records: (readonly string[])[] | undefined;
  readonly #problems: Diagnostic[] = [];
  #columns: Column[] | undefined;
  #rows = 0;
  #lastLine = 0;
  #long = 0;
  #short = 0;

  constructor(overrides: Readonly<Record<string, string>>, file: SourceFile, keeps: boolean) {
    this.#overrides = overrides;
    this.#file = file;
    this.#records = keeps ? [] : undefined;
  }

  add(record: readonly string[], lastLine: number): void {
    const line = this.#lastLine + 1;
    this.#lastLine = lastLine;
    if (!this.#columns) {
      this.#columns = this.#header(record, line);
      return;
    }
    this.#rows++;
    this.#records?.push(record);
    const columns = this.#columns;
    // An empty line is a row of nulls to dbt.
    if (record.length === 1 && record[0] === "" && columns.length > 1) return;
    if (record.length !== columns.length) this.#ragged(record, columns.length, line);
    const many = Math.min(record.length, columns.length);
    for (let i = 0; i < many; i++) columns[i]!.add(record[i]!);
  }

  /** Names as dbt's reader makes them up: a second `id` is `id_2`, the second column without a name is `b`. */
  #header(record: readonly string[], line: number): Column[] {
    const names: string[] = [];
    for (const [i, written] of record.entries()) {
      const name = written === "" ? letterName(i) : written;
      let unique = name;
      for (let n = 2; names.includes(unique); n++) unique = `${name}_${n}`;
      if (written === "") {
        const message = `Column ${i + 1} has no name in the header.`;
        this.#problems.push(warning("seed-header", message, this.#at(line, record), [`it is called "${unique}"`]));
      } else if (unique !== name) {
        const message = `The header has two columns "${name}".`;
        this.#problems.push(
          warning("seed-header", message, this.#at(line, record), [`the later one is called "${unique}"`]),
        );
      }
      names.push(unique);
    }
    return names.map((name) => new Column(name, this.#overrides[name]));
  }

  #ragged(record: readonly string[], expected: number, line: number): void {
    const long = record.length > expected;
    const shown = long ? this.#long++ : this.#short++;
    if (shown >= SHOWN) return;
    const message = `This row has ${count(record.length)}, but the header has ${expected}.`;
    const at = this.#at(line, record);
    if (long) this.#problems.push(error("seed-row", message, at, ["quote values that hold the delimiter"]));
    else this.#problems.push(warning("seed-row", message, at, ["the missing values are null"]));
  }

  unreadable(thrown: CsvError): void {
    const quote = thrown.code === "CSV_QUOTE_NOT_CLOSED";
    const message = quote ? "A quote that is opened here is never closed." : `This is not CSV: ${thrown.message}`;
    this.#problems.push(error("seed-csv", message, this.#at(this.#lastLine + 1, [])));
  }

  result(): SeedTypes {
    if (this.#long > SHOWN) {
      this.#problems.push(error("seed-row", `${this.#long} rows have too many values; the first ${SHOWN} are shown.`));
    }
    if (!this.#columns) {
      const notes = ["the first line names the columns"];
      this.#problems.push(error("seed-header", "The file is empty: it has no header.", this.#at(1, []), notes));
    }
    const failed = this.#problems.some((d) => d.severity === "error");
    const columns = failed ? [] : (this.#columns ?? []).map((column) => column.result());
    const records = this.#records && { records: this.#records };
    return { columns, rows: this.#rows, diagnostics: this.#problems, ...records };
  }

  /** The file is not held in memory: its text is made of line breaks and this row. */
  #at(line: number, record: readonly string[]): Span {
    const row = record.join(",").split("\n", 1)[0] ?? "";
    const file = { ...this.#file, text: "\n".repeat(line - 1) + row };
    return { file, start: line - 1, end: line - 1 + Math.max(1, row.length) };
  }
}

const count = (n: number): string => (n === 1 ? "1 value" : `${n} values`);

/** a … z, aa, bb … */
const letterName = (index: number): string => String.fromCharCode(97 + (index % 26)).repeat(Math.floor(index / 26) + 1);

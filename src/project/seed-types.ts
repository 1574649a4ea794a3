/** The types dbt gives a seed's columns, inferred from all its rows while they stream by. */
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { parse } from "csv-parse";
import type { CsvError } from "csv-parse";
import { error, warning } from "../diagnostics/diagnostic.ts";
import type { Diagnostic, SourceFile, Span } from "../diagnostics/diagnostic.ts";
import { Precision } from "./seed-precision.ts";
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

/**
 * Reads a seed's text (not its path) to the end. `overrides` is `column_types`: such columns are not looked at. `file` is where diagnostics
 * point; it need not hold the text.
 */
export async function inferSeedTypes(
  source: Readable | string,
  delimiter: string,
  overrides: Readonly<Record<string, string>>,
  file: SourceFile = { path: "seed.csv", absolute: "", text: "" },
): Promise<SeedTypes> {
  const inference = new Inference(overrides, file);
  const parser = parse({
    delimiter,
    bom: true,
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_quotes: true,
    relax_column_count: true,
    on_record: (record: string[], context) => {
      inference.add(record, context.lines);
      return null;
    },
  });
  try {
    await new Promise<void>((done, failed) => {
      parser.on("end", done).on("error", failed).resume();
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
  file: SourceFile,
  delimiter: string,
  overrides: Readonly<Record<string, string>>,
): Promise<SeedTypes> => inferSeedTypes(createReadStream(file.absolute), delimiter, overrides, file);

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
    if (this.#kinds.length === 1) return;
    // Most columns are of one kind from the first cell to the last: numbers are looked at once only.
    if (this.#kinds[0] === "number" && !isNull(cell)) {
      const number = numberIn(cell);
      if (number !== undefined) this.precision.add(number);
    }
    if (!this.#kinds.every((kind) => fits(kind, cell))) this.#kinds = this.#kinds.filter((kind) => fits(kind, cell));
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
  readonly #problems: Diagnostic[] = [];
  #columns: Column[] | undefined;
  #rows = 0;
  #lastLine = 0;
  #long = 0;
  #short = 0;

  constructor(overrides: Readonly<Record<string, string>>, file: SourceFile) {
    this.#overrides = overrides;
    this.#file = file;
  }

  add(record: readonly string[], lastLine: number): void {
    const line = this.#lastLine + 1;
    this.#lastLine = lastLine;
    if (!this.#columns) {
      this.#columns = this.#header(record, line);
      return;
    }
    this.#rows++;
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
    return { columns, rows: this.#rows, diagnostics: this.#problems };
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

/** One reading of one file: its header matched, its good records on the way to COPY, its bad ones reported. */
import { Readable } from "node:stream";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { ColumnType } from "./convert.ts";
import type { Dialect } from "./dialect.ts";
import { matchHeader, readHeader, type Header } from "./header.ts";
import type { LocatedFile } from "./locate.ts";
import type { Reject, Rewritten } from "./reject.ts";
import { Scanner } from "./scanner.ts";
import { TextFile } from "./text-file.ts";
import { view } from "./utf8.ts";

export interface PassOptions {
  readonly file: LocatedFile;
  readonly columns: readonly ColumnType[];
  readonly dialect: Dialect;
  readonly header: boolean;
  /** As `encodingName` gives it. */
  readonly encoding: string;
  /** Between a record and its line number; absent: nothing is appended. */
  readonly suffix?: string;
  /** For the file's columns, in its order; see `rewriterOf`. */
  readonly rewriter?: (columns: readonly ColumnType[]) => ((record: string) => Rewritten) | undefined;
  readonly onReject: (reject: Reject) => void;
  /** After each piece of the file; may throw to stop. */
  readonly onBytes?: (bytes: number, records: number) => void;
}

export class CsvPass {
  /** The declared columns in the order in which the file has them. */
  readonly columns: readonly ColumnType[];
  readonly scanner: Scanner;
  readonly #options: PassOptions;
  readonly #text: TextFile;
  readonly #chunks: AsyncGenerator<Uint8Array>;
  readonly #rest: Uint8Array;

  private constructor(
    options: PassOptions,
    text: TextFile,
    chunks: AsyncGenerator<Uint8Array>,
    columns: readonly ColumnType[],
    header?: Header,
  ) {
    this.#options = options;
    this.#text = text;
    this.#chunks = chunks;
    this.#rest = header?.rest ?? new Uint8Array(0);
    this.columns = columns;
    const rewrite = options.rewriter?.(columns);
    this.scanner = new Scanner({
      dialect: options.dialect,
      fields: columns.length,
      onReject: options.onReject,
      ...(options.suffix !== undefined && { suffix: options.suffix }),
      ...(header && { line: header.line, lineBreak: header.lineBreak }),
      ...(text.decodedFrom !== undefined && { decodedFrom: text.decodedFrom }),
      ...(rewrite && { rewrite }),
    });
  }

  /** Reads the header. Throws `Failure`: file unreadable or empty, header damaged or not that of the declared columns. */
  static async open(options: PassOptions): Promise<CsvPass> {
    const { file, columns } = options;
    const text = await TextFile.open(file.absolute, options.encoding).catch((thrown: unknown) => {
      throw unreadable(file, thrown);
    });
    const chunks = readable(text.chunks(), file);
    if (!options.header) return new CsvPass(options, text, chunks, columns);
    try {
      const header = await readHeader(chunks, options.dialect);
      if (header === undefined) throw emptyFile(file);
      if (typeof header === "string") {
        throw new Failure(error("csv-header", `${file.path}:1 The header cannot be read: ${header}.`));
      }
      const names = columns.map((column) => column.name);
      const matched = matchHeader(file.path, header.names, names);
      if (matched.diagnostics.length > 0) throw new Failure(matched.diagnostics);
      const ordered = matched.columns.map((name) => columns.find((column) => column.name === name)!);
      return new CsvPass(options, text, chunks, ordered, header);
    } catch (thrown) {
      await chunks.return(undefined);
      throw thrown;
    }
  }

  /**
   * What COPY is fed with: the good records, or, with `instead`, what it returns after each piece of the file. Read it to
   * its end, or destroy it.
   */
  stream(instead?: () => Buffer): Readable {
    return Readable.from(this.#blocks(instead));
  }

  /** Of the file on disk; once the stream has ended. */
  sha256(): string {
    return this.#text.sha256();
  }

  async *#blocks(instead: (() => Buffer) | undefined): AsyncGenerator<Buffer> {
    const { onBytes, file } = this.#options;
    const passOn = function* (blocks: readonly Uint8Array[]): Generator<Buffer> {
      const given = instead ? [instead()] : blocks.map(view);
      for (const block of given) if (block.length > 0) yield block;
    };
    try {
      yield* passOn(this.scanner.push(this.#rest));
      for await (const chunk of this.#chunks) {
        yield* passOn(this.scanner.push(chunk));
        onBytes?.(this.#text.bytesRead, this.scanner.records);
      }
      yield* passOn(this.scanner.end());
      onBytes?.(this.#text.bytesRead, this.scanner.records);
      if (this.scanner.records === 0 && !this.#options.header) throw emptyFile(file);
    } finally {
      await this.#chunks.return(undefined);
    }
  }
}

async function* readable(chunks: AsyncGenerator<Uint8Array>, file: LocatedFile): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (thrown) {
    throw unreadable(file, thrown);
  }
}

const emptyFile = (file: LocatedFile): Failure =>
  new Failure(
    error("csv-empty", `${file.path} is empty: not even a header.`, undefined, [
      "if that is right, remove the file, or narrow `location:`",
    ]),
  );

/** What Node says of damaged archives and of files that cannot be opened, in words. */
function unreadable(file: LocatedFile, thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !("code" in thrown)) return thrown;
  const { code, message } = thrown;
  if (code === "Z_BUF_ERROR") {
    return new Failure(error("csv-gzip", `${file.path} is cut short: the gzip archive has no end.`), { cause: thrown });
  }
  if (typeof code === "string" && code.startsWith("Z_")) {
    return new Failure(error("csv-gzip", `${file.path} is a damaged gzip archive: ${message}.`), { cause: thrown });
  }
  return new Failure(error("csv-unreadable", `${file.path} cannot be read: ${message}.`), { cause: thrown });
}

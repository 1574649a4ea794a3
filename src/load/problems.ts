/** What is wrong with the rows of a load: the first mistakes in full, and how many there are in all. */
import { error, Failure, type Diagnostic } from "../diagnostics/diagnostic.ts";

export interface RowProblem {
  readonly line: number;
  readonly column?: string | undefined;
  readonly reason: string;
  readonly raw?: string | undefined;
}

/** So many are shown in full. */
export const MOST_SHOWN = 20;
const SHOWN_RAW = 160;

export class Problems {
  readonly #shown: Diagnostic[] = [];
  readonly #files = new Set<string>();
  #count = 0;
  /** A file as a whole is wrong: setting bad rows aside would not help. */
  #unreadable = false;

  get count(): number {
    return this.#count;
  }

  /** `problems` are the first of `count`, by line. */
  addRows(file: string, problems: readonly RowProblem[], count: number): void {
    this.#files.add(file);
    this.#count += count;
    for (const problem of problems.slice(0, MOST_SHOWN - this.#shown.length)) this.#shown.push(describe(file, problem));
  }

  /** Of a file as a whole. */
  addFile(file: string, failure: Failure): void {
    this.#files.add(file);
    this.#unreadable = true;
    this.#count += failure.diagnostics.length;
    this.#shown.push(...failure.diagnostics.slice(0, MOST_SHOWN - this.#shown.length));
  }

  /** Everything as one failure of `table`. */
  failure(table: string, quarantine: boolean): Failure {
    const hidden = this.#count - this.#shown.length;
    const files = this.#files.size === 1 ? "" : ` in ${this.#files.size} files`;
    const inAll =
      hidden > 0
        ? [
            error(
              "csv-rejected",
              `${this.#count.toLocaleString("en")} mistakes in all${files}, ${this.#shown.length} shown.`,
            ),
          ]
        : [];
    const last = [...this.#shown, ...inAll].at(-1)!;
    const note = {
      message:
        quarantine || this.#unreadable
          ? `${table} was left as it was`
          : `${table} was left as it was; with \`on_reject: quarantine\` good rows load and bad ones are set aside`,
    };
    return new Failure([...this.#shown, ...inAll].map((d) => (d === last ? { ...d, notes: [...d.notes, note] } : d)));
  }
}

function describe(file: string, { line, column, reason, raw }: RowProblem): Diagnostic {
  const where = column === undefined ? "" : ` Column "${column}":`;
  const text = raw === undefined || column !== undefined ? [] : [`the record: ${cut(raw)}`];
  return error("csv-rejected", `${file}:${line}${where} ${sentence(reason, column !== undefined)}.`, undefined, text);
}

const cut = (raw: string): string => (raw.length > SHOWN_RAW ? `${raw.slice(0, SHOWN_RAW)}…` : raw);

const sentence = (reason: string, inside: boolean): string =>
  inside ? reason : reason.charAt(0).toUpperCase() + reason.slice(1);

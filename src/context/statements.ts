/** `statement` blocks and what they leave: results live as long as the template's context. */
import { call, callArgs, PyDict, PyTuple, str, TemplateError, truth } from "../jinja/index.ts";
import type { Phase } from "./phase.ts";
import { ResultTable, type TextResult } from "./results.ts";

/** How the server answered: prints as `INSERT 0 5`; `.code` and `.rows_affected` are its parts. */
export class Response {
  readonly text: string;
  readonly #code: unknown;
  readonly #rows: unknown;

  constructor(text: string, code: unknown, rows: unknown) {
    this.text = text;
    this.#code = code;
    this.#rows = rows;
  }

  __str__(): string {
    return this.text;
  }
  __getattr__(name: string): unknown {
    const parts: Record<string, unknown> = { code: this.#code, rows_affected: this.#rows, _message: this.text };
    return name in parts ? (parts[name] ?? null) : undefined;
  }
}

/** As the server's tag has it: a count behind the commands that have one. */
export function responseOf({ command, rowCount }: TextResult): Response {
  const counted = /^(SELECT|INSERT|UPDATE|DELETE|MERGE|COPY|FETCH|MOVE)$/.test(command);
  const text = counted ? `${command} ${command === "INSERT" ? "0 " : ""}${rowCount}` : command;
  return new Response(text, command, rowCount);
}

/** What `load_result` gives: how the server answered, the rows as tuples, and the table. */
const stored = (response: unknown, table: unknown): PyDict =>
  new PyDict([
    ["response", response],
    ["data", table instanceof ResultTable ? table.rows.map((row) => PyTuple.of([...row.items])) : []],
    ["table", table ?? null],
  ]);

/** The names `statement`, `load_result`, `store_result` and `store_raw_result`. While parsing they do nothing. */
export function statementNames(phase: Phase): [string, unknown][] {
  const results = new Map<string, PyDict>();
  const loaded = new Set<string>();
  const store = (name: string, result: PyDict): void => {
    results.set(name, result);
    loaded.delete(name);
  };
  /** As dbt: what was stored is given once, but for `main`. */
  const load = (name: string): unknown => {
    const result = results.get(name);
    if (result && name !== "main" && loaded.has(name)) {
      const message = `The 'statement' result named '${name}' has already been loaded into a variable`;
      throw new TemplateError("CompilationError", message);
    }
    loaded.add(name);
    return result ?? null;
  };
  const { query } = phase;
  if (!query) {
    return [
      ["statement", () => ""],
      ["load_result", () => null],
      ["store_result", () => ""],
      ["store_raw_result", () => ""],
      ["noop_statement", () => ""],
    ];
  }
  const statement = async (...args: unknown[]): Promise<string> => {
    const given = callArgs(args, ["name", "fetch_result", "auto_begin", "language", "caller"]);
    if (given["caller"] === undefined) return "";
    const sql = str(await call(given["caller"], [], null));
    if (given["language"] !== undefined && str(given["language"]) !== "sql")
      throw new TemplateError("CompilationError", `statement() runs SQL only, not ${str(given["language"])}`);
    const result = await query(sql, { begins: given["auto_begin"] === undefined || truth(given["auto_begin"]) });
    if (given["name"]) {
      const name = str(given["name"]);
      store(
        name,
        stored(
          responseOf(result),
          ResultTable.of(result, (text) => phase.message("print", text)),
        ),
      );
      phase.stored?.(name, responseOf(result).text, result.rowCount);
    }
    return "";
  };
  const storeResult = (...args: unknown[]): string => {
    const { name, response, agate_table } = callArgs(args, ["name", "response", "agate_table"]);
    store(str(name), stored(response ?? null, agate_table));
    phase.stored?.(str(name), str(response ?? ""), agate_table instanceof ResultTable ? agate_table.rows.length : 0);
    return "";
  };
  const storeRaw = (...args: unknown[]): string => {
    const given = callArgs(args, ["name", "message", "code", "rows_affected", "agate_table"]);
    const response = new Response(str(given["message"] ?? ""), given["code"], given["rows_affected"]);
    store(str(given["name"]), stored(response, given["agate_table"]));
    phase.stored?.(str(given["name"]), response.text, Number(given["rows_affected"] ?? 0) || 0);
    return "";
  };
  const storeNoop = (...args: unknown[]): string => {
    const given = callArgs(args, ["name", "message", "code", "rows_affected", "res"]);
    return given["name"]
      ? storeRaw(given["name"], given["message"], given["code"], given["rows_affected"], given["res"])
      : "";
  };
  return [
    ["statement", statement],
    ["load_result", (name: unknown) => load(str(name))],
    ["store_result", storeResult],
    ["store_raw_result", storeRaw],
    ["noop_statement", storeNoop],
  ];
}

/** Query results as templates see them: dbt's agate tables. */
import { modules, PyDecimal, PyDict, PyFloat, PyTuple } from "../jinja/index.ts";

/** What a database answers to a template: values as Postgres writes them. */
export interface TextResult {
  readonly fields: readonly { readonly name: string; readonly type: number }[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly rowCount: number;
  readonly command: string;
}

const INT_TYPES = new Set([20, 21, 23, 26]);
const FLOAT_TYPES = new Set([700, 701]);
const NUMERIC = 1700;
const BOOL = 16;
const DATE = 1082;
/** `timestamp` without and with time zone. */
const TIMESTAMPS = new Set([1114, 1184]);
/** As the server writes them in ISO style; neither `infinity` nor years before Christ, which Python cannot hold. */
const ISO = /^\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d+)?([+-]\d\d(:\d\d)?)?)?$/;

// The module is ours, and has these two classes.
const python = modules.all.get("datetime") as Record<"date" | "datetime", { fromisoformat(text: string): unknown }>;

/** Python's value for a text of a Postgres type (by oid). What has no Python type of its own stays text. */
export function fromText(text: string | null, type: number): unknown {
  if (text === null) return null;
  if (INT_TYPES.has(type)) {
    const n = Number(text);
    return Number.isSafeInteger(n) ? n : BigInt(text);
  }
  if (FLOAT_TYPES.has(type)) return new PyFloat(Number(text));
  if (type === NUMERIC) return new PyDecimal(text);
  if (type === BOOL) return text === "t";
  if (type === DATE && ISO.test(text)) return python.date.fromisoformat(text);
  if (TIMESTAMPS.has(type) && ISO.test(text)) return python.datetime.fromisoformat(text.replace(/[+-]\d\d$/, "$&:00"));
  return text;
}

/** A list whose items are also found by column name. */
class Keyed {
  readonly keys: readonly string[];
  readonly items: readonly unknown[];

  constructor(keys: readonly string[], items: readonly unknown[]) {
    this.keys = keys;
    this.items = items;
  }

  __getitem__(key: unknown): unknown {
    if (typeof key === "number") return this.items[key < 0 ? this.items.length + key : key];
    return typeof key === "string" ? this.items[this.keys.indexOf(key)] : undefined;
  }
  __getattr__(name: string): unknown {
    switch (name) {
      case "values":
        return () => PyTuple.of([...this.items]);
      case "keys":
        return () => PyTuple.of([...this.keys]);
      case "items":
        return () => this.keys.map((key, i) => PyTuple.of([key, this.items[i]]));
      case "get":
        return (key: unknown, fallback: unknown = null) => this.__getitem__(key) ?? fallback;
      case "dict":
        return () => new PyDict(this.keys.map((key, i) => [key, this.items[i]] as [unknown, unknown]));
      default:
        return this.__getitem__(name);
    }
  }
  __len__(): number {
    return this.items.length;
  }
  __iter__(): unknown[] {
    return [...this.items];
  }
  __eq__(other: unknown): boolean {
    return other === this;
  }
}

/** One row: by position, name or attribute. Prints as agate's. */
class ResultRow extends Keyed {
  __str__(): string {
    return `<agate.Row: (${this.items.map(String).join(", ")})>`;
  }
}

class ResultColumn extends Keyed {
  readonly name: string;
  constructor(name: string, values: readonly unknown[]) {
    super([], values);
    this.name = name;
  }
  override __getattr__(name: string): unknown {
    if (name === "name") return this.name;
    if (name === "values_distinct") return () => PyTuple.of([...new Set(this.items)]);
    return super.__getattr__(name);
  }
}

/** agate's Table, as far as templates use it: `columns`, `rows`, `column_names`, `print_table`, iteration, length. */
export class ResultTable {
  readonly names: readonly string[];
  readonly rows: readonly ResultRow[];

  constructor(result: TextResult) {
    this.names = result.fields.map((f) => f.name);
    this.rows = result.rows.map(
      (row) =>
        new ResultRow(
          this.names,
          row.map((text, i) => fromText(text, result.fields[i]?.type ?? 0)),
        ),
    );
  }

  #columns(): Keyed {
    return new Keyed(
      this.names,
      this.names.map(
        (name, i) =>
          new ResultColumn(
            name,
            this.rows.map((row) => row.items[i]),
          ),
      ),
    );
  }

  __getattr__(name: string): unknown {
    switch (name) {
      case "rows":
        return this.rows;
      case "columns":
        return this.#columns();
      case "column_names":
        return PyTuple.of([...this.names]);
      case "print_table":
        return () => null;
      default:
        return undefined;
    }
  }
  __getitem__(key: unknown): unknown {
    return this.#columns().__getitem__(key);
  }
  __iter__(): unknown[] {
    return [...this.rows];
  }
  __len__(): number {
    return this.rows.length;
  }
  __str__(): string {
    return `<agate.Table: ${this.rows.length} rows>`;
  }
}

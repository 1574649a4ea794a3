/** Query results as templates see them: dbt's agate tables. */
import {
  call,
  callArgs,
  compare,
  eq,
  getattr,
  iter,
  modules,
  PyDecimal,
  PyDict,
  PyFloat,
  PyTuple,
  str,
  truth,
} from "../jinja/index.ts";
import { csvText, jsonText, type Printed, structureText, tableText } from "./print-table.ts";
import { intervalText } from "./interval-text.ts";
import { structured } from "./structured.ts";

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
const INTERVAL = 1186;
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
  // agate makes decimals of floats too, by their Python text.
  if (FLOAT_TYPES.has(type)) return new PyDecimal(/^-?\d+$/.test(text) ? `${text}.0` : text);
  if (type === NUMERIC) return new PyDecimal(text);
  if (type === BOOL) return text === "t";
  if (type === DATE && ISO.test(text)) return python.date.fromisoformat(text);
  if (TIMESTAMPS.has(type) && ISO.test(text)) return python.datetime.fromisoformat(text.replace(/[+-]\d\d$/, "$&:00"));
  if (type === INTERVAL) return intervalText(text);
  return structured(text, type) ?? text;
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

const tuple = (items: readonly unknown[]) => () => PyTuple.of([...items]);

class ResultColumn extends Keyed {
  readonly #own: Readonly<Record<string, unknown>>;

  constructor(name: string, type: number, index: number, values: readonly unknown[]) {
    super([], values);
    const known = values.filter((value) => value !== null);
    const sorted = known.toSorted(compare);
    this.#own = {
      name,
      index,
      data_type: kindOf(type),
      values_distinct: tuple([...new Set(values)]),
      values_without_nulls: tuple(known),
      values_sorted: () => [...sorted, ...values.filter((value) => value === null)],
      values_without_nulls_sorted: () => [...sorted],
    };
  }
  override __getattr__(name: string): unknown {
    return Object.hasOwn(this.#own, name) ? this.#own[name] : super.__getattr__(name);
  }
}

/** agate's Table, as far as templates use it. Its methods give new tables. */
export class ResultTable {
  readonly names: readonly string[];
  readonly rows: readonly ResultRow[];
  readonly #types: readonly number[];
  readonly #print: (text: string) => void;

  /** `print` is told what the table prints. */
  constructor(
    names: readonly string[],
    types: readonly number[],
    rows: readonly (readonly unknown[])[],
    print: (text: string) => void,
  ) {
    this.names = names;
    this.#types = types;
    this.#print = print;
    this.rows = rows.map((row) => new ResultRow(names, row));
  }

  static of({ fields, rows }: TextResult, print: (text: string) => void): ResultTable {
    const types = fields.map((f) => f.type);
    const values = rows.map((row) => row.map((text, i) => fromText(text, types[i] ?? 0)));
    return new ResultTable(
      fields.map((f) => f.name),
      types,
      values,
      print,
    );
  }

  #columns(): Keyed {
    const columns = this.names.map(
      (name, i) =>
        new ResultColumn(
          name,
          this.#types[i] ?? 0,
          i,
          this.rows.map((row) => row.items[i]),
        ),
    );
    return new Keyed(this.names, columns);
  }

  /** Columns by their places. */
  #pick(places: readonly number[], names = places.map((i) => this.names[i] ?? "")): ResultTable {
    const types = places.map((i) => this.#types[i] ?? 0);
    return new ResultTable(
      names,
      types,
      this.rows.map((row) => places.map((i) => row.items[i])),
      this.#print,
    );
  }

  #keep(rows: readonly ResultRow[]): ResultTable {
    return new ResultTable(
      this.names,
      this.#types,
      rows.map((row) => row.items),
      this.#print,
    );
  }

  #rename(given: unknown): ResultTable {
    const renamed =
      given instanceof Map ? this.names.map((name) => str(given.get(name) ?? name)) : [...iter(given)].map(str);
    return this.#pick(
      this.names.map((_, i) => i),
      renamed,
    );
  }

  #sorted(key: unknown, reverse: boolean): ResultTable {
    const keys = namesIn(key);
    const sorted = this.rows.toSorted((a, b) => {
      for (const name of keys) {
        const [x, y] = [a.__getitem__(name), b.__getitem__(name)];
        // None comes last, as in agate.
        const order = x === null || y === null ? Number(x === null) - Number(y === null) : compare(x, y);
        if (order !== 0) return reverse ? -order : order;
      }
      return 0;
    });
    return this.#keep(sorted);
  }

  #distinct(key: unknown): ResultTable {
    const keys = key === undefined || key === null ? this.names : namesIn(key);
    const kept: ResultRow[] = [];
    const same = (a: ResultRow, b: ResultRow): boolean =>
      keys.every((name) => eq(a.__getitem__(name), b.__getitem__(name)));
    for (const row of this.rows) if (!kept.some((other) => same(row, other))) kept.push(row);
    return this.#keep(kept);
  }

  __getattr__(name: string): unknown {
    switch (name) {
      case "rows":
        return this.rows;
      case "columns":
        return this.#columns();
      case "column_names":
        return PyTuple.of([...this.names]);
      case "column_types":
        return PyTuple.of(this.#types.map((type) => kindOf(type)));
      case "row_names":
        return null;
      case "select":
        return (key: unknown) => this.#pick(namesIn(key).map((wanted) => this.names.indexOf(wanted)));
      case "exclude":
        return (key: unknown) => {
          const without = namesIn(key);
          return this.#pick(this.names.flatMap((column, i) => (without.includes(column) ? [] : [i])));
        };
      case "rename":
        return (...args: unknown[]) => {
          const given = callArgs(args, ["column_names", "row_names", "slug_columns", "slug_rows"]);
          return this.#rename(given["column_names"] ?? this.names);
        };
      case "limit":
        return (count: unknown) => this.#keep(this.rows.slice(0, Number(count)));
      case "order_by":
        return (...args: unknown[]) => {
          const { key, reverse } = callArgs(args, ["key", "reverse"]);
          return this.#sorted(key, reverse !== undefined && truth(reverse));
        };
      case "distinct":
        return (key?: unknown) => this.#distinct(key);
      case "print_table":
        return (...args: unknown[]) => this.#printed(tableText(this.#shown(), args));
      case "print_csv":
        return () => this.#printed(csvText(this.#shown()));
      case "print_json":
        return () => this.#printed(jsonText(this.#shown()));
      case "print_structure":
        return () => this.#printed(structureText(this.#shown()));
      default:
        return undefined;
    }
  }
  #shown(): Printed {
    return { names: this.names, kinds: this.#types.map(kindName), rows: this.rows.map((row) => row.items) };
  }
  #printed(text: string): null {
    this.#print(text);
    return null;
  }
  /** A row by its number; columns have names. */
  __getitem__(key: unknown): unknown {
    if (typeof key === "number") return this.rows[key < 0 ? this.rows.length + key : key];
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

/** One name or several. */
const namesIn = (key: unknown): string[] => (typeof key === "string" ? [key] : [...iter(key)].map(str));

/** agate's kinds of columns; templates ask for their number or look at their class. */
function kindOf(type: number): unknown {
  const name = kindName(type);
  const known: Record<string, unknown> = {
    name,
    jsonify: (value: unknown) =>
      name === "Number" && value !== null ? new PyFloat(Number(str(value))) : plain(name, value),
    csvify: (value: unknown) => (name === "Boolean" && value !== null ? str(value) : plain(name, value)),
  };
  return { __str__: () => `<agate.${name}>`, __getattr__: (key: string) => known[key] };
}

function kindName(type: number): string {
  return INT_TYPES.has(type)
    ? "Integer"
    : FLOAT_TYPES.has(type) || type === NUMERIC
      ? "Number"
      : type === BOOL
        ? "Boolean"
        : type === DATE
          ? "Date"
          : TIMESTAMPS.has(type)
            ? "DateTime"
            : "Text";
}

/** Without a type of Python's own. */
function plain(kind: string, value: unknown): unknown {
  if (value === null || kind === "Integer" || kind === "Number" || kind === "Boolean") return value;
  return kind === "Text" ? str(value) : call(getattr(value, "isoformat"), [], null);
}

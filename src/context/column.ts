/** dbt's Column as templates see it, with the types of Postgres. */
import { callArgs, repr, str } from "../jinja/index.ts";
import { quoteIdent } from "../postgres/relation.ts";

const STRINGS = new Set(["text", "character varying", "character", "varchar", "char", "bpchar"]);
const INTEGERS = new Set(
  "smallint integer bigint int int2 int4 int8 smallserial serial bigserial serial2 serial4 serial8".split(" "),
);
const FLOATS = new Set(["real", "double precision", "float", "float4", "float8"]);
const NUMERICS = new Set(["numeric", "decimal"]);

/** Bits, as information_schema tells them. */
const PRECISIONS: Readonly<Record<string, number>> = {
  smallint: 16,
  integer: 32,
  bigint: 64,
  real: 24,
  "double precision": 53,
};

/** A column of a relation, as `adapter.get_columns_in_relation` gives. */
export class Column {
  readonly name: string;
  /** `character varying`, without length. */
  readonly dtype: string;
  /** `character varying(20)`. */
  readonly dataType: string;

  constructor(name: string, dataType: string) {
    this.name = name;
    this.dataType = dataType;
    this.dtype = dataType.replace(/\([^)]*\)/, "");
  }

  get #numbers(): readonly number[] {
    const found = /\((-?\d+)(?:,\s*(-?\d+))?\)/.exec(this.dataType);
    return found ? [Number(found[1]), ...(found[2] === undefined ? [] : [Number(found[2])])] : [];
  }
  get #type(): string {
    return this.dtype.toLowerCase();
  }
  get isString(): boolean {
    return STRINGS.has(this.#type);
  }
  get stringSize(): number {
    return this.#numbers[0] ?? 256;
  }

  canExpandTo(other: Column): boolean {
    if (this.#type === "text" || (this.isString && this.#numbers.length === 0)) return false;
    return this.isString && other.isString && (other.#type === "text" || other.stringSize > this.stringSize);
  }

  __str__(): string {
    const parts = ["char_size", "numeric_precision", "numeric_scale"].map(
      (key) => `${key}=${repr(this.__getattr__(key))}`,
    );
    return `PostgresColumn(column=${repr(this.name)}, dtype=${repr(this.dtype)}, ${parts.join(", ")})`;
  }
  __repr__(): string {
    return this.__str__();
  }
  __eq__(other: unknown): boolean {
    return other instanceof Column && other.name === this.name && other.dataType === this.dataType;
  }

  __getattr__(name: string): unknown {
    const type = this.#type;
    switch (name) {
      case "name":
      case "column":
        return this.name;
      case "dtype":
        return this.dtype;
      case "data_type":
        return this.dataType;
      case "quoted":
        return quoteIdent(this.name);
      case "char_size":
        return this.isString ? (this.#numbers[0] ?? null) : null;
      case "numeric_precision":
        return NUMERICS.has(type) ? (this.#numbers[0] ?? null) : (PRECISIONS[type] ?? null);
      case "numeric_scale":
        if (INTEGERS.has(type)) return type in PRECISIONS ? 0 : null;
        return NUMERICS.has(type) && this.#numbers.length > 0 ? (this.#numbers[1] ?? 0) : null;
      case "is_string":
        return () => this.isString;
      case "is_numeric":
        return () => NUMERICS.has(type);
      case "is_number":
        return () => INTEGERS.has(type) || FLOATS.has(type) || NUMERICS.has(type);
      case "is_integer":
        return () => INTEGERS.has(type);
      case "is_float":
        return () => FLOATS.has(type);
      case "string_size":
        return () => this.stringSize;
      case "can_expand_to":
        return (...args: unknown[]) => {
          const { other_column } = callArgs(args, ["other_column"]);
          return other_column instanceof Column && this.canExpandTo(other_column);
        };
      case "literal":
        return (value: unknown) => `${str(value)}::${this.dataType}`;
      case "create":
      case "string_type":
      case "numeric_type":
      case "translate_type":
        return columnClass[name];
      default:
        return undefined;
    }
  }
}

const stringType = (size: unknown): string =>
  size === null || size === undefined ? "character varying" : `character varying(${str(size)})`;

const numericType = (type: unknown, precision: unknown, scale: unknown): string =>
  precision === null || precision === undefined || scale === null || scale === undefined
    ? str(type)
    : `${str(type)}(${str(precision)},${str(scale)})`;

/** Of dbt's general names, Postgres has all but this one. */
const translateType = (type: unknown): string => (str(type).toUpperCase() === "STRING" ? "TEXT" : str(type));

function make(args: unknown[]): Column {
  const given = callArgs(args, ["column", "dtype", "char_size", "numeric_precision", "numeric_scale", "name"]);
  const type = str(given["dtype"]);
  const sized = STRINGS.has(type.toLowerCase()) && type.toLowerCase() !== "text" && given["char_size"];
  // The catalog tells a precision of integers too.
  const full = sized
    ? stringType(given["char_size"])
    : NUMERICS.has(type.toLowerCase())
      ? numericType(type, given["numeric_precision"], given["numeric_scale"])
      : type;
  return new Column(str(given["column"] ?? given["name"]), full);
}

function create(...args: unknown[]): Column {
  const given = callArgs(args, ["name", "label_or_dtype"]);
  return new Column(str(given["name"]), translateType(given["label_or_dtype"]));
}

/** `api.Column`: callable, with its class methods. */
export const columnClass = Object.assign((...args: unknown[]) => make(args), {
  create,
  string_type: stringType,
  numeric_type: numericType,
  translate_type: translateType,
});

/** dbt's Relation and Column as templates see them. */
import { callArgs, PyDict, truth } from "../jinja/index.ts";
import { quoteIdent } from "../postgres/relation.ts";

export type RelationType = "table" | "view" | "cte" | "materialized_view" | "external";

export interface RelationParts {
  readonly database?: string;
  readonly schema?: string;
  readonly identifier?: string;
  readonly type?: RelationType;
  /** Which parts are printed. */
  readonly include?: Partial<Record<Part, boolean>>;
  readonly quote?: Partial<Record<Part, boolean>>;
  /** Printed instead of the name: an ephemeral model's CTE, a `where` subquery, an empty input. */
  readonly text?: string;
  readonly columns?: unknown;
}

type Part = "database" | "schema" | "identifier";
const PARTS: readonly Part[] = ["database", "schema", "identifier"];

/** Immutable; what `ref()`, `source()` and `this` give. Prints as `"database"."schema"."identifier"`. */
export class Relation {
  readonly #parts: RelationParts;

  constructor(parts: RelationParts) {
    this.#parts = parts;
  }

  get parts(): RelationParts {
    return this.#parts;
  }

  with(parts: Partial<RelationParts>): Relation {
    return new Relation({ ...this.#parts, ...parts });
  }

  render(): string {
    if (this.#parts.text !== undefined) return this.#parts.text;
    const shown: string[] = [];
    for (const part of PARTS) {
      const name = this.#parts[part];
      if (name === undefined || this.#parts.include?.[part] === false) continue;
      shown.push(this.#parts.quote?.[part] === false ? name : quoteIdent(name));
    }
    return shown.join(".");
  }

  __str__(): string {
    return this.render();
  }
  __repr__(): string {
    return `<Relation ${this.render()}>`;
  }
  __hash__(): string {
    return this.render();
  }
  __eq__(other: unknown): boolean {
    return other instanceof Relation && other.render() === this.render();
  }
  __bool__(): boolean {
    return true;
  }
  /** dbt_utils asks `is mapping` and `.get('metadata').type` to know a relation. */
  __mapping__(): boolean {
    return true;
  }

  __getattr__(name: string): unknown {
    const p = this.#parts;
    switch (name) {
      case "database":
      case "schema":
      case "identifier":
        return p[name] ?? null;
      case "name":
      case "table":
        return p.identifier ?? null;
      case "type":
        return p.type ?? null;
      case "is_table":
      case "is_view":
      case "is_cte":
      case "is_materialized_view":
        return p.type === name.slice(3);
      case "render":
        return () => this.render();
      case "include":
        return (...args: unknown[]) => this.with({ include: { ...p.include, ...this.#flags(args) } });
      case "quote":
        return (...args: unknown[]) => this.with({ quote: { ...p.quote, ...this.#flags(args) } });
      case "without_identifier":
        return () => this.with({ include: { ...p.include, identifier: false } });
      case "incorporate":
        return (...args: unknown[]) => this.#incorporate(args);
      case "replace_path":
        return (...args: unknown[]) => this.with(partsOf(args));
      case "get":
        return (key: unknown, fallback: unknown = null) =>
          key === "metadata" ? METADATA : (this.__getattr__(String(key)) ?? fallback);
      case "metadata":
        return METADATA;
      case "information_schema":
        return (view?: unknown) =>
          new Relation({
            database: p.database,
            schema: "information_schema",
            identifier: view ? String(view) : undefined,
            quote: { schema: false, identifier: false },
          });
      default:
        return undefined;
    }
  }

  #flags(args: unknown[]): Partial<Record<Part, boolean>> {
    const given = callArgs(args, ["database", "schema", "identifier"]);
    const flags: Partial<Record<Part, boolean>> = {};
    for (const part of PARTS) if (given[part] !== undefined && given[part] !== null) flags[part] = truth(given[part]);
    return flags;
  }

  #incorporate(args: unknown[]): Relation {
    const given = callArgs(args, ["path", "type"]);
    const path = given["path"];
    const parts: Record<string, unknown> = {};
    if (path instanceof PyDict || (path && typeof path === "object")) {
      const entries: [unknown, unknown][] = path instanceof Map ? [...path.entries()] : Object.entries(path);
      for (const [key, value] of entries) parts[String(key)] = value ?? undefined;
    }
    if (given["type"]) parts["type"] = String(given["type"]);
    return this.with(parts as Partial<RelationParts>);
  }
}

const METADATA = new PyDict([["type", "PostgresRelation"]]);

function partsOf(args: unknown[]): Partial<RelationParts> {
  const given = callArgs(args, ["database", "schema", "identifier", "type"]);
  const parts: Record<string, string> = {};
  for (const [key, value] of Object.entries(given))
    if (value !== undefined && value !== null) parts[key] = String(value);
  return parts as Partial<RelationParts>;
}

/** `api.Relation`: `create(database=…, schema=…, identifier=…, type=…)`. */
export const relationClass = {
  create: (...args: unknown[]): Relation => new Relation(partsOf(args)),
  __getattr__(name: string): unknown {
    if (name === "create") return relationClass.create;
    if (["Table", "View", "CTE", "MaterializedView", "External"].includes(name)) {
      return name === "MaterializedView" ? "materialized_view" : name.toLowerCase();
    }
    return undefined;
  },
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

  static create(name: unknown, type: unknown): Column {
    return new Column(String(name), String(type));
  }

  __str__(): string {
    return `<Column ${this.name} (${this.dataType})>`;
  }
  __repr__(): string {
    return this.__str__();
  }
  __eq__(other: unknown): boolean {
    return other instanceof Column && other.name === this.name && other.dataType === this.dataType;
  }

  __getattr__(name: string): unknown {
    const numbers = /\((\d+)(?:,(\d+))?\)/.exec(this.dataType);
    const type = this.dtype.toLowerCase();
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
        return this.#isString() && numbers ? Number(numbers[1]) : null;
      case "numeric_precision":
        return type === "numeric" && numbers ? Number(numbers[1]) : null;
      case "numeric_scale":
        return type === "numeric" && numbers ? Number(numbers[2] ?? 0) : null;
      case "is_string":
        return () => this.#isString();
      case "is_numeric":
        return () => ["numeric", "decimal"].includes(type);
      case "is_number":
        return () => INTEGERS.has(type) || FLOATS.has(type) || type === "numeric" || type === "decimal";
      case "is_integer":
        return () => INTEGERS.has(type);
      case "is_float":
        return () => FLOATS.has(type);
      case "string_size":
        return () => (numbers ? Number(numbers[1]) : 256);
      case "literal":
        return (value: unknown) => `${String(value)}::${this.dataType}`;
      default:
        return undefined;
    }
  }

  #isString(): boolean {
    return ["text", "character varying", "character", "varchar"].includes(this.dtype.toLowerCase());
  }
}

const INTEGERS = new Set(["smallint", "integer", "bigint", "int2", "int4", "int8", "serial", "bigserial"]);
const FLOATS = new Set(["real", "double precision", "float4", "float8"]);

/** `api.Column`: callable, with its class methods. */
export const columnClass = Object.assign((name: unknown, type: unknown) => Column.create(name, type), {
  create: (name: unknown, type: unknown) => Column.create(name, type),
  string_type: (size: unknown) => `character varying(${String(size)})`,
  numeric_type: (type: unknown, precision: unknown, scale: unknown) =>
    precision === null || scale === null ? String(type) : `${String(type)}(${String(precision)},${String(scale)})`,
  // Of dbt's general names, Postgres has all but this one.
  translate_type: (type: unknown) => (String(type).toUpperCase() === "STRING" ? "TEXT" : String(type)),
});

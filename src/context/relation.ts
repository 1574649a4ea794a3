/** dbt's Relation as templates see it. */
import { callArgs, PyDict, str, toPython, truth } from "../jinja/index.ts";
import { MAX_NAME_BYTES, quoteIdent } from "../postgres/relation.ts";

export type RelationType = "table" | "view" | "cte" | "materialized_view" | "external" | "function" | "foreign_table";

export interface RelationParts {
  readonly database?: string;
  readonly schema?: string;
  readonly identifier?: string;
  readonly type?: RelationType;
  /** The schema in which it stands until it is published: printed in the place of its own. */
  readonly standsIn?: string;
  /** Which parts are printed. */
  readonly include?: Partial<Record<Part, boolean>>;
  readonly quote?: Partial<Record<Part, boolean>>;
  /** Printed instead of the name: an ephemeral model's CTE, a `where` subquery, an empty input. */
  readonly text?: string;
  readonly columns?: unknown;
}

type Part = "database" | "schema" | "identifier";
type Flags = Partial<Record<Part, boolean>>;
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
    const { standsIn, ...kept } = this.#parts;
    // Another schema is another place.
    const stays = standsIn !== undefined && (!("schema" in parts) || parts.schema === kept.schema);
    return new Relation({ ...kept, ...(stays && { standsIn }), ...parts });
  }

  /** Where it stands at this moment. */
  get place(): { schema: string; identifier: string } {
    const { standsIn, schema = "public", identifier = "" } = this.#parts;
    return { schema: standsIn ?? schema, identifier };
  }

  /** The name, also of what prints as a part of the relation only. */
  render(): string {
    if (this.#parts.type === "cte") return this.#parts.identifier ?? this.#parts.text ?? "";
    const shown: string[] = [];
    for (const part of PARTS) {
      const name = part === "schema" ? (this.#parts.standsIn ?? this.#parts.schema) : this.#parts[part];
      if (name === undefined || this.#parts.include?.[part] === false) continue;
      shown.push(this.#parts.quote?.[part] === false ? name : quoteIdent(name));
    }
    return shown.join(".");
  }

  __str__(): string {
    return this.#parts.text ?? this.render();
  }
  __repr__(): string {
    return `<PostgresRelation ${this.render()}>`;
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
      case "is_external":
      case "is_function":
        return p.type === name.slice(3);
      // A rename takes a table, view or materialized view; only the first two are replaced by another of their kind.
      case "can_be_renamed":
        return p.type === "table" || p.type === "view" || p.type === "materialized_view";
      case "can_be_replaced":
        return p.type === "table" || p.type === "view";
      case "path":
        return toPython({ database: p.database ?? null, schema: p.schema ?? null, identifier: p.identifier ?? null });
      case "quote_policy":
        return toPython({ database: true, schema: true, identifier: true, ...p.quote });
      case "include_policy":
        return toPython({ database: true, schema: true, identifier: true, ...p.include });
      case "matches":
        return (...args: unknown[]) => {
          const given = callArgs(args, ["database", "schema", "identifier"]);
          return PARTS.every((part) => isNone(given[part]) || str(given[part]) === p[part]);
        };
      case "create":
        return relationClass.create;
      case "Table":
      case "View":
      case "CTE":
      case "MaterializedView":
      case "External":
      case "Function":
        return relationClass.__getattr__(name);
      case "get_function_config":
        return (model: unknown) => functionConfig(model);
      case "get_function_macro_name":
        return (config: unknown) => `${str(attribute(config, "type"))}_function_${str(attribute(config, "language"))}`;
      case "render":
        return () => this.render();
      case "include":
        return (...args: unknown[]) => this.with({ include: { ...p.include, ...this.#flags(args) } });
      case "quote":
        return (...args: unknown[]) => this.with({ quote: { ...p.quote, ...this.#flags(args) } });
      case "without_identifier":
        return () => this.with({ include: { ...p.include, identifier: false } });
      case "relation_max_name_length":
        return () => MAX_NAME_BYTES;
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
        return (view?: unknown) => this.#informationSchema(view);
      case "information_schema_only":
        return () => this.#informationSchema(undefined);
      default:
        return undefined;
    }
  }

  #informationSchema(view: unknown): Relation {
    return new Relation({
      ...(this.#parts.database !== undefined && { database: this.#parts.database }),
      schema: "INFORMATION_SCHEMA",
      ...(!isNone(view) && { identifier: str(view) }),
      quote: { schema: false, identifier: false },
    });
  }

  #flags(args: unknown[]): Partial<Record<Part, boolean>> {
    const given = callArgs(args, ["database", "schema", "identifier"]);
    const flags: Partial<Record<Part, boolean>> = {};
    for (const part of PARTS) if (given[part] !== undefined && given[part] !== null) flags[part] = truth(given[part]);
    return flags;
  }

  #incorporate(args: unknown[]): Relation {
    const { path, type, include_policy, quote_policy } = callArgs(args, [
      "path",
      "type",
      "include_policy",
      "quote_policy",
    ]);
    return this.with({
      ...(entriesOf(path) as Partial<RelationParts>), // dbt's names of the parts are ours
      ...(!isNone(type) && { type: str(type) as RelationType }),
      ...(!isNone(include_policy) && { include: entriesOf(include_policy) as Flags }),
      ...(!isNone(quote_policy) && { quote: entriesOf(quote_policy) as Flags }),
    });
  }
}

function entriesOf(value: unknown): Record<string, unknown> {
  if (isNone(value) || typeof value !== "object") return {};
  const entries: [unknown, unknown][] = value instanceof Map ? [...value.entries()] : Object.entries(value!);
  return Object.fromEntries(entries.map(([key, item]) => [str(key), item ?? undefined]));
}

const attribute = (of: unknown, name: string): unknown => (of instanceof Map ? (of.get(name) as unknown) : undefined);

/** What decides by which macro a function is made; nothing of what is no function. */
function functionConfig(model: unknown): unknown {
  if (attribute(model, "resource_type") !== "function") return null;
  const config = attribute(model, "config");
  const keys = ["type", "runtime_version", "entry_point"];
  return new PyDict([
    ["language", attribute(model, "language") ?? null],
    ...keys.map((key): [string, unknown] => [key, attribute(config, key) ?? null]),
  ]);
}

const isNone = (value: unknown): boolean => value === undefined || value === null;

const METADATA = new PyDict([["type", "PostgresRelation"]]);

const CREATION = ["database", "schema", "identifier", "type", "include_policy", "quote_policy"];

function partsOf(args: unknown[]): Partial<RelationParts> {
  const { include_policy, quote_policy, ...given } = callArgs(args, CREATION);
  const names = ["database", "schema", "identifier", "type"].filter((name) => !isNone(given[name]));
  return {
    ...(Object.fromEntries(names.map((name) => [name, str(given[name])])) as Partial<RelationParts>),
    ...(!isNone(include_policy) && { include: entriesOf(include_policy) as Flags }),
    ...(!isNone(quote_policy) && { quote: entriesOf(quote_policy) as Flags }),
  };
}

/** `api.Relation`: `create(database=…, schema=…, identifier=…, type=…)`. */
export const relationClass = {
  create: (...args: unknown[]): Relation => new Relation(partsOf(args)),
  __getattr__(name: string): unknown {
    if (name === "create") return relationClass.create;
    if (["Table", "View", "CTE", "MaterializedView", "External", "Function"].includes(name)) {
      return name === "MaterializedView" ? "materialized_view" : name.toLowerCase();
    }
    return undefined;
  },
};

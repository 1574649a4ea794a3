/** `adapter.…` in templates. Parsing: dispatch and quoting work, questions to the database give nothing. */
import { callArgs, PyDict, PyTuple, str, TemplateError } from "../jinja/index.ts";
import { didYouMean } from "../lib/nearest.ts";
import { findRelation, listColumns, listRelations } from "../postgres/catalog.ts";
import { quoteIdent } from "../postgres/relation.ts";
import type { Mapping } from "../project/types.ts";
import type { MacroSet } from "./macros.ts";
import type { Phase, TemplateQuery } from "./phase.ts";
import { Column, Relation, type RelationType } from "./relation.ts";
import { ResultTable } from "./results.ts";

export interface AdapterInput {
  readonly phase: Phase;
  readonly macros: MacroSet;
  readonly package: string;
  readonly database: string;
  /** `flags:` of dbt_project.yml. */
  readonly flags: Mapping;
  bind(macroId: string): unknown;
}

export function makeAdapter(input: AdapterInput): unknown {
  const { query } = input.phase;
  const methods: Record<string, (...args: unknown[]) => unknown> = {
    type: () => "postgres",
    quote: (name) => quoteIdent(str(name)),
    quote_as_configured: (name) => quoteIdent(str(name)),
    quote_seed_column: (name) => quoteIdent(str(name)),
    dispatch: (...args) => dispatch(input, args),
    ...(query ? live(input, query) : parsing),
  };
  return {
    __getattr__(name: string): unknown {
      const method = methods[name];
      if (method) return method;
      if (name === "behavior") return { __getattr__: (flag: string) => behaviour(input.flags[flag] === true) };
      throw new TemplateError(
        "CompilationError",
        [`adapter.${name} is not supported.`, ...didYouMean(name, Object.keys(methods))].join(" "),
      );
    },
  };
}

/** A behaviour flag: true or false itself, and by `.no_warn`. */
const behaviour = (on: boolean): unknown => ({
  __bool__: () => on,
  __getattr__: (name: string) => (name === "no_warn" ? on : undefined),
});

function dispatch(input: AdapterInput, args: unknown[]): unknown {
  const given = callArgs(args, ["macro_name", "macro_namespace"]);
  const name = str(given["macro_name"]);
  if (name.includes(".")) {
    throw new TemplateError(
      "CompilationError",
      `adapter.dispatch("${name}"): give the package as the second argument, adapter.dispatch('${name.split(".").at(-1)}', '${name.split(".")[0]}').`,
    );
  }
  const namespace = given["macro_namespace"] ? str(given["macro_namespace"]) : undefined;
  const { macro, tried } = input.macros.dispatch(name, namespace, input.package);
  if (macro) return input.bind(macro.id);
  throw new TemplateError(
    "CompilationError",
    `No macro for adapter.dispatch("${name}"). Looked for: ${tried.join(", ")}.`,
  );
}

/** What dbt's adapter answers while parsing. */
const parsing: Record<string, (...args: unknown[]) => unknown> = {
  get_relation: () => null,
  load_relation: () => null,
  get_columns_in_relation: () => [],
  get_missing_columns: () => [],
  list_relations: () => [],
  list_relations_without_caching: () => [],
  check_schema_exists: () => false,
  execute: () => PyTuple.of(["", null]),
  create_schema: () => null,
  drop_relation: () => null,
};

function live(input: AdapterInput, query: TemplateQuery): Record<string, (...args: unknown[]) => Promise<unknown>> {
  const rows = async (sql: string): Promise<Record<string, string>[]> => {
    const result = await query(sql);
    return result.rows.map((row) => Object.fromEntries(result.fields.map((f, i) => [f.name, row[i] ?? ""])));
  };
  const relationOf = (row: Record<string, string>): Relation =>
    new Relation({
      database: input.database,
      schema: row["schema"],
      identifier: row["name"],
      type: (row["kind"] === "partitioned_table" ? "table" : row["kind"]) as RelationType,
    });
  const columns = async (relation: unknown): Promise<Column[]> => {
    const { schema, identifier } = nameOf(relation);
    const found = await rows(listColumns({ schema, identifier }));
    return found.map((row) => new Column(row["name"] ?? "", row["type"] ?? ""));
  };
  return {
    get_relation: async (...args) => {
      const given = callArgs(args, ["database", "schema", "identifier"]);
      const found = await rows(findRelation({ schema: str(given["schema"]), identifier: str(given["identifier"]) }));
      return found[0] ? relationOf(found[0]) : null;
    },
    load_relation: async (relation) => {
      const found = await rows(findRelation(nameOf(relation)));
      return found[0] ? relationOf(found[0]) : null;
    },
    get_columns_in_relation: columns,
    get_missing_columns: async (from, to) => {
      const have = new Set((await columns(to)).map((c) => c.name));
      return (await columns(from)).filter((c) => !have.has(c.name));
    },
    list_relations: async (...args) => {
      const given = callArgs(args, ["database", "schema"]);
      return (await rows(listRelations([str(given["schema"])]))).map(relationOf);
    },
    list_relations_without_caching: async (relation) =>
      (await rows(listRelations([nameOf(relation).schema]))).map(relationOf),
    check_schema_exists: async (...args) => {
      const given = callArgs(args, ["database", "schema"]);
      const found = await rows(
        `select 1 as one from pg_namespace where nspname = '${str(given["schema"]).replaceAll("'", "''")}'`,
      );
      return found.length > 0;
    },
    execute: async (...args) => {
      const given = callArgs(args, ["sql", "auto_begin", "fetch", "limit"]);
      const result = await query(str(given["sql"]));
      const response = new PyDict([
        ["_message", `${result.command} ${result.rowCount}`],
        ["rows_affected", result.rowCount],
      ]);
      return PyTuple.of([response, new ResultTable(result)]);
    },
    create_schema: async (relation) => {
      await query(`create schema if not exists ${quoteIdent(nameOf(relation).schema)}`);
      return null;
    },
    drop_relation: async (relation) => {
      if (!(relation instanceof Relation)) throw new TemplateError("TypeError", "drop_relation needs a relation");
      const { type } = relation.parts;
      const kind = type === "view" ? "view" : type === "materialized_view" ? "materialized view" : "table";
      await query(`drop ${kind} if exists ${relation.with({ include: { database: false } }).render()}`);
      return null;
    },
  };
}

function nameOf(relation: unknown): { schema: string; identifier: string } {
  if (!(relation instanceof Relation))
    throw new TemplateError("TypeError", `expected a relation, got ${str(relation)}`);
  return { schema: relation.parts.schema ?? "public", identifier: relation.parts.identifier ?? "" };
}

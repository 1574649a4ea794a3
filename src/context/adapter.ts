/** `adapter.…` in templates. Parsing: dispatch and quoting work, questions to the database give nothing. */
import { callArgs, iter, PyTuple, str, TemplateError, truth } from "../jinja/index.ts";
import { md5 } from "../lib/hash.ts";
import { didYouMean } from "../lib/nearest.ts";
import { fitName, quoteIdent } from "../postgres/relation.ts";
import type { Mapping } from "../project/types.ts";
import { databaseMethods, grantsOf } from "./adapter-database.ts";
import { columnClass } from "./column.ts";
import { columnConstraints, modelConstraints } from "./constraints.ts";
import type { MacroSet } from "./macros.ts";
import type { Phase } from "./phase.ts";
import { Relation, relationClass } from "./relation.ts";

export interface AdapterInput {
  readonly phase: Phase;
  readonly macros: MacroSet;
  readonly package: string;
  readonly database: string;
  /** `flags:` of dbt_project.yml. */
  readonly flags: Mapping;
  bind(macroId: string): unknown;
  /** A macro by its name, as the node sees it; called with these arguments. */
  call(name: string, args: readonly unknown[]): unknown;
  quote(name: string): string;
}

type Method = (...args: unknown[]) => unknown;

export function makeAdapter(input: AdapterInput): unknown {
  const { query } = input.phase;
  const methods: Record<string, Method> = {
    ...always(input),
    ...(query ? databaseMethods(input, query) : parsing),
  };
  return {
    __getattr__(name: string): unknown {
      const method = methods[name];
      if (method) return method;
      if (name === "behavior") return { __getattr__: (flag: string) => behaviour(input.flags[flag] === true) };
      if (name === "Relation") return relationClass;
      if (name === "Column") return columnClass;
      throw new TemplateError(
        "CompilationError",
        [`'PostgresAdapter' object has no attribute '${name}'.`, ...didYouMean(name, Object.keys(methods))].join(" "),
      );
    },
  };
}

/** What needs no database. */
const always = (input: AdapterInput): Record<string, Method> => ({
  type: () => "postgres",
  quote: (name) => quoteIdent(str(name)),
  quote_as_configured: (name) => quoteIdent(str(name)),
  quote_seed_column: (name, quoted) =>
    quoted === undefined || quoted === null || truth(quoted) ? quoteIdent(str(name)) : str(name),
  dispatch: (...args) => dispatch(input, args),
  relation_with_suffix: (base, suffix) => {
    if (!(base instanceof Relation)) throw new TemplateError("TypeError", `expected a relation, got ${str(base)}`);
    return base.with({ identifier: fitName(base.parts.identifier ?? "", str(suffix)) });
  },
  verify_database: (name) => {
    if (str(name) === input.database) return "";
    const only = `Cross-db references not allowed in postgres (${str(name)} vs ${input.database})`;
    throw new TemplateError("CompilationError", only);
  },
  parse_index: (raw) => indexOf(raw),
  standardize_grants_dict: grantsOf,
  get_incremental_strategy_macro: (_context, name) => strategyMacro(input, str(name)),
  valid_incremental_strategies: () => [...STRATEGIES],
  get_hard_deletes_behavior: (config) => hardDeletes(config),
  render_raw_columns_constraints: (...args) => columnConstraints(callArgs(args, ["raw_columns"])["raw_columns"]),
  render_raw_model_constraints: (...args) => modelConstraints(callArgs(args, ["raw_constraints"])["raw_constraints"]),
  get_partitions_metadata: () => null,
  build_catalog_relation: () => null,
  supports: () => false,
  // Nothing is remembered of the database, so nothing has to be told.
  cache_added: () => "",
  cache_dropped: () => "",
  cache_renamed: () => "",
  clear_transaction: () => null,
  nice_connection_name: () => "master",
});

/** A behaviour flag: true or false itself, and by `.no_warn`. */
const behaviour = (on: boolean): unknown => ({
  __bool__: () => on,
  __getattr__: (name: string) => (name === "no_warn" || name === "setting" ? on : undefined),
});

function dispatch(input: AdapterInput, args: unknown[]): unknown {
  const given = callArgs(args, ["macro_name", "macro_namespace", "packages"]);
  const name = str(given["macro_name"]);
  if (name.includes(".")) {
    const [namespace, ...rest] = name.split(".");
    throw new TemplateError(
      "CompilationError",
      `In adapter.dispatch, got a macro name of "${name}", but "." is not a valid macro name component. Did you mean \`adapter.dispatch("${rest.join(".")}", macro_namespace="${namespace}")\`?`,
    );
  }
  if (given["packages"] !== undefined && given["packages"] !== null) {
    throw new TemplateError(
      "CompilationError",
      `The "packages" argument of adapter.dispatch() has been deprecated. Use the "macro_namespace" argument instead. Raised during dispatch for: ${name}`,
    );
  }
  const namespace = given["macro_namespace"] ? str(given["macro_namespace"]) : undefined;
  const { macro, tried } = input.macros.dispatch(name, namespace, input.package);
  if (macro) return input.bind(macro.id);
  const where = namespace === undefined ? "found" : `found within namespace: '${namespace}'`;
  throw new TemplateError(
    "CompilationError",
    `In dispatch: No macro named '${name}' ${where}, searched for: ${tried.map((one) => `'${one}'`).join(", ")}.`,
  );
}

const STRATEGIES = ["append", "delete+insert", "merge", "microbatch"];

/** `get_incremental_<strategy>_sql`: dbt's own, or any that the project has. */
function strategyMacro(input: AdapterInput, strategy: string): unknown {
  const name = `get_incremental_${strategy.replaceAll("+", "_")}_sql`;
  if (input.macros.find(name, input.package)) return (...args: unknown[]) => input.call(name, args);
  const known = `It is none of ${STRATEGIES.join(", ")}, and there is no macro ${name}.`;
  throw new TemplateError("CompilationError", `The incremental strategy '${strategy}' is not valid. ${known}`);
}

function hardDeletes(config: unknown): string {
  const get = (key: string): unknown => (config instanceof Map ? config.get(key) : undefined);
  const mode = get("hard_deletes");
  const old = get("invalidate_hard_deletes");
  if (mode !== undefined && mode !== null && old !== undefined && old !== null)
    throw new TemplateError("CompilationError", "hard_deletes and invalidate_hard_deletes exclude one another");
  if (old !== undefined && old !== null && truth(old)) return "invalidate";
  return mode === undefined || mode === null ? "ignore" : str(mode);
}

/** `adapter.parse_index`: the parts of an entry of `indexes`, and `render(relation)`, its name. */
function indexOf(raw: unknown): unknown {
  const get = (key: string): unknown => (raw instanceof Map ? raw.get(key) : undefined);
  const columns = [...iter(get("columns") ?? [])].map(str);
  const unique = get("unique") !== undefined && truth(get("unique"));
  const type = get("type") === undefined || get("type") === null ? "" : str(get("type"));
  if (columns.length === 0) throw new TemplateError("CompilationError", "an index needs its columns");
  const render = (relation: unknown): string =>
    md5([...columns, str(relation), unique ? "True" : "False", type].join("_"));
  return { __getattr__: (name: string) => ({ columns, unique, type, render })[name] };
}

/** What dbt's adapter answers while parsing. */
const parsing: Record<string, Method> = {
  get_relation: () => null,
  load_relation: () => null,
  already_exists: () => false,
  get_columns_in_relation: () => [],
  columns_in_catalog: () => [],
  get_columns_in_table: () => [],
  get_column_schema_from_query: () => [],
  get_missing_columns: () => [],
  expand_target_column_types: () => "",
  list_relations: () => [],
  list_relations_without_caching: () => [],
  list_schemas: () => [],
  check_schema_exists: () => false,
  execute: () => PyTuple.of(["", null]),
  add_query: () => PyTuple.of(["", null]),
  validate_sql: () => null,
  commit: () => "",
  commit_if_has_connection: () => "",
  create_schema: () => "",
  drop_schema: () => "",
  drop_relation: () => "",
  truncate_relation: () => "",
  rename_relation: () => "",
  valid_snapshot_target: () => null,
  get_rows_different_sql: () => "",
};

/** Which nodes are built by a `{% materialization %}` block rather than by a generator of Sluice's own. */
import { BUILTIN_PACKAGE, type MacroNode, type MacroSet } from "../context/macros.ts";
import type { FunctionNode, Manifest, Node, NodeId } from "../parse/manifest.ts";

/** What dbt's materializations call. Where a project has one of its own, it must be called: dbt's templates are run. */
const SHARED = [
  "load_cached_relation",
  "make_intermediate_relation",
  "make_backup_relation",
  "drop_relation",
  "drop_relation_if_exists",
  "get_drop_sql",
  "rename_relation",
  "get_rename_sql",
  "run_hooks",
  "apply_grants",
  "get_grant_sql",
  "call_dcl_statements",
  "persist_docs",
  "alter_relation_comment",
  "alter_column_comment",
];
const TABLE = [
  "get_create_table_as_sql",
  "create_table_as",
  "get_select_subquery",
  "get_assert_columns_equivalent",
  "create_indexes",
  "get_create_index_sql",
];
const CALLED: Readonly<Record<string, readonly string[]>> = {
  table: [...SHARED, ...TABLE],
  view: [...SHARED, "get_create_view_as_sql", "create_view_as", "get_assert_columns_equivalent"],
  incremental: [
    ...SHARED,
    ...TABLE,
    "make_temp_relation",
    "get_columns_in_relation",
    "alter_column_type",
    "incremental_validate_on_schema_change",
    "process_schema_changes",
    "check_for_schema_changes",
    "sync_column_schemas",
    "alter_relation_add_remove_columns",
    "diff_columns",
    "get_incremental_append_sql",
    "get_insert_into_sql",
    "get_incremental_delete_insert_sql",
    "get_delete_insert_merge_sql",
    "get_incremental_merge_sql",
    "get_merge_sql",
    "get_merge_update_columns",
    "get_incremental_default_sql",
  ],
};

/** Strategies that the generator has itself; a project's own are macros, and so need the template. */
const OWN_STRATEGIES = ["default", "append", "delete+insert", "merge", "microbatch"];

export const strategyMacro = (strategy: string): string => `get_incremental_${strategy.replaceAll("+", "_")}_sql`;

/** Looked for once for each way of building: a project has thousands of models and few of these. */
const known = new WeakMap<MacroSet, Map<string, MacroNode | undefined>>();

/** The block that builds this node, if one does. */
export function customMaterialization(node: Pick<Node, "kind" | "config">, macros: MacroSet): MacroNode | undefined {
  if (node.kind !== "model") return undefined;
  const { materialized, all } = node.config;
  const strategy = String(all["incremental_strategy"] ?? "default");
  const found = known.get(macros) ?? new Map<string, MacroNode | undefined>();
  known.set(macros, found);
  const key = JSON.stringify([materialized, strategy]);
  if (!found.has(key)) found.set(key, blockFor(materialized, strategy, macros));
  return found.get(key);
}

const FUNCTION = [
  ...SHARED,
  "function_execute_build_sql",
  "scalar_function_sql",
  "scalar_function_create_replace_signature_sql",
  "formatted_scalar_function_args_sql",
  "scalar_function_body_sql",
  "scalar_function_volatility_sql",
];

/** Whether a macro of the project's own has a part in how a function is made. */
export function isFunctionOverridden({ config, language }: FunctionNode, macros: MacroSet): boolean {
  const block = macros.materialization(config.materialized);
  if (block?.package !== BUILTIN_PACKAGE) return true;
  return [...FUNCTION, `${String(config.all["type"])}_function_${language}`].some((name) => macros.isOverridden(name));
}

function blockFor(materialized: string, strategy: string, macros: MacroSet): MacroNode | undefined {
  const block = macros.materialization(materialized);
  if (block === undefined || block.package !== BUILTIN_PACKAGE) return block;
  const called = CALLED[materialized] ?? [];
  const isOthers = materialized === "incremental" && !OWN_STRATEGIES.includes(strategy);
  if (isOthers && !macros.isOverridden(strategyMacro(strategy))) return undefined;
  return isOthers || called.some((name) => macros.isOverridden(name)) ? block : undefined;
}

/** What cannot be staged as a delta, with the reason, for people. */
export function opaqueBuilds({ nodes }: Manifest, macros: MacroSet): Map<NodeId, string> {
  const found = new Map<NodeId, string>();
  for (const node of nodes.values()) {
    if (customMaterialization(node, macros)) found.set(node.id, `a template of the project builds it`);
    else if (node.config.all["incremental_strategy"] === "microbatch")
      found.set(node.id, "it is merged batch by batch");
  }
  return found;
}

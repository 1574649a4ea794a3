/** The configuration of a resource as artifacts and templates see it: all of dbt's keys, in dbt's order, set or not. */
import type { Mapping, Value } from "../project/types.ts";
import { isMapping, list } from "./config.ts";
import type { Node, Resource } from "./manifest.ts";

const COMMON: Mapping = {
  enabled: true,
  alias: null,
  schema: null,
  database: null,
  tags: [],
  meta: {},
  group: null,
  static_analysis: null,
};

const NODE: Mapping = {
  ...COMMON,
  materialized: "view",
  incremental_strategy: null,
  batch_size: null,
  lookback: 1,
  begin: null,
  persist_docs: {},
  "post-hook": [],
  "pre-hook": [],
  quoting: {},
  column_types: {},
  full_refresh: null,
  unique_key: null,
  on_schema_change: "ignore",
  on_configuration_change: "apply",
  grants: {},
  packages: [],
  docs: { show: true, node_color: null },
  contract: { enforced: false, alias_types: true },
  event_time: null,
  concurrent_batches: null,
};

const SNAPSHOT_COLUMNS: Mapping = {
  dbt_valid_to: null,
  dbt_valid_from: null,
  dbt_scd_id: null,
  dbt_updated_at: null,
  dbt_is_deleted: null,
};

const KINDS: Readonly<Record<Resource["kind"] | "operation", Mapping>> = {
  model: {
    ...NODE,
    access: "protected",
    freshness: null,
    on_error: null,
    latest_version_pointer: { enabled: null, alias: null },
  },
  analysis: NODE,
  operation: NODE,
  function: {
    ...NODE,
    materialized: "function",
    type: "scalar",
    volatility: null,
    runtime_version: null,
    entry_point: null,
    snowflake: { quote_args: true },
  },
  seed: { ...NODE, materialized: "seed", delimiter: ",", quote_columns: null },
  snapshot: {
    ...NODE,
    materialized: "snapshot",
    strategy: null,
    target_schema: null,
    target_database: null,
    updated_at: null,
    check_cols: null,
    snapshot_meta_column_names: SNAPSHOT_COLUMNS,
    dbt_valid_to_current: null,
  },
  test: {
    ...COMMON,
    materialized: "test",
    severity: "ERROR",
    store_failures: null,
    store_failures_as: null,
    sql_header: null,
    where: null,
    limit: null,
    fail_calc: "count(*)",
    warn_if: "!= 0",
    error_if: "!= 0",
  },
  unit_test: { tags: [], meta: {}, enabled: true, static_analysis: null },
  source: {
    enabled: true,
    event_time: null,
    freshness: null,
    loaded_at_field: null,
    loaded_at_query: null,
    meta: {},
    tags: [],
    static_analysis: null,
  },
  exposure: { enabled: true, tags: [], meta: {} },
};

/** Defaults that are mappings: what is configured is put over them. */
const MERGED = ["docs", "contract", "snapshot_meta_column_names", "latest_version_pointer"];

export function configDictionary(kind: Resource["kind"] | "operation", all: Mapping): Mapping {
  const defaults = KINDS[kind];
  const config: Mapping = { ...defaults, ...all };
  for (const key of MERGED) {
    const [standard, own] = [defaults[key], all[key]];
    if (isMapping(standard)) config[key] = isMapping(own) ? { ...standard, ...own } : standard;
  }
  if (kind === "unit_test") delete config["materialized"];
  if (kind === "analysis")
    config["materialized"] = all["materialized"] === "analysis" ? "view" : config["materialized"]!;
  if ("packages" in defaults) config["packages"] = list(all["packages"]);
  return kind === "test" ? { ...config, ...storing(config) } : config;
}

/** `store_failures_as` has the last word over `store_failures`, and is filled by it. */
export function storing({ store_failures: store = null, store_failures_as: as = null }: Mapping): Mapping {
  if (typeof as === "string") return { store_failures: as !== "ephemeral", store_failures_as: as };
  const filled: Value = store === true ? "table" : store === false ? "ephemeral" : null;
  return { store_failures: store, store_failures_as: filled };
}

/** Whether a run leaves a relation of the node's own. */
export function hasRelation(node: Node): boolean {
  if (node.kind === "test") return storing(node.config.all)["store_failures"] === true;
  if (node.kind === "model") return node.config.materialized !== "ephemeral";
  return node.kind === "seed" || node.kind === "snapshot" || node.kind === "function";
}

/** What materialisations read of a node's configuration, checked. Keys and shapes as in dbt-postgres, plus a few of ours. */
import { Failure, hasErrors, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { NodeBase } from "../parse/manifest.ts";
import type { IndexDefinition } from "../postgres/sql/table.ts";
import { ConfigReader } from "./config-reader.ts";
import { batchConfig } from "./microbatch.ts";

export interface IndexConfig extends IndexDefinition {
  /** Ours: dbt's index names are random. */
  readonly name?: string;
}

export interface RelationConfig {
  readonly indexes: readonly IndexConfig[];
  readonly unlogged: boolean;
  /** Roles by privilege, in lower case; absent when nothing is said about grants. */
  readonly grants?: ReadonlyMap<string, readonly string[]>;
  readonly persistDocs: { readonly relation: boolean; readonly columns: boolean };
  readonly contractEnforced: boolean;
}

export interface SeedConfig extends RelationConfig {
  /** False: the header's names are folded to lower case, as Postgres does with unquoted ones. */
  readonly quoteColumns: boolean;
}

export interface MaterializedViewConfig extends RelationConfig {
  /** When the query has changed: `continue` refreshes the old one. */
  readonly onConfigurationChange: "apply" | "continue" | "fail";
}

export const ON_SCHEMA_CHANGE = ["ignore", "fail", "append_new_columns", "sync_all_columns"] as const;
export type OnSchemaChange = (typeof ON_SCHEMA_CHANGE)[number];

export interface IncrementalConfig extends RelationConfig {
  readonly uniqueKey: readonly string[];
  readonly strategy: "append" | "delete+insert" | "merge";
  readonly onSchemaChange: OnSchemaChange;
  readonly predicates: readonly string[];
  readonly mergeUpdateColumns?: readonly string[];
  readonly mergeExcludeColumns: readonly string[];
}

export const HARD_DELETES = ["ignore", "invalidate", "new_record"] as const;

export interface SnapshotConfig extends RelationConfig {
  readonly uniqueKey: readonly string[];
  readonly strategy: "timestamp" | "check";
  /** Timestamp strategy only: a column or expression. */
  readonly updatedAt?: string;
  /** Check strategy only. */
  readonly checkCols: readonly string[] | "all";
  readonly hardDeletes: (typeof HARD_DELETES)[number];
  readonly columns: SnapshotColumns;
  /** An SQL expression; null when absent. */
  readonly validToCurrent?: string;
}

/** The names of a snapshot's own columns. */
export interface SnapshotColumns {
  readonly scdId: string;
  readonly updatedAt: string;
  readonly validFrom: string;
  readonly validTo: string;
  readonly isDeleted: string;
}

export interface TestConfig {
  readonly severity: "error" | "warn";
  /** SQL after the failures' number: `!= 0`, `> 10`. */
  readonly warnIf: string;
  readonly errorIf: string;
  readonly failCalc: string;
  readonly limit?: number;
  /** Absent: failures are only counted. */
  readonly storeAs?: "table" | "view";
}

type Configured = Pick<NodeBase, "config" | "at" | "name">;

/** Throws a `Failure` with all mistakes at once. */
function reading<T>(node: Configured, read: (reader: ConfigReader) => T): T {
  const reader = new ConfigReader(node.config.all, node.at, node.name);
  const config = read(reader);
  if (hasErrors(reader.diagnostics)) throw new Failure(reader.diagnostics);
  return config;
}

export const readRelationConfig = (node: Configured): RelationConfig => reading(node, relationConfig);
export const readSeedConfig = (node: Configured): SeedConfig => reading(node, seedConfig);
export const readMaterializedViewConfig = (node: Configured): MaterializedViewConfig =>
  reading(node, materializedViewConfig);
export const readTestConfig = (node: Configured): TestConfig => reading(node, testConfig);
export const readIncrementalConfig = (node: Configured): IncrementalConfig => reading(node, incrementalConfig);
export const readSnapshotConfig = (node: Configured): SnapshotConfig => reading(node, snapshotConfig);

/** For checks before anything runs. */
export function configProblems(node: Configured & { readonly kind: string }): readonly Diagnostic[] {
  const reader = new ConfigReader(node.config.all, node.at, node.name);
  // `enabled: "false"`, in quotes, would otherwise be as good as true.
  reader.flag("enabled", true);
  if (node.kind === "test" || node.kind === "unit_test") testConfig(reader);
  else if (node.kind === "snapshot") snapshotConfig(reader);
  else if (node.kind === "seed") seedConfig(reader);
  else if (node.config.materialized === "materialized_view") materializedViewConfig(reader);
  else if (node.config.materialized === "incremental") incrementalConfig(reader);
  else relationConfig(reader);
  return reader.diagnostics;
}

function relationConfig(reader: ConfigReader): RelationConfig {
  const docs = reader.mapping("persist_docs");
  const grants = reader.mapping("grants");
  const contract = reader.mapping("contract");
  return {
    indexes: reader.list("indexes").flatMap((entry, i) => {
      const index = reader.inside(`indexes[${i}]`, entry, ["columns", "unique", "type", "name", "where", "include"]);
      if (!index) return [];
      const columns = index.texts("columns");
      if (columns.length === 0) index.problem("columns", "a list of column names");
      const [name, where] = [index.text("name"), index.text("where")];
      return {
        columns,
        unique: index.flag("unique", false),
        type: index.text("type") ?? "btree",
        include: index.texts("include"),
        ...(name !== undefined && { name }),
        ...(where !== undefined && { where }),
      };
    }),
    unlogged: reader.flag("unlogged", false),
    ...(grants && {
      grants: new Map(
        Object.keys(grants.values).map((privilege) => [privilege.toLowerCase(), grants.texts(privilege)]),
      ),
    }),
    persistDocs: { relation: docs?.flag("relation", false) ?? false, columns: docs?.flag("columns", false) ?? false },
    contractEnforced: contract?.flag("enforced", false) ?? false,
  };
}

const seedConfig = (reader: ConfigReader): SeedConfig => ({
  ...relationConfig(reader),
  quoteColumns: reader.flag("quote_columns", true),
});

const materializedViewConfig = (reader: ConfigReader): MaterializedViewConfig => ({
  ...relationConfig(reader),
  onConfigurationChange: reader.oneOf("on_configuration_change", ["apply", "continue", "fail"] as const, "apply"),
});

const STRATEGIES = ["append", "delete+insert", "merge"] as const;

function incrementalConfig(reader: ConfigReader): IncrementalConfig {
  const uniqueKey = reader.texts("unique_key").filter((key) => key !== "");
  const update = reader.has("merge_update_columns") ? reader.texts("merge_update_columns") : undefined;
  const exclude = reader.texts("merge_exclude_columns");
  if (update && exclude.length)
    reader.add(
      "config-conflict",
      `"${reader.name}" has both merge_update_columns and merge_exclude_columns; give one of them.`,
    );
  return {
    ...relationConfig(reader),
    uniqueKey,
    strategy: incrementalStrategy(reader, uniqueKey),
    onSchemaChange: reader.oneOf("on_schema_change", ON_SCHEMA_CHANGE, "ignore"),
    predicates: [...reader.texts("incremental_predicates"), ...reader.texts("predicates")],
    ...(update && { mergeUpdateColumns: update }),
    mergeExcludeColumns: exclude,
  };
}

function incrementalStrategy(reader: ConfigReader, uniqueKey: readonly string[]): IncrementalConfig["strategy"] {
  const wanted = reader.text("incremental_strategy") ?? "default";
  if (wanted === "default") return uniqueKey.length ? "delete+insert" : "append";
  if (wanted === "delete_insert") return "delete+insert";
  if (wanted === "microbatch") {
    batchConfig(reader);
    return "merge";
  }
  const known = STRATEGIES.find((strategy) => strategy === wanted);
  if (known) return known;
  const notes = didYouMean(wanted, STRATEGIES);
  const macro = `get_incremental_${wanted.replaceAll("+", "_")}_sql`;
  const message = `"${reader.name}" asks for the incremental strategy "${wanted}", and there is no macro "${macro}".`;
  reader.add("strategy-unknown", message, [...notes, `use one of ${STRATEGIES.join(", ")}, or write that macro`]);
  return "append";
}

function testConfig(reader: ConfigReader): TestConfig {
  const severity = reader.text("severity")?.toLowerCase() ?? "error";
  if (severity !== "error" && severity !== "warn") reader.problem("severity", "error or warn");
  const storeAs = reader.oneOf("store_failures_as", ["table", "view", "ephemeral"] as const, undefined, "optional");
  const stores = reader.flag("store_failures", false);
  const as = storeAs ?? (stores ? "table" : "ephemeral");
  const limit = reader.count("limit");
  return {
    severity: severity === "warn" ? "warn" : "error",
    warnIf: reader.text("warn_if") ?? "!= 0",
    errorIf: reader.text("error_if") ?? "!= 0",
    failCalc: reader.text("fail_calc") ?? "count(*)",
    ...(limit !== undefined && { limit }),
    ...(as !== "ephemeral" && { storeAs: as }),
  };
}

const SNAPSHOT_COLUMNS = ["dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to", "dbt_is_deleted"] as const;

function snapshotConfig(reader: ConfigReader): SnapshotConfig {
  const names = reader.has("snapshot_meta_column_names")
    ? reader.inside("snapshot_meta_column_names", reader.values["snapshot_meta_column_names"] ?? null, SNAPSHOT_COLUMNS)
    : undefined;
  const column = (name: (typeof SNAPSHOT_COLUMNS)[number]): string => names?.text(name) ?? name;
  const uniqueKey = reader.texts("unique_key");
  if (uniqueKey.length === 0) reader.problem("unique_key", "the column, or list of columns, that identify a row");
  const strategy = reader.oneOf("strategy", ["timestamp", "check"] as const, undefined);
  const updatedAt = reader.text("updated_at");
  if (strategy === "timestamp" && updatedAt === undefined)
    reader.problem("updated_at", "the column that says when a row changed");
  const checkAll = reader.values["check_cols"] === "all";
  const checkCols = checkAll ? "all" : reader.texts("check_cols");
  if (strategy === "check" && checkCols.length === 0) reader.problem("check_cols", 'a list of columns, or "all"');
  const invalidate = reader.flag("invalidate_hard_deletes", false);
  if (invalidate && reader.has("hard_deletes"))
    reader.add(
      "config-conflict",
      `"${reader.name}" has both hard_deletes and invalidate_hard_deletes; keep hard_deletes.`,
    );
  const current = reader.text("dbt_valid_to_current");
  return {
    ...relationConfig(reader),
    uniqueKey,
    strategy: strategy ?? "timestamp",
    ...(updatedAt !== undefined && { updatedAt }),
    checkCols,
    hardDeletes: reader.oneOf("hard_deletes", HARD_DELETES, invalidate ? "invalidate" : "ignore") ?? "ignore",
    columns: {
      scdId: column("dbt_scd_id"),
      updatedAt: column("dbt_updated_at"),
      validFrom: column("dbt_valid_from"),
      validTo: column("dbt_valid_to"),
      isDeleted: column("dbt_is_deleted"),
    },
    ...(current !== undefined && { validToCurrent: current }),
  };
}

/** `data.node_info` and `data.run_result` of dbt's structured log. */
import { answerOf } from "../lib/command-tag.ts";
import { textChecksum } from "../lib/hash.ts";
import type { StepResult } from "../execute/events.ts";
import type { Resource } from "../parse/manifest.ts";

export interface NodeInfo {
  /** Below its folder; a generic test has a made-up file of its own. */
  readonly node_path: string;
  readonly node_checksum: string;
  readonly node_name: string;
  readonly unique_id: string;
  readonly resource_type: string;
  readonly materialized: string;
  readonly node_status: string;
  readonly node_started_at: string;
  readonly node_finished_at: string;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly node_relation: {
    readonly database: string;
    readonly schema: string;
    readonly alias: string;
    readonly relation_name: string;
  };
}

/** dbt writes these times in UTC without a zone and empty where there is none. */
const time = (at: Date | undefined): string => at?.toISOString().replace("Z", "000") ?? "";

export function nodeInfo(resource: Resource, status: string, started?: Date, finished?: Date): NodeInfo {
  const { database, schema, alias } = place(resource);
  const quoted = [database, schema, alias].filter(Boolean).map((name) => `"${name.replaceAll('"', '""')}"`);
  return {
    node_path: pathOf(resource),
    node_checksum: checksumOf(resource),
    node_name: resource.name,
    unique_id: resource.id,
    resource_type: resource.kind,
    materialized: "config" in resource ? resource.config.materialized : "",
    node_status: status,
    node_started_at: time(started),
    node_finished_at: time(finished),
    meta: resource.meta,
    node_relation: { database, schema, alias, relation_name: hasRelation(resource) ? quoted.join(".") : "" },
  };
}

const pathOf = (resource: Resource): string =>
  resource.kind === "test" && resource.generic
    ? resource.generic.path
    : resource.file.path.slice(resource.file.path.indexOf("/") + 1);

function checksumOf(resource: Resource): string {
  if (resource.kind === "seed") return resource.seed.checksum.checksum;
  const isFile =
    resource.kind === "model" ||
    resource.kind === "snapshot" ||
    resource.kind === "function" ||
    (resource.kind === "test" && !resource.generic);
  return isFile ? textChecksum(resource.file.text) : "";
}

const hasRelation = (resource: Resource): boolean =>
  ["model", "seed", "snapshot", "function", "source"].includes(resource.kind) &&
  !("config" in resource && resource.config.materialized === "ephemeral");

function place(resource: Resource): { database: string; schema: string; alias: string } {
  if (resource.kind === "exposure") return { database: "", schema: "", alias: "" };
  const alias = resource.kind === "source" ? resource.identifier : resource.alias;
  return { database: resource.database, schema: resource.schema, alias };
}

/** A hook of the project, which is no node of the graph. */
export const hookInfo = (
  { id, name }: { readonly id: string; readonly name: string },
  status: string,
  started?: Date,
  finished?: Date,
): Omit<NodeInfo, "meta" | "node_relation" | "node_checksum"> => ({
  node_path: `hooks/${name}.sql`,
  node_name: name,
  unique_id: id,
  resource_type: "operation",
  materialized: "view",
  node_status: status,
  node_started_at: time(started),
  node_finished_at: time(finished),
});

export function runResult(result: StepResult): Readonly<Record<string, unknown>> {
  const started = result.startedAt?.toISOString() ?? null;
  const completed = result.finishedAt?.toISOString() ?? null;
  return {
    status: result.status,
    message: result.diagnostic?.message ?? result.message ?? "",
    timing_info: started
      ? [
          { name: "compile", started_at: started, completed_at: started },
          { name: "execute", started_at: started, completed_at: completed },
        ]
      : [],
    thread: result.thread ?? "MainThread",
    execution_time: result.seconds,
    adapter_response: answerOf(
      result.response ?? (result.status === "success" ? result.message : undefined),
      result.rows,
    ),
    num_failures: result.failures ?? 0,
  };
}

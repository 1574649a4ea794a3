/** Graph × Selection × World → Plan. Pure: everything it knows of the database is in `World`. */
import { executionOrder } from "../graph/execution-order.ts";
import type { Graph } from "../graph/graph.ts";
import type { Selection } from "../graph/select.ts";
import type { NodeId, Resource } from "../parse/manifest.ts";
import type { RelationName } from "../postgres/relation.ts";
import {
  type FileOutlook,
  type Plan,
  type Reason,
  relationKey,
  type Relations,
  type Step,
  wantsFullRefresh,
  type World,
} from "./plan.ts";

export interface PlanOptions {
  readonly id: string;
  readonly command: string;
  readonly fullRefresh: boolean;
  /** `build`: tests stand between a node and its children. */
  readonly testsGate: boolean;
}

export function makePlan(graph: Graph, selection: Selection, world: World, options: PlanOptions): Plan {
  const relations = directRelations(graph);
  const steps: Step[] = [];
  const schemas = new Set<string>();
  const rebuilt = new Set<string>();
  // What has nothing to run must not stand between two steps: waiting passes through what is not selected.
  const doing = new Set([...selection].filter((id) => actionOf(graph.resource(id)) !== undefined));
  for (const [id, after] of executionOrder(graph, doing, { testsGate: options.testsGate })) {
    const resource = graph.resource(id);
    const action = actionOf(resource);
    if (!action) continue;
    if (action !== "none") {
      const name = relations.writeTo(id);
      if (action === "build" || action === "load") {
        schemas.add(name.schema);
        rebuilt.add(relationKey(name));
      } else if (resource.kind === "test" && resource.config.all["store_failures"] === true) schemas.add(name.schema);
    }
    steps.push({ node: id, action, reason: reasonFor(resource, action, relations, world, options), after });
  }
  const running = new Set(steps.map((s) => s.node));
  return {
    id: options.id,
    command: options.command,
    mode: "direct",
    fullRefresh: options.fullRefresh,
    steps: steps.map((step) => ({ ...step, after: step.after.filter((id) => running.has(id)) })),
    relations,
    schemas: [...schemas].toSorted(),
    rebuilt,
  };
}

/** Direct mode: what is written is what is read. */
function directRelations(graph: Graph): Relations {
  const at = (id: NodeId): RelationName => relationOf(graph.resource(id));
  return { writeTo: at, readFrom: at };
}

export function relationOf(resource: Resource): RelationName {
  if (resource.kind === "source") {
    return { database: resource.database, schema: resource.schema, identifier: resource.identifier };
  }
  if (resource.kind === "exposure") throw new Error(`Internal error: ${resource.id} is no relation`);
  return { database: resource.database, schema: resource.schema, identifier: resource.alias };
}

function actionOf(resource: Resource): Step["action"] | undefined {
  switch (resource.kind) {
    case "source":
      return resource.source.external ? "load" : undefined;
    case "exposure":
      return undefined;
    case "analysis":
      return "none";
    case "test":
    case "unit_test":
      return "test";
    case "model":
      return resource.config.materialized === "ephemeral" ? "none" : "build";
    case "seed":
    case "snapshot":
      return "build";
  }
}

function reasonFor(
  resource: Resource,
  action: Step["action"],
  relations: Relations,
  world: World,
  options: PlanOptions,
): Reason {
  if (action === "test") return { code: "test", text: "tests run in every build" };
  if (action === "none") return { code: "inlined", text: "part of the SQL that reads it" };
  if (action === "load") return loadReason(world.loads.get(resource.id));
  const existing = world.relations.get(relationKey(relations.writeTo(resource.id)));
  if (!existing) return { code: "new", text: "does not exist yet" };
  const kind = resource.kind === "model" ? resource.config.materialized : resource.kind;
  const want = kind === "view" || kind === "materialized_view" ? kind : "table";
  if (existing.kind !== want) {
    return {
      code: "kind-changed",
      text: `is a ${existing.kind.replace("_", " ")}, becomes a ${want.replace("_", " ")}`,
    };
  }
  if (kind === "incremental" || kind === "snapshot") {
    const refreshes = kind === "incremental" && wantsFullRefresh(resource.config.all, options.fullRefresh);
    if (refreshes)
      return {
        code: "full-refresh",
        text: options.fullRefresh ? "rebuilt: --full-refresh" : "rebuilt: full_refresh in its config",
      };
    return { code: "increment", text: kind === "snapshot" ? "records what changed" : "adds what is new" };
  }
  return { code: "replace", text: options.fullRefresh ? "rebuilt: --full-refresh" : "rebuilt in every run" };
}

/** Without an outlook nothing was ever loaded into this database. */
function loadReason(outlook: readonly FileOutlook[] | undefined): Reason {
  if (!outlook) return { code: "files-new", text: "not loaded yet" };
  const work = outlook.filter((file) => file.action !== "keep");
  if (work.length === 0) {
    return {
      code: "files-unchanged",
      text: outlook.length === 1 ? "the file is as loaded" : `${outlook.length} files are as loaded`,
    };
  }
  const reasons = [...new Set(work.map((file) => file.reason))];
  const parts = reasons.map(
    (reason) => `${reason}: ${few(work.filter((f) => f.reason === reason).map((f) => f.path))}`,
  );
  return { code: work.every((file) => file.action === "load") ? "files-new" : "files-changed", text: parts.join("; ") };
}

const few = (paths: readonly string[]): string =>
  paths.length > 3 ? `${paths.slice(0, 3).join(", ")} and ${paths.length - 3} more` : paths.join(", ");

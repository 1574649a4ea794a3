/** Graph × Selection × World → Plan. Pure: everything it knows of the database is in `World`. */
import { executionOrder } from "../graph/execution-order.ts";
import type { Graph } from "../graph/graph.ts";
import type { Selection } from "../graph/select.ts";
import type { NodeId, Resource } from "../parse/manifest.ts";
import {
  type FileOutlook,
  type Plan,
  type Reason,
  relationKey,
  type Step,
  wantsFullRefresh,
  type World,
} from "./plan.ts";
import { directRelations, type Relations, StagedRelations } from "./relations.ts";
import { nextSchema } from "../postgres/sql/swap.ts";
import { type ChosenWay, wayOf } from "./way.ts";

export interface PlanOptions {
  readonly id: string;
  readonly command: string;
  readonly fullRefresh: boolean;
  /** `build`: tests stand between a node and its children. */
  readonly testsGate: boolean;
  /** Build out of sight and publish together. */
  readonly publish: boolean;
  readonly force: boolean;
  /** Nodes of which nobody can say beforehand what their build does to a table that is there; with the reason. */
  readonly opaque?: ReadonlyMap<NodeId, string>;
}

export function makePlan(graph: Graph, selection: Selection, world: World, options: PlanOptions): Plan {
  // What has nothing to run must not stand between two steps: waiting passes through what is not selected.
  const doing = new Set([...selection].filter((id) => actionOf(graph.resource(id)) !== undefined));
  const ways = options.publish ? chooseWays(graph, doing, world, options) : new Map<NodeId, ChosenWay>();
  const relations = options.publish ? stagedRelations(graph, ways) : directRelations(graph);
  const schemas = new Set<string>();
  const workSchemas = new Set<string>();
  const rebuilt = new Set<string>();
  const steps: Step[] = [];
  for (const [id, after] of executionOrder(graph, doing, { testsGate: options.testsGate })) {
    const resource = graph.resource(id);
    const action = actionOf(resource);
    if (!action) continue;
    const chosen = ways.get(id);
    if (action === "build" || action === "load") {
      const { schema } = relations.published(id);
      schemas.add(schema);
      if (chosen) workSchemas.add(nextSchema(schema));
      if (resource.kind !== "function") rebuilt.add(relationKey(relations.writeTo(id)));
    } else if (resource.kind === "test" && resource.config.all["store_failures"] === true)
      schemas.add(relations.published(id).schema);
    const reason = withDetour(reasonFor(resource, action, relations, world, options), chosen);
    steps.push({ node: id, action, reason, after, ...(chosen && { way: chosen.way }) });
  }
  const running = new Set(steps.map((s) => s.node));
  return {
    id: options.id,
    command: options.command,
    mode: ways.size > 0 ? "publish" : "direct",
    fullRefresh: options.fullRefresh,
    force: options.force,
    steps: steps.map((step) => ({ ...step, after: step.after.filter((id) => running.has(id)) })),
    relations,
    schemas: [...schemas].toSorted(),
    workSchemas: [...workSchemas].toSorted(),
    rebuilt,
  };
}

function chooseWays(
  graph: Graph,
  doing: Selection,
  world: World,
  { fullRefresh, opaque = new Map() }: PlanOptions,
): Map<NodeId, ChosenWay> {
  const ways = new Map<NodeId, ChosenWay>();
  for (const id of doing) {
    const node = graph.resource(id);
    if (node.kind === "function") ways.set(id, { way: "stage" });
    if (actionOf(node) !== "build" || (node.kind !== "model" && node.kind !== "seed" && node.kind !== "snapshot"))
      continue;
    ways.set(id, wayOf(node, graph, doing, world, { fullRefresh, opaque }));
  }
  return ways;
}

function stagedRelations(graph: Graph, ways: ReadonlyMap<NodeId, ChosenWay>): Relations {
  const outOfSight = new Set([...ways].filter(([, { way }]) => way !== "delta").map(([id]) => id));
  return new StagedRelations(graph, outOfSight);
}

const withDetour = (reason: Reason, chosen: ChosenWay | undefined): Reason =>
  chosen?.why === undefined ? reason : { ...reason, text: `${reason.text}, on a copy: ${chosen.why}` };

function actionOf(resource: Resource): Step["action"] | undefined {
  switch (resource.kind) {
    case "source":
      return resource.source.external ? "load" : undefined;
    case "exposure":
      return "no-op";
    case "analysis":
      return "none";
    case "test":
    case "unit_test":
      return "test";
    case "model":
      // As dbt: a file without a word is no model yet.
      if (resource.raw.trim() === "") return undefined;
      return resource.config.materialized === "ephemeral" ? "none" : "build";
    case "seed":
    case "snapshot":
    case "function":
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
  if (action === "no-op") return { code: "shown", text: "shows what is built, and is not built" };
  if (action === "none") return { code: "inlined", text: "part of the SQL that reads it" };
  if (action === "load") return loadReason(world.loads.get(resource.id));
  const key = relationKey(relations.published(resource.id));
  if (resource.kind === "function" && world.functions.has(key))
    return { code: "replace", text: "rebuilt in every run" };
  const existing = resource.kind === "function" ? undefined : world.relations.get(key);
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

/** `sluice plan`: what a build would do, and why; for people, and as JSON. */
import { plain, type Palette } from "../lib/palette.ts";
import type { NodeId, Resource } from "../parse/manifest.ts";
import type { Plan, Step } from "../plan/plan.ts";
import { tableLines } from "./table.ts";
import { count, displayName, kindOf, shortKind } from "./wording.ts";

export interface PlanTextOptions {
  /** Cells of the terminal; without it nothing is cut. */
  readonly width?: number;
  readonly palette?: Palette;
}

type ResourceOf = (id: NodeId) => Resource | undefined;

/** One row for each step that does something, in the order they would start; then a summary line. */
export function planText(plan: Plan, resourceOf: ResourceOf, options: PlanTextOptions = {}): string {
  const c = options.palette ?? plain;
  const steps = plan.steps.filter((step) => step.action !== "none" && step.action !== "no-op");
  if (!steps.length) return "Nothing to do: the selection is empty.";
  const rows = steps.map((step) => {
    const resource = resourceOf(step.node);
    return [step.action, resource ? nameOf(resource) : step.node, becomes(plan, step, resource), step.reason.text];
  });
  const lines = tableLines(["action", "node", "becomes", "why"], rows, {
    palette: c,
    ...(options.width === undefined ? {} : { width: options.width, keep: [true, false, false, false] }),
  });
  return [...lines, "", summary(plan, steps, resourceOf)].join("\n");
}

const nameOf = (resource: Resource): string => (resource.kind === "source" ? displayName(resource) : resource.name);

/** `table → marts.customer_summary`; tests make nothing. */
function becomes(plan: Plan, step: Step, resource: Resource | undefined): string {
  if (!resource || step.action === "test" || step.action === "reuse") return "";
  const { schema, identifier } = plan.relations.published(step.node);
  return `${resource.kind === "source" ? "table" : shortKind(resource)} → ${schema}.${identifier}`;
}

function summary(plan: Plan, steps: readonly Step[], resourceOf: ResourceOf): string {
  const kinds = new Map<string, number>();
  for (const { node } of steps) {
    const resource = resourceOf(node);
    if (resource) kinds.set(kindOf(resource), (kinds.get(kindOf(resource)) ?? 0) + 1);
  }
  const parts = [...kinds].map(([kind, n]) => count(n, kind));
  const reused = steps.filter((step) => step.action === "reuse").length;
  const idle = plan.steps.length - steps.length;
  const inlined = idle ? `; ${count(idle, "node")} with nothing to run` : "";
  return `${count(steps.length, "step")}: ${parts.join(", ")}${reused ? `; ${reused} reused` : ""}${inlined}${plan.fullRefresh ? " (full refresh)" : ""}.`;
}

export function planJson(plan: Plan, resourceOf: ResourceOf): string {
  const steps = plan.steps.map((step) => {
    const resource = resourceOf(step.node);
    const relation =
      step.action === "load" || step.action === "build" ? plan.relations.published(step.node) : undefined;
    return {
      unique_id: step.node,
      action: step.action,
      resource_type: resource?.kind ?? null,
      materialized: resource && "config" in resource ? resource.config.materialized : null,
      relation: relation ? { schema: relation.schema, identifier: relation.identifier } : null,
      reason: step.reason,
      after: step.after,
    };
  });
  const { id, command, mode, fullRefresh, schemas } = plan;
  return JSON.stringify({ id, command, mode, full_refresh: fullRefresh, schemas, steps }, null, 2);
}

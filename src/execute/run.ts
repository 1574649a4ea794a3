/** A plan from its first schema to its last hook; steps start as soon as what they wait for has passed. */
import type { Compiler } from "../compile/compiler.ts";
import type { Graph } from "../graph/graph.ts";
import type { Manifest, NodeId } from "../parse/manifest.ts";
import type { Plan, Step } from "../plan/plan.ts";
import type { Database } from "../postgres/database.ts";
import { quoteIdent } from "../postgres/relation.ts";
import { asPublished } from "../postgres/sql/swap.ts";
import type { HookFinished, HookStarted, RunEvent, RunResult, StepResult } from "./events.ts";
import { namesForEndHooks, runProjectHooks } from "./hooks.ts";
import { concludePublication } from "./conclude.ts";
import type { Publishing } from "./publishing.ts";
import { ReadyQueue } from "./queue.ts";
import { runWithRetries } from "./retry.ts";
import { createSchemas } from "./schemas.ts";
import type { Outcome } from "./step-context.ts";

export interface RunInput {
  readonly plan: Plan;
  readonly graph: Graph;
  readonly manifest: Manifest;
  readonly database: Database;
  readonly compiler: Compiler;
  /** Absolute. */
  readonly root: string;
  readonly threads: number;
  readonly failFast: boolean;
  /** Tests that warn fail. */
  readonly warningsFail: boolean;
  readonly targetName: string;
  /** Schemas that exist already. */
  readonly schemas: ReadonlySet<string>;
  /** In a plan that publishes. */
  readonly publishing?: Publishing;
  readonly signal?: AbortSignal;
  emit(event: RunEvent): void;
  /** Index among the steps that are ready; tests shuffle. Default: the plan's order. */
  pick?(ready: readonly Step[]): number;
}

/** Why steps that nothing failed before were not started. */
const NOT_RUN = {
  failFast: "Skipping due to fail_fast",
  hook: "Skipped because an on-run-start hook failed",
  interrupted: "Not started: the run was interrupted",
} as const;

/** Throws `Failure` when there is no beginning: a schema that cannot be made. What steps do wrong is in the result. */
export async function runPlan(input: RunInput): Promise<RunResult> {
  const started = performance.now();
  const startedAt = new Date();
  const { plan, graph, manifest, database, emit, signal } = input;
  emit({
    type: "plan-ready",
    at: startedAt,
    plan,
    resources: graph.order.map((id) => graph.resource(id)),
    targetName: input.targetName,
    threads: input.threads,
    server: database.info,
  });

  const lacking = plan.schemas.filter((name) => !input.schemas.has(name));
  if (lacking.length) await database.session((session) => createSchemas(session, lacking));
  const hooks: HookFinished[] = [];
  const onHook = (event: HookStarted | HookFinished): void => {
    if (event.type === "hook-finished") hooks.push(event);
    emit(event);
  };
  // Hooks are around a run; where nothing runs there is nothing to be around, as in dbt.
  const idle = plan.steps.every((step) => step.action === "none");
  const start = idle ? { ok: true } : await runProjectHooks(manifest.onRunStart, input, new Map(), onHook);
  const found = start.ok ? await runSteps(input) : new Map<NodeId, StepResult>();
  const reason = signal?.aborted ? NOT_RUN.interrupted : start.ok ? NOT_RUN.failFast : NOT_RUN.hook;
  const results = plan.steps
    .filter((step) => step.action !== "none")
    .map((step) => found.get(step.node) ?? { ...skipped(step, input), message: reason });
  const published = input.publishing ? await concludePublication(input.publishing, [...results, ...hooks], input) : {};
  input.publishing?.relations.conclude();
  if (!signal?.aborted && !idle && manifest.onRunEnd.length > 0)
    await runProjectHooks(manifest.onRunEnd, input, namesForEndHooks(results, input), onHook);

  const interrupted = signal?.aborted ?? false;
  const failed = [...results, ...hooks].some((r) => r.status === "error" || r.status === "fail");
  const result: RunResult = {
    plan,
    startedAt,
    seconds: (performance.now() - started) / 1000,
    results: published.unpublished ? results : results.map((one) => readingPublished(one, plan)),
    hooks,
    ...published,
    interrupted,
    ok: !failed && !interrupted && published.unpublished === undefined,
  };
  emit({ type: "run-finished", at: new Date(), result });
  return result;
}

/** What people are to look at stood in a work schema when it was asked for, and does so no more. */
const readingPublished = (result: StepResult, plan: Plan): StepResult =>
  result.query === undefined ? result : { ...result, query: asPublished(result.query, plan.schemas) };

/** At most `threads` steps at a time; results of what ran and of what was skipped because of a failure. */
async function runSteps(input: RunInput): Promise<Map<NodeId, StepResult>> {
  const { plan, emit, graph, signal } = input;
  const results = new Map<NodeId, StepResult>();
  const queue = new ReadyQueue(plan.steps);
  const total = plan.steps.filter((s) => s.action !== "none").length;
  const free = Array.from({ length: input.threads }, (_, i) => i + 1);
  const running = new Set<Promise<void>>();
  let started = 0;
  let stop = false;

  const skip = (step: Step, because: NodeId): void => {
    if (step.action === "none") return;
    const result = { ...skipped(step, input), because };
    results.set(step.node, result);
    const resource = graph.resource(step.node);
    emit({ type: "step-finished", at: new Date(), step, resource, result, index: ++started, of: total });
  };
  const settle = (step: Step, result: StepResult): void => {
    results.set(step.node, result);
    if (result.status !== "error" && result.status !== "fail") return queue.passed(step);
    if (input.failFast) stop = true;
    for (const lost of queue.failed(step)) skip(lost.step, lost.because);
  };
  const start = (step: Step): void => {
    const thread = free.shift()!;
    const work = runOne(step, { index: ++started, of: total, thread }, input).then((result) => {
      free.push(thread);
      running.delete(work);
      settle(step, result);
    });
    running.add(work);
  };

  const mayStart = (): boolean => queue.ready > 0 && free.length > 0 && !stop && !signal?.aborted;
  for (;;) {
    while (mayStart()) {
      const step = queue.take(input.pick);
      if (step.action === "none") queue.passed(step);
      else start(step);
    }
    if (running.size === 0) return results;
    await Promise.race(running);
  }
}

interface Turn {
  readonly index: number;
  readonly of: number;
  /** 1 … `threads`. */
  readonly thread: number;
}

/** Never throws: whatever goes wrong in a step is its result. */
async function runOne(step: Step, { index, of, thread }: Turn, input: RunInput): Promise<StepResult> {
  const { graph, emit } = input;
  const resource = graph.resource(step.node);
  emit({ type: "step-started", at: new Date(), step, resource, index, of, thread: `Thread-${thread}` });
  const { outcome, startedAt } = step.action === "no-op" ? noOp() : await runWithRetries(step, input);
  const finishedAt = new Date();
  const result: StepResult = {
    ...relationName(step, input),
    ...outcome,
    ...(outcome.status === "warn" && input.warningsFail && { status: "fail" as const }),
    node: step.node,
    startedAt,
    finishedAt,
    seconds: (finishedAt.getTime() - startedAt.getTime()) / 1000,
    thread: `Thread-${thread}`,
  };
  emit({ type: "step-finished", at: finishedAt, step, resource, result, index, of });
  return result;
}

const noOp = (): { outcome: Outcome; startedAt: Date } => ({
  outcome: { status: "no-op", message: "NO-OP", failures: 0 },
  startedAt: new Date(),
});

const skipped = (step: Step, input: RunInput): StepResult => ({
  node: step.node,
  status: "skipped",
  seconds: 0,
  ...relationName(step, input),
});

/** With the database, as dbt has it; also for what failed: readers of artifacts look for the relation that is not there. */
function relationName(step: Step, { plan, database: { info } }: RunInput): { relation?: string } {
  if (step.action !== "build" && step.action !== "load") return {};
  const { schema, identifier } = plan.relations.published(step.node);
  return { relation: [info.database, schema, identifier].map(quoteIdent).join(".") };
}

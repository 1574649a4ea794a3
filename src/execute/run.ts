/** The ready queue: steps start as soon as what they wait for has passed, at most `threads` at a time. */
import type { Compiler } from "../compile/compiler.ts";
import { warning } from "../diagnostics/diagnostic.ts";
import type { Graph } from "../graph/graph.ts";
import type { Manifest, NodeId } from "../parse/manifest.ts";
import type { Plan, Step } from "../plan/plan.ts";
import type { Database } from "../postgres/database.ts";
import { quoteIdent } from "../postgres/relation.ts";
import type { HookFinished, RunEvent, RunResult, StepResult } from "./events.ts";
import { runProjectHooks } from "./hooks.ts";
import { type Outcome, runStep } from "./step.ts";

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
  readonly targetName: string;
  /** Schemas that exist already. */
  readonly schemas: ReadonlySet<string>;
  readonly signal?: AbortSignal;
  emit(event: RunEvent): void;
  /** Order among steps that are ready; tests shuffle. Default: the plan's. */
  pick?(ready: readonly Step[]): number;
}

/** Lost to somebody else's transaction or a restart: worth another try. */
const TRIES = 3;

export async function runPlan(input: RunInput): Promise<RunResult> {
  const started = performance.now();
  const startedAt = new Date();
  const { plan, graph, database, emit } = input;
  const results = new Map<NodeId, StepResult>();
  const hooks: HookFinished[] = [];
  const onHook = (hook: HookFinished): void => {
    hooks.push(hook);
    emit(hook);
  };
  emit({
    type: "plan-ready",
    at: startedAt,
    plan,
    resources: graph.order.map((id) => graph.resource(id)),
    targetName: input.targetName,
    threads: input.threads,
    server: database.info,
  });

  await createSchemas(plan.schemas.filter((name) => !input.schemas.has(name)), database);
  const start = await runProjectHooks(input.manifest.onRunStart, database, input.compiler, new Map(), onHook);
  if (start.ok) await runSteps(input, results);
  else for (const step of plan.steps) results.set(step.node, skipped(step));
  let endOk = true;
  if (start.ok && !input.signal?.aborted) {
    const names = new Map<string, unknown>([
      ["results", [...results.values()]],
      ["schemas", plan.schemas],
      ["database_schemas", plan.schemas.map((schema) => [database.info.database, schema])],
    ]);
    endOk = (await runProjectHooks(input.manifest.onRunEnd, database, input.compiler, names, onHook)).ok;
  }

  const interrupted = input.signal?.aborted ?? false;
  const all = plan.steps.filter((s) => s.action !== "none").map((s) => results.get(s.node) ?? skipped(s));
  const failed = all.some((r) => r.status === "error" || r.status === "fail");
  const result: RunResult = {
    plan,
    startedAt,
    seconds: (performance.now() - started) / 1000,
    results: all,
    hooks,
    interrupted,
    ok: start.ok && endOk && !failed && !interrupted,
  };
  emit({ type: "run-finished", at: new Date(), result });
  return result;
}

async function createSchemas(names: readonly string[], database: Database): Promise<void> {
  if (names.length === 0) return;
  await database.session(async (session) => {
    for (const name of names) await session.query(`create schema if not exists ${quoteIdent(name)}`);
  });
}

async function runSteps(input: RunInput, results: Map<NodeId, StepResult>): Promise<void> {
  const { plan, emit } = input;
  const total = plan.steps.filter((s) => s.action !== "none").length;
  const waiting = new Map(plan.steps.map((step) => [step.node, new Set(step.after)]));
  const byNode = new Map(plan.steps.map((step) => [step.node, step]));
  const dependants = new Map<NodeId, NodeId[]>();
  for (const step of plan.steps) {
    for (const before of step.after) dependants.set(before, [...(dependants.get(before) ?? []), step.node]);
  }
  const ready: Step[] = plan.steps.filter((s) => s.after.length === 0);
  const running = new Set<Promise<void>>();
  const free = Array.from({ length: input.threads }, (_, i) => i + 1);
  let started = 0;
  let stop = false;

  const settle = (step: Step, result: StepResult): void => {
    results.set(step.node, result);
    const passed = result.status !== "error" && result.status !== "fail" && result.status !== "skipped";
    if (!passed && input.failFast && result.status !== "skipped") stop = true;
    for (const id of dependants.get(step.node) ?? []) {
      const next = byNode.get(id)!;
      if (results.has(id)) continue;
      if (!passed) skip(next, result.because ?? step.node);
      else {
        waiting.get(id)!.delete(step.node);
        if (waiting.get(id)!.size === 0) ready.push(next);
      }
    }
  };
  const skip = (step: Step, because: NodeId): void => {
    const result = { ...skipped(step), because };
    if (step.action !== "none") {
      emit({ type: "step-finished", at: new Date(), step, resource: input.graph.resource(step.node), result, index: ++started, of: total });
    }
    settle(step, result);
  };

  while ((ready.length > 0 && !stop && !input.signal?.aborted) || running.size > 0) {
    while (ready.length > 0 && free.length > 0 && !stop && !input.signal?.aborted) {
      const [step] = ready.splice(input.pick?.(ready) ?? 0, 1) as [Step];
      if (step.action === "none") {
        settle(step, { node: step.node, status: "success", seconds: 0 });
        continue;
      }
      const thread = free.shift()!;
      const work = runOne(step, ++started, total, thread, input).then((result) => {
        free.push(thread);
        running.delete(work);
        settle(step, result);
      });
      running.add(work);
    }
    if (running.size > 0) await Promise.race(running);
  }
}

async function runOne(step: Step, index: number, of: number, thread: number, input: RunInput): Promise<StepResult> {
  const { graph, emit } = input;
  const resource = graph.resource(step.node);
  emit({ type: "step-started", at: new Date(), step, resource, index, of });
  let startedAt = new Date();
  const outcome = await input.database.session(async (session) => {
    startedAt = new Date();
    for (let attempt = 1; ; attempt++) {
      const found = await runStep(step, { ...input, session, serverVersion: input.database.info.version });
      if (attempt === TRIES || !isTransient(found) || input.signal?.aborted) return found;
      emit({ type: "message", at: new Date(), level: "warn", node: step.node, text: `${resource.name}: ${found.message}; trying again (${attempt + 1} of ${TRIES})` });
    }
  }).catch((thrown: unknown): Outcome => {
    // Cancelled while waiting for a session.
    if (!input.signal?.aborted) throw thrown;
    return { status: "error", message: "cancelled" };
  });
  const finishedAt = new Date();
  const result: StepResult = {
    node: step.node,
    startedAt,
    finishedAt,
    seconds: (finishedAt.getTime() - startedAt.getTime()) / 1000,
    thread: `Thread-${thread}`,
    ...(input.signal?.aborted && outcome.status === "error" ? { ...outcome, message: "cancelled", diagnostic: warning("cancelled", `${resource.name} was cancelled.`, resource.at) } : outcome),
  };
  emit({ type: "step-finished", at: finishedAt, step, resource, result, index, of });
  return result;
}

/** Deadlock and serialization failures: the transaction is rolled back and the same session is good. */
const RETRIED = new Set(["sql-40001", "sql-40P01"]);
const isTransient = (outcome: Outcome): boolean => RETRIED.has(outcome.diagnostic?.code ?? "");

const skipped = (step: Step): StepResult => ({ node: step.node, status: "skipped", seconds: 0 });

/** One step on one session: compile, then everything the node does in one transaction. */
import type { Compiled } from "../compile/assemble.ts";
import type { Compiler } from "../compile/compiler.ts";
import { compileUnitTest } from "../compile/unit-test.ts";
import { Failure, type Span } from "../diagnostics/diagnostic.ts";
import type { Graph } from "../graph/graph.ts";
import { loadSource } from "../load/load.ts";
import { materializations } from "../materialize/index.ts";
import type { BuildInput, Statement, StatementResult } from "../materialize/materialization.ts";
import { settle } from "../materialize/settle.ts";
import { runTest } from "../materialize/test.ts";
import type { DataTestNode, ModelNode, NodeId, SeedNode, SnapshotNode, SourceNode, UnitTestNode } from "../parse/manifest.ts";
import type { Plan, Step } from "../plan/plan.ts";
import type { Session } from "../postgres/database.ts";
import { QueryError } from "../postgres/errors.ts";
import { quote } from "../postgres/relation.ts";
import { drive, type Driving } from "./drive.ts";
import type { RunEvent, StepResult } from "./events.ts";
import { explainQueryError } from "./explain.ts";
import { runHooks } from "./hooks.ts";
import { loadRequest } from "./load-request.ts";
import { seedInput } from "./seed-input.ts";

export interface StepContext {
  readonly session: Session;
  readonly compiler: Compiler;
  readonly graph: Graph;
  readonly plan: Plan;
  readonly root: string;
  readonly serverVersion: number;
  readonly signal?: AbortSignal;
  emit(event: RunEvent): void;
}

/** What a step found out; the caller adds times. */
export type Outcome = Omit<StepResult, "node" | "seconds" | "startedAt" | "finishedAt" | "thread">;

export async function runStep(step: Step, context: StepContext): Promise<Outcome> {
  const resource = context.graph.resource(step.node);
  try {
    switch (resource.kind) {
      case "source":
        return await load(resource, context);
      case "test":
        return await dataTest(resource, context);
      case "unit_test":
        return await unitTest(resource, context);
      case "model":
      case "seed":
      case "snapshot":
        return await build(resource, context);
      default:
        throw new Error(`Internal error: nothing to run for ${step.node}`);
    }
  } catch (thrown) {
    if (thrown instanceof Failure) {
      const [diagnostic] = thrown.diagnostics;
      return { status: "error", message: diagnostic?.message ?? thrown.message, ...(diagnostic && { diagnostic }) };
    }
    if (thrown instanceof QueryError) {
      const diagnostic = explainQueryError(thrown, { at: resource.at, label: "template query" });
      return { status: "error", message: thrown.message, diagnostic };
    }
    throw thrown;
  }
}

/** Collects what a step runs, for `target/run` and the row count. */
class Trace {
  readonly #node: NodeId;
  readonly #emit: StepContext["emit"];
  readonly #texts: string[] = [];
  main: StatementResult | undefined;

  constructor(node: NodeId, emit: StepContext["emit"]) {
    this.#node = node;
    this.#emit = emit;
  }

  add(statement: Statement, result: StatementResult, seconds: number): void {
    this.#texts.push(statement.sql);
    if (statement.main) this.main = result;
    const { label, sql } = statement;
    this.#emit({ type: "statement-ran", at: new Date(), node: this.#node, label, sql, seconds, rowCount: result.rowCount });
  }

  hooks(texts: readonly string[]): void {
    this.#texts.push(...texts);
  }

  get text(): string {
    return this.#texts.map((sql) => `${sql.trim().replace(/;$/, "")};\n`).join("\n");
  }
}

async function build(node: ModelNode | SeedNode | SnapshotNode, context: StepContext): Promise<Outcome> {
  const { session, compiler, plan } = context;
  const target = plan.relations.writeTo(node.id);
  const compiled = await compiler.compile(node, (sql) => session.queryText(sql));
  const seed = node.kind === "seed" ? await seedInput(node) : undefined;
  const input: BuildInput = {
    node,
    target,
    sql: compiled.sql,
    fullRefresh: plan.fullRefresh,
    rebuilt: plan.rebuilt,
    serverVersion: context.serverVersion,
    ...(seed && { seed }),
  };
  const name = node.kind === "model" ? node.config.materialized : node.kind;
  const materialization = materializations[name];
  if (!materialization) throw new Error(`Internal error: no materialization ${name}; the plan should have refused it`);
  const trace = new Trace(node.id, (event) => context.emit(event));
  const driving = drivingFor(session, node.at, compiled, trace);
  const { pre_hook, post_hook } = node.config;
  const outside = (hooks: typeof pre_hook) => hooks.filter((h) => !h.transaction);
  const inside = (hooks: typeof pre_hook) => hooks.filter((h) => h.transaction);

  trace.hooks(await runHooks(outside(pre_hook), session, compiler, node));
  await session.transaction(async () => {
    trace.hooks(await runHooks(inside(pre_hook), session, compiler, node));
    const aftermath = await drive(materialization(input), driving);
    trace.hooks(await runHooks(inside(post_hook), session, compiler, node));
    await drive(settle(input, aftermath), driving);
  });
  trace.hooks(await runHooks(outside(post_hook), session, compiler, node));

  const { main } = trace;
  const counts = main && !/^(create (view|materialized view|table)$|refresh)/i.test(main.command);
  return {
    status: "success",
    message: main ? (counts ? `${main.command} ${main.rowCount}` : main.command) : "OK",
    ...(main && counts && { rows: main.rowCount }),
    compiled: compiled.sql,
    executed: trace.text,
    relation: quote(target),
  };
}

function drivingFor(session: Session, at: Span, compiled: Compiled, trace: Trace): Driving {
  return { session, at, compiled, onStatement: (statement, result, seconds) => trace.add(statement, result, seconds) };
}

async function dataTest(test: DataTestNode, context: StepContext): Promise<Outcome> {
  const compiled = await context.compiler.compile(test, (sql) => context.session.queryText(sql));
  return judge(test, compiled, context);
}

async function unitTest(test: UnitTestNode, context: StepContext): Promise<Outcome> {
  const compiled = await compileUnitTest(context.compiler, test, (sql) => context.session.queryText(sql));
  return judge(test, compiled, context);
}

async function judge(test: DataTestNode | UnitTestNode, compiled: Compiled, context: StepContext): Promise<Outcome> {
  const { session } = context;
  const trace = new Trace(test.id, (event) => context.emit(event));
  const driving = drivingFor(session, test.at, compiled, trace);
  const verdict = await session.transaction(() => drive(runTest({ node: test, sql: compiled.sql }), driving));
  return { ...verdict, compiled: compiled.sql, executed: trace.text };
}

async function load(source: SourceNode, context: StepContext): Promise<Outcome> {
  const { session, plan } = context;
  const target = plan.relations.writeTo(source.id);
  const request = loadRequest(source, target, { root: context.root, id: plan.id, fullRefresh: plan.fullRefresh });
  const result = await loadSource(
    session,
    request,
    (p) => context.emit({ type: "step-progress", at: new Date(), node: source.id, ...p }),
    context.signal,
  );
  const loaded = result.files.filter((f) => f.status !== "unchanged");
  return {
    status: "success",
    rows: result.rows,
    rejected: result.rejected,
    message: loaded.length === 0 ? "unchanged" : `COPY ${result.rows}`,
    relation: quote(target),
  };
}


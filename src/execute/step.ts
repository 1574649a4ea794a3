/** One step on one session: compile, then everything the node does in one transaction. */
import type { Compiled } from "../compile/assemble.ts";
import type { Compiler } from "../compile/compiler.ts";
import { customMaterialization } from "../compile/custom-materialization.ts";
import { compileUnitTest } from "../compile/unit-test.ts";
import type { TemplateQuery } from "../context/phase.ts";
import { type Diagnostic, Failure, type Span } from "../diagnostics/diagnostic.ts";
import { place } from "../diagnostics/format.ts";
import type { Graph } from "../graph/graph.ts";
import { loadSource } from "../load/load.ts";
import { materializations } from "../materialize/index.ts";
import type { BuildInput, Statement, StatementResult } from "../materialize/materialization.ts";
import { isMicrobatch } from "../materialize/microbatch.ts";
import { settle } from "../materialize/settle.ts";
import { runTest } from "../materialize/test.ts";
import type {
  DataTestNode,
  ModelNode,
  NodeId,
  Resource,
  SeedNode,
  SnapshotNode,
  SourceNode,
  UnitTestNode,
} from "../parse/manifest.ts";
import { type Plan, type Step, wantsFullRefresh } from "../plan/plan.ts";
import type { Session } from "../postgres/database.ts";
import { QueryError, SQLSTATE } from "../postgres/errors.ts";
import { buildBatches } from "./batches.ts";
import { buildCustom } from "./custom.ts";
import { drive, type Driving, StatementFailure } from "./drive.ts";
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

/** What a step found out; the caller adds times. `again`: somebody else was in the way, and the next try may succeed. */
export type Outcome = Omit<StepResult, "node" | "seconds" | "startedAt" | "finishedAt" | "thread"> & { again?: true };

const CONTENDED: ReadonlySet<string> = new Set([
  SQLSTATE.serializationFailure,
  SQLSTATE.deadlock,
  // Another run made the relation between our look and our statement.
  SQLSTATE.duplicateTable,
  SQLSTATE.duplicateObject,
  SQLSTATE.duplicateSchema,
]);

/** Another transaction was in the way: a lock, or the same relation made, replaced or granted at the same moment. */
function isContended({ sqlstate, schema, message }: QueryError): boolean {
  if (CONTENDED.has(sqlstate)) return true;
  if (sqlstate === SQLSTATE.uniqueViolation) return schema === "pg_catalog";
  return sqlstate === "XX000" && /concurrently (updated|deleted)|could not open relation/.test(message);
}

export async function runStep(step: Step, context: StepContext): Promise<Outcome> {
  const resource = context.graph.resource(step.node);
  const trace = new Trace(step.node, (event) => context.emit(event));
  try {
    return { ...(await work(resource, context, trace)), ...trace.texts };
  } catch (thrown) {
    if (thrown instanceof Failure) {
      const [diagnostic, ...further] = thrown.diagnostics;
      const message = diagnostic?.message ?? thrown.message;
      const again = thrown instanceof StatementFailure && isContended(thrown.query) ? true : undefined;
      return {
        status: "error",
        message,
        ...trace.texts,
        ...(diagnostic && { diagnostic }),
        ...(further.length > 0 && { further }),
        ...(again && { again }),
      };
    }
    if (thrown instanceof QueryError) {
      const diagnostic = explainQueryError(thrown, { at: resource.at, label: "template query" });
      return { status: "error", message: thrown.message, ...trace.texts, diagnostic };
    }
    throw thrown;
  }
}

function work(resource: Resource, context: StepContext, trace: Trace): Promise<Outcome> {
  switch (resource.kind) {
    case "source":
      return load(resource, context);
    case "test":
    case "unit_test":
      return runTests(resource, context, trace);
    case "model":
    case "seed":
    case "snapshot":
      return build(resource, context, trace);
    default:
      throw new Error(`Internal error: nothing to run for ${resource.id}`);
  }
}

/** Collects what a step compiles and runs, for the target folder and the row count; kept also when the step fails. */
export class Trace {
  readonly #node: NodeId;
  readonly #emit: StepContext["emit"];
  readonly #sql: string[] = [];
  compiled: string | undefined;
  main: StatementResult | undefined;

  constructor(node: NodeId, emit: StepContext["emit"]) {
    this.#node = node;
    this.#emit = emit;
  }

  start({ sql }: Statement): void {
    this.#sql.push(sql);
  }

  ran({ main, label, sql }: Statement, result: StatementResult, seconds: number): void {
    if (main) this.main = result;
    const { rowCount } = result;
    this.#emit({ type: "statement-ran", at: new Date(), node: this.#node, label, sql, seconds, rowCount });
  }

  hooks(texts: readonly string[]): void {
    this.#sql.push(...texts);
  }

  get texts(): Pick<Outcome, "compiled" | "executed"> {
    const executed = this.#sql.map((sql) => `${sql.trim().replace(/;$/, "")};\n`).join("\n");
    return { ...(this.compiled !== undefined && { compiled: this.compiled }), ...(executed && { executed }) };
  }
}

async function build(node: ModelNode | SeedNode | SnapshotNode, context: StepContext, trace: Trace): Promise<Outcome> {
  const { session, compiler, plan } = context;
  if (node.kind === "model" && isMicrobatch(node)) return buildBatches(node, context, trace);
  const target = plan.relations.writeTo(node.id);
  const compiled = await compiler.compile(node, (sql) => session.queryText(sql));
  if (node.kind !== "seed") trace.compiled = compiled.sql;
  const block = node.kind === "model" ? customMaterialization(node, compiler.input.macros) : undefined;
  if (node.kind === "model" && block) {
    const onStatement = (sql: string): void => trace.hooks([sql]);
    const built = await buildCustom({ node, block, sql: compiled.sql, session, compiler, onStatement });
    return { status: "success", message: built.message || "OK", ...(built.rows > 0 && { rows: built.rows }) };
  }
  const seed = node.kind === "seed" ? await seedInput(node) : undefined;
  const input: BuildInput = {
    node,
    target,
    sql: compiled.sql,
    fullRefresh: wantsFullRefresh(node.config.all, plan.fullRefresh),
    rebuilt: plan.rebuilt,
    serverVersion: context.serverVersion,
    ...(seed && { seed }),
  };
  const name = node.kind === "model" ? node.config.materialized : node.kind;
  const materialization = materializations[name];
  if (!materialization) throw new Error(`Internal error: no materialization ${name}; the plan should have refused it`);
  const driving = drivingFor(session, node.at, compiled, trace);
  const { pre_hook, post_hook } = node.config;
  const outside = (hooks: typeof pre_hook) => hooks.filter((h) => !h.transaction);
  const inside = (hooks: typeof pre_hook) => hooks.filter((h) => h.transaction);

  trace.hooks(await runHooks(outside(pre_hook), session, compiler, node));
  await session.transaction(async () => {
    trace.hooks(await runHooks(inside(pre_hook), session, compiler, node));
    const aftermath = await drive(materialization(input), driving);
    trace.hooks(await runHooks(inside(post_hook), session, compiler, node));
    for (const warning of await drive(settle(input, aftermath), driving)) context.emit(warn(node.id, warning));
  });
  trace.hooks(await runHooks(outside(post_hook), session, compiler, node));

  const { main } = trace;
  const counts = main && !/^(create (view|materialized view|table)$|refresh)/i.test(main.command);
  return {
    status: "success",
    message: main ? (counts ? `${main.command} ${main.rowCount}` : main.command) : "OK",
    ...(main && counts && { rows: main.rowCount }),
  };
}

export function warn(node: NodeId, { at, message }: Diagnostic): RunEvent {
  return { type: "message", at: new Date(), level: "warn", node, text: `${at ? `${place(at)}  ` : ""}${message}` };
}

export function drivingFor(session: Session, at: Span, compiled: Compiled, trace: Trace): Driving {
  return {
    session,
    at,
    compiled,
    onStart: (statement) => trace.start(statement),
    onResult: (statement, result, seconds) => trace.ran(statement, result, seconds),
  };
}

async function runTests(test: DataTestNode | UnitTestNode, context: StepContext, trace: Trace): Promise<Outcome> {
  const { session, compiler } = context;
  const query: TemplateQuery = (sql) => session.queryText(sql);
  const compiled =
    test.kind === "unit_test" ? await compileUnitTest(compiler, test, query) : await compiler.compile(test, query);
  trace.compiled = compiled.sql;
  const driving = drivingFor(session, test.at, compiled, trace);
  return session.transaction(() => drive(runTest({ node: test, sql: compiled.sql }), driving));
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
  };
}

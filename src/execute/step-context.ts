/** What steps of all kinds share: what they are given, what they say, and what they leave behind for the log. */
import type { Compiled } from "../compile/assemble.ts";
import type { Compiler } from "../compile/compiler.ts";
import { type Diagnostic, Failure, type Span } from "../diagnostics/diagnostic.ts";
import { place } from "../diagnostics/format.ts";
import type { Graph } from "../graph/graph.ts";
import type { Statement, StatementResult } from "../materialize/materialization.ts";
import type { NodeId } from "../parse/manifest.ts";
import type { Plan } from "../plan/plan.ts";
import { commented, type StatementComment } from "../postgres/comment.ts";
import type { Session } from "../postgres/database.ts";
import type { Driving } from "./drive.ts";
import type { RunEvent, StepResult } from "./events.ts";
import type { Publishing } from "./publishing.ts";

export interface StepContext {
  readonly session: Session;
  readonly compiler: Compiler;
  readonly graph: Graph;
  readonly plan: Plan;
  readonly root: string;
  readonly serverVersion: number;
  /** In a plan that publishes: what is built out of sight, and what need not be. */
  readonly publishing?: Publishing;
  readonly signal?: AbortSignal;
  emit(event: RunEvent): void;
}

/** `contended`: another transaction was in the way. `lost`: the server or the way to it. */
export type Again = "contended" | "lost";

/** What a step found out; the caller adds times. `again`: somebody else was in the way, and the next try may succeed. */
export type Outcome = Omit<StepResult, "node" | "seconds" | "startedAt" | "finishedAt" | "thread"> & { again?: Again };

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

  /** Questions are no part of what was done. */
  start(statement: Statement): void {
    if (statement.do !== "run" || !statement.reads) this.#sql.push(statement.sql);
  }

  /** `comment`: what the statement was sent with. */
  ran(
    { main, label, sql: bare }: Statement,
    result: StatementResult,
    seconds: number,
    comment: StatementComment | undefined,
  ): void {
    if (main) this.main = result;
    this.answered(commented(bare, comment).text, result.rowCount, seconds, label);
  }

  /** A statement of a template; seconds. */
  answered(sql: string, rowCount: number, seconds: number, label = "statement"): void {
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

/** What the main statement says of itself. */
export function builtAs({ main }: Trace): Outcome {
  const counts = main && !/^(create (view|materialized view|table)$|refresh)/i.test(main.command);
  return {
    status: "success",
    message: main ? (counts ? `${main.command} ${main.rowCount}` : main.command) : "OK",
    ...(main && counts && { rows: main.rowCount }),
  };
}

function warn(node: NodeId, { at, message }: Diagnostic): RunEvent {
  return { type: "message", at: new Date(), level: "warn", node, text: `${at ? `${place(at)}  ` : ""}${message}` };
}

/** Warnings about one node; where warnings are to be errors, they are its failure. */
export function remark(node: Named, warnings: readonly Diagnostic[], { compiler, emit }: StepContext): void {
  if (warnings.length === 0) return;
  if (compiler.input.facts.warningsFail) throw new Failure(warnings.map((one) => ({ ...one, severity: "error" })));
  for (const one of warnings) emit(warn(node.id, one));
}

type Named = { readonly id: NodeId };

/** For questions that belong to no build. */
export const unheard = (session: Session, at: Span): Driving => ({ session, at, onStart() {}, onResult() {} });

export function drivingFor(session: Session, at: Span, compiled: Compiled, trace: Trace): Driving {
  return {
    session,
    at,
    compiled,
    onStart: (statement) => trace.start(statement),
    onResult: (statement, result, seconds) => trace.ran(statement, result, seconds, session.comment),
  };
}

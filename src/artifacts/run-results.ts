/** `target/run_results.json`, version 6 of dbt's schema. */
import { errorMessage } from "../diagnostics/dbt-wording.ts";
import type { HookFinished, RunResult, StepResult } from "../execute/events.ts";
import { type Answer, answerOf } from "../lib/command-tag.ts";
import type { NodeId, Resource } from "../parse/manifest.ts";
import { type Invocation, metadata, type Metadata } from "./metadata.ts";

export interface RunResults {
  readonly metadata: Metadata;
  readonly results: readonly NodeResult[];
  readonly elapsed_time: number;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Keys are closed in dbt's schema: none may be added. */
export interface NodeResult {
  readonly status: StepResult["status"];
  readonly timing: readonly { readonly name: string; readonly started_at: string; readonly completed_at: string }[];
  readonly thread_id: string;
  readonly execution_time: number;
  readonly adapter_response: Answer;
  readonly message: string | null;
  readonly failures: number | null;
  readonly unique_id: string;
  readonly compiled: boolean | null;
  readonly compiled_code: string | null;
  readonly relation_name: string | null;
  readonly batch_results: null;
}

export interface RunResultsOptions {
  readonly resourceOf: (id: NodeId) => Pick<Resource, "kind" | "name" | "file">;
  readonly generatedAt: Date;
  /** Flags as given; `which` is the command. */
  readonly args?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export function runResults(run: RunResult, options: RunResultsOptions): RunResults {
  const idle = new Set(run.plan.steps.filter((step) => step.action === "none").map((step) => step.node));
  return {
    metadata: metadata(
      "run-results/v6",
      { invocationId: run.plan.id, startedAt: run.startedAt, env: options.env ?? {} },
      options.generatedAt,
    ),
    results: [
      ...run.hooks.filter((hook) => !isEndHook(hook)).map(hookResult),
      ...run.results
        .filter((result) => !idle.has(result.node))
        .map((result) => nodeResult(result, options.resourceOf(result.node))),
      ...run.hooks.filter(isEndHook).map(hookResult),
    ],
    elapsed_time: run.seconds,
    args: { which: run.plan.command, invocation_command: `sluice ${run.plan.command}`, ...options.args },
  };
}

export const RUN_RESULTS_FILE = "run_results.json";

function nodeResult(result: StepResult, node: Pick<Resource, "kind" | "name" | "file">): NodeResult {
  const ran = result.status !== "skipped";
  return {
    status: result.status,
    timing: timing(result),
    thread_id: result.thread ?? "MainThread",
    execution_time: result.seconds,
    adapter_response: adapterResponse(result),
    message: messageOf(result, node),
    failures: result.failures ?? null,
    unique_id: result.node,
    compiled: hasSql(result.node) ? result.compiled !== undefined : null,
    compiled_code: ran ? (result.compiled ?? null) : null,
    relation_name: result.relation ?? null,
    batch_results: null,
  };
}

function messageOf({ status, diagnostic, message }: StepResult, node: Pick<Resource, "kind" | "name" | "file">) {
  if (!diagnostic) return message ?? null;
  return status === "error" ? errorMessage(diagnostic, node) : diagnostic.message;
}

/** Of a command that runs no plan: `compile`, `run-operation` … */
export interface PlainResult {
  readonly id: string;
  readonly status: "success" | "error" | "skipped";
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly message?: string;
  readonly compiled?: string;
  readonly relation?: string;
}

export function plainRunResults(
  results: readonly PlainResult[],
  invocation: Invocation,
  args: Readonly<Record<string, unknown>>,
  now: Date = new Date(),
): RunResults {
  return {
    metadata: metadata("run-results/v6", invocation, now),
    results: results.map((result) => ({
      status: result.status,
      timing: timing(result),
      thread_id: "MainThread",
      execution_time: (result.finishedAt.getTime() - result.startedAt.getTime()) / 1000,
      adapter_response: {},
      message: result.message ?? null,
      failures: null,
      unique_id: result.id,
      compiled: result.compiled !== undefined,
      compiled_code: result.compiled ?? null,
      relation_name: result.relation ?? null,
      batch_results: null,
    })),
    elapsed_time: (now.getTime() - invocation.startedAt.getTime()) / 1000,
    args,
  };
}

const isEndHook = ({ name }: HookFinished): boolean => /-on-run-end-\d+$/.test(name);

/** Hooks of the project are results too, as in dbt since 1.9. */
function hookResult({ id, name, status, startedAt, at, seconds, diagnostic }: HookFinished): NodeResult {
  const hook = name.replace(/-(on-run-\w+)-(\d+)$/, ".$1.$2");
  const failed = `${hook} failed, error:\n ${diagnostic?.message}`;

  return {
    status,
    timing: timing({ startedAt, finishedAt: at }),
    thread_id: "MainThread",
    execution_time: seconds,
    adapter_response: {},
    message: status === "error" ? failed : `${hook} ${status === "skipped" ? "skipped" : "passed"}`,
    failures: status === "success" ? 0 : 1,
    unique_id: id,
    compiled: status !== "skipped",
    compiled_code: null,
    relation_name: null,
    batch_results: null,
  };
}

/**
 * Compiling is not timed on its own: it takes no noticeable part. Its entry is there because readers look for both, and
 * lies at the start of the step.
 */
function timing({ startedAt, finishedAt }: Pick<StepResult, "startedAt" | "finishedAt">): NodeResult["timing"] {
  if (!startedAt || !finishedAt) return [];
  const [start, end] = [startedAt.toISOString(), finishedAt.toISOString()];
  return [
    { name: "compile", started_at: start, completed_at: start },
    { name: "execute", started_at: start, completed_at: end },
  ];
}

/** As dbt takes it from the command tag; of what failed, nothing. */
const adapterResponse = ({ message, response, rows, status }: StepResult): NodeResult["adapter_response"] =>
  answerOf(response ?? (status === "success" ? message : undefined), rows);

const hasSql = (node: NodeId): boolean => !/^(seed|source|exposure)\./.test(node);

/** One stream of events; console, JSON lines, traces and artifacts are its readers. The engine prints nothing. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { NodeId, Resource, SourceNode } from "../parse/manifest.ts";
import type { Plan, Step } from "../plan/plan.ts";
import type { Publication } from "../publish/publish.ts";

export type RunEvent =
  | PlanReady
  | StepStarted
  | StepProgress
  | StatementRan
  | StepFinished
  | HookStarted
  | HookFinished
  | FreshnessStarted
  | FreshnessChecked
  | Published
  | Message
  | RunFinished;

export interface PlanReady {
  readonly type: "plan-ready";
  readonly at: Date;
  readonly plan: Plan;
  /** What `Found 12 models, …` counts: the whole project. */
  readonly resources: readonly Resource[];
  readonly targetName: string;
  readonly threads: number;
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly version: number;
  };
}

export interface StepStarted {
  readonly type: "step-started";
  readonly at: Date;
  readonly step: Step;
  readonly resource: Resource;
  /** Which of `--threads` runs it: `Thread-1`. */
  readonly thread?: string;
  /** 1-based place among the steps that run, in order of start; `of` is how many will run. */
  readonly index: number;
  readonly of: number;
}

/** Loading a file. */
export interface StepProgress {
  readonly type: "step-progress";
  readonly at: Date;
  readonly node: NodeId;
  readonly file: string;
  readonly bytes: number;
  readonly totalBytes: number;
  readonly rows: number;
  readonly seconds: number;
}

export interface StatementRan {
  readonly type: "statement-ran";
  readonly at: Date;
  readonly node: NodeId;
  readonly label: string;
  readonly sql: string;
  readonly seconds: number;
  readonly rowCount: number;
}

export interface StepFinished {
  readonly type: "step-finished";
  readonly at: Date;
  readonly step: Step;
  readonly resource: Resource;
  readonly result: StepResult;
  readonly index: number;
  readonly of: number;
}

export interface HookStarted {
  readonly type: "hook-started";
  readonly at: Date;
  readonly id: NodeId;
  readonly name: string;
  /** 1-based, among those before the run or those after it. */
  readonly index: number;
  readonly of: number;
}

export interface HookFinished {
  readonly type: "hook-finished";
  readonly at: Date;
  /** `operation.shop.shop-on-run-start-0` */
  readonly id: NodeId;
  readonly name: string;
  readonly index: number;
  readonly of: number;
  /** `skipped`: one before it failed. */
  readonly status: "success" | "error" | "skipped";
  readonly startedAt: Date;
  readonly seconds: number;
  readonly diagnostic?: Diagnostic;
}

export interface FreshnessStarted {
  readonly type: "freshness-started";
  readonly at: Date;
  readonly resource: SourceNode;
  /** 1-based; `of` is how many are checked. */
  readonly index: number;
  readonly of: number;
}

export interface FreshnessChecked {
  readonly type: "freshness-checked";
  readonly at: Date;
  readonly resource: SourceNode;
  readonly result: FreshnessResult;
  readonly index: number;
  readonly of: number;
}

export interface FreshnessResult {
  readonly source: SourceNode;
  readonly status: "pass" | "warn" | "error" | "runtime error";
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly seconds: number;
  /** These three are absent after a runtime error; `age` in seconds. */
  readonly maxLoadedAt?: Date;
  readonly snapshottedAt?: Date;
  readonly age?: number;
  readonly diagnostic?: Diagnostic;
}

/** `log(…, info=true)`, `print()`, `exceptions.warn()` in templates; warnings of the engine. `print` is no line of the log. */
export interface Message {
  readonly type: "message";
  readonly at: Date;
  readonly level: "debug" | "info" | "warn" | "print";
  readonly text: string;
  readonly node?: NodeId;
}

/** Everything that was built out of sight is in its place now. */
export interface Published {
  readonly type: "published";
  readonly at: Date;
  readonly publication: Publication;
}

export interface RunFinished {
  readonly type: "run-finished";
  readonly at: Date;
  readonly result: RunResult;
}

export interface StepResult {
  readonly node: NodeId;
  /** dbt's words: models `success | error | skipped`, tests `pass | fail | warn | error | skipped`, exposures `no-op`. */
  readonly status: "success" | "pass" | "fail" | "warn" | "error" | "skipped" | "no-op";
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
  /** Wall time in seconds, waiting for a session not included. */
  readonly seconds: number;
  /** Not done, because what it would give is there already; `message` says why. */
  readonly reused?: true;
  /** Rows selected, inserted, merged or loaded; absent where Postgres counts none (views). */
  readonly rows?: number;
  /** Loads only: rows kept out. */
  readonly rejected?: number;
  /** Tests only: failing rows. */
  readonly failures?: number;
  /** The command tag with its count: `SELECT 195`, `CREATE VIEW`. */
  readonly message?: string;
  /** The same of a test, whose message says what it found. */
  readonly response?: string;
  readonly diagnostic?: Diagnostic;
  /** What else was wrong, in order: the other bad rows of a file, the other mistakes of a seed. */
  readonly further?: readonly Diagnostic[];
  /** Skipped because of this node. */
  readonly because?: NodeId;
  readonly compiled?: string;
  /** The statements that were run, in order and up to one that failed, as text for `target/run`. */
  readonly executed?: string;
  /** The relation that the node is or would be, quoted. */
  readonly relation?: string;
  /** For failed tests: the first failing rows, for people. */
  readonly sample?: { readonly columns: readonly string[]; readonly rows: readonly (readonly (string | null)[])[] };
  /** For failed tests: SQL that shows all failing rows. */
  readonly query?: string;
  /** Which of `--threads` ran it: `Thread-1`. */
  readonly thread?: string;
}

export interface RunResult {
  readonly plan: Plan;
  readonly startedAt: Date;
  readonly seconds: number;
  readonly results: readonly StepResult[];
  readonly hooks: readonly HookFinished[];
  /** Absent: there was nothing to publish, or it was not to be. */
  readonly publication?: Publication;
  /** Why what was built was not published. */
  readonly unpublished?: Diagnostic;
  /** Nothing that was read changes by itself, as clocks do and sources that nobody watches. */
  readonly steady?: true;
  /** Cancelled by the user. */
  readonly interrupted: boolean;
  /** No error, no failing test of error severity, not interrupted. */
  readonly ok: boolean;
}

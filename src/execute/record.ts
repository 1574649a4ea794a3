/** The run's own record in the ledger, from its start to its results. */
import { execFile } from "node:child_process";
import { userInfo } from "node:os";
import { promisify } from "node:util";
import { Failure } from "../diagnostics/diagnostic.ts";
import { version } from "../lib/package-root.ts";
import type { Plan } from "../plan/plan.ts";
import type { Database, Session } from "../postgres/database.ts";
import { QueryError } from "../postgres/errors.ts";
import { ensureState } from "../state/ensure.ts";
import { finishRun, type NodeResultRecord, recordResults, recordRun } from "../state/ledger.ts";
import type { RunEvent, RunResult, StepResult } from "./events.ts";

export interface RecordOptions {
  readonly target: string;
  readonly root: string;
  /** Loading cannot do without the ledger; models can, with a warning. */
  readonly needsState: boolean;
  emit(event: RunEvent): void;
}

/** Lends a database that still answers, also after the run was cancelled. */
export type Tidy = (work: (database: Database) => Promise<void>) => Promise<void>;

export interface RunningRecord {
  /** Without a result, what was run could not even begin. `more` is recorded with it. Never throws. */
  finish(result: RunResult | undefined, tidy: Tidy, more?: (session: Session) => Promise<void>): Promise<void>;
}

/** Opens the run's record; nothing when the user may not make the ledger and nothing in the plan needs it. */
export async function startRecord(
  database: Database,
  plan: Plan,
  options: RecordOptions,
): Promise<RunningRecord | undefined> {
  try {
    await ensureState(database);
    const gitCommit = await commitOf(options.root);
    await database.session((session) =>
      recordRun(session, {
        id: plan.id,
        command: plan.command,
        target: options.target,
        startedAt: new Date(),
        sluiceVersion: version(),
        gitCommit,
        user: userName(),
      }),
    );
  } catch (thrown) {
    const isExpected = thrown instanceof Failure || thrown instanceof QueryError;
    if (!isExpected || (options.needsState && thrown instanceof Failure)) throw thrown;
    notRecorded(thrown, options);
    return undefined;
  }
  return { finish: (result, tidy, more) => finish(plan.id, result, options, tidy, more) };
}

/** A run that had nothing to look at. */
export async function recordIdleRun(
  session: Session,
  run: { id: string; command: string; startedAt: Date; root: string; target: string },
): Promise<void> {
  const gitCommit = await commitOf(run.root);
  await recordRun(session, { ...run, sluiceVersion: version(), gitCommit, user: userName() });
  await finishRun(session, run.id, "success", new Date());
}

async function finish(
  id: string,
  result: RunResult | undefined,
  options: RecordOptions,
  tidy: Tidy,
  more?: (session: Session) => Promise<void>,
): Promise<void> {
  const status = result?.ok ? "success" : result?.interrupted ? "cancelled" : "error";
  try {
    await tidy((database) =>
      database.session(async (session) => {
        await recordResults(session, id, (result?.results ?? []).flatMap(resultRecord));
        await more?.(session);
        await finishRun(session, id, status, new Date());
      }),
    );
  } catch (thrown) {
    // The server is gone, most likely, and the run's own result says so.
    notRecorded(thrown, options);
  }
}

function resultRecord(result: StepResult): NodeResultRecord[] {
  const { node: nodeId, startedAt, finishedAt, rows, failures, message } = result;
  if (!startedAt || !finishedAt || result.status === "no-op") return [];
  const status = result.reused ? "reused" : result.status;
  return [{ nodeId, status, startedAt, finishedAt, rows: rows ?? failures, message }];
}

function notRecorded(thrown: unknown, { emit }: RecordOptions): void {
  const text = `This run is not recorded: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  emit({ type: "message", at: new Date(), level: "warn", text });
}

async function commitOf(root: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("git", ["rev-parse", "HEAD"], { cwd: root, timeout: 2000 });
    return stdout.trim();
  } catch {
    // Not a repository, or no git.
    return undefined;
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user without a passwd entry.
    return String(process.getuid?.() ?? "unknown");
  }
}

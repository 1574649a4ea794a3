/** The run's own record in the ledger, from its start to its results. */
import { execFile } from "node:child_process";
import { userInfo } from "node:os";
import { promisify } from "node:util";
import { Failure } from "../diagnostics/diagnostic.ts";
import { version } from "../lib/package-root.ts";
import type { Plan } from "../plan/plan.ts";
import type { Database } from "../postgres/database.ts";
import { ensureState } from "../state/ensure.ts";
import { finishRun, recordResults, recordRun } from "../state/ledger.ts";
import type { RunEvent, RunResult } from "./events.ts";

export interface RecordOptions {
  readonly target: string;
  readonly root: string;
  /** Loading cannot do without the ledger; models can, with a warning. */
  readonly needsState: boolean;
  emit(event: RunEvent): void;
}

/** Opens the run's record; nothing when the user may not make the ledger and nothing in the plan needs it. */
export async function startRecord(
  database: Database,
  plan: Plan,
  options: RecordOptions,
): Promise<{ finish(result: RunResult): Promise<void> } | undefined> {
  try {
    await ensureState(database);
  } catch (thrown) {
    if (options.needsState || !(thrown instanceof Failure)) throw thrown;
    const text = `This run is not recorded: ${thrown.message}`;
    options.emit({ type: "message", at: new Date(), level: "warn", text });
    return undefined;
  }
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
  return {
    finish: async (result) => {
      await database.session(async (session) => {
        const done = result.results.filter((r) => r.startedAt && r.finishedAt);
        await recordResults(
          session,
          plan.id,
          done.map((r) => ({
            nodeId: r.node,
            status: r.status,
            startedAt: r.startedAt!,
            finishedAt: r.finishedAt!,
            rows: r.rows ?? r.failures,
            message: r.message,
          })),
        );
        await finishRun(session, plan.id, result.interrupted ? "cancelled" : result.ok ? "success" : "error", new Date());
      });
    },
  };
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

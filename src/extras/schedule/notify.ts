/** Tells people of what went wrong, by a webhook or a command. Never throws: a scheduler does not die of its messenger. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Schedule } from "../../project/schedule.ts";
import type { FiringStatus } from "../../state/schedule.ts";

/** What a webhook gets by POST, and a command on its standard input. */
export interface Trouble {
  /** One line; chat services show it. */
  readonly text: string;
  readonly scope: string;
  readonly job: string;
  readonly status: Extract<FiringStatus, "error" | "timeout" | "lost" | "missed">;
  readonly due_at: string;
  readonly exit_code?: number | undefined;
  /** The end of the output, for a command that failed. */
  readonly message?: string | undefined;
}

const TIMEOUT = 10_000;
const PAUSES = [1000, 5000];

/** What could not be told, in words without addresses. */
export async function notify(
  trouble: Trouble,
  { webhook, command }: Schedule["onFailure"],
  cwd: string,
): Promise<string[]> {
  const body = JSON.stringify(trouble);
  const failures = await Promise.all([
    webhook ? post(webhook, body) : undefined,
    command ? pipeTo(command, body, cwd) : undefined,
  ]);
  return failures.filter((failure) => failure !== undefined);
}

async function post(url: string, body: string): Promise<string | undefined> {
  for (let attempt = 0; ; attempt++) {
    const failure = await postOnce(url, body);
    const pause = PAUSES[attempt];
    if (failure === undefined || pause === undefined) return failure;
    await sleep(pause);
  }
}

async function postOnce(url: string, body: string): Promise<string | undefined> {
  try {
    const headers = { "content-type": "application/json" };
    const response = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(TIMEOUT) });
    await response.body?.cancel();
    return response.ok ? undefined : `the webhook answered ${response.status}`;
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
    return `the webhook could not be reached: ${(cause as { code?: string }).code ?? "no answer"}`;
  }
}

function pipeTo(command: string, body: string, cwd: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(command, { shell: true, cwd, stdio: ["pipe", "ignore", "inherit"], timeout: TIMEOUT });
    child.on("error", (error) => resolve(`the command could not be started: ${error.message}`));
    child.on("close", (code) => resolve(code === 0 ? undefined : `the command ended with ${code ?? "a signal"}`));
    // A command that does not read is fine.
    child.stdin.on("error", () => {});
    child.stdin.end(`${body}\n`);
  });
}

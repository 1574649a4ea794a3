/** A job's commands as processes, one after another until one fails. */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Outcome } from "../../state/schedule.ts";
import type { TimedJob } from "./config.ts";

export interface RunOptions {
  /** The program and the words before a command: node and the CLI's file. */
  readonly program: readonly [string, ...string[]];
  /** Words after every command: `--target prod`. */
  readonly flags: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asks the running command to end: it cancels what runs on the server. */
  readonly signal: AbortSignal;
  onLine(line: string): void;
}

/** Characters of a failed command's output that are kept. */
const KEPT = 4000;
/** Milliseconds between asking a command to end and ending it. */
const PATIENCE = 20_000;

export async function runJob(job: TimedJob, options: RunOptions): Promise<Outcome> {
  const timeout = job.timeout === undefined ? undefined : AbortSignal.timeout(job.timeout * 1000);
  const stop = AbortSignal.any([options.signal, ...(timeout ? [timeout] : [])]);
  for (const { words } of job.run) {
    if (stop.aborted) break;
    const { exitCode, tail } = await runCommand(words, options, stop);
    if (stop.aborted) break;
    if (exitCode !== 0) {
      return { status: "error", exitCode, message: `sluice ${words.join(" ")}\n${tail}`.slice(0, KEPT) };
    }
  }
  if (options.signal.aborted) return { status: "cancelled", message: "the scheduler was stopped" };
  if (timeout?.aborted) return { status: "timeout", message: `not done after ${job.timeout! / 60} minutes` };
  return { status: "success", exitCode: 0 };
}

function runCommand(
  words: readonly string[],
  { program, flags, cwd, env, onLine }: RunOptions,
  stop: AbortSignal,
): Promise<{ exitCode: number; tail: string }> {
  const [executable, ...before] = program;
  // A process group of its own: Ctrl-C in the scheduler's terminal is for the scheduler, which lets jobs finish.
  const child = spawn(executable, [...before, ...words, ...flags], {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  let kept = 0;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      onLine(line);
      lines.push(line);
      kept += line.length + 1;
      while (kept > KEPT && lines.length > 1) kept -= lines.shift()!.length + 1;
    });
  }
  const end = (): void => void endGroup(child);
  stop.addEventListener("abort", end, { once: true });
  return new Promise((resolve) => {
    const done = (exitCode: number, tail: string): void => {
      stop.removeEventListener("abort", end);
      resolve({ exitCode, tail });
    };
    child.on("error", (error) => done(127, error.message));
    child.on("close", (code) => done(code ?? 137, lines.join("\n")));
  });
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  child.kill("SIGTERM");
  const hard = setTimeout(() => {
    try {
      process.kill(-child.pid!, "SIGKILL");
    } catch {
      // It ended by itself.
    }
  }, PATIENCE);
  child.once("close", () => clearTimeout(hard));
}

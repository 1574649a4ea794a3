/** `schedule`: runs the jobs of schedule.yml by their cron lines, until it is told to stop. */
import { hostname } from "node:os";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { Sluice } from "../index.ts";
import type { Reporter } from "../report/reporter.ts";
import { type Command, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import type { GlobalArgs, Option } from "./options.ts";
import type { TimedJob } from "../extras/schedule/config.ts";
import type { Scheduler } from "../extras/schedule/scheduler.ts";

type Args = GlobalArgs & { list?: boolean; now?: string; port: number; stopTimeout: number };

const builder: Record<string, Option> = {
  list: { type: "boolean", describe: "Print the jobs, when they are due and how they last ended" },
  now: { type: "string", requiresArg: true, value: "job", describe: "Run one job now, and end with its exit code" },
  port: {
    type: "number",
    requiresArg: true,
    value: "n",
    default: 9464,
    describe: "Port of /health and /metrics on 127.0.0.1",
  },
  "stop-timeout": {
    type: "number",
    requiresArg: true,
    value: "seconds",
    default: 30,
    describe: "How long a stop waits for running jobs before it cancels them",
  },
};

export const scheduleCommand: Command = {
  command: "schedule",
  describe: "Run the jobs of schedule.yml by their cron lines",
  builder,
  examples: ["sluice schedule", "sluice schedule --list", "sluice schedule --now nightly --target prod"],
  run: (args: Args) => withProject(args, "schedule", (sluice, reporter) => start(args, sluice, reporter)),
};

const now = (): Date => new Date();

async function start(args: Args, sluice: Sluice, reporter: Reporter): Promise<number> {
  // Here, not above: the list of commands has this one in it.
  const { findCommand } = await import("./index.ts");
  const { loadSchedule } = await import("../extras/schedule/config.ts");
  const { Scheduler } = await import("../extras/schedule/scheduler.ts");
  const { notify } = await import("../extras/schedule/notify.ts");
  const { runJob } = await import("../extras/schedule/run-job.ts");
  const { openLedger } = await import("../extras/schedule/ledger.ts");
  const { root, name, target } = sluice.project;
  const isCommand = (verb: string): boolean => findCommand(verb) !== undefined;
  const { jobs, onFailure, warnings } = loadSchedule({ root, env: process.env, isCommand, now });
  if (warnings.length > 0) reporter.diagnostics(warnings);
  const ledger = await openLedger(sluice);
  const log = (text: string, job?: string): void => {
    const at = now();
    if (args.logFormat === "json") reporter.line(JSON.stringify({ ts: at, ...(job && { job }), msg: text }));
    else if (!args.quiet) reporter.line(`${at.toISOString()}  ${text}`);
  };
  const scheduler = new Scheduler({
    jobs,
    scope: `${name}/${target.name}`,
    name: `${hostname()}:${process.pid}`,
    now,
    ledger,
    log,
    run: (job, signal) =>
      runJob(job, {
        program: [process.execPath, process.argv[1]!],
        flags: flagsFor(args, root),
        cwd: root,
        env: process.env,
        signal,
        onLine: (line) => (args.logFormat === "json" ? reporter.line(line) : log(`${job.name} | ${line}`)),
      }),
    tell: async (trouble) => {
      for (const failure of await notify(trouble, onFailure, root)) log(`Nobody was told: ${failure}`, trouble.job);
    },
  });
  if (args.list) return list(scheduler, jobs, reporter, now());
  const signals = stopSignals(args.stopTimeout * 1000, log);
  try {
    if (args.now !== undefined) return await runOne(scheduler, jobs, args.now, signals.kill);
    return await serveUntilStopped(scheduler, jobs, args.port, signals, log);
  } finally {
    signals.release();
    await scheduler.told();
  }
}

/** Words that every command of a job gets, so that it works on the same project and target. */
function flagsFor(args: Args, root: string): string[] {
  const flags: [string, string | undefined][] = [
    ["--project-dir", root],
    ["--profiles-dir", args.profilesDir],
    ["--profile", args.profile],
    ["--target", args.target],
    ["--target-path", args.targetPath],
    ["--vars", args.vars],
    ["--log-format", args.logFormat === "json" ? "json" : undefined],
  ];
  return flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]));
}

async function runOne(
  scheduler: Scheduler,
  jobs: readonly TimedJob[],
  name: string,
  kill: AbortSignal,
): Promise<number> {
  const job = jobs.find((one) => one.name === name);
  if (!job) {
    const notes = [`jobs: ${jobs.map((one) => one.name).join(", ")}`];
    throw new Failure(error("schedule-job-unknown", `There is no job named "${name}".`, undefined, notes));
  }
  const outcome = await scheduler.runNow(job, kill);
  if (!outcome) return ExitCode.unusable;
  return outcome.status === "success" ? ExitCode.ok : outcome.exitCode || ExitCode.failed;
}

async function serveUntilStopped(
  scheduler: Scheduler,
  jobs: readonly TimedJob[],
  port: number,
  { stop, kill }: Pick<StopSignals, "stop" | "kill">,
  log: (text: string) => void,
): Promise<number> {
  const { portOf, serve } = await import("../extras/schedule/http.ts");
  const server = await serve(scheduler, jobs, port).catch((thrown: unknown) => {
    const taken = (thrown as { code?: string }).code === "EADDRINUSE";
    if (!taken) throw thrown;
    const hint = "choose another with --port; 0 takes any free one";
    throw new Failure(error("schedule-port", `Port ${port} of 127.0.0.1 is taken.`, undefined, [hint]));
  });
  try {
    log(`Scheduling ${jobs.map((job) => job.name).join(", ")}; http://127.0.0.1:${portOf(server)}/health`);
    await scheduler.start(stop, kill);
    log("Stopped.");
    return ExitCode.ok;
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function list(scheduler: Scheduler, jobs: readonly TimedJob[], reporter: Reporter, now: Date): Promise<number> {
  const histories = await scheduler.history();
  for (const job of jobs) {
    const history = histories.get(job.name);
    const last = history ? `last ${history.lastDueAt.toISOString()} ${history.lastStatus}` : "never fired";
    const next = job.nextAfter(now)?.toISOString() ?? "never";
    const commands = job.run.map(({ words }) => words.join(" ")).join("; ");
    reporter.line(`${job.name}  ${job.cron} (${job.timezone})  next ${next}  ${last}  runs ${commands}`);
  }
  return ExitCode.ok;
}

interface StopSignals {
  readonly stop: AbortSignal;
  readonly kill: AbortSignal;
  release(): void;
}

/** Once: nothing new starts, and running jobs may finish for a while. Twice, or later than that: they are cancelled. */
function stopSignals(patience: number, log: (text: string) => void): StopSignals {
  const stop = new AbortController();
  const kill = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const cancel = (): void => {
    if (!kill.signal.aborted) log("Cancelling the jobs that run");
    kill.abort();
  };
  const onSignal = (): void => {
    if (stop.signal.aborted) return cancel();
    stop.abort();
    timer = setTimeout(cancel, patience);
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, onSignal);
  return {
    stop: stop.signal,
    kill: kill.signal,
    release: () => {
      clearTimeout(timer);
      for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(name, onSignal);
    },
  };
}

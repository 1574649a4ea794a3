/** `schedule.yml` as jobs that can be asked when they are due. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Cron } from "croner";
import { type Diagnostic, error, Failure, hasErrors } from "../../diagnostics/diagnostic.ts";
import { Jinja } from "../../jinja/index.ts";
import { nativeRenderer } from "../../project/render.ts";
import { type Job, readSchedule, type Schedule, SCHEDULE_FILE } from "../../project/schedule.ts";
import { makeScope, type Env } from "../../project/scope.ts";

export interface TimedJob extends Omit<Job, "cron" | "cronAt" | "timezoneAt" | "at"> {
  readonly cron: string;
  /** The first time after `from`; undefined when there is none any more. */
  nextAfter(from: Date): Date | undefined;
}

export interface LoadedSchedule {
  readonly jobs: readonly TimedJob[];
  readonly onFailure: Schedule["onFailure"];
  readonly warnings: readonly Diagnostic[];
}

export interface LoadOptions {
  readonly root: string;
  readonly env: Env;
  /** Whether sluice has this command. */
  isCommand(verb: string): boolean;
  now(): Date;
}

/** Throws `Failure` with all mistakes of the file. */
export function loadSchedule({ root, env, isCommand, now }: LoadOptions): LoadedSchedule {
  const absolute = join(root, SCHEDULE_FILE);
  if (!existsSync(absolute)) {
    const hint = 'write one:  jobs: [{name: nightly, cron: "15 2 * * *", run: build}]';
    throw new Failure(error("schedule-missing", `There is no ${SCHEDULE_FILE} in ${root}.`, undefined, [hint]));
  }
  const file = { path: SCHEDULE_FILE, absolute, text: readFileSync(absolute, "utf8") };
  const problems: Diagnostic[] = [];
  const scope = makeScope({ env, vars: {}, secrets: true });
  const render = nativeRenderer(new Jinja());
  const schedule = readSchedule(file, (text, at) => render(text, at, scope), problems);
  const jobs = (schedule?.jobs ?? []).flatMap((job) => timed(job, now(), problems) ?? []);
  for (const { words, at } of (schedule?.jobs ?? []).flatMap((job) => job.run)) {
    const verb = words[0] ?? "";
    if (isCommand(verb) && verb !== "schedule" && verb !== "watch") continue;
    const expected = "a command of sluice, such as  build --select tag:nightly";
    problems.push(error("schedule-command", `"${verb}" is nothing a job can run; expected ${expected}.`, at));
  }
  if (hasErrors(problems)) throw new Failure(problems);
  return { jobs, onFailure: schedule?.onFailure ?? {}, warnings: problems };
}

function timed(job: Job, now: Date, problems: Diagnostic[]): TimedJob | undefined {
  if (!isTimezone(job.timezone)) {
    const hint = "expected a name of the time zone database, such as Europe/Zurich or UTC";
    problems.push(error("schedule-timezone", `There is no time zone "${job.timezone}".`, job.timezoneAt, [hint]));
    return undefined;
  }
  try {
    // Paused: it only answers when it would fire.
    const cron = new Cron(job.cron, { timezone: job.timezone, paused: true, mode: "5-or-6-parts" });
    if (!cron.nextRun(now)) {
      problems.push(error("schedule-never", `The cron line "${job.cron}" never comes true.`, job.cronAt));
    }
    return { ...job, nextAfter: (from) => cron.nextRun(from) ?? undefined };
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message.replace(/^CronPattern: /, "") : String(thrown);
    const hint = "minute hour day-of-month month day-of-week:  15 2 * * *  is a quarter past two every night";
    problems.push(error("schedule-cron", `"${job.cron}" is no cron line: ${reason}`, job.cronAt, [hint]));
    return undefined;
  }
}

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/**
 * Runs jobs when they are due. Each job is, at any time, in one of these states; the ledger holds the same.
 *
 *   waiting ──due──▶ claimed ──▶ running ──▶ success | error | timeout | cancelled ──▶ waiting
 *      │                └── an earlier firing runs ──▶ skipped ──────────────────────▶ waiting
 *      └── due more than a minute ago ──▶ missed ──────────────────────────────────────▶ waiting
 *
 * A scheduler that is killed leaves "running" behind; whoever looks a minute later makes it "lost".
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  claimFiring,
  finishFiring,
  histories,
  type JobHistory,
  type JobLine,
  keepAlive,
  nextDue,
  type Outcome,
  recordMissed,
  recordNextDue,
  takeLost,
} from "../../state/schedule.ts";
import type { TimedJob } from "./config.ts";
import { whatIsDue } from "./due.ts";
import type { Ledger } from "./ledger.ts";
import type { Trouble } from "./notify.ts";

export interface SchedulerOptions {
  readonly jobs: readonly TimedJob[];
  /** Project and target: `bank/prod`. */
  readonly scope: string;
  /** Who claims, for people: host and process. */
  readonly name: string;
  now(): Date;
  readonly ledger: Ledger;
  /** `kill` asks the job to end. */
  run(job: TimedJob, kill: AbortSignal): Promise<Outcome>;
  tell(trouble: Trouble): Promise<void>;
  log(text: string, job?: string): void;
}

export interface JobState {
  readonly next: Date | undefined;
  readonly runningSince: Date | undefined;
}

/** The longest sleep, in milliseconds: laptops sleep too, clocks are set, and those that run must be said to be alive. */
const TICK = 10_000;

const NEVER = new Date(8.64e15);

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #next = new Map<string, Date>();
  readonly #running = new Map<string, { id: number; since: Date; work: Promise<void> }>();
  #lastRound: Date | undefined;
  #ledgerError: string | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Until `stop`; then waits for the jobs that run, unless `kill` ends them. */
  async start(stop: AbortSignal, kill: AbortSignal): Promise<void> {
    const { now, log } = this.#options;
    while (!stop.aborted) {
      await this.#round(kill);
      const due = [...this.#next.values()].map((at) => at.getTime() - now().getTime());
      // What was due and could not be recorded is tried again with the next tick.
      const wait = Math.min(TICK, ...due.filter((ms) => ms > 0), this.#ledgerError ? 2000 : TICK);
      await sleep(Math.max(wait, 5), undefined, { signal: stop }).catch(() => {});
    }
    if (this.#running.size > 0) log(`Stopping: waiting for ${[...this.#running.keys()].join(", ")}`);
    while (this.#running.size > 0) {
      await Promise.race([
        ...[...this.#running.values()].map(({ work }) => work),
        sleep(TICK, undefined, { ref: false }),
      ]);
      await this.#try(() => this.#keepAlive());
    }
  }

  /** Runs one job now, whatever its line says. Undefined when an earlier firing still runs. */
  async runNow(job: TimedJob, kill: AbortSignal): Promise<Outcome | undefined> {
    let outcome: Outcome | undefined;
    if (!(await this.#fire(job, this.#options.now(), kill, (found) => (outcome = found)))) return undefined;
    const beating = setInterval(() => void this.#try(() => this.#keepAlive()), TICK);
    await this.#running.get(job.name)?.work;
    clearInterval(beating);
    return outcome;
  }

  state(job: TimedJob): JobState {
    return { next: this.#next.get(job.name), runningSince: this.#running.get(job.name)?.since };
  }

  /** Undefined when all is well. */
  get problem(): string | undefined {
    if (this.#ledgerError) return `the ledger cannot be written: ${this.#ledgerError}`;
    const silent = this.#lastRound && this.#options.now().getTime() - this.#lastRound.getTime();
    return silent === undefined || silent > 6 * TICK ? "the loop stands still" : undefined;
  }

  history(): Promise<Map<string, JobHistory>> {
    return this.#options.ledger((session) => histories(session, this.#options.scope));
  }

  async #round(kill: AbortSignal): Promise<void> {
    const ok = await this.#try(async () => {
      await this.#keepAlive();
      await this.#tellLost();
      for (const job of this.#options.jobs) await this.#consider(job, kill);
    });
    if (ok) this.#ledgerError = undefined;
    this.#lastRound = this.#options.now();
  }

  async #try(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (thrown) {
      const text = thrown instanceof Error ? thrown.message : String(thrown);
      if (text !== this.#ledgerError) this.#options.log(`The ledger cannot be written, trying again: ${text}`);
      this.#ledgerError = text;
      return false;
    }
  }

  async #keepAlive(): Promise<void> {
    const ids = [...this.#running.values()].map(({ id }) => id);
    if (ids.length > 0) await this.#options.ledger((session) => keepAlive(session, ids));
  }

  #lastLook = 0;
  async #tellLost(): Promise<void> {
    const { ledger, scope, log, now } = this.#options;
    if (now().getTime() - this.#lastLook < TICK) return;
    const lost = await ledger((session) => takeLost(session, scope));
    this.#lastLook = now().getTime();
    for (const { job, dueAt, scheduler } of lost) {
      const text = `${job}: the firing of ${dueAt.toISOString()} was lost with its scheduler (${scheduler})`;
      log(text, job);
      this.#tell({ text, job, status: "lost", due_at: dueAt.toISOString() });
    }
  }

  async #consider(job: TimedJob, kill: AbortSignal): Promise<void> {
    const { now, ledger, log, name } = this.#options;
    const line = this.#line(job);
    if (!this.#next.has(job.name)) {
      const known = await ledger((session) => nextDue(session, line));
      const first = known ?? job.nextAfter(now());
      if (!first) return;
      if (!known) await ledger((session) => recordNextDue(session, line, first));
      this.#next.set(job.name, first);
    }
    const since = this.#next.get(job.name)!;
    if (since > now()) return;
    const { run, missed, next } = whatIsDue(job, since, now());
    if (missed) {
      const isNews = await ledger((session) => recordMissed(session, line, missed, name));
      const text = `${job.name}: missed ${missed.times === 1 ? "the firing" : `${missed.times} firings, the last`} of ${missed.last.toISOString()}`;
      if (isNews) {
        log(text, job.name);
        this.#tell({ text, job: job.name, status: "missed", due_at: missed.last.toISOString() });
      }
    }
    if (run) await this.#fire(job, run, kill);
    // Only now: until the claim is written, the firing is still to be made.
    this.#next.set(job.name, next ?? NEVER);
    if (next) await ledger((session) => recordNextDue(session, line, next));
  }

  /** Whether it is ours, and runs. */
  async #fire(
    job: TimedJob,
    dueAt: Date,
    kill: AbortSignal,
    onDone: (outcome: Outcome) => void = () => {},
  ): Promise<boolean> {
    const { ledger, log, name, now } = this.#options;
    const claim = await ledger((session) => claimFiring(session, this.#line(job), dueAt, name));
    if (claim.outcome === "skipped") {
      log(`${job.name}: skipped, the firing of ${claim.since.toISOString()} still runs`, job.name);
    }
    if (claim.outcome !== "claimed") return false;
    log(`${job.name}: started`, job.name);
    const since = now();
    const work = this.#options
      .run(job, kill)
      .catch((thrown: unknown): Outcome => ({ status: "error", message: String(thrown) }))
      .then(async (outcome) => {
        await this.#finish(job, claim.id, dueAt, outcome);
        this.#running.delete(job.name);
        onDone(outcome);
      });
    this.#running.set(job.name, { id: claim.id, since, work });
    return true;
  }

  async #finish(job: TimedJob, id: number, dueAt: Date, outcome: Outcome): Promise<void> {
    const { ledger, log } = this.#options;
    const { status, exitCode, message } = outcome;
    log(`${job.name}: ${status}${exitCode ? ` (exit code ${exitCode})` : ""}`, job.name);
    if (status === "error" || status === "timeout") {
      const text = `${job.name}: ${status}${exitCode ? `, exit code ${exitCode}` : ""}`;
      this.#tell({ text, job: job.name, status, due_at: dueAt.toISOString(), exit_code: exitCode, message });
    }
    for (let tries = 0; !(await this.#try(() => ledger((session) => finishFiring(session, id, outcome)))); tries++) {
      if (tries === 30) return log(`${job.name}: its end could not be recorded`, job.name);
      await sleep(2000);
    }
  }

  readonly #telling = new Set<Promise<void>>();
  #tell(trouble: Omit<Trouble, "scope">): void {
    const work = this.#options.tell({ ...trouble, scope: this.#options.scope, text: `Sluice ${trouble.text}` });
    this.#telling.add(work);
    void work.finally(() => this.#telling.delete(work));
  }

  /** All messages are sent, or given up. */
  async told(): Promise<void> {
    await Promise.all(this.#telling);
  }

  #line({ name, cron, timezone }: TimedJob): JobLine {
    return { scope: this.#options.scope, name, cron, timezone };
  }
}

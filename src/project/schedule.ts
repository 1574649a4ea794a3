/** `schedule.yml`, beside dbt_project.yml: jobs by cron lines. dbt does not read it. */
import { error } from "../diagnostics/diagnostic.ts";
import type { Diagnostic, SourceFile, Span } from "../diagnostics/diagnostic.ts";
import { splitWords } from "../lib/words.ts";
import { renderTree, type RenderText } from "./render.ts";
import { isMapping, Shape } from "./shape.ts";
import { copyPlaces, valueSpan } from "./written.ts";
import { readYaml } from "./yaml.ts";

export const SCHEDULE_FILE = "schedule.yml";

export interface Schedule {
  readonly jobs: readonly Job[];
  readonly onFailure: {
    /** An http(s) address that gets a JSON object by POST; it may hold a secret. */
    readonly webhook?: string;
    /** A line for the shell that gets the same object on its standard input. */
    readonly command?: string;
  };
}

export interface Job {
  readonly name: string;
  /** Five fields, or six with seconds first; not yet checked. */
  readonly cron: string;
  readonly cronAt: Span;
  /** IANA name; not yet checked. */
  readonly timezone: string;
  readonly timezoneAt: Span;
  /** Commands of sluice, one after another until one fails: `["build", "--select", "tag:nightly"]`. */
  readonly run: readonly { readonly words: readonly string[]; readonly at: Span }[];
  /** Seconds; none when absent. */
  readonly timeout?: number;
  /** Whether a firing that was missed is made up for, once. */
  readonly catchUp: boolean;
  readonly at: Span;
}

/** Reads and checks the file's shape; values may hold `{{ env_var('…') }}`. Undefined where nothing can be used. */
export function readSchedule(file: SourceFile, render: RenderText, problems: Diagnostic[]): Schedule | undefined {
  const yaml = readYaml(file);
  problems.push(...yaml.diagnostics);
  const whole = { file, start: 0, end: Math.min(1, file.text.length) };
  if (yaml.diagnostics.some((d) => d.severity === "error")) return undefined;
  if (!isMapping(yaml.value)) {
    problems.push(error("schedule-empty", `${file.path} holds no jobs.`, whole, EXAMPLE));
    return undefined;
  }
  const rendered = renderTree(yaml.value, { render, problems }, () => true);
  if (!isMapping(rendered)) return undefined;
  copyPlaces(yaml.value, rendered);
  const shape = new Shape(rendered, file.path, whole, problems);
  shape.warnUnknown(["timezone", "on_failure", "jobs"]);
  const zone = { name: shape.text("timezone") ?? "UTC", at: shape.span("timezone") };
  const jobs = shape.entries("jobs", "job").flatMap((entry) => readJob(entry, zone) ?? []);
  refuseTwice(jobs, problems);
  if (!shape.has("jobs")) problems.push(error("schedule-empty", `${file.path} holds no jobs.`, whole, EXAMPLE));
  const failure = shape.child("on_failure", "on_failure");
  failure?.warnUnknown(["webhook", "command"]);
  const webhook = failure?.text("webhook");
  if (failure && webhook && !/^https?:\/\/\S+$/.test(webhook)) {
    // The address is not shown: it may hold a secret.
    const message = "The webhook of on_failure must be an http or https address.";
    problems.push(error("schedule-webhook", message, failure.keySpan("webhook")));
  }
  const command = failure?.text("command");
  return { jobs, onFailure: { ...(webhook && { webhook }), ...(command && { command }) } };
}

const EXAMPLE = ['write  jobs: [{name: nightly, cron: "15 2 * * *", run: build}]'];

function readJob(entry: Shape & { readonly name: string }, zone: { name: string; at: Span }): Job | undefined {
  entry.warnUnknown(["name", "cron", "run", "timezone", "timeout_minutes", "catch_up"]);
  const cron = entry.required("cron", '"15 2 * * *"');
  const run = readCommands(entry);
  const minutes = entry.get("timeout_minutes");
  if (minutes !== undefined && !(typeof minutes === "number" && minutes > 0)) {
    entry.wrong("timeout_minutes", "a number above 0", minutes);
  }
  if (cron === undefined || run.length === 0) return undefined;
  return {
    name: entry.name,
    cron,
    cronAt: entry.span("cron"),
    timezone: entry.text("timezone") ?? zone.name,
    timezoneAt: entry.has("timezone") ? entry.span("timezone") : zone.at,
    run,
    ...(typeof minutes === "number" && { timeout: minutes * 60 }),
    catchUp: entry.flag("catch_up") ?? false,
    at: entry.at,
  };
}

function readCommands(entry: Shape): Job["run"] {
  const written = entry.get("run");
  const list = Array.isArray(written) ? written : undefined;
  if (written === undefined) entry.required("run", "build");
  return entry.texts("run").flatMap((text, i) => {
    const at = (list && valueSpan(list, i)) ?? entry.span("run");
    const words = splitWords(text);
    if (words === undefined) {
      entry.problems.push(error("schedule-command", `A quote is not closed in the command "${text}".`, at));
      return [];
    }
    // `sluice build` is what people type.
    return [{ words: words[0] === "sluice" ? words.slice(1) : words, at }];
  });
}

function refuseTwice(jobs: readonly Job[], problems: Diagnostic[]): void {
  const seen = new Map<string, Job>();
  for (const job of jobs) {
    const first = seen.get(job.name);
    if (!first) seen.set(job.name, job);
    else {
      const notes = [{ message: "the first one is here", at: first.at }];
      problems.push(error("schedule-job-twice", `There are two jobs named "${job.name}".`, job.at, notes));
    }
  }
}

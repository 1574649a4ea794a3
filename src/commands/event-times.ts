/** The options that choose rows by their time: `--event-time-start`, `--event-time-end`, `--sample`. */
import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { OpenOptions } from "../index.ts";
import { utcTime } from "../lib/utc-time.ts";
import type { Option } from "./options.ts";

const text = { type: "string", requiresArg: true } as const;

export const eventTimeOptions = {
  "event-time-start": { ...text, value: "time", describe: "Build microbatch models from this time on (UTC)" },
  "event-time-end": { ...text, value: "time", describe: "Build microbatch models up to this time (UTC)" },
  sample: {
    ...text,
    value: "window",
    describe: "Read parents that have an event_time for a stretch only: '3 days', '{start: …, end: …}'",
  },
} satisfies Record<string, Option>;

export interface EventTimeArgs {
  readonly eventTimeStart?: string;
  readonly eventTimeEnd?: string;
  readonly sample?: string;
}

/** Throws `Failure` for what is no time or no window. */
export function eventTimes(args: EventTimeArgs, now = new Date()): Pick<OpenOptions, "window" | "sample"> {
  const start = args.eventTimeStart === undefined ? undefined : time(args.eventTimeStart, "--event-time-start");
  const end = args.eventTimeEnd === undefined ? undefined : time(args.eventTimeEnd, "--event-time-end");
  if (end && !start) throw wrong("--event-time-end", "it needs --event-time-start as well");
  if (start && start > (end ?? now)) throw wrong("--event-time-start", "it is later than the end");
  return {
    ...(start && { window: { start, ...(end && { end }) } }),
    ...(args.sample !== undefined && { sample: sampleOf(args.sample, now) }),
  };
}

/** `3 days`: from that many whole days before now; or both ends, as YAML. */
function sampleOf(written: string, now: Date): { start: Date; end: Date } {
  const relative = /^\s*(\d+)\s+(hour|day|month|year)s?\s*$/i.exec(written);
  if (relative) return { start: before(now, Number(relative[1]), relative[2]!.toLowerCase()), end: now };
  const edge = (name: string): string | undefined =>
    new RegExp(`\\b${name}['"]?\\s*:\\s*['"]?([^'",}]+)`).exec(written)?.[1]?.trim();
  const [start, end] = [edge("start"), edge("end")];
  if (!start || !end) throw wrong("--sample", "give a stretch, '3 days', or both ends, '{start: 2024-01-01, end: …}'");
  return { start: time(start, "--sample"), end: time(end, "--sample") };
}

function before(now: Date, count: number, unit: string): Date {
  const [year, month, day, hour] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), now.getUTCHours()];
  switch (unit) {
    case "year":
      return new Date(Date.UTC(year - count, 0));
    case "month":
      return new Date(Date.UTC(year, month - count));
    case "day":
      return new Date(Date.UTC(year, month, day - count));
    default:
      return new Date(Date.UTC(year, month, day, hour - count));
  }
}

function time(written: string, option: string): Date {
  const found = utcTime(written);
  if (!found) throw wrong(option, `"${written}" is no time, such as 2024-01-31`);
  return found;
}

const wrong = (option: string, why: string): Failure => new Failure(error("usage", `${option}: ${why}.`));

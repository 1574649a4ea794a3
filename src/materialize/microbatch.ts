/** Incremental models by stretches of time: which batches a run builds. Pure; times are UTC. */
import { Failure, hasErrors } from "../diagnostics/diagnostic.ts";
import { utcTime } from "../lib/utc-time.ts";
import type { NodeBase } from "../parse/manifest.ts";
import { ConfigReader } from "./config-reader.ts";

export const BATCH_SIZES = ["hour", "day", "month", "year"] as const;
export type BatchSize = (typeof BATCH_SIZES)[number];

export interface BatchConfig {
  readonly size: BatchSize;
  readonly begin: Date;
  /** How many batches before the present one are built again. */
  readonly lookback: number;
}

/** From `start`, up to but without `end`. */
export interface Batch {
  readonly start: Date;
  readonly end: Date;
}

/** `--event-time-start` and `--event-time-end`. */
export interface Window {
  readonly start?: Date;
  readonly end?: Date;
}

export const isMicrobatch = ({ config }: Pick<NodeBase, "config">): boolean =>
  config.materialized === "incremental" && config.all["incremental_strategy"] === "microbatch";

/** Throws a `Failure` with all mistakes at once. */
export function readBatchConfig(node: Pick<NodeBase, "config" | "at" | "name">): BatchConfig {
  const reader = new ConfigReader(node.config.all, node.at, node.name);
  const config = batchConfig(reader);
  if (hasErrors(reader.diagnostics)) throw new Failure(reader.diagnostics);
  return config;
}

export function batchConfig(reader: ConfigReader): BatchConfig {
  if (reader.text("event_time") === undefined) reader.problem("event_time", "the column that tells a row's time");
  const written = reader.values["begin"];
  const begin = typeof written === "string" ? utcTime(written) : undefined;
  if (begin === undefined) reader.problem("begin", "the time from which the model is built, such as 2024-01-01");
  if (reader.texts("unique_key").length === 0)
    reader.problem("unique_key", "the column, or list of columns, that identify a row: batches are merged by it");
  const size = reader.oneOf("batch_size", BATCH_SIZES, undefined);
  return { size: size ?? "day", begin: begin ?? new Date(0), lookback: reader.count("lookback") ?? 1 };
}

/**
 * In order, from the first. A first build, or a full one, starts at `begin`; later ones look back from the end. Without
 * a window the end is that of the batch that holds `now`.
 */
export function batchesOf(
  config: BatchConfig,
  { isIncremental, window = {}, now }: { isIncremental: boolean; window?: Window; now: Date },
): readonly Batch[] {
  const { size, begin, lookback } = config;
  const end = ceiling(window.end ?? now, size);
  const start = window.start ?? (isIncremental ? offset(end, size, -(lookback + 1)) : begin);
  const batches: Batch[] = [];
  for (let from = floor(start, size); batches.length === 0 || from < end; from = offset(from, size, 1))
    batches.push({ start: from, end: offset(from, size, 1) });
  return batches;
}

/** How dbt calls a batch: `20240131`, `2024`, `20240131T05`. */
export const batchId = (start: Date, size: BatchSize): string => batchName(start, size).replaceAll("-", "");

export const batchName = (start: Date, size: BatchSize): string =>
  start.toISOString().slice(0, { year: 4, month: 7, day: 10, hour: 13 }[size]);

export function floor(time: Date, size: BatchSize): Date {
  const [year, month, day, hour] = [time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate(), time.getUTCHours()];
  return new Date(
    Date.UTC(
      year,
      size === "year" ? 0 : month,
      size === "year" || size === "month" ? 1 : day,
      size === "hour" ? hour : 0,
    ),
  );
}

const ceiling = (time: Date, size: BatchSize): Date => {
  const from = floor(time, size);
  return from.getTime() === time.getTime() ? from : offset(from, size, 1);
};

/** Moves the start of a batch by whole batches. */
export function offset(time: Date, size: BatchSize, by: number): Date {
  const from = floor(time, size);
  const [year, month, day, hour] = [from.getUTCFullYear(), from.getUTCMonth(), from.getUTCDate(), from.getUTCHours()];
  const moved = { year: [by, 0, 0, 0], month: [0, by, 0, 0], day: [0, 0, by, 0], hour: [0, 0, 0, by] }[size];
  return new Date(Date.UTC(year + moved[0]!, month + moved[1]!, day + moved[2]!, hour + moved[3]!));
}

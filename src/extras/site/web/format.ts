/** Numbers, times and durations as people read them. */
import type { NumberFormat } from "../../../index.ts";

const LOCALE = "en-US";
const formats: Record<Exclude<NumberFormat, "text">, Intl.NumberFormat> = {
  integer: new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 }),
  decimal: new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 2 }),
  money: new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 2 }),
  percent: new Intl.NumberFormat(LOCALE, { style: "percent", maximumFractionDigits: 1 }),
  compact: new Intl.NumberFormat(LOCALE, { notation: "compact", maximumFractionDigits: 1 }),
};

/** A value as Postgres writes it. Decimals are formatted from their text, so that no cent is lost in a double. */
export function formatValue(value: string | null, format: NumberFormat): string {
  if (value === null) return "–";
  if (format === "text" || value === "" || Number.isNaN(Number(value))) return value;
  // Intl takes decimal texts exactly; TypeScript's library for this target only knows numbers.
  return formats[format].format(value as unknown as number);
}

/** For axes, where room is short. */
export function formatTick(value: number, format: NumberFormat): string {
  return format === "percent" ? formats.percent.format(value) : formats.compact.format(value);
}

export const formatCount = (value: number): string => formats.integer.format(value);

const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:[ T]00:00:00(?:[.+Z].*)?)?$/;

/** Dimensions: first days of months as months, where all are. */
export function formatDimensions(values: readonly (string | null)[]): string[] {
  const dates = values.map((value) => DATE.exec(value ?? ""));
  const months = values.length > 1 && dates.every((date) => date?.[3] === "01");
  const month = new Intl.DateTimeFormat(LOCALE, { month: "short", year: "numeric", timeZone: "UTC" });
  return values.map((value, i) => {
    const [, year, at, day] = dates[i] ?? [];
    if (months) return month.format(Date.UTC(Number(year), Number(at) - 1, 1));
    return year === undefined ? (value ?? "–") : `${year}-${at}-${day}`;
  });
}

export function formatDuration(seconds: number): string {
  if (seconds < 0.0005) return "0 ms";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `26 Nov 2026, 03:12` in the reader's time zone. */
export function formatTime(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" }).format(time);
}

/** `3 hours before`, from a number of seconds. */
export function formatAge(seconds: number): string {
  const steps: [number, string][] = [
    [86400, "day"],
    [3600, "hour"],
    [60, "minute"],
    [1, "second"],
  ];
  const [size, word] = steps.find(([size]) => seconds >= size) ?? [1, "second"];
  const count = Math.floor(seconds / size);
  return `${formatCount(count)} ${word}${count === 1 ? "" : "s"}`;
}

export const plural = (count: number, word: string): string => `${formatCount(count)} ${word}${count === 1 ? "" : "s"}`;

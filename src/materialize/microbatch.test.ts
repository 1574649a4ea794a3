import { expect, test } from "vitest";
import { utcTime } from "../lib/utc-time.ts";
import { batchesOf, batchId, type BatchConfig } from "./microbatch.ts";

const at = (text: string): Date => utcTime(text)!;
const day: BatchConfig = { size: "day", begin: at("2024-01-01"), lookback: 1 };
const starts = (...args: Parameters<typeof batchesOf>): string[] =>
  batchesOf(...args).map(({ start, end }) => `${batchId(start, args[0].size)}-${batchId(end, args[0].size)}`);

test("a first build takes all batches from begin to the one of today", () => {
  expect(starts(day, { isIncremental: false, now: at("2024-01-03 10:00") })).toEqual([
    "20240101-20240102",
    "20240102-20240103",
    "20240103-20240104",
  ]);
});

test("later builds look back, and begin no batch that has not started", () => {
  const later = { isIncremental: true } as const;
  expect(starts(day, { ...later, now: at("2024-02-10 10:00") })).toEqual(["20240209-20240210", "20240210-20240211"]);
  expect(starts(day, { ...later, now: at("2024-02-10") })).toEqual(["20240208-20240209", "20240209-20240210"]);
  expect(starts({ ...day, lookback: 0 }, { ...later, now: at("2024-02-10 10:00") })).toEqual(["20240210-20240211"]);
});

test("months and years are as long as they are", () => {
  const month: BatchConfig = { size: "month", begin: at("2024-01-15"), lookback: 2 };
  expect(starts(month, { isIncremental: false, now: at("2024-03-31 23:00") })).toEqual([
    "202401-202402",
    "202402-202403",
    "202403-202404",
  ]);
  expect(starts({ ...month, size: "year" }, { isIncremental: true, now: at("2024-03-31") })).toEqual([
    "2022-2023",
    "2023-2024",
    "2024-2025",
  ]);
  const hour: BatchConfig = { size: "hour", begin: at("2024-01-01T05:10"), lookback: 1 };
  expect(starts(hour, { isIncremental: false, now: at("2024-01-01 06:30") })).toEqual([
    "20240101T05-20240101T06",
    "20240101T06-20240101T07",
  ]);
});

test("a window asked for is what is built", () => {
  const window = { start: at("2024-01-05 10:00"), end: at("2024-01-07") };
  expect(starts(day, { isIncremental: true, window, now: at("2025-01-01") })).toEqual([
    "20240105-20240106",
    "20240106-20240107",
  ]);
});

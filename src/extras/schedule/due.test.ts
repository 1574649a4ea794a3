import { expect, test } from "vitest";
import { whatIsDue } from "./due.ts";

const at = (time: string): Date => new Date(`2026-03-01T${time}Z`);
const hourly = {
  catchUp: false,
  nextAfter: (from: Date): Date => new Date((Math.floor(from.getTime() / 3_600_000) + 1) * 3_600_000),
};

test("before its time nothing is due", () => {
  expect(whatIsDue(hourly, at("10:00:00"), at("09:59:59"))).toEqual({ next: at("10:00:00") });
});

test("a firing is due at its time, and up to a minute later", () => {
  for (const now of ["10:00:00", "10:00:59"]) {
    expect(whatIsDue(hourly, at("10:00:00"), at(now))).toEqual({ run: at("10:00:00"), next: at("11:00:00") });
  }
});

test("beyond, it was missed; with catch_up it is made up for", () => {
  const missed = { first: at("10:00:00"), last: at("10:00:00"), times: 1 };
  expect(whatIsDue(hourly, at("10:00:00"), at("10:02:00"))).toEqual({ missed, next: at("11:00:00") });
  expect(whatIsDue({ ...hourly, catchUp: true }, at("10:00:00"), at("10:02:00"))).toEqual({
    run: at("10:00:00"),
    next: at("11:00:00"),
  });
});

test("after a long time one firing is made up for, and the others are missed", () => {
  expect(whatIsDue({ ...hourly, catchUp: true }, at("01:00:00"), at("10:30:00"))).toEqual({
    run: at("10:00:00"),
    missed: { first: at("01:00:00"), last: at("09:00:00"), times: 9 },
    next: at("11:00:00"),
  });
});

test("a line that fires every second for a month is not counted for ever", () => {
  const secondly = { catchUp: false, nextAfter: (from: Date): Date => new Date(from.getTime() + 1000) };
  const { missed, next } = whatIsDue(secondly, at("00:00:00"), new Date("2026-04-01T00:00:00Z"));
  expect(missed!.times).toBe(100_000);
  expect(next).toEqual(new Date("2026-04-01T00:00:01Z"));
});

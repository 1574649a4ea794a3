import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Failure, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { formatDiagnostic } from "../../diagnostics/format.ts";
import { loadSchedule, type LoadedSchedule } from "./config.ts";

function load(text: string | undefined, env: Record<string, string> = {}): LoadedSchedule {
  const root = mkdtempSync(join(tmpdir(), "sluice-schedule-"));
  try {
    if (text !== undefined) writeFileSync(join(root, "schedule.yml"), text);
    const isCommand = (verb: string): boolean => ["build", "load", "schedule"].includes(verb);
    return loadSchedule({ root, env, isCommand, now: () => new Date("2026-03-01T00:00:00Z") });
  } finally {
    rmSync(root, { recursive: true });
  }
}

function mistakes(text: string | undefined): readonly Diagnostic[] {
  try {
    load(text);
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown.diagnostics;
    throw thrown;
  }
  throw new Error("no mistake was found");
}

const one = (job: string, more = ""): string => `${more}jobs:\n  - {name: a, ${job}}\n`;

test("a job has a line, commands in order, and the file's time zone unless it has its own", () => {
  const { jobs, onFailure } = load(
    `timezone: Europe/Zurich
on_failure: {webhook: "{{ env_var('HOOK') }}", command: ./tell.sh}
jobs:
  - name: nightly
    cron: "15 2 * * *"
    run: [load, "sluice build --vars '{a: 1}'"]
    timeout_minutes: 90
  - {name: other, cron: "@hourly", run: build, timezone: UTC, catch_up: true}
`,
    { HOOK: "https://chat.example/x" },
  );
  expect(jobs).toMatchObject([
    { name: "nightly", timezone: "Europe/Zurich", timeout: 5400, catchUp: false },
    { name: "other", timezone: "UTC", catchUp: true },
  ]);
  expect(jobs[0]!.run.map(({ words }) => words)).toEqual([["load"], ["build", "--vars", "{a: 1}"]]);
  expect(onFailure).toEqual({ webhook: "https://chat.example/x", command: "./tell.sh" });
  expect(jobs[0]!.nextAfter(new Date("2026-03-01T00:00:00Z"))).toEqual(new Date("2026-03-01T01:15:00Z"));
});

test("on the day summer time begins, an hour that does not exist is made up for; when it ends, it comes once", () => {
  const [job] = load(one('cron: "30 2 * * *", run: build, timezone: Europe/Zurich')).jobs;
  const from = (time: string, n: number): string[] => {
    const found: string[] = [];
    for (let at: Date | undefined = new Date(time); found.length < n && at;) {
      at = job!.nextAfter(at);
      if (at) found.push(at.toISOString());
    }
    return found;
  };
  expect(from("2026-03-28T00:00:00Z", 3)).toEqual([
    "2026-03-28T01:30:00.000Z",
    "2026-03-29T01:00:00.000Z",
    "2026-03-30T00:30:00.000Z",
  ]);
  expect(from("2026-10-24T12:00:00Z", 2)).toEqual(["2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z"]);
});

test("all mistakes are told at once, each at its line, and no webhook is shown", () => {
  const found = mistakes(`timezone: Mars/Olympus
on_failure: {webhook: hunter2}
jobs:
  - {name: a, cron: "61 * * * *", run: build, timezone: UTC}
  - {name: b, cron: "0 0 30 2 *", run: bild, timezone: UTC}
  - {name: b, cron: "0 0 * * *", run: "build 'x"}
  - {name: c, run: schedule}
  - {cron: "0 0 * * *", run: build}
  - {name: d, cron: "0 0 * * *", run: build}
`);
  const told = found.map((d) => formatDiagnostic(d).split("\n")[0]!);
  expect(told.map((line) => line.replace(/^schedule.yml:(\d+):\d+ +(\S+).*/, "$1 $2")).toSorted()).toEqual([
    "1 schedule-timezone",
    "2 schedule-webhook",
    "4 schedule-cron",
    "5 schedule-command",
    "5 schedule-never",
    "6 schedule-command",
    "7 yaml-missing-key",
    "8 yaml-missing-key",
  ]);
  expect(found.map((d) => d.message).join()).not.toContain("hunter2");
});

test.each([undefined, "", "jobs:\n", "timezone: UTC\n"])(
  "a schedule without jobs (%j) says how to write one",
  (text) => {
    const [only, ...more] = mistakes(text);
    expect(more).toEqual([]);
    expect(only!.notes[0]!.message).toContain('cron: "15 2 * * *"');
  },
);

import { Writable } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { badRun, goodRun, model, runOf } from "./fixture.ts";
import { makeReporter, type ReportOptions } from "./reporter.ts";
import { textWidth } from "./text-width.ts";

// oxlint-disable-next-line no-control-regex -- escape sequences begin with one
const SEQUENCE = /(\x1b\[[?\d;]*[A-Za-z]|[\r\n])/;
// oxlint-disable-next-line no-control-regex -- as above
const UP = /^\x1b\[(\d+)A$/;

/** A terminal as far as the reporter uses one: printing, wrapping, going up, clearing below, the cursor's visibility. */
class Terminal extends Writable {
  readonly isTTY = true;
  columns: number;
  readonly rows = 24;
  lines: string[] = [""];
  row = 0;
  cursor = true;
  written = "";
  constructor(columns: number) {
    super({ decodeStrings: false });
    this.columns = columns;
  }

  override _write(text: string, _encoding: string, done: () => void): void {
    this.written += text;
    for (const part of text.split(SEQUENCE)) this.#take(part);
    done();
  }

  #take(part: string): void {
    const up = UP.exec(part);
    if (part === "\n") this.#down();
    else if (up) this.row -= Number(up[1]);
    else if (part === "\x1b[0J") this.lines = [...this.lines.slice(0, this.row), ""];
    else if (part === "\x1b[?25l" || part === "\x1b[?25h") this.cursor = part.endsWith("h");
    else if (!part.startsWith("\x1b") && part !== "\r") this.#print(part);
    if (this.row < 0) throw new Error("the cursor left the screen");
  }

  #print(text: string): void {
    for (const letter of text) {
      if (textWidth(this.lines[this.row]! + letter) > this.columns) this.#down();
      this.lines[this.row] += letter;
    }
  }

  #down(): void {
    this.row++;
    this.lines[this.row] ??= "";
  }

  get screen(): string {
    return this.lines.join("\n").trimEnd();
  }
}

beforeEach(() => void vi.useFakeTimers({ now: new Date(2026, 10, 22, 17, 26, 33) }));
afterEach(() => void vi.useRealTimers());

function rig(columns: number, options: Partial<ReportOptions> = {}) {
  const terminal = new Terminal(columns);
  const reporter = makeReporter({
    format: "text",
    quiet: false,
    colours: false,
    debug: false,
    out: terminal,
    err: terminal,
    env: { TERM: "xterm" },
    ...options,
  });
  return { terminal, reporter };
}

/** The screen while the load is under way and a table is being built. */
function midway(columns: number): Terminal {
  const { terminal, reporter } = rig(columns);
  const events = runOf([...goodRun(), { resource: model("long_顧客_name"), result: { status: "success" } }]);
  const starts = events.filter((event) => event.type === "step-started");
  reporter.event(events[0]!);
  reporter.event(starts[0]!);
  reporter.event(starts[5]!);
  const progress = events.find((event) => event.type === "step-progress")!;
  reporter.event({ ...progress, bytes: 60e6, totalBytes: 200e6, rows: 734_808, seconds: 2 });
  reporter.event(starts[1]!);
  reporter.event(events.find((event) => event.type === "step-finished" && event.index === 2)!);
  vi.advanceTimersByTime(2000);
  return terminal;
}

const head = (columns: number) => midway(columns).screen.split("\n").slice(6).join("\n");

test("finished lines stand above, running nodes and the bar of the run below", () => {
  expect(head(120)).toBe(
    `17:26:33  2 of 6 OK loaded seed file reference.customer_segments ......................... [INSERT 4 in 0.05s]
⠋ load raw.transactions       ━━━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌   30%  5s left  30 MB/s  734,808 rows
⠋ table marts.long_顧客_name  2s
━━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  1 of 6  2s`,
  );
});

test.each([40, 80, 200])("no drawn line is wider than %i cells, whatever the names", (columns) => {
  const terminal = midway(columns);
  const drawn = terminal.screen.split("\n").slice(-3);
  expect(drawn.map(textWidth).every((width) => width < columns)).toBe(true);
  expect(drawn.at(-1)).toContain("1 of 6  2s");
});

test.each([40, 80, 200])("after the run %i cells wide, only the log is left and the cursor is back", (columns) => {
  const { terminal, reporter } = rig(columns);
  for (const event of runOf(badRun())) {
    reporter.event(event);
    vi.advanceTimersByTime(1000);
  }
  reporter.close();
  expect(terminal.cursor).toBe(true);
  expect(terminal.screen).not.toMatch(/[╌⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/);
  expect(terminal.screen.match(/FAIL 12 reconcile_flows \.* ?\[?|FAIL 12 reconcile_flows 0/g)).toHaveLength(1);
  expect(terminal.screen.replaceAll("\n", "")).toContain("Done. PASS=1 WARN=1 ERROR=2 SKIP=3 NO-OP=0 REUSED=0 TOTAL=7");
  expect(vi.getTimerCount()).toBe(0);
});

test("80 cells: fewer words, no clock, every finished node on one line", () => {
  const { terminal, reporter } = rig(80);
  for (const event of runOf(goodRun())) reporter.event(event);
  expect(
    terminal.screen
      .split("\n")
      .filter((line) => / of 5 /.test(line))
      .join("\n"),
  ).toBe(
    `1 of 5 OK load raw.transactions ...... [COPY 2000, 3 rejected, 48 MB/s in 0.40s]
2 of 5 OK seed reference.customer_segments ............ [INSERT 4 in 0.05s]
3 of 5 OK view staging.stg_transactions ............... [CREATE VIEW in 0.05s]
4 of 5 OK table marts.customer_summary ................ [SELECT 195 in 0.05s]
5 of 5 PASS not_null_customer_summary_customer_id ..... [PASS in 0.01s]`,
  );
});

test("what is done within a moment is seen only as its finished line", () => {
  const { terminal, reporter } = rig(100);
  const events = runOf(goodRun());
  reporter.event(events[0]!);
  reporter.event(events[1]!);
  vi.advanceTimersByTime(100);
  expect(terminal.screen).not.toContain("load raw.transactions");
  vi.advanceTimersByTime(300);
  expect(terminal.screen).toContain("load raw.transactions");
});

test("a window made narrower is cleaned up by the rows its lines now take", () => {
  const { terminal, reporter } = rig(120);
  const events = runOf(goodRun());
  reporter.event(events[0]!);
  vi.advanceTimersByTime(100);
  const before = terminal.screen.split("\n");
  // What a terminal does on resize: the bar of 40-odd cells now stands on two rows.
  terminal.columns = 30;
  const bar = before.at(-1)!;
  terminal.lines = [...before.slice(0, -1), bar.slice(0, 30), bar.slice(30), ""];
  terminal.row = terminal.lines.length - 1;
  vi.advanceTimersByTime(100);
  expect(terminal.screen.split("\n").filter((line) => /[╌]/.test(line))).toHaveLength(1);
  expect(terminal.screen).toContain("Concurrency: 4 threads");
  reporter.close();
});

test("closing in the middle of a run takes the moving part away and gives the cursor back", () => {
  const { terminal, reporter } = rig(100);
  reporter.event(runOf(goodRun())[0]!);
  vi.advanceTimersByTime(500);
  expect(terminal.cursor).toBe(false);
  const listeners = process.listenerCount("exit");
  reporter.close();
  reporter.close();
  expect(terminal.cursor).toBe(true);
  expect(terminal.screen).not.toContain("╌");
  expect(process.listenerCount("exit")).toBe(listeners - 1);
});

test("a command's own lines and diagnostics go above the moving part", () => {
  const { terminal, reporter } = rig(100);
  reporter.event(runOf(goodRun())[0]!);
  reporter.line("a row");
  reporter.diagnostics([{ code: "odd", severity: "warning", message: "Odd.", notes: [] }]);
  vi.advanceTimersByTime(100);
  const lines = terminal.screen.split("\n");
  expect(lines.slice(-5)).toEqual(["a row", "odd  Odd.", "", "1 warning", expect.stringContaining("0 of 5") as string]);
  reporter.close();
});

test.each([
  ["CI", { TERM: "xterm", CI: "true" }],
  ["a dumb terminal", { TERM: "dumb" }],
])("nothing is redrawn in %s", (_, env) => {
  const { terminal, reporter } = rig(100, { env });
  for (const event of runOf(goodRun())) reporter.event(event);
  expect(terminal.written).not.toContain("\x1b[");
  expect(terminal.written).toContain("[RUN]");
});

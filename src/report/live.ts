/** On a terminal: finished lines scroll up; below, the running nodes and one bar for the whole run. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { RunEvent, StepProgress } from "../execute/events.ts";
import type { NodeId } from "../parse/manifest.ts";
import { ConsoleReporter, type ConsoleOptions } from "./console.ts";
import { overallLine, runningLine } from "./progress.ts";
import type { Reporter } from "./reporter.ts";
import { Screen } from "./screen.ts";
import type { MaybeTerminal } from "./terminal.ts";
import { textWidth } from "./text-width.ts";
import { displayName, shortKind } from "./wording.ts";

export interface LiveOptions extends Omit<ConsoleOptions, "columns"> {
  readonly out: MaybeTerminal;
}

interface Running {
  readonly label: string;
  /** Milliseconds of `now`. */
  readonly since: number;
  progress?: StepProgress;
}

const FRAME_MS = 100;
/** What is done sooner is only seen as its finished line: short steps coming and going would make the screen restless. */
const SHOWN_AFTER_MS = 250;

export class LiveReporter implements Reporter {
  readonly #options: LiveOptions;
  readonly #screen: Screen;
  readonly #console: ConsoleReporter;
  readonly #running = new Map<NodeId, Running>();
  #log = "";
  #errors = "";
  #run: { readonly since: number; of: number; done: number; failed: number } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#screen = new Screen(options.out, options.write, options.width);
    this.#console = new ConsoleReporter({
      ...options,
      columns: () => this.#screen.columns,
      write: (text) => (this.#log += text),
      writeError: (text) => (this.#errors += text),
    });
  }

  event(event: RunEvent): void {
    this.#console.event(event);
    this.#follow(event);
    // Progress comes often and is drawn with the next frame.
    if (this.#log || this.#errors) this.#draw();
  }

  diagnostics(list: readonly Diagnostic[]): void {
    this.#console.diagnostics(list);
    this.#draw();
  }

  line(text: string): void {
    this.#console.line(text);
    this.#draw();
  }

  notice(text: string): void {
    this.#console.notice(text);
    this.#draw();
  }

  close(): void {
    this.#stop();
    this.#screen.close();
  }

  #follow(event: RunEvent): void {
    const now = this.#options.now().getTime();
    switch (event.type) {
      case "plan-ready":
        this.#run = { since: now, of: event.plan.steps.filter((s) => s.action !== "none").length, done: 0, failed: 0 };
        this.#timer ??= setInterval(() => this.#draw(), FRAME_MS).unref();
        break;
      case "step-started":
        this.#running.set(event.step.node, {
          label: `${shortKind(event.resource)} ${displayName(event.resource)}`,
          since: now,
        });
        if (this.#run) this.#run.of = event.of;
        break;
      case "step-progress": {
        const running = this.#running.get(event.node);
        if (running) running.progress = event;
        break;
      }
      case "step-finished":
        this.#running.delete(event.step.node);
        if (this.#run) {
          this.#run.of = event.of;
          this.#run.done++;
          if (event.result.status === "error" || event.result.status === "fail") this.#run.failed++;
        }
        break;
      case "run-finished":
        this.#stop();
        break;
    }
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#run = undefined;
    this.#running.clear();
    if (this.#log || this.#errors) this.#draw();
    this.#screen.close();
  }

  #draw(): void {
    const log = this.#log;
    const errors = this.#errors;
    this.#log = "";
    this.#errors = "";
    if (errors) {
      // stderr is another stream, most often of the same terminal: give way before it writes.
      this.#screen.update(log, []);
      this.#options.writeError(errors);
      this.#screen.update("", this.#below());
    } else this.#screen.update(log, this.#below());
  }

  #below(): string[] {
    const run = this.#run;
    if (!run) return [];
    const { palette } = this.#options;
    const { columns, rows } = this.#screen;
    const now = this.#options.now().getTime();
    const shown = [...this.#running.values()].filter((node) => now - node.since >= SHOWN_AFTER_MS);
    // One row for the bar, one for the cursor, and at least one of the log stays in sight.
    const most = Math.max(0, rows - 4);
    const labelWidth = Math.min(Math.floor(columns / 2), Math.max(0, ...shown.map((node) => textWidth(node.label))));
    const lines = shown
      .slice(0, most)
      .map(({ label, since, progress }) =>
        runningLine(
          { label, seconds: (now - since) / 1000, ...(progress ? { progress } : {}) },
          labelWidth,
          columns,
          palette,
        ),
      );
    if (shown.length > most && most > 0) lines.push(palette.dim(`… and ${shown.length - most} more`));
    return [...lines, overallLine({ ...run, seconds: (now - run.since) / 1000 }, columns, palette)];
  }
}

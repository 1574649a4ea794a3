/** The log as text, one line after the other. `LiveReporter` puts the same lines above its moving part. */
import { hasErrors, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { formatDiagnostic, sortDiagnostics } from "../diagnostics/format.ts";
import type { HookFinished, Message, PlanReady, RunEvent, RunFinished, StepFinished } from "../execute/events.ts";
import { version } from "../lib/package-root.ts";
import type { Palette } from "../lib/palette.ts";
import { unreachable } from "../lib/unreachable.ts";
import type { NodeId, Resource } from "../parse/manifest.ts";
import { connectLines, type ConnectHint } from "./connect-hint.ts";
import { explain, explainErrors } from "./explain.ts";
import { nodeLine, PRINTER_WIDTH, stamped, type Layout, type NodeLine } from "./lines.ts";
import type { Reporter } from "./reporter.ts";
import {
  completedLine,
  connectedLine,
  count,
  description,
  doneLine,
  finishedLine,
  foundLine,
  hookOf,
  hookWord,
  freshnessOf,
  freshnessOutcome,
  outcome,
  paintTone,
  publishedLine,
  tally,
} from "./wording.ts";

export interface ConsoleOptions {
  readonly quiet: boolean;
  readonly debug: boolean;
  /** What templates print. */
  readonly print: boolean;
  readonly now: () => Date;
  readonly connectHint: ConnectHint | (() => ConnectHint | undefined) | undefined;
  readonly width: number | undefined;
  readonly palette: Palette;
  readonly errorPalette: Palette;
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** Cells of the terminal the lines must fit, asked anew for each line; none: dbt's own layout, with START lines. */
  readonly columns?: () => number;
}

const numbered = ({ index, of }: { index: number; of: number }): { index: number; of: number } => ({ index, of });

/** Off a terminal, tables of failing rows may be wider than dbt's lines: logs scroll sideways. */
const TABLE_WIDTH = 120;

export class ConsoleReporter implements Reporter {
  readonly #options: ConsoleOptions;
  readonly #resources = new Map<NodeId, Resource>();
  readonly #rates = new Map<NodeId, number>();
  #greeted = false;

  constructor(options: ConsoleOptions) {
    this.#options = options;
  }

  event(event: RunEvent): void {
    switch (event.type) {
      case "plan-ready":
        return this.#planReady(event);
      case "step-started": {
        this.#resources.set(event.step.node, event.resource);
        const { index, of, resource } = event;
        const text = `START ${description(resource)}`;
        // As dbt: what does nothing does not start.
        if (!this.#options.columns && event.step.action !== "no-op")
          this.#node(event.at, { index, of, text, status: "RUN" });
        return;
      }
      case "step-progress":
        if (event.seconds > 0) this.#rates.set(event.node, event.bytes / event.seconds);
        return;
      case "statement-ran":
        if (this.#options.debug) {
          const what = `${event.node}: ${event.label} (${count(event.rowCount, "row")} in ${event.seconds.toFixed(3)}s)`;
          this.#log(event.at, this.#options.palette.dim(`${what}\n${event.sql.trim()}`));
        }
        return;
      case "step-finished":
        return this.#stepFinished(event);
      case "hook-started": {
        const text = `START ${hookOf(event)}`;
        if (!this.#options.columns) this.#node(event.at, { ...numbered(event), text, status: "RUN" });
        return;
      }
      case "hook-finished":
        return this.#hookFinished(event);
      case "freshness-started":
        return this.#node(event.at, {
          ...numbered(event),
          text: `START ${freshnessOf(event.resource)}`,
          status: "RUN",
        });
      case "freshness-checked": {
        const { word, tone } = freshnessOutcome(event.result);
        const text = `${word} ${freshnessOf(event.resource)}`;
        const { seconds, diagnostic } = event.result;
        this.#node(event.at, { ...numbered(event), text, status: word, tone, seconds });
        if (diagnostic) this.diagnostics([diagnostic]);
        return;
      }
      case "published":
        this.#blank();
        return this.#log(event.at, this.#options.palette.green(publishedLine(event.publication)));
      case "message":
        return this.#message(event);
      case "run-finished":
        return this.#runFinished(event);
      default:
        unreachable(event);
    }
  }

  diagnostics(list: readonly Diagnostic[]): void {
    const shown = this.#options.quiet ? list.filter((d) => d.severity === "error") : list;
    if (!shown.length) return;
    const c = this.#options.errorPalette;
    const errors = shown.filter((d) => d.severity === "error").length;
    const warnings = shown.length - errors;
    const parts = [...(errors ? [count(errors, "error")] : []), ...(warnings ? [count(warnings, "warning")] : [])];
    const total = (hasErrors(shown) ? c.red : c.yellow)(parts.join(", "));
    const blocks = sortDiagnostics(shown).map((d) => formatDiagnostic(d, c));
    this.#options.writeError(`${[...blocks, total].join("\n\n")}\n`);
  }

  line(text: string): void {
    this.#options.write(`${text}\n`);
  }

  notice(text: string): void {
    if (!this.#options.quiet) this.#options.writeError(`${text}\n`);
  }

  close(): void {}

  #planReady({ at, plan, resources, targetName, threads, server }: PlanReady): void {
    for (const resource of resources) this.#resources.set(resource.id, resource);
    this.#log(at, foundLine(resources));
    this.#log(at, connectedLine(server));
    this.#blank();
    if (plan.steps.every((step) => step.action === "none")) {
      this.#log(at, this.#options.palette.yellow("Nothing to do: the selection matches nothing that runs."));
      return;
    }
    this.#log(at, `Concurrency: ${count(threads, "thread")} (target='${targetName}')`);
    this.#blank();
  }

  #stepFinished({ at, step, resource, result, index, of }: StepFinished): void {
    this.#resources.set(step.node, resource);
    const { text, short, status, tone, timed } = outcome(step, resource, result, this.#rates.get(step.node));
    this.#node(at, { index, of, text, short, status, tone, ...(timed ? { seconds: result.seconds } : {}) });
  }

  #hookFinished(event: HookFinished): void {
    const { at, status, seconds } = event;
    const word = hookWord(status);
    const tone = ({ success: "good", error: "bad", skipped: "warn" } as const)[status];
    this.#node(at, { ...numbered(event), text: `${word} ${hookOf(event)}`, status: word, tone, seconds });
  }

  #message({ at, level, text }: Message): void {
    const c = this.#options.palette;
    if (level === "print") {
      if (this.#options.print) this.line(text);
    } else if (level === "debug") {
      if (this.#options.debug) this.#log(at, c.dim(text));
    } else this.#log(at, level === "warn" ? c.yellow(`[WARNING]: ${text}`) : text);
  }

  #runFinished({ at, result }: RunFinished): void {
    const c = this.#options.palette;
    const width = this.#options.columns?.() ?? this.#options.width ?? TABLE_WIDTH;
    const resourceOf = (id: NodeId) => this.#resources.get(id);
    if (this.#options.quiet) {
      const blocks = explainErrors(result, { palette: this.#options.errorPalette, width, resourceOf });
      if (blocks.length) this.#options.writeError(`${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`);
      return;
    }
    const numbers = tally(result);
    this.#blank();
    if (numbers.total === 0) {
      this.#log(at, doneLine(numbers));
      return;
    }
    const completed = completedLine(result, numbers);
    this.#log(at, finishedLine(result, resourceOf, this.#options.columns !== undefined));
    this.#blank();
    this.#log(at, paintTone(completed.tone, c)(completed.text));
    const titles = this.#options.columns === undefined;
    for (const lines of explain(result, { palette: c, width, resourceOf, titles }))
      this.#write(`\n${lines.join("\n")}\n`);
    const hint = result.ok && result.plan.command === "build" ? this.#hint() : undefined;
    if (hint) this.#write(`\n${connectLines(hint, c).join("\n")}\n`);
    this.#blank();
    this.#log(at, doneLine(numbers));
  }

  #hint(): ConnectHint | undefined {
    const { connectHint } = this.#options;
    return typeof connectHint === "function" ? connectHint() : connectHint;
  }

  get #layout(): Layout {
    const { palette, columns, width } = this.#options;
    if (columns) return { palette, columns: columns(), printerWidth: PRINTER_WIDTH };
    return { palette, printerWidth: width ?? PRINTER_WIDTH };
  }

  #node(at: Date, line: NodeLine): void {
    this.#log(at, nodeLine(line, this.#layout));
  }

  #log(at: Date, text: string): void {
    if (!this.#greeted) {
      this.#greeted = true;
      this.#write(`${stamped(at, `Running with sluice=${version()}`, this.#layout)}\n`);
    }
    this.#write(`${stamped(at, text, this.#layout)}\n`);
  }

  #blank(): void {
    this.#write("\n");
  }

  #write(text: string): void {
    if (!this.#options.quiet) this.#options.write(text);
  }
}

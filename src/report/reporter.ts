/** The reader of the event stream that people see; the only folder that writes to stdout and stderr. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { RunEvent } from "../execute/events.ts";
import type { ConnectHint } from "./connect-hint.ts";
import { ConsoleReporter } from "./console.ts";
import { JsonReporter } from "./json.ts";
import { LiveReporter } from "./live.ts";
import { logFile, type LogFileOptions, plainLine, together } from "./log-file.ts";
import { makeSink } from "./screen.ts";
import { canRedraw, palette } from "./terminal.ts";

export interface Reporter {
  event(event: RunEvent): void;
  /** Sorted by place, errors and warnings; to stderr, so that stdout stays what was asked for. */
  diagnostics(list: readonly Diagnostic[]): void;
  /** The command's own output (`ls`, `show`, `compile`): stdout, untouched by `--quiet`. */
  line(text: string): void;
  /** A word about what takes long, to stderr; as an event in JSON. */
  notice(text: string): void;
  /** Ends redrawing and gives the cursor back. May be called twice. */
  close(): void;
}

export interface ReportOptions {
  /** `debug`: a line for each event, with its level and thread. */
  readonly format: "text" | "json" | "debug";
  /** Errors and `line` only. */
  readonly quiet: boolean;
  readonly colours: boolean | "auto";
  /** Statements and debug messages too. */
  readonly debug: boolean;
  /** What templates print; true unless told otherwise. */
  readonly print?: boolean;
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
  /** Cells: of the terminal on one, dbt's `--printer-width` (80) off it. */
  readonly width?: number;
  readonly now?: () => Date;
  /** Of the lines in JSON. */
  readonly invocationId?: () => string | undefined;
  /** Of the lines in JSON: `extra`. */
  readonly extra?: Readonly<Record<string, string>>;
  /** Shown after a build that succeeded; a function where the port is known only then. */
  readonly connectHint?: ConnectHint | (() => ConnectHint | undefined);
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where everything is written as well. */
  readonly file?: LogFileOptions;
}

export function makeReporter(options: ReportOptions): Reporter {
  const shown = makeShown(options);
  return options.file ? together(shown, logFile(options.file, options.now ?? (() => new Date()))) : shown;
}

function makeShown(options: ReportOptions): Reporter {
  const env = options.env ?? process.env;
  const write = makeSink(options.out);
  const writeError = options.err === options.out ? write : makeSink(options.err);
  const shared = {
    quiet: options.quiet,
    debug: options.debug,
    print: options.print ?? true,
    now: options.now ?? (() => new Date()),
    connectHint: options.connectHint,
    width: options.width,
    palette: palette(options.colours, options.out, env),
    errorPalette: palette(options.colours, options.err, env),
  };
  const { invocationId, extra } = options;
  if (options.format === "json") return new JsonReporter({ ...shared, invocationId, extra, write });
  if (options.format === "debug") {
    return new JsonReporter({ ...shared, write: (line) => write(`${plainLine(line)}\n`) });
  }
  if (options.quiet || !canRedraw(options.out, env)) return new ConsoleReporter({ ...shared, write, writeError });
  return new LiveReporter({ ...shared, write, writeError, out: options.out });
}

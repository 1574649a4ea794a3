/** The log as a file, in dbt's two forms: a line of text for each event, or a JSON object. */
import { appendFileSync, mkdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { JsonReporter } from "./json.ts";
import type { Reporter } from "./reporter.ts";

export interface LogFileOptions {
  /** Absolute; made where it is not there. */
  readonly folder: string;
  readonly format: "text" | "json";
  /** Statements and debug messages too. */
  readonly debug: boolean;
  /** A file that has grown beyond this is put aside before the next line; 0: never. */
  readonly maxBytes: number;
}

/** The name that tools look for. */
const NAME = "dbt.log";

/** A reporter whose lines go to a file. A file that cannot be written is no reason not to run: nothing is logged then. */
export function logFile(options: LogFileOptions, now: () => Date): Reporter {
  const path = join(options.folder, NAME);
  let broken = false;
  const attempt = (work: () => void): void => {
    if (broken) return;
    try {
      work();
    } catch {
      broken = true;
    }
  };
  attempt(() => {
    mkdirSync(options.folder, { recursive: true });
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (options.maxBytes > 0 && size > options.maxBytes) renameSync(path, `${path}.1`);
  });
  const write = (line: string): void =>
    attempt(() => appendFileSync(path, options.format === "json" ? line : `${plainLine(line)}\n`));
  if (options.format === "text")
    attempt(() => appendFileSync(path, `\n${"=".repeat(30)} ${now().toISOString()} ${"=".repeat(30)}\n`));
  return new JsonReporter({ quiet: false, debug: options.debug, print: true, now, write });
}

/** `17:26:33.050000 [info ] [MainThread]: Found 4 models`: the text of an event, as dbt's `--log-format debug` writes it. */
export function plainLine(json: string): string {
  const { info } = JSON.parse(json) as { info: { ts: string; level: string; thread: string; msg: string } };
  return `${info.ts.slice(11, 26)} [${info.level.padEnd(5)}] [${info.thread}]: ${info.msg}`;
}

/** Tells several reporters the same. */
export function together(...reporters: readonly Reporter[]): Reporter {
  const each =
    <Args extends unknown[]>(tell: (one: Reporter, ...args: Args) => void) =>
    (...args: Args): void => {
      for (const one of reporters) tell(one, ...args);
    };
  return {
    event: each((one, event: Parameters<Reporter["event"]>[0]) => one.event(event)),
    diagnostics: each((one, list: Parameters<Reporter["diagnostics"]>[0]) => one.diagnostics(list)),
    line: each((one, text: string) => one.line(text)),
    notice: each((one, text: string) => one.notice(text)),
    close: each((one) => one.close()),
  };
}

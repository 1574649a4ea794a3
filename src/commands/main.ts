/** Command line → command: parsing, help, and what to say about words nobody knows. */
import { Failure } from "../diagnostics/diagnostic.ts";
import { formatDiagnostic } from "../diagnostics/format.ts";
import { version } from "../lib/package-root.ts";
import { palette } from "../report/terminal.ts";
import { ExitCode } from "./exit-code.ts";
import { commandHelp, generalHelp } from "./help.ts";
import { findCommand } from "./index.ts";
import { findVerb, unknownCommand, UsageError } from "./usage.ts";

/** Runs one command line; gives the exit code: 0 done, 1 a node failed, 2 it could not run. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const verb = findVerb(argv);
    const command = verb === undefined ? undefined : findCommand(verb);
    if (wantsHelp(argv, verb)) {
      const topic = verb === "help" ? findVerb(argv.slice(argv.indexOf("help") + 1)) : verb;
      if (topic !== undefined && !findCommand(topic)) throw unknownCommand(topic);
      process.stdout.write(`${help(topic)}\n`);
      return ExitCode.ok;
    }
    if (wantsVersion(argv)) {
      process.stdout.write(`${version()}\n`);
      return ExitCode.ok;
    }
    if (verb === undefined) {
      process.stderr.write(`${help(undefined)}\n`);
      return ExitCode.unusable;
    }
    if (!command) throw unknownCommand(verb);
    const { parse } = await import("./arguments.ts");
    return await command.run((await parse(command, argv)) as never); // the options are the command's own
  } catch (thrown) {
    process.stderr.write(`${explain(thrown)}\n`);
    return ExitCode.unusable;
  }
}

/** The words before `--`. */
function before(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf("--");
  return end < 0 ? argv : argv.slice(0, end);
}

function wantsHelp(argv: readonly string[], verb: string | undefined): boolean {
  const words = before(argv);
  return verb === "help" || words.includes("--help") || words.includes("-h");
}

/** Wherever it stands, as in dbt. */
const wantsVersion = (argv: readonly string[]): boolean =>
  before(argv).some((word) => word === "--version" || word === "-V" || word === "-v");

function help(topic: string | undefined): string {
  const options = {
    width: Math.min(110, process.stdout.columns ?? 100),
    palette: palette("auto", process.stdout, process.env),
  };
  const command = topic === undefined ? undefined : findCommand(topic);
  return command ? commandHelp(command, options) : generalHelp(options);
}

function explain(thrown: unknown): string {
  if (thrown instanceof UsageError) return thrown.message;
  if (thrown instanceof Failure) return thrown.diagnostics.map((d) => formatDiagnostic(d)).join("\n\n");
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (process.env["SLUICE_DEBUG"]) return error.stack ?? error.message;
  return `${error.name}: ${error.message}\nThis is a fault of Sluice. SLUICE_DEBUG=1 shows where it happened.`;
}

/** Command line → command: parsing, help, and what to say about words nobody knows. */
import yargs, { type Argv } from "yargs";
import { formatDiagnostic } from "../diagnostics/format.ts";
import { Failure } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import { version } from "../lib/package-root.ts";
import { commands } from "./index.ts";
import { ExitCode } from "./exit-code.ts";
import { globalOptions } from "./options.ts";

/** Runs one command line; gives the exit code: 0 done, 1 a node failed, 2 it could not run. */
export async function main(argv: readonly string[]): Promise<number> {
  let code: number = ExitCode.ok;
  const parser = commands.reduce<Argv>(
    (parser, command) =>
      parser.command({
        command: command.command,
        describe: command.describe,
        builder: (own) => own.options(command.builder).example(command.examples.map((line) => [line] as [string])),
        handler: async (args) => {
          code = await command.run(args as never); // the options are the command's own
        },
      }),
    yargs()
      .scriptName("sluice")
      .usage("$0 <command> [options]\n\nSQL-first transformations for PostgreSQL. Runs dbt projects unchanged.")
      .parserConfiguration({ "populate--": true, "camel-case-expansion": true })
      .options(globalOptions)
      .version(version())
      .alias("version", "v")
      .help()
      .alias("help", "h")
      .demandCommand(1, "")
      .strict()
      .wrap(Math.min(110, process.stdout.columns ?? 100))
      .epilogue("Exit codes: 0 all passed, 1 a node or test failed, 2 could not run.\nsluice <command> --help shows examples.")
      .exitProcess(false)
      .showHelpOnFail(false)
      .fail((message, thrown, parser) => {
        if (thrown) throw thrown;
        throw new UsageError(message, parser as Argv);
      }),
  );
  try {
    await parser.parseAsync(argv);
    return code;
  } catch (thrown) {
    process.stderr.write(`${explain(thrown, argv)}\n`);
    return ExitCode.unusable;
  }
}

class UsageError extends Error {
  readonly parser: Argv;
  constructor(message: string, parser: Argv) {
    super(message);
    this.parser = parser;
  }
}

function explain(thrown: unknown, argv: readonly string[]): string {
  if (thrown instanceof Failure) return thrown.diagnostics.map((d) => formatDiagnostic(d)).join("\n\n");
  if (!(thrown instanceof UsageError)) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    return process.env["SLUICE_DEBUG"] ? (error.stack ?? error.message) : `${error.name}: ${error.message}\n(SLUICE_DEBUG=1 shows where)`;
  }
  const verb = argv.find((word) => !word.startsWith("-"));
  const names = commands.map((c) => nameOf(c.command));
  if (verb === undefined) return `No command given. Commands: ${names.join(", ")}.\nsluice --help explains them.`;
  if (!names.includes(verb)) {
    return [`Unknown command "${verb}".`, ...didYouMean(verb, names), "sluice --help lists the commands."].join(" ");
  }
  const unknown = /^Unknown arguments?: (.*)$/.exec(thrown.message)?.[1]?.split(", ")[0];
  if (unknown === undefined) return `${thrown.message}\nsluice ${verb} --help explains the options.`;
  const written = argv.find((word) => word.replace(/^-+/, "").split("=")[0] === unknown) ?? unknown;
  const known = optionNames(verb);
  const hints = didYouMean(unknown, known).map((text) => text.replaceAll('"', "").replace(/(mean | or )(\S)/g, "$1--$2"));
  return [`Unknown option "${written.split("=")[0]}" for sluice ${verb}.`, ...hints, `sluice ${verb} --help lists the options.`].join(" ");
}

function optionNames(verb: string): string[] {
  const command = commands.find((c) => nameOf(c.command) === verb);
  return [...Object.keys(globalOptions), ...Object.keys(command?.builder ?? {})];
}

const nameOf = (usage: string): string => usage.split(" ")[0] ?? usage;

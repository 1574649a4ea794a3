/** The words after a command as its arguments, by yargs; what it finds wrong is said in our words. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import yargs from "yargs";
import type { Command } from "./command.ts";
import { fromEnvironment, fromProjectFlags, projectFolder } from "./defaults.ts";
import { nameOf } from "./index.ts";
import { type Option, optionsOf, REFUSED } from "./options.ts";
import { strayWord, unknownOption, UsageError } from "./usage.ts";

type Args = Record<string, unknown>;

/** Throws `UsageError`. */
export async function parse(command: Command, argv: readonly string[]): Promise<Args> {
  const known = optionsOf(nameOf(command), command.builder);
  // Without defaults, what yargs finds is what was given.
  const bare = Object.fromEntries(Object.entries(known).map(([name, option]) => [name, withoutDefault(option)]));
  let found: Args | undefined;
  const parser = yargs()
    .parserConfiguration({ "camel-case-expansion": true, "parse-positional-numbers": false })
    .options(bare)
    .command({
      command: command.command,
      aliases: command.aliases ?? [],
      handler: (args) => {
        found = args;
      },
    })
    .version(false)
    .help(false)
    .strict()
    .exitProcess(false)
    .fail((message, thrown) => {
      // yargs's own complaints come either way.
      throw thrown && thrown.name !== "YError" ? thrown : new UsageError(thrown?.message ?? message);
    });
  try {
    await parser.parseAsync(argv);
  } catch (thrown) {
    throw thrown instanceof UsageError ? inOurWords(thrown.message, command, argv) : thrown;
  }
  if (!found) throw new Error(`Internal error: yargs did not find ${command.command}`);
  return checked(await completed(found, known), known, command);
}

/** Hidden from yargs's own help, which it writes at every start, and nobody reads. */
const withoutDefault = (option: Option): Option => ({
  ...Object.fromEntries(Object.entries(option).filter(([key]) => key !== "default" && key !== "defaultDescription")),
  hidden: true,
});

/** What was not given, from the environment, the project's flags, and our defaults, in this order. */
async function completed(given: Args, known: Readonly<Record<string, Option>>): Promise<Args> {
  const result: Args = { ...given };
  const fill = (from: (name: string, option: Option) => unknown): void => {
    for (const [name, option] of Object.entries(known)) {
      const key = camel(name);
      if (result[key] === undefined) result[key] = from(name, option);
    }
  };
  fill((name, option) => fromEnvironment(name, option, process.env));
  const folder = projectFolder(typeof result["projectDir"] === "string" ? result["projectDir"] : ".");
  if (existsSync(join(folder, "dbt_project.yml"))) {
    const { projectFlags } = await import("../index.ts");
    const flags = projectFlags(folder);
    fill((name, option) => fromProjectFlags(name, option, flags));
  }
  fill((_, option) => option.default);
  return result;
}

const camel = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

function inOurWords(message: string, command: Command, argv: readonly string[]): UsageError {
  const verb = nameOf(command);
  const unknown = /^Unknown (?:arguments?|commands?): (.*)$/.exec(message)?.[1]?.split(", ")[0];
  if (unknown !== undefined) {
    const written = argv.find((word) => word.startsWith("-") && word.replace(/^-+/, "").split("=")[0] === unknown);
    return written === undefined ? strayWord(unknown, command) : unknownOption(written, command);
  }
  const lacking = /^Not enough arguments following: (.*)$/.exec(message)?.[1];
  if (lacking !== undefined) {
    const dashes = lacking.length === 1 ? "-" : "--";
    return new UsageError(`${dashes}${lacking} needs a value. sluice ${verb} --help tells what it takes.`);
  }
  const choice = /Argument: (\S+), Given: (.*), Choices: (.*)/.exec(message);
  if (choice) {
    const [, name, given, choices = ""] = choice;
    return new UsageError(`--${name} cannot be ${given}. It takes ${choices.replaceAll('"', "")}.`);
  }
  return new UsageError(`${message}\nsluice ${verb} --help tells what it takes.`);
}

/** Options given twice count the last time, lists all times; numbers must be some. */
function checked(args: Args, known: Readonly<Record<string, Option>>, command: Command): Args {
  const result: Args = { ...args };
  for (const [name, option] of Object.entries(known)) {
    const key = camel(name);
    if (!option.array && Array.isArray(result[key])) result[key] = (result[key] as unknown[]).at(-1);
    const value = result[key];
    if (option.type === "number" && value !== undefined && !Number.isFinite(value)) {
      throw new UsageError(`--${name} needs a number. sluice ${nameOf(command)} --help tells what it takes.`);
    }
  }
  const refused = Object.keys(REFUSED).find((name) => result[camel(name)]);
  if (refused !== undefined) throw new UsageError(REFUSED[refused]!);
  const { threads } = result;
  if (threads !== undefined && !(Number.isInteger(threads) && (threads as number) >= 1)) {
    throw new UsageError(`--threads needs a whole number of at least 1, not ${String(threads)}.`);
  }
  return result;
}

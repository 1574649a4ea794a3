/** Words on the command line that nobody knows, and what they may have meant. */
import { didYouMean } from "../lib/nearest.ts";
import type { Command } from "./command.ts";
import { commands, nameOf } from "./index.ts";
import { type Option, optionsBeforeVerb, optionsOf } from "./options.ts";

/** The command line itself is wrong; the message is complete. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The first word that is neither an option nor the value of one that stands before the command. */
export function findVerb(argv: readonly string[]): string | undefined {
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (!word.startsWith("-")) return word;
    const option = optionOf(word, optionsBeforeVerb);
    if (option && option.type !== "boolean" && !word.includes("=")) i++;
  }
  return undefined;
}

function optionOf(word: string, options: Readonly<Record<string, Option>>): Option | undefined {
  const name = word.replace(/^--?/, "").split("=")[0]!;
  return options[name] ?? Object.values(options).find((option) => [option.alias ?? []].flat().includes(name));
}

/** Commands of dbt that have another name here, or are not there. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  freshness: "Write  sluice source freshness.",
};

export function unknownCommand(verb: string): UsageError {
  const names = commands.flatMap((c) => [nameOf(c), ...(c.aliases ?? [])]);
  const elsewhere = ELSEWHERE[verb];
  const notes = elsewhere === undefined ? sentences(didYouMean(verb, names)) : [elsewhere];
  return new UsageError([`Unknown command "${verb}".`, ...notes, "sluice --help lists the commands."].join(" "));
}

/** A word after the command that is neither an option nor an argument it takes. */
export function strayWord(word: string, command: Command): UsageError {
  const verb = nameOf(command);
  const hint = "select" in command.builder ? [`Did you mean  sluice ${verb} --select ${word}?`] : [];
  return new UsageError(
    [`sluice ${verb} takes no argument "${word}".`, ...hint, `sluice ${verb} --help tells what it takes.`].join(" "),
  );
}

export function unknownOption(written: string, command: Command): UsageError {
  const verb = nameOf(command);
  const all = optionsOf(verb, command.builder);
  const names = Object.keys(all).filter((name) => !all[name]!.hidden);
  const name = written.replace(/^-+/, "").split("=")[0]!;
  const near = didYouMean(name, names).map((text) => text.replaceAll('"', "").replace(/(mean | or )(\S)/g, "$1--$2"));
  const others =
    near.length > 0 ? [] : commands.filter((c) => nameOf(c) !== verb && optionOf(written, c.builder)).map(nameOf);
  const hints = others.length > 0 ? [`It is an option of ${others.join(", ")}.`] : sentences(near);
  const shown = written.split("=")[0];
  return new UsageError(
    [`Unknown option "${shown}" for sluice ${verb}.`, ...hints, `sluice ${verb} --help lists the options.`].join(" "),
  );
}

const sentences = (texts: readonly string[]): string[] => texts.map((text) => text.replace(/^d/, "D"));

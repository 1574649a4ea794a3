import type { Command } from "./command.ts";
import { cleanCommand } from "./clean.ts";
import { cloneCommand } from "./clone.ts";
import { compileCommand } from "./compile.ts";
import { debugCommand } from "./debug.ts";
import { depsCommand } from "./deps.ts";
import { docsCommand } from "./docs.ts";
import { generateCommand } from "./generate.ts";
import { grantsCommand } from "./grants.ts";
import { historyCommand } from "./history.ts";
import { initCommand } from "./init.ts";
import { lsCommand } from "./ls.ts";
import { metabaseCommand } from "./metabase.ts";
import { parseCommand } from "./parse.ts";
import { planCommand } from "./plan.ts";
import { publishCommand } from "./publish.ts";
import { retryCommand } from "./retry.ts";
import { rollbackCommand } from "./rollback.ts";
import { runOperationCommand } from "./run-operation.ts";
import { runCommands } from "./run.ts";
import { scheduleCommand } from "./schedule.ts";
import { downCommand, upCommand } from "./server.ts";
import { showCommand } from "./show.ts";
import { sourceCommand } from "./source.ts";
import { watchCommand } from "./watch.ts";

/** As `sluice --help` lists them. */
export const commandGroups: readonly (readonly [title: string, commands: readonly Command[]])[] = [
  ["Build", [...runCommands, retryCommand, cloneCommand, runOperationCommand]],
  ["Publish", [publishCommand, rollbackCommand, historyCommand]],
  ["Keep running", [watchCommand, scheduleCommand]],
  ["Share", [docsCommand, grantsCommand, metabaseCommand]],
  ["Look", [planCommand, compileCommand, showCommand, lsCommand, parseCommand, sourceCommand, debugCommand]],
  ["Set up", [initCommand, depsCommand, generateCommand, upCommand, downCommand, cleanCommand]],
];

export const commands: readonly Command[] = commandGroups.flatMap(([, some]) => some);

/** `init [name]` → `init`. */
export const nameOf = (command: Command): string => command.command.split(" ")[0]!;

/** A command by its name or an alias. */
export const findCommand = (word: string): Command | undefined =>
  commands.find((command) => nameOf(command) === word || command.aliases?.includes(word));

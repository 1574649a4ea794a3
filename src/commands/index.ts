import type { Command } from "./command.ts";
import { cleanCommand } from "./clean.ts";
import { compileCommand } from "./compile.ts";
import { debugCommand } from "./debug.ts";
import { generateCommand } from "./generate.ts";
import { grantsCommand } from "./grants.ts";
import { historyCommand } from "./history.ts";
import { initCommand } from "./init.ts";
import { lsCommand } from "./ls.ts";
import { metabaseCommand } from "./metabase.ts";
import { parseCommand } from "./parse.ts";
import { planCommand } from "./plan.ts";
import { publishCommand } from "./publish.ts";
import { rollbackCommand } from "./rollback.ts";
import { runCommands } from "./run.ts";
import { scheduleCommand } from "./schedule.ts";
import { downCommand, upCommand } from "./server.ts";
import { showCommand } from "./show.ts";
import { watchCommand } from "./watch.ts";

/** As `sluice --help` lists them. */
export const commandGroups: readonly (readonly [title: string, commands: readonly Command[]])[] = [
  ["Build", runCommands],
  ["Publish", [publishCommand, rollbackCommand, historyCommand]],
  ["Keep running", [watchCommand, scheduleCommand]],
  ["Share", [grantsCommand, metabaseCommand]],
  ["Look", [planCommand, compileCommand, showCommand, lsCommand, parseCommand, debugCommand]],
  ["Set up", [initCommand, generateCommand, upCommand, downCommand, cleanCommand]],
];

export const commands: readonly Command[] = commandGroups.flatMap(([, some]) => some);

/** `init [name]` → `init`. */
export const nameOf = (command: Command): string => command.command.split(" ")[0]!;

/** A command by its name or an alias. */
export const findCommand = (word: string): Command | undefined =>
  commands.find((command) => nameOf(command) === word || command.aliases?.includes(word));

import type { Command } from "./command.ts";
import { cleanCommand } from "./clean.ts";
import { compileCommand } from "./compile.ts";
import { debugCommand } from "./debug.ts";
import { generateCommand } from "./generate.ts";
import { initCommand } from "./init.ts";
import { lsCommand } from "./ls.ts";
import { parseCommand } from "./parse.ts";
import { planCommand } from "./plan.ts";
import { runCommands } from "./run.ts";
import { downCommand, upCommand } from "./server.ts";
import { showCommand } from "./show.ts";

/** In the order of `sluice --help`. */
export const commands: readonly Command[] = [
  ...runCommands,
  planCommand,
  compileCommand,
  showCommand,
  lsCommand,
  parseCommand,
  debugCommand,
  initCommand,
  generateCommand,
  upCommand,
  downCommand,
  cleanCommand,
];

import { type Command, interruptible, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import type { GlobalArgs, Option } from "./options.ts";

const TO: Option = {
  type: "string",
  requiresArg: true,
  value: "run",
  describe: "The run whose publication is to stand again; its id or how that begins. Default: the last but one",
};

export const rollbackCommand: Command = {
  command: "rollback",
  describe: "Take back the last publication, in one transaction",
  builder: { to: TO },
  examples: ["sluice rollback", "sluice rollback --to 4f1c2a"],
  run: (args: GlobalArgs & { to?: string }) =>
    withProject(
      args,
      "rollback",
      (sluice, reporter) =>
        interruptible(reporter, async (signal) => {
          const { rollback } = await import("../index.ts");
          const undone = await rollback(sluice, args.to, { signal, onEvent: (event) => reporter.event(event) });
          for (const { id, relations, held } of undone)
            reporter.line(`Took back publication ${id}: ${relations} nodes (locked for ${Math.round(held * 1000)} ms)`);
          return ExitCode.ok;
        }),
      { withoutModels: true },
    ),
};

import { type Command, interruptible, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import type { GlobalArgs } from "./options.ts";

export const publishCommand: Command = {
  command: "publish",
  describe: "Publish what a build made and could not publish because others were in the way",
  builder: {},
  examples: ["sluice publish"],
  run: (args: GlobalArgs) =>
    withProject(
      args,
      "publish",
      (sluice, reporter) =>
        interruptible(reporter, async (signal) => {
          const { publish } = await import("../index.ts");
          await publish(sluice, { signal, onEvent: (event) => reporter.event(event) });
          return ExitCode.ok;
        }),
      { withoutModels: true },
    ),
};

import { historyText } from "../report/history-text.ts";
import { type Command, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import type { GlobalArgs, Option } from "./options.ts";

const OPTIONS: Readonly<Record<string, Option>> = {
  limit: { type: "number", requiresArg: true, value: "n", default: 20, describe: "How many runs" },
  output: { choices: ["text", "json"], default: "text", describe: "Form of the list" },
};

export const historyCommand: Command = {
  command: "history",
  describe: "List the last runs: who, when, from which commit, what was published",
  builder: OPTIONS,
  examples: ["sluice history", "sluice history --limit 5 --output json"],
  run: (args: GlobalArgs & { limit: number; output: "text" | "json" }) =>
    withProject(
      args,
      "history",
      async (sluice, reporter) => {
        const { history } = await import("../index.ts");
        const runs = await history(sluice, args.limit);
        reporter.line(args.output === "json" ? JSON.stringify(runs, null, 2) : historyText(runs));
        return ExitCode.ok;
      },
      { withoutModels: true },
    ),
};

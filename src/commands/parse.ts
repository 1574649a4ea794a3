import { type Command, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import type { GlobalArgs } from "./options.ts";

export const parseCommand: Command = {
  command: "parse",
  describe: "Check the project: YAML, templates, references, cycles; all mistakes at once",
  builder: {},
  examples: ["sluice parse"],
  run: (args: GlobalArgs) =>
    withProject(args, "parse", async (sluice, reporter) => {
      const counts = new Map<string, number>();
      for (const id of sluice.graph.order) {
        const { kind } = sluice.graph.resource(id);
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
      }
      const found = [...counts].map(
        ([kind, n]) => `${n} ${kind.replace("_", " ")}${n === 1 ? "" : kind === "analysis" ? "" : "s"}`,
      );
      if (!args.quiet) reporter.line(`${sluice.project.name} is sound: ${found.join(", ") || "no nodes"}.`);
      return ExitCode.ok;
    }),
};

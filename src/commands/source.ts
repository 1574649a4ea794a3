import { resolve } from "node:path";
import { writeSources } from "../artifacts/run-files.ts";
import { type Command, interruptible, selectionFor, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import { type GlobalArgs, type SelectionArgs, selectionOptions } from "./options.ts";

type Args = GlobalArgs & SelectionArgs & { action: string; output?: string };

export const sourceCommand: Command = {
  command: "source <action>",
  describe: "source freshness: how old the newest rows of sources are; writes sources.json",
  builder: {
    ...selectionOptions,
    action: { choices: ["freshness", "snapshot-freshness"], hidden: true },
    output: { type: "string", requiresArg: true, alias: "o", value: "file", describe: "File for the results" },
  },
  examples: ["sluice source freshness", "sluice source freshness -s source:raw"],
  run: (args: Args) =>
    withProject(args, "freshness", (sluice, reporter) =>
      interruptible(reporter, async (signal) => {
        const selection = await selectionFor(sluice, args, reporter, ["source"]);
        const { freshness } = await import("../index.ts");
        const found = await freshness(sluice, selection, { signal, onEvent: (event) => reporter.event(event) });
        if (args.writeJson !== false) {
          await writeSources(found.results, found.seconds, sluice, args.output && resolve(args.output));
        }
        if (found.results.length === 0 && !args.quiet) {
          reporter.notice("Nothing to check: no selected source has  freshness:  with warn_after or error_after.");
        }
        const text = found.ok ? "Done." : "Done, and something is too old or failed.";
        if (found.results.length > 0) reporter.event({ type: "message", at: new Date(), level: "info", text });
        return found.ok ? ExitCode.ok : ExitCode.failed;
      }),
    ),
};

import { resolve } from "node:path";
import { readManifest } from "../artifacts/previous.ts";
import { writeResults } from "../artifacts/run-files.ts";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import { type Command, kindsFor, selectionFor, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import { deferOptions, type GlobalArgs, resourceTypeOptions, type SelectionArgs, selectionOptions } from "./options.ts";
import { noArtifacts } from "./state.ts";

type Args = GlobalArgs &
  SelectionArgs & { fullRefresh: boolean; resourceType?: string[]; excludeResourceType?: string[] };

export const cloneCommand: Command = {
  command: "clone",
  describe: "Stand in views of what another run built, for each selected node that is not here yet",
  builder: {
    ...selectionOptions,
    ...resourceTypeOptions,
    // Taken as dbt does: cloning always reads what --state has.
    ...deferOptions,
    "full-refresh": { type: "boolean", alias: "f", default: false, describe: "Replace what is here" },
  },
  examples: ["sluice clone --state prod-artifacts", "sluice clone --state prod-artifacts -s marts"],
  run: (args: Args) =>
    withProject(args, "clone", async (sluice, reporter) => {
      if (args.state === undefined) {
        const notes = ["--state names a folder with the manifest.json of that run"];
        throw new Failure(error("clone-without-state", "clone needs to know which run to take.", undefined, notes));
      }
      const from = await readManifest(resolve(args.state));
      if (!from) throw noArtifacts(args.state);
      const kinds = kindsFor(args, ["model", "seed", "snapshot"]);
      const { clone } = await import("../index.ts");
      const results = await clone(sluice, await selectionFor(sluice, args, reporter, kinds), from, args.fullRefresh);
      for (const { node, message, failure } of results) {
        if (failure) reporter.diagnostics(failure.diagnostics);
        else if (!args.quiet) reporter.line(`${node}: ${message}`);
      }
      if (args.writeJson !== false) {
        const plain = results.map(({ node, message, startedAt, finishedAt, failure }) => {
          return {
            id: node,
            status: failure ? ("error" as const) : ("success" as const),
            message,
            startedAt,
            finishedAt,
          };
        });
        await writeResults(plain, sluice);
      }
      return results.some(({ failure }) => failure) ? ExitCode.failed : ExitCode.ok;
    }),
};

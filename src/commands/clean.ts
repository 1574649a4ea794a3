import { rm } from "node:fs/promises";
import { relative, resolve, sep } from "node:path";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import { type Command, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import type { GlobalArgs } from "./options.ts";

/** Beside the folders of sources: history, and the embedded server with its data. */
const NEVER = [".git", ".sluice", "node_modules"];

export const cleanCommand: Command = {
  command: "clean",
  describe: "Delete the folders named by clean-targets (target/ …)",
  builder: {
    "clean-project-files-only": {
      type: "boolean",
      default: true,
      describe: "Refuse folders outside of the project",
    },
  },
  examples: ["sluice clean"],
  run: (args: GlobalArgs & { cleanProjectFilesOnly: boolean }) =>
    withProject(args, "clean", async (sluice, reporter) => {
      const { root, packages } = sluice.project;
      const config = packages[0]!.config;
      const { models, seeds, snapshots, analyses, macros, tests, functions, docs } = config.paths;
      const sources = [
        ...models,
        ...seeds,
        ...snapshots,
        ...analyses,
        ...macros,
        ...tests,
        ...functions,
        ...docs,
        ...NEVER,
      ];
      const kept = sources.map((path) => resolve(root, path));
      const folders = config.paths.clean.map((path) => resolve(root, path));
      const holdsSources = (folder: string): boolean =>
        isWithin(root, folder) ||
        kept.some((source) => source !== root && (isWithin(folder, source) || isWithin(source, folder)));
      const inSources = folders.filter((folder) => isWithin(folder, root) && holdsSources(folder));
      const outside = folders.filter((folder) => !isWithin(folder, root));
      const refused = [
        [args.cleanProjectFilesOnly ? outside : outside.filter(holdsSources), "directories outside the project"],
        [inSources, "source paths"],
      ] as const;
      const problems = refused
        .filter(([found]) => found.length > 0)
        .map(([found, what]) => {
          const named = found.map((folder) => relative(root, folder) || ".").join(", ");
          const message = `Sluice will not clean the following ${what}: ${named}. Nothing was deleted.`;
          const notes = found.some((folder) => isWithin(folder, root) || holdsSources(folder))
            ? []
            : ["--no-clean-project-files-only deletes it all the same"];
          return error("clean-refused", message, config.locate(["clean-targets"]), notes);
        });
      if (problems.length > 0) throw new Failure(problems);
      for (const folder of folders) {
        await rm(folder, { recursive: true, force: true });
        if (!args.quiet) reporter.line(`Deleted ${relative(root, folder)}`);
      }
      return ExitCode.ok;
    }),
};

/** Of absolute paths, also below `/`. */
const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

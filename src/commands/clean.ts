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
      hidden: true,
    },
  },
  examples: ["sluice clean"],
  run: (args: GlobalArgs & { cleanProjectFilesOnly: boolean }) =>
    withProject(args, "clean", async (sluice, reporter) => {
      const { root, packages } = sluice.project;
      const config = packages[0]!.config;
      const { models, seeds, snapshots, analyses, macros, tests, docs } = config.paths;
      const sources = [...models, ...seeds, ...snapshots, ...analyses, ...macros, ...tests, ...docs, ...NEVER];
      const kept = sources.map((path) => resolve(root, path));
      const folders = config.paths.clean.map((path) => resolve(root, path));
      const isSafe = (folder: string): boolean =>
        !isWithin(root, folder) &&
        (isWithin(folder, root) || !args.cleanProjectFilesOnly) &&
        !kept.some((source) => source !== root && (isWithin(folder, source) || isWithin(source, folder)));
      const unsafe = folders.filter((folder) => !isSafe(folder));
      if (unsafe.length > 0) {
        const named = unsafe.map((folder) => relative(root, folder) || ".").join(", ");
        const message = `clean-targets names ${named}, which is not output of this project. Nothing was deleted.`;
        const onlyOutside = unsafe.every((folder) => !isWithin(folder, root) && !isWithin(root, folder));
        const notes = onlyOutside ? ["--no-clean-project-files-only deletes it all the same"] : [];
        throw new Failure(error("clean-refused", message, config.locate(["clean-targets"]), notes));
      }
      for (const folder of folders) {
        await rm(folder, { recursive: true, force: true });
        if (!args.quiet) reporter.line(`Deleted ${relative(root, folder)}`);
      }
      return ExitCode.ok;
    }),
};

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(folder + sep);

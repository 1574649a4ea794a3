import { rm } from "node:fs/promises";
import { relative, resolve, sep } from "node:path";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import { type Command, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import type { GlobalArgs } from "./options.ts";

export const cleanCommand: Command = {
  command: "clean",
  describe: "Delete the folders named by clean-targets (target/ …)",
  builder: {},
  examples: ["sluice clean"],
  run: (args: GlobalArgs) =>
    withProject(args, "clean", async (sluice, reporter) => {
      const { root, packages } = sluice.project;
      const config = packages[0]!.config;
      const kept = [
        ...config.paths.models,
        ...config.paths.seeds,
        ...config.paths.macros,
        ...config.paths.tests,
        ...config.paths.snapshots,
      ];
      const folders = config.paths.clean.map((path) => resolve(root, path));
      // Nothing outside the project, not the project itself, nothing that is source.
      const unsafe = folders.filter(
        (f) => !f.startsWith(root + sep) || kept.some((path) => resolve(root, path).startsWith(f)),
      );
      if (unsafe.length > 0) {
        const named = unsafe.map((f) => relative(root, f) || ".").join(", ");
        throw new Failure(
          error(
            "clean-refused",
            `clean-targets names ${named}, which is not output of this project.`,
            config.locate(["clean-targets"]),
          ),
        );
      }
      for (const folder of folders) {
        await rm(folder, { recursive: true, force: true });
        if (!args.quiet) reporter.line(`Deleted ${relative(root, folder)}`);
      }
      return ExitCode.ok;
    }),
};

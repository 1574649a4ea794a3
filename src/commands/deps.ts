import { error, Failure } from "../diagnostics/diagnostic.ts";
import { type Command, reporterFor } from "./command.ts";
import { projectFolder } from "./defaults.ts";
import { ExitCode } from "./exit-code.ts";
import type { GlobalArgs } from "./options.ts";

type Args = GlobalArgs & { lock: boolean; upgrade: boolean; addPackage?: string; source: "hub" | "git" | "local" };

export const depsCommand: Command = {
  command: "deps",
  describe: "Install the packages of packages.yml, and lock their versions",
  builder: {
    lock: { type: "boolean", default: false, describe: "Write package-lock.yml only" },
    upgrade: { type: "boolean", default: false, describe: "Choose versions anew, whatever the lock says" },
    "add-package": { type: "string", requiresArg: true, value: "name@version", describe: "Add to packages.yml first" },
    source: { choices: ["hub", "git", "local"], default: "hub", describe: "Where the added package comes from" },
  },
  examples: ["sluice deps", "sluice deps --add-package dbt-labs/dbt_utils@1.3.0"],
  run: async (args: Args) => {
    const reporter = reporterFor(args);
    const root = projectFolder(args.projectDir);
    try {
      const { addPackage, install, projectPackagesPath, readArguments } = await import("../index.ts");
      if (args.addPackage !== undefined) {
        const path = await addPackage(root, args.addPackage, args.source);
        if (!args.quiet) reporter.line(`Added ${args.addPackage} to ${path}`);
      }
      const count = await install({
        root,
        folder: projectPackagesPath(root),
        env: process.env,
        vars: readArguments(args.vars ?? ""),
        upgrade: args.upgrade,
        lockOnly: args.lock,
        onLine: (text) => {
          if (!args.quiet) reporter.line(text);
        },
      });
      if (count === 0 && !args.quiet) reporter.line("The project asks for no packages.");
      return ExitCode.ok;
    } catch (thrown) {
      if (thrown instanceof Failure) reporter.diagnostics(thrown.diagnostics);
      else if (isDenied(thrown)) {
        reporter.diagnostics([error("packages-not-writable", `The packages cannot be installed: ${thrown.message}`)]);
      } else throw thrown;
      return ExitCode.unusable;
    } finally {
      reporter.close();
    }
  },
};

const isDenied = (thrown: unknown): thrown is Error =>
  ["EACCES", "EPERM", "EROFS", "ENOSPC"].includes((thrown as NodeJS.ErrnoException).code ?? "");

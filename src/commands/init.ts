import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import { starterFiles } from "../extras/init/starter.ts";
import { writeFileAtomically } from "../lib/write-file.ts";
import { type Command, reporterFor } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import type { GlobalArgs } from "./options.ts";

type Args = GlobalArgs & { name?: string };

export const initCommand: Command = {
  command: "init [name]",
  describe: "Make a new project that builds at once",
  // The new project has its profile, and nothing is asked.
  builder: {
    "skip-profile-setup": { type: "boolean", alias: "s", hidden: true },
    "skip-debug": { type: "boolean", hidden: true },
  },
  examples: ["sluice init shop && cd shop && sluice build"],
  run: async (args: Args) => {
    const reporter = reporterFor(args);
    const folder = resolve(args.projectDir, args.name ?? ".");
    const name = basename(folder)
      .toLowerCase()
      .replace(/[^a-z0-9_]+/g, "_")
      .replace(/^(?=\d)/, "_");
    try {
      await refuseUsed(folder);
      const files = starterFiles(name);
      for (const [path, text] of Object.entries(files)) await writeFileAtomically(join(folder, path), text);
      const where = args.name ? `${args.name}/` : "";
      if (!args.quiet) {
        for (const path of Object.keys(files)) reporter.line(`  ${where}${path}`);
        reporter.line(`\nNext: ${args.name ? `cd ${shellWord(args.name)} && ` : ""}sluice build`);
      }
      return ExitCode.ok;
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      reporter.diagnostics(thrown.diagnostics);
      return ExitCode.unusable;
    } finally {
      reporter.close();
    }
  },
};

/** As one would type it. */
const shellWord = (text: string): string => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** A folder that holds anything but hidden files and what npm made is somebody's. */
async function refuseUsed(folder: string): Promise<void> {
  const entries = await readdir(folder).catch(() => []);
  const used = entries.filter(
    (e) =>
      !e.startsWith(".") && !["package.json", "package-lock.json", "node_modules", "README.md", "LICENSE"].includes(e),
  );
  if (used.length === 0) return;
  throw new Failure(
    error(
      "init-not-empty",
      `${folder} is not empty: it holds ${used.slice(0, 4).join(", ")}${used.length > 4 ? " …" : ""}.`,
      undefined,
      ["give a name for a new folder: sluice init my_project"],
    ),
  );
}

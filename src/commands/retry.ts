import { join, resolve } from "node:path";
import { readRunResults } from "../artifacts/previous.ts";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import { type Command, reporterFor } from "./command.ts";
import { projectFolder } from "./defaults.ts";
import { ExitCode } from "./exit-code.ts";
import { type GlobalArgs, type PublishArgs, publishOptions, type RunArgs, runOptions } from "./options.ts";
import { rerun } from "./run.ts";

type Args = GlobalArgs & RunArgs & PublishArgs;

/** What is done again: what failed, and what was not done because of it. */
const AGAIN = new Set(["error", "fail", "skipped", "runtime error", "partial success"]);

export const retryCommand: Command = {
  command: "retry",
  describe: "Run again what failed in the last run, and what was skipped because of it",
  builder: { ...runOptions, ...publishOptions },
  examples: ["sluice retry", "sluice retry --state last-night/target"],
  run: async (args: Args) => {
    const reporter = reporterFor(args);
    try {
      const { projectTargetPath } = await import("../index.ts");
      const folder = projectFolder(args.projectDir);
      const from = args.state ? resolve(args.state) : join(folder, args.targetPath ?? projectTargetPath(folder));
      const earlier = await readRunResults(from);
      if (!earlier) {
        const notes = ["run something first, or name another folder with --state"];
        throw new Failure(error("retry-nothing", `There is no run_results.json in ${from}.`, undefined, notes));
      }
      const failed = earlier.results.filter((one) => AGAIN.has(one.status)).map((one) => one.unique_id);
      if (failed.length === 0) {
        reporter.notice("Nothing to retry: nothing failed in the last run.");
        return ExitCode.ok;
      }
      const which = String(earlier.args["which"] ?? "build");
      const all = earlier.results.map((one) => one.unique_id);
      const running = rerun(which, { ...args, ...recorded(earlier.args, args) }, { failed, all });
      if (running) return await running;
      throw new Failure(error("retry-unknown", `The last command was ${which}, which is run again by itself.`));
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      reporter.diagnostics(thrown.diagnostics);
      return ExitCode.unusable;
    } finally {
      reporter.close();
    }
  },
};

/** The flags of the earlier run, where this one does not say otherwise. */
function recorded(earlier: Readonly<Record<string, unknown>>, args: Args): Partial<Args> {
  const { vars, target, full_refresh: full, empty, store_failures: stores } = earlier;
  const text = typeof vars === "string" ? vars : JSON.stringify(vars ?? {});
  return {
    ...(args.vars === undefined && text !== "{}" && { vars: text }),
    ...(args.target === undefined && typeof target === "string" && { target }),
    fullRefresh: args.fullRefresh || full === true,
    empty: args.empty || empty === true,
    ...(args.storeFailures === undefined && stores === true && { storeFailures: true }),
  };
}

/** `docs generate` and `docs serve`: the project's site. */
import { join } from "node:path";
import type { Generated } from "../extras/site/generate.ts";
import { Failure } from "../index.ts";
import type { Reporter } from "../report/reporter.ts";
import { type Command, interruptible, reporterFor, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import type { GlobalArgs } from "./options.ts";

type Args = GlobalArgs & { action: "generate" | "serve"; sample: number; artifacts?: string; port: number };

export const docsCommand: Command = {
  command: "docs <action>",
  describe: "Make the project's site of dashboards, lineage and docs in target/site; serve it with live reload",
  builder: {
    action: { choices: ["generate", "serve"], describe: "What to do", hidden: true },
    sample: {
      type: "number",
      default: 0,
      requiresArg: true,
      value: "n",
      describe: "Rows of each relation to put into the site",
    },
    artifacts: {
      type: "string",
      requiresArg: true,
      value: "dir",
      describe: "Make the site of these artifacts alone, also dbt's",
    },
    port: {
      type: "number",
      default: 8080,
      requiresArg: true,
      value: "n",
      describe: "Port of serve; 0: any that is free",
    },
  },
  examples: ["sluice docs generate", "sluice docs serve", "sluice docs generate --artifacts ../other/target"],
  run: (args: Args) => (args.action === "serve" ? serve(args) : generate(args)),
};

async function generate(args: Args): Promise<number> {
  let made: Generated | undefined;
  const code = await makeSite(args, (found) => (made = found.generated));
  if (made && !args.quiet) {
    const { page, nodes } = made;
    const reporter = reporterFor(args);
    reporter.line(`The site of ${nodes} nodes is ${page}: open it in a browser, or run \`sluice docs serve\`.`);
    reporter.close();
  }
  return code;
}

interface Made {
  readonly generated: Generated;
  /** Where the artifacts lie; the site is in `site` below it. */
  readonly folder: string;
}

/** Of the project, with rows and history from its database; with `--artifacts`, of those alone. */
async function makeSite(args: Args, then: (made: Made) => void): Promise<number> {
  const { generateSite } = await import("../extras/site/generate.ts");
  if (args.artifacts !== undefined) {
    const folder = args.artifacts;
    return withoutProject(args, async (reporter) => {
      const generated = await generateSite({ artifacts: folder, out: join(folder, "site") });
      then({ generated: noted(generated, reporter), folder });
    });
  }
  return withProject(args, "docs", async (sluice, reporter) => {
    const folder = sluice.project.targetPath;
    const { sample } = args;
    const generated = await generateSite({ artifacts: folder, out: join(folder, "site"), sluice, sample });
    then({ generated: noted(generated, reporter), folder });
    return ExitCode.ok;
  });
}

function noted(generated: Generated, reporter: Reporter): Generated {
  for (const note of generated.notes) reporter.notice(note);
  return generated;
}

async function withoutProject(args: Args, work: (reporter: Reporter) => Promise<void>): Promise<number> {
  const reporter = reporterFor(args);
  try {
    await work(reporter);
    return ExitCode.ok;
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    reporter.diagnostics(thrown.diagnostics);
    return ExitCode.unusable;
  } finally {
    reporter.close();
  }
}

/** Makes the site, serves it until Ctrl-C, and makes it again whenever a run has finished. */
async function serve(args: Args): Promise<number> {
  const { serveSite } = await import("../extras/site/serve.ts");
  const { whenRunsFinish } = await import("../extras/site/watch.ts");
  let folder = "";
  const again = (): Promise<number> => makeSite(args, (made) => void (folder = made.folder));
  const code = await again();
  if (code !== ExitCode.ok) return code;
  return withoutProject(args, async (reporter) => {
    const server = await serveSite(join(folder, "site"), args.port);
    const stop = await whenRunsFinish(folder, async () => {
      if ((await again()) === ExitCode.ok) server.reload();
    });
    reporter.line(`The site is at ${server.url}, for this machine only. Ctrl-C ends it.`);
    await interruptible(
      reporter,
      (signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve(ExitCode.ok))),
    );
    stop();
    await server.close();
  });
}

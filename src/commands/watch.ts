/** `watch`: what an edit touches is rebuilt, into a development target. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeRunFiles } from "../artifacts/run-files.ts";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import { type Command, interruptible, openProject, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import type { GlobalArgs, Option } from "./options.ts";
import type { Sluice } from "../index.ts";

type Args = GlobalArgs & { downstream: boolean };

const builder: Record<string, Option> = {
  downstream: {
    type: "boolean",
    default: false,
    describe: "Rebuild what depends on the edited models too",
  },
};

export const watchCommand: Command = {
  command: "watch",
  describe: "Rebuild what an edit touches, as soon as a file is saved",
  builder,
  examples: ["sluice watch", "sluice watch --downstream --target dev"],
  run: async (args: Args) => {
    const { watch } = await import("../extras/watch/watch.ts");
    const { Rebuilder } = await import("../extras/watch/rebuild.ts");
    return withProject(args, "watch", (first, reporter) =>
      interruptible(reporter, async (signal) => {
        const chosen = { ...args, target: args.target ?? developmentTarget(first) };
        const open = (): Promise<Sluice> =>
          openProject(chosen, "build", () => reporter.notice("Starting PostgreSQL …"));
        const { root, targetPath } = first.project;
        const before = await open();
        const rebuilder = new Rebuilder(
          {
            open,
            downstream: args.downstream,
            signal,
            onEvent: (event) => reporter.event(event),
            onDiagnostics: (list) => reporter.diagnostics(list),
            onResult: async (result, sluice) => {
              await writeRunFiles(result, sluice, { which: "watch", target: chosen.target });
              await keepSite(sluice);
            },
            say: (text) => reporter.notice(text),
          },
          before,
        );
        await before.close();
        await watch({
          root,
          ignored: [targetPath, join(root, "logs"), join(root, "dist")],
          build: (paths) => rebuilder.rebuild(paths),
          onReady: () => reporter.notice(`Watching ${root}, target ${chosen.target}. Ctrl-C ends it.`),
          signal,
        });
        return ExitCode.ok;
      }),
    );
  },
};

/** A site that is there shows what was just built; whoever wants none has none. */
async function keepSite(sluice: Sluice): Promise<void> {
  const { targetPath: artifacts } = sluice.project;
  const out = join(artifacts, "site");
  if (!existsSync(out)) return;
  const { generateSite } = await import("../extras/site/generate.ts");
  await generateSite({ artifacts, out, sluice });
}

/** `dev` if there is one; never, unless it is named, one that looks like production. */
function developmentTarget({ project: { profile, target } }: Sluice): string {
  if (profile.targets.includes("dev")) return "dev";
  if (!/^prod|^live/i.test(target.name)) return target.name;
  throw new Failure(
    error(
      "watch-production",
      `The profile's target is "${target.name}", and every edit would be built into it.`,
      undefined,
      ["add a target `dev` to profiles.yml, or name one with --target"],
    ),
  );
}

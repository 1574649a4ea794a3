import { planJson, planText } from "../report/plan-text.ts";
import { type Command, kindsFor, refuseMistakes, selectionFor, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import {
  type GlobalArgs,
  type PublishArgs,
  publishOptions,
  resourceTypeOptions,
  type RunArgs,
  runOptions,
} from "./options.ts";

const KINDS = ["source", "model", "seed", "snapshot", "function", "test", "unit_test"];

type Args = GlobalArgs &
  RunArgs &
  PublishArgs & { resourceType?: string[]; excludeResourceType?: string[]; output: "text" | "json" };

export const planCommand: Command = {
  command: "plan",
  describe: "Show what a build would do, and why, without doing it",
  builder: {
    ...runOptions,
    ...publishOptions,
    ...resourceTypeOptions,
    output: { choices: ["text", "json"], default: "text", describe: "Form of the plan" },
  },
  examples: ["sluice plan", "sluice plan -s +customer_summary", "sluice plan --output json"],
  run: (args: Args) =>
    withProject(
      args,
      "build",
      async (sluice, reporter) => {
        const selection = await selectionFor(sluice, args, reporter, kindsFor(args, KINDS));
        refuseMistakes(sluice, selection, reporter);
        const { direct, force } = args;
        const plan = await sluice.foretell(await sluice.plan({ selection, testsGate: true, direct, force }));
        const resourceOf = (id: (typeof plan.steps)[number]["node"]) => sluice.graph.resource(id);
        const width = { width: process.stdout.isTTY ? process.stdout.columns : 160 };
        reporter.line(args.output === "json" ? planJson(plan, resourceOf) : planText(plan, resourceOf, width));
        return ExitCode.ok;
      },
      { writesManifest: false, asksNodes: true },
    ),
};

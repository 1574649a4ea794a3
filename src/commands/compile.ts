import { writeManifest, writeResults } from "../artifacts/run-files.ts";
import { type Command, failedOnly, selectionFor, withProject } from "./command.ts";
import { COMPILED_KINDS, compileNodes } from "./compile-nodes.ts";
import { ExitCode } from "./exit-code.ts";
import { type GlobalArgs, type RunArgs, runOptions } from "./options.ts";
import { deferFor } from "./state.ts";

type Args = GlobalArgs & RunArgs & { inline?: string; output: "text" | "json" };

export const compileCommand: Command = {
  command: "compile",
  describe: "Render templates to SQL in target/compiled without running it; print what is selected",
  builder: {
    ...runOptions,
    inline: { type: "string", describe: "SQL to compile instead of nodes" },
    output: { choices: ["text", "json"], default: "text", describe: "Form of what is printed" },
  },
  examples: [
    "sluice compile",
    "sluice compile -s customer_summary",
    "sluice compile --inline \"select * from {{ ref('dim_customers') }}\"",
  ],
  run: (args: Args) =>
    withProject(args, "compile", async (sluice, reporter) => {
      const { inline } = args;
      const show = (node: string | undefined, compiled: string, several: boolean): void => {
        if (args.output === "json") reporter.line(JSON.stringify({ ...(node && { node }), compiled }, undefined, 2));
        else reporter.line(`${several ? `-- ${node}\n` : ""}${compiled}${several ? "\n" : ""}`);
      };
      if (inline !== undefined) {
        return failedOnly(reporter, async () => {
          show(undefined, (await sluice.compileInline(inline)).sql, false);
          return ExitCode.ok;
        });
      }
      const selection = await selectionFor(sluice, args, reporter, COMPILED_KINDS);
      const shown = args.select.length > 0 || args.selector !== undefined;
      const several = [...selection].filter((id) => sluice.graph.resource(id).kind !== "test").length > 1;
      const defer = await deferFor(args);
      const { texts, results, code } = await compileNodes(sluice, selection, reporter, {
        ...(defer && { defer }),
        onText: (node, text) => {
          if (shown && node.kind !== "test") show(node.name, text, several);
        },
      });
      if (args.writeJson !== false) {
        await writeResults(results, sluice, { which: "compile", select: args.select, exclude: args.exclude });
        await writeManifest(sluice, texts);
      }
      const of = texts.size < selection.size ? ` of ${selection.size}` : "";
      if (!shown && !args.quiet) {
        reporter.line(`Compiled ${texts.size}${of} nodes to ${sluice.project.targetPath}/compiled.`);
      }
      return code;
    }),
};

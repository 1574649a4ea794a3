import { writeManifest, writeResults } from "../artifacts/run-files.ts";
import { type Command, failedOnly, selectionFor, withProject } from "./command.ts";
import { COMPILED_KINDS, compileNodes } from "./compile-nodes.ts";
import { ExitCode } from "./exit-code.ts";
import { inlined } from "./inline.ts";
import { type GlobalArgs, type RunArgs, runOptions } from "./options.ts";
import { deferFor } from "./state.ts";

type Args = GlobalArgs & RunArgs & { inline?: string; output: "text" | "json"; injectEphemeralCtes: boolean };

export const compileCommand: Command = {
  command: "compile",
  describe: "Render templates to SQL in target/compiled without running it; print what is selected",
  builder: {
    ...runOptions,
    inline: { type: "string", describe: "SQL to compile instead of nodes" },
    output: { choices: ["text", "json"], default: "text", describe: "Form of what is printed" },
    "inject-ephemeral-ctes": { type: "boolean", default: true, describe: "Put in the SQL of ephemeral models" },
  },
  examples: [
    "sluice compile",
    "sluice compile -s customer_summary",
    "sluice compile --inline \"select * from {{ ref('dim_customers') }}\"",
  ],
  run: (args: Args) =>
    withProject(args, "compile", async (sluice, reporter) => {
      const { inline } = args;
      const show = (node: string | undefined, compiled: string): void => {
        const heading = node === undefined ? "Compiled inline node is:" : `Compiled node '${node}' is:`;
        if (args.output === "json") reporter.line(JSON.stringify({ ...(node && { node }), compiled }, undefined, 2));
        else reporter.line(args.quiet ? compiled : `${heading}\n${compiled}\n`);
      };
      if (inline !== undefined) {
        return failedOnly(reporter, async () => {
          const startedAt = new Date();
          const { sql } = await inlined(() => sluice.compileInline(inline));
          show(undefined, sql);
          if (args.writeJson !== false) {
            const id = `sql_operation.${sluice.project.name}.inline_query` as const;
            const result = { id, status: "success", startedAt, finishedAt: new Date(), compiled: sql } as const;
            await writeResults([result], sluice);
          }
          return ExitCode.ok;
        });
      }
      const selection = await selectionFor(sluice, args, reporter, COMPILED_KINDS);
      const shown = args.select.length > 0 || args.selector !== undefined;
      const defer = await deferFor(args);
      const { texts, results, code } = await compileNodes(sluice, selection, reporter, {
        ...(defer && { defer }),
        withoutCtes: !args.injectEphemeralCtes,
        onText: (node, text) => {
          if (shown && node.kind !== "test") show(node.name, text);
        },
      });
      if (args.writeJson !== false) {
        await writeResults(results, sluice);
        await writeManifest(sluice, texts);
      }
      const of = texts.size < selection.size ? ` of ${selection.size}` : "";
      if (!shown && !args.quiet) {
        reporter.line(`Compiled ${texts.size}${of} nodes to ${sluice.project.targetPath}/compiled.`);
      }
      return code;
    }),
};

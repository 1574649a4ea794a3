import { writeCompiled } from "../artifacts/run-files.ts";
import type { DataTestNode, ModelNode, SnapshotNode } from "../index.ts";
import { type Command, failedOnly, selectionFor, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import { type GlobalArgs, type RunArgs, runOptions } from "./options.ts";

type Args = GlobalArgs & RunArgs & { inline?: string };

export const compileCommand: Command = {
  command: "compile",
  describe: "Render templates to SQL in target/compiled without running it; print what is selected",
  builder: { ...runOptions, inline: { type: "string", describe: "SQL to compile instead of nodes" } },
  examples: [
    "sluice compile",
    "sluice compile -s customer_summary",
    "sluice compile --inline \"select * from {{ ref('dim_customers') }}\"",
  ],
  run: (args: Args) =>
    withProject(args, "compile", async (sluice, reporter) => {
      const { inline } = args;
      if (inline !== undefined) {
        return failedOnly(reporter, async () => {
          reporter.line((await sluice.compileInline(inline)).sql);
          return ExitCode.ok;
        });
      }
      const selection = selectionFor(sluice, args, reporter, ["model", "test", "snapshot", "analysis"]);
      const shown = args.select.length > 0;
      const texts = [...selection].filter((id) => sluice.graph.resource(id).kind !== "test").length;
      let code: number = ExitCode.ok;
      let done = 0;
      for (const id of selection) {
        // The selection was limited to kinds that have SQL.
        const node = sluice.graph.resource(id) as ModelNode | DataTestNode | SnapshotNode;
        const found = await failedOnly(reporter, async () => {
          const { sql } = await sluice.compile(node, selection);
          await writeCompiled(node, sql, sluice.project.targetPath);
          done++;
          const text = sql.trim();
          if (shown && node.kind !== "test") reporter.line(texts > 1 ? `-- ${node.name}\n${text}\n` : text);
          return ExitCode.ok;
        });
        code = Math.max(code, found);
      }
      const of = done < selection.size ? ` of ${selection.size}` : "";
      if (!shown && !args.quiet) reporter.line(`Compiled ${done}${of} nodes to ${sluice.project.targetPath}/compiled.`);
      return code;
    }),
};

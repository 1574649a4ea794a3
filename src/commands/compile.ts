import { writeCompiled } from "../artifacts/run-files.ts";
import type { DataTestNode, ModelNode, SnapshotNode } from "../index.ts";
import { type Command, selectionFor, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import { type GlobalArgs, type RunArgs, runOptions } from "./options.ts";

type Args = GlobalArgs & RunArgs & { inline?: string };

export const compileCommand: Command = {
  command: "compile",
  describe: "Render templates to SQL in target/compiled, without running it; print it for what is selected",
  builder: { ...runOptions, inline: { type: "string", describe: "SQL to compile instead of nodes" } },
  examples: ["sluice compile", "sluice compile -s customer_summary", "sluice compile --inline \"select * from {{ ref('dim_customers') }}\""],
  run: (args: Args) =>
    withProject(args, "compile", async (sluice, reporter) => {
      if (args.inline !== undefined) {
        const { sql } = await sluice.compileInline(args.inline);
        reporter.line(sql);
        return ExitCode.ok;
      }
      const selection = selectionFor(sluice, args, reporter, ["model", "test", "snapshot", "analysis"]);
      const shown = args.select.length > 0;
      for (const id of selection) {
        // The selection was limited to kinds that have SQL.
        const node = sluice.graph.resource(id) as ModelNode | DataTestNode | SnapshotNode;
        const { sql } = await sluice.compile(node, selection);
        await writeCompiled(node, sql, sluice.project.targetPath);
        if (shown && node.kind !== "test") reporter.line(selection.size > 1 ? `-- ${node.name}\n${sql}\n` : sql);
      }
      if (!shown) reporter.line(`Compiled ${selection.size} nodes to ${sluice.project.targetPath}/compiled.`);
      return ExitCode.ok;
    }),
};

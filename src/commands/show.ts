import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { ModelNode } from "../index.ts";
import { rowsAsJson, tableLines } from "../report/table.ts";
import { type Command, selectionFor, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import { type GlobalArgs, type SelectionArgs, selectionOptions } from "./options.ts";

type Args = GlobalArgs & SelectionArgs & { inline?: string; limit: number; output: "text" | "json" };

export const showCommand: Command = {
  command: "show",
  describe: "Run a model's SQL, or any, and show its first rows",
  builder: {
    ...selectionOptions,
    inline: { type: "string", describe: "SQL to run instead of a model's" },
    limit: { type: "number", default: 5, describe: "Rows to show; -1: all" },
    output: { choices: ["text", "json"], default: "text", describe: "Form of the rows" },
  },
  examples: ["sluice show -s customer_summary", "sluice show --inline \"select * from {{ ref('inflow_outflow') }}\" --limit 20"],
  run: (args: Args) =>
    withProject(args, "show", async (sluice, reporter) => {
      const { name, sql } = await compiled(args, sluice, reporter);
      const limit = args.limit < 0 ? "" : `\nlimit ${args.limit}`;
      const { fields, rows } = await sluice.query(`select * from (\n${sql}\n) as shown${limit}`);
      const columns = fields.map((f) => f.name);
      if (args.output === "json") reporter.line(rowsAsJson(columns, rows));
      else for (const line of [`${name}:`, ...tableLines(columns, rows)]) reporter.line(line);
      return ExitCode.ok;
    }),
};

type WithProject = Parameters<Parameters<typeof withProject>[2]>;

async function compiled(args: Args, sluice: WithProject[0], reporter: WithProject[1]): Promise<{ name: string; sql: string }> {
  if (args.inline !== undefined) return { name: "inline", sql: (await sluice.compileInline(args.inline)).sql };
  if (args.select.length === 0) throw new Failure(error("show-what", "Say what to show: --select MODEL or --inline SQL."));
  const selection = selectionFor(sluice, args, reporter, ["model", "seed", "snapshot", "source", "test"]);
  const [id, ...more] = [...selection].filter((node) => sluice.graph.resource(node).kind !== "test" || selection.size === 1);
  if (id === undefined) throw new Failure(error("show-nothing", "Nothing that has rows is selected."));
  if (more.length > 0) throw new Failure(error("show-many", `${more.length + 1} nodes are selected; show takes one.`));
  const resource = sluice.graph.resource(id);
  if (resource.kind === "seed" || resource.kind === "source") {
    const call = resource.kind === "source" ? `source('${resource.source.source}', '${resource.name}')` : `ref('${resource.name}')`;
    return { name: resource.name, sql: (await sluice.compileInline(`select * from {{ ${call} }}`)).sql };
  }
  // The kinds that are left have SQL of their own.
  return { name: resource.name, sql: (await sluice.compile(resource as ModelNode, selection)).sql };
}

import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { Compiled, ModelNode } from "../index.ts";
import { rowLines, showJson } from "../report/table.ts";
import { type Command, failedOnly, selectionFor, withProject } from "./command.ts";
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
  examples: [
    "sluice show -s customer_summary",
    "sluice show --inline \"select * from {{ ref('inflow_outflow') }}\" --limit 20",
  ],
  run: (args: Args) =>
    withProject(args, "show", async (sluice, reporter) => {
      if (args.inline === undefined && args.select.length === 0) {
        throw new Failure(error("show-what", "Say what to show: --select MODEL or --inline SQL."));
      }
      const id = args.inline === undefined ? await theOne(args, sluice, reporter) : undefined;
      return failedOnly(reporter, async () => {
        const compiled = id === undefined ? await sluice.compileInline(args.inline!) : await compile(sluice, id);
        const { fields, rows } = await sluice.show(
          compiled,
          args.limit < 0 ? undefined : args.limit,
          id && sluice.graph.resource(id).at,
        );
        const columns = fields.map((f) => f.name);
        const name = id && sluice.graph.resource(id).name;
        if (args.output === "json") {
          const typed = rows.map((row) => row.map((value, i) => typedValue(value, fields[i]!.type)));
          reporter.line(showJson(name, columns, typed));
        } else {
          const width = process.stdout.isTTY ? process.stdout.columns : Infinity;
          for (const line of [`${name ?? "inline"}:`, ...rowLines(columns, rows, width)]) reporter.line(line);
        }
        return ExitCode.ok;
      });
    }),
};

type WithProject = Parameters<Parameters<typeof withProject>[2]>;
type Id = Parameters<WithProject[0]["graph"]["resource"]>[0];

/** The node that is meant; tests come along with their model, and are shown only when named. */
async function theOne(args: Args, sluice: WithProject[0], reporter: WithProject[1]): Promise<Id> {
  const selection = await selectionFor(sluice, args, reporter, [
    "model",
    "seed",
    "snapshot",
    "source",
    "test",
    "analysis",
  ]);
  const withoutTests = [...selection].filter((node) => sluice.graph.resource(node).kind !== "test");
  const [id, ...more] = withoutTests.length > 0 ? withoutTests : selection;
  if (id === undefined) throw new Failure(error("show-nothing", "Nothing that has rows is selected."));
  if (more.length > 0) throw new Failure(error("show-many", `${more.length + 1} nodes are selected; show takes one.`));
  return id;
}

function compile(sluice: WithProject[0], id: Id): Promise<Compiled> {
  const resource = sluice.graph.resource(id);
  if (resource.kind === "source") {
    return sluice.compileInline(`select * from {{ source('${resource.source.source}', '${resource.name}') }}`);
  }
  if (resource.kind === "seed") return sluice.compileInline(`select * from {{ ref('${resource.name}') }}`);
  // The kinds that are left have SQL of their own.
  return sluice.compile(resource as ModelNode, new Set([id]));
}

const NUMBERS = new Set([20, 21, 23, 26, 700, 701, 1700]);
const BOOLEAN = 16;

/** JSON's own types where they hold the value; a number too long for a double stays text. */
function typedValue(text: string | null, type: number): unknown {
  if (text === null) return null;
  if (type === BOOLEAN) return text === "t";
  if (!NUMBERS.has(type)) return text;
  const number = Number(text);
  return Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number)) ? number : text;
}

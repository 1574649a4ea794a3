import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { Compiled, ModelNode, Resource } from "../index.ts";
import { floatText, rowLines, showJson } from "../report/table.ts";
import { type Command, failedOnly, selectionFor, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import { type GlobalArgs, type SelectionArgs, selectionOptions } from "./options.ts";

type Args = GlobalArgs &
  SelectionArgs & { inline?: string; inlineDirect?: string; limit: number; output: "text" | "json" };

export const showCommand: Command = {
  command: "show",
  describe: "Run a model's SQL, or any, and show its first rows",
  builder: {
    ...selectionOptions,
    inline: { type: "string", describe: "SQL to run instead of a model's" },
    "inline-direct": { type: "string", describe: "The same, without its templates being rendered", hidden: true },
    "full-refresh": { type: "boolean", alias: "f", describe: "As a full refresh would compile it", default: false },
    introspect: { type: "boolean", hidden: true },
    limit: { type: "number", default: 5, describe: "Rows to show; -1: all" },
    output: { choices: ["text", "json"], default: "text", describe: "Form of the rows" },
  },
  examples: [
    "sluice show -s customer_summary",
    "sluice show --inline \"select * from {{ ref('inflow_outflow') }}\" --limit 20",
  ],
  run: (args: Args) =>
    withProject(args, "show", async (sluice, reporter) => {
      const { inline, inlineDirect: direct } = args;
      const text = direct ?? inline;
      if (text === undefined && args.select.length === 0 && args.selector === undefined) {
        throw new Failure(error("show-what", "Either --select or --inline must be passed to show."));
      }
      const ids = text === undefined ? await selected(args, sluice, reporter) : [undefined];
      let code: number = ExitCode.ok;
      for (const id of ids) code = Math.max(code, await failedOnly(reporter, () => showOne(id)));
      return code;

      async function showOne(id: Id | undefined): Promise<number> {
        const compiled =
          id !== undefined
            ? await compile(sluice, id)
            : direct
              ? asWritten(direct)
              : await sluice.compileInline(inline!);
        const { fields, rows } = await sluice.show(
          compiled,
          args.limit < 0 ? undefined : args.limit,
          id && sluice.graph.resource(id).at,
        );
        const columns = fields.map((f) => f.name);
        const name = id && nameOf(sluice.graph.resource(id));
        if (args.output === "json") {
          const typed = rows.map((row) => row.map((value, i) => typedValue(value, fields[i]!.type)));
          reporter.line(showJson(name, columns, typed));
        } else {
          const width = process.stdout.isTTY ? process.stdout.columns : Infinity;
          const heading = name === undefined ? "Previewing inline node:" : `Previewing node '${name}':`;
          for (const line of [...(args.quiet ? [] : [heading]), ...rowLines(columns, rows, width)]) reporter.line(line);
        }
        return ExitCode.ok;
      }
    }),
};

const asWritten = (sql: string): Compiled => ({ sql, locate: () => undefined });

type WithProject = Parameters<Parameters<typeof withProject>[2]>;
type Id = Parameters<WithProject[0]["graph"]["resource"]>[0];

/** With its version, as dbt names it there. */
const nameOf = (resource: Resource): string =>
  resource.kind === "model" && resource.version !== undefined
    ? `${resource.name}.v${String(resource.version)}`
    : resource.name;

/** The nodes that are meant; tests come along with their models, and are shown only when named. */
async function selected(args: Args, sluice: WithProject[0], reporter: WithProject[1]): Promise<readonly Id[]> {
  const selection = await selectionFor(sluice, args, reporter, [
    "model",
    "seed",
    "snapshot",
    "source",
    "test",
    "analysis",
  ]);
  const withoutTests = [...selection].filter((node) => sluice.graph.resource(node).kind !== "test");
  const ids = withoutTests.length > 0 ? withoutTests : [...selection];
  if (ids.length === 0) throw new Failure(error("show-nothing", "Nothing that has rows is selected."));
  return ids;
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

const INTEGERS = new Set([20, 21, 23, 26]);
const FRACTIONS = new Set([700, 701, 1700]);
const BOOLEAN = 16;

/** JSON's own types where they hold the value; a number too long for a double stays text. */
function typedValue(text: string | null, type: number): unknown {
  if (text === null) return null;
  if (type === BOOLEAN) return text === "t";
  if (!INTEGERS.has(type) && !FRACTIONS.has(type)) return text;
  const number = Number(text);
  if (FRACTIONS.has(type) && Number.isSafeInteger(number)) return floatText(number);
  return Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number)) ? number : text;
}

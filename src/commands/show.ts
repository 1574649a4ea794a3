import { writeResults } from "../artifacts/run-files.ts";
import type { PlainResult } from "../artifacts/run-results.ts";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { Compiled, ModelNode, Resource } from "../index.ts";
import { NumberText, rowLines, showJson } from "../report/table.ts";
import { type Command, failedOnly, selectionFor, withProject } from "./command.ts";
import { inlined } from "./inline.ts";
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
      const results: PlainResult[] = [];
      let code: number = ExitCode.ok;
      for (const id of ids) code = Math.max(code, await failedOnly(reporter, () => showOne(id)));
      // A query given by hand that fails leaves no results, as in dbt.
      if (args.writeJson !== false && (text === undefined || code === ExitCode.ok)) await writeResults(results, sluice);
      return code;

      async function showOne(id: Id | undefined): Promise<number> {
        const startedAt = new Date();
        const unique = id ?? (`sql_operation.${sluice.project.name}.inline_query` as const);
        try {
          const compiled =
            id === undefined
              ? direct !== undefined
                ? asWritten(direct)
                : await inlined(() => sluice.compileInline(inline!))
              : withHeader(await compile(sluice, id), sluice.graph.resource(id));
          const limit = args.limit < 0 ? undefined : args.limit;
          const shown = await sluice.show(compiled, limit, id && sluice.graph.resource(id).at);
          print(id, shown);
          const { sql } = shown;
          results.push({ id: unique, status: "success", startedAt, finishedAt: new Date(), compiled: sql });
          return ExitCode.ok;
        } catch (thrown) {
          const message = thrown instanceof Failure ? { message: thrown.message } : {};
          results.push({ id: unique, status: "error", startedAt, finishedAt: new Date(), ...message });
          throw thrown;
        }
      }

      function print(id: Id | undefined, { fields, rows }: Shown): void {
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
      }
    }),
};

const asWritten = (sql: string): Compiled => ({ sql, locate: () => undefined });

type Shown = Awaited<ReturnType<WithProject[0]["show"]>>;
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

/** What a model asks to be run before its own SQL: also before the query that shows it. */
function withHeader(compiled: Compiled, resource: Resource): Compiled & { readonly header?: string } {
  const header = "config" in resource ? resource.config.all["sql_header"] : undefined;
  return typeof header === "string" ? { ...compiled, header } : compiled;
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
const FLOATS = new Set([700, 701]);
const BOOLEAN = 16;

/** JSON's own types where they hold the value; a number too long for a double stays text. */
function typedValue(text: string | null, type: number): string | boolean | null | NumberText {
  if (text === null) return null;
  if (type === BOOLEAN) return text === "t";
  if (!NUMBERS.has(type)) return text;
  const number = Number(text);
  if (!Number.isFinite(number) || (Number.isInteger(number) && !Number.isSafeInteger(number))) return text;
  return new NumberText(FLOATS.has(type) && /^-?\d+$/.test(text) ? `${text}.0` : text);
}

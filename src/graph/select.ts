/** Turns the words after `--select` and `--exclude` into a set of nodes. */
import { error, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { NodeId } from "../parse/manifest.ts";
import { evaluate } from "./evaluate.ts";
import { parseWords, type Expression, type IndirectSelection } from "./expression.ts";
import type { Graph } from "./graph.ts";
import type { SelectionContext } from "./methods.ts";

export type Selection = ReadonlySet<NodeId>;

export interface SelectionArgs {
  /** Empty: everything. */
  readonly select: readonly string[];
  readonly exclude: readonly string[];
  /** A named selector of `selectors.yml`; then `select` and `exclude` do not count. */
  readonly selector?: string;
  /** Kinds to keep and to drop in the end. Absent: all kinds stay. */
  readonly resourceTypes?: readonly string[];
  readonly excludeResourceTypes?: readonly string[];
  readonly indirect: IndirectSelection;
}

/**
 * Selects as dbt does. What the words cannot mean (syntax, unknown methods and values) is an error and nothing is
 * selected; a criterion that finds nothing is a warning. The selection stands in the graph's order.
 */
export function select(
  graph: Graph,
  args: SelectionArgs,
  context: SelectionContext,
): { selection: Selection; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  let expression: Expression | undefined;
  if (args.selector === undefined) {
    const included = parseWords(args.select, args.indirect);
    const excluded = parseWords(args.exclude, args.indirect);
    diagnostics.push(...included.diagnostics, ...excluded.diagnostics);
    const first: Expression = args.select.length > 0 ? included.expression : EVERYTHING;
    expression = { op: "difference", parts: [first, excluded.expression] };
  } else {
    expression = context.selectors?.get(args.selector);
    if (!expression) {
      const notes = didYouMean(args.selector, context.selectors?.keys() ?? []);
      diagnostics.push(error("selector-not-found", `No selector is named "${args.selector}".`, undefined, notes));
    }
  }
  if (!expression || diagnostics.length > 0) return { selection: new Set(), diagnostics };

  const found = evaluate(graph, expression, args.indirect, context);
  if (found.diagnostics.some((d) => d.severity === "error")) {
    return { selection: new Set(), diagnostics: found.diagnostics };
  }
  const isKept = (id: NodeId) => {
    const { kind } = graph.resource(id);
    return (args.resourceTypes?.includes(kind) ?? true) && !args.excludeResourceTypes?.includes(kind);
  };
  const selection = new Set(graph.order.filter((id) => found.selected.has(id) && isKept(id)));
  return { selection, diagnostics: found.diagnostics };
}

const EVERYTHING: Expression = {
  op: "union",
  parts: ["fqn", "source"].map((method) => {
    return { op: "criterion", raw: `${method}:*`, method, args: [], value: "*", childrensParents: false };
  }),
};

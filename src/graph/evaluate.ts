/** Evaluates a selection expression over the graph, tests that come along included. */
import { error, warning, type Diagnostic } from "../diagnostics/diagnostic.ts";
import type { NodeId } from "../parse/manifest.ts";
import type { Combination, Criterion, Expression, IndirectSelection } from "./expression.ts";
import { reach, type Graph } from "./graph.ts";
import { methods, type SelectionContext } from "./methods.ts";
import { explainNoMatch } from "./no-match.ts";

/**
 * `chosen`: selected. `possible`: tests that read something chosen, but also something that this part of the expression
 * did not choose; they are in once the other parts have.
 */
interface Found {
  readonly chosen: ReadonlySet<NodeId>;
  readonly possible: ReadonlySet<NodeId>;
}

const NONE: Found = { chosen: new Set(), possible: new Set() };

export function evaluate(
  graph: Graph,
  expression: Expression,
  indirect: IndirectSelection,
  context: SelectionContext,
): { selected: ReadonlySet<NodeId>; diagnostics: Diagnostic[] } {
  const evaluation = new Evaluation(graph, indirect, context);
  const { chosen } = evaluation.find(expression);
  return { selected: chosen, diagnostics: evaluation.diagnostics };
}

class Evaluation {
  readonly diagnostics: Diagnostic[] = [];
  readonly #graph: Graph;
  readonly #indirect: IndirectSelection;
  readonly #context: SelectionContext;
  #errors = 0;
  /** Named selectors being evaluated, outermost first. */
  readonly #open: string[] = [];

  constructor(graph: Graph, indirect: IndirectSelection, context: SelectionContext) {
    this.#graph = graph;
    this.#indirect = indirect;
    this.#context = context;
  }

  find(expression: Expression): Found {
    return expression.op === "criterion" ? this.#criterion(expression) : this.#combination(expression);
  }

  #criterion(criterion: Criterion): Found {
    const graph = this.#graph;
    const matcher = methods[criterion.method]!.matcher({
      value: criterion.value,
      args: criterion.args,
      graph,
      context: this.#context,
      named: (name) => this.#named(name),
    });
    if (typeof matcher !== "function") {
      const message = `Cannot select "${criterion.raw}": ${matcher.problem}`;
      this.diagnostics.push(error("selection-value", message, undefined, matcher.notes));
      this.#errors++;
      return NONE;
    }
    const matched = graph.order.filter((id) => matcher(graph.resource(id)));
    const selected = withRelatives(graph, criterion, matched);
    // A named selector has decided about its tests already; excluded ones must not come back.
    if (criterion.method === "selector") return { chosen: selected, possible: new Set() };
    return withTests(graph, selected, criterion.indirect ?? this.#indirect);
  }

  #combination(combination: Combination): Found {
    const errors = this.#errors;
    const parts = combination.parts.map((part) => this.find(part));
    const chosen = combine(
      combination.op,
      parts.map((part) => part.chosen),
    );
    const possible = combine(
      combination.op,
      parts.map((part) => new Set([...part.chosen, ...part.possible])),
    );
    const all = new Set([...chosen, ...justified(this.#graph, chosen, possible, combination.indirect)]);
    // Whoever has just been told what is wrong knows why nothing was found.
    if (all.size === 0 && combination.raw !== undefined && this.#errors === errors) {
      const notes = explainNoMatch(this.#graph, combination);
      const message = `The selection criterion "${combination.raw}" matches nothing.`;
      this.diagnostics.push(warning("selection-no-match", message, undefined, notes));
    }
    return { chosen: all, possible };
  }

  #named(name: string): ReadonlySet<NodeId> | undefined {
    const expression = this.#context.selectors?.get(name);
    if (!expression || this.#open.includes(name)) return undefined;
    this.#open.push(name);
    const { chosen } = this.find(expression);
    this.#open.pop();
    return chosen;
  }
}

function withRelatives(graph: Graph, criterion: Criterion, matched: readonly NodeId[]): Set<NodeId> {
  const selected = new Set(matched);
  const add = (ids: Iterable<NodeId>) => {
    for (const id of ids) selected.add(id);
  };
  if (criterion.childrensParents) {
    add(reach(matched, graph.children));
    add(reach(selected, graph.parents));
  }
  if (criterion.parents !== undefined) add(reach(matched, graph.parents, criterion.parents));
  if (criterion.children !== undefined) add(reach(matched, graph.children, criterion.children));
  return selected;
}

/** Adds the tests that come along with the selected nodes, or keeps them as possible. */
function withTests(graph: Graph, selected: ReadonlySet<NodeId>, indirect: IndirectSelection): Found {
  if (indirect === "empty") return { chosen: selected, possible: new Set() };
  const chosen = new Set(selected);
  const possible = new Set<NodeId>();
  const present = indirect === "buildable" ? withAncestors(graph, selected, graph.manifest.sources.keys()) : selected;
  for (const id of selected) {
    for (const child of graph.children(id)) {
      if (!isTest(graph, child)) continue;
      const comesAlong = indirect === "eager" || graph.parents(child).every((parent) => present.has(parent));
      (comesAlong ? chosen : possible).add(child);
    }
  }
  return { chosen, possible };
}

/** Which of the possible tests read only what is chosen by now. */
function justified(
  graph: Graph,
  chosen: ReadonlySet<NodeId>,
  possible: ReadonlySet<NodeId>,
  indirect: IndirectSelection | undefined,
): NodeId[] {
  if (indirect !== "cautious" && indirect !== "buildable") return [];
  const waiting = [...possible].filter((id) => !chosen.has(id));
  if (waiting.length === 0) return [];
  const present = indirect === "buildable" ? withAncestors(graph, chosen) : chosen;
  return waiting.filter((id) => isTest(graph, id) && graph.parents(id).every((parent) => present.has(parent)));
}

function withAncestors(graph: Graph, ids: ReadonlySet<NodeId>, others: Iterable<NodeId> = []): Set<NodeId> {
  return new Set([...ids, ...reach(ids, graph.parents), ...others]);
}

function isTest(graph: Graph, id: NodeId): boolean {
  const { kind } = graph.resource(id);
  return kind === "test" || kind === "unit_test";
}

function combine(op: Combination["op"], [first, ...others]: readonly ReadonlySet<NodeId>[]): Set<NodeId> {
  const result = new Set(first);
  for (const other of others) {
    if (op === "union") for (const id of other) result.add(id);
    else for (const id of result) if (other.has(id) !== (op === "intersection")) result.delete(id);
  }
  return result;
}

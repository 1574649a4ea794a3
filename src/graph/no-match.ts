/** Says why a criterion found nothing: a misspelling, the wrong method, or a node that is switched off. */
import { place } from "../diagnostics/format.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { Note } from "../diagnostics/diagnostic.ts";
import type { Combination, Criterion, Expression } from "./expression.ts";
import type { Graph } from "./graph.ts";
import { methods } from "./methods.ts";

/** Methods that a bare word may have been meant for. */
const OTHER_METHODS = ["tag", "source", "group", "package", "exposure"];

/** Notes for a combination that is empty; one or more for every criterion that has a likely explanation. */
export function explainNoMatch(graph: Graph, combination: Combination): Note[] {
  const notes = combination.parts.flatMap((part) => explain(graph, part));
  if (notes.length > 0 || combination.parts.length < 2) return notes;
  return [{ message: "each part may match something, but nothing matches all of them" }];
}

function explain(graph: Graph, expression: Expression): Note[] {
  if (expression.op !== "criterion") return expression.parts.flatMap((part) => explain(graph, part));
  const { method, value } = expression;
  if (value === "") return [{ message: 'nothing is named there; write "+name" and "a,b" without spaces' }];
  const values = [...(methods[method]!.values?.(graph) ?? [])];
  if (values.includes(value)) return [];
  const notes: Note[] = method === "fqn" ? [...disabled(graph, expression), ...meantOtherwise(graph, expression)] : [];
  if (notes.length > 0) return notes;
  // As it would be typed: with the method, where one was.
  const before = method === "fqn" || method === "path" ? "" : `${method}:`;
  return didYouMean(value, values, before).map((message) => ({ message }));
}

function disabled(graph: Graph, { value }: Criterion): Note[] {
  return [...graph.manifest.disabled.values()]
    .filter((resource) => resource.name === value)
    .map((resource) => ({ message: `"${value}" is disabled (${place(resource.at)})`, at: resource.at }));
}

function meantOtherwise(graph: Graph, { value }: Criterion): Note[] {
  return OTHER_METHODS.filter((method) => [...(methods[method]!.values?.(graph) ?? [])].includes(value)).map(
    (method) => ({
      message: `"${value}" is a ${method}: did you mean "${method}:${value}"?`,
    }),
  );
}

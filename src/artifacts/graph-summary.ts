/** `target/graph_summary.json`: the graph in few words, nodes by number, for those who look at its shape. */
import type { Graph } from "../graph/graph.ts";
import { findGates } from "../graph/test-gates.ts";
import type { NodeId } from "../parse/manifest.ts";

interface Entry {
  readonly name: string;
  readonly type: string;
  /** Numbers of those that come after it; absent where none do. */
  readonly succ?: readonly number[];
}

export interface GraphSummary {
  readonly _invocation_id: string;
  readonly linked: Readonly<Record<string, Entry>>;
  /** Of `build`: with what waits for tests. */
  readonly with_test_edges?: Readonly<Record<string, Entry>>;
}

export const GRAPH_SUMMARY_FILE = "graph_summary.json";

/** Edges to what waits for a test are those to the first that do, as dbt has them with `--use-fast-test-edges`. */
export function graphSummary(graph: Graph, invocationId: string, testsGate: boolean): GraphSummary {
  const hooks = [...graph.manifest.onRunStart, ...graph.manifest.onRunEnd];
  const numbers = new Map(graph.order.map((id, number) => [id, number]));
  const summary = (more: ReadonlyMap<NodeId, readonly NodeId[]>): Record<string, Entry> => {
    const entries: [string, Entry][] = [...numbers].map(([id, number]) => {
      const after = [...new Set([...graph.children(id), ...(more.get(id) ?? [])])].map((child) => numbers.get(child)!);
      const succ = after.toSorted((a, b) => a - b);
      return [String(number), { name: id, type: graph.resource(id).kind, ...(succ.length > 0 && { succ }) }];
    });
    for (const [i, { id }] of hooks.entries())
      entries.push([String(numbers.size + i), { name: id, type: "operation" }]);
    return Object.fromEntries(entries);
  };
  return {
    _invocation_id: invocationId,
    linked: summary(new Map()),
    ...(testsGate && { with_test_edges: summary(waitingForTests(graph)) }),
  };
}

function waitingForTests(graph: Graph): Map<NodeId, NodeId[]> {
  const waiting = new Map<NodeId, NodeId[]>();
  for (const [node, tests] of findGates(graph, new Set(graph.order)).data) {
    for (const test of tests) waiting.set(test, [...(waiting.get(test) ?? []), node]);
  }
  return waiting;
}

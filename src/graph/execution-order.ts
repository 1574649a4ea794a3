/** Who waits for whom when a selection is run. */
import type { Resource, NodeId } from "../parse/manifest.ts";
import type { Graph } from "./graph.ts";
import { orderByLevel } from "./order.ts";
import type { Selection } from "./select.ts";
import { findGates } from "./test-gates.ts";

/**
 * For each selected node, the selected nodes that must be done (and, being tests, passed) before it may start. Waiting
 * passes through nodes that are not selected and through ephemeral ones, which take no time of their own; ephemeral nodes
 * have an entry but nobody waits for them. Keys stand in an order in which they can be run one after another.
 *
 * With `testsGate` (the verb `build`) a node also waits for the selected tests on its ancestors, and a model for its
 * selected unit tests, which themselves wait for what the model waits for.
 */
export function executionOrder(
  graph: Graph,
  selection: Selection,
  options: { testsGate: boolean },
): Map<NodeId, NodeId[]> {
  const isWaitedFor = (id: NodeId) => selection.has(id) && !isEphemeral(graph.resource(id));
  const gates = options.testsGate ? findGates(graph, selection) : undefined;

  /** What a child of the node must wait for on the node's account. */
  const passedOn = new Map<NodeId, ReadonlySet<NodeId>>();
  const waits = new Map<NodeId, Set<NodeId>>();
  for (const id of graph.order) {
    const resource = graph.resource(id);
    if (resource.kind === "unit_test") continue;
    const before = new Set<NodeId>();
    for (const parent of graph.parents(id)) {
      for (const other of passedOn.get(parent) ?? []) before.add(other);
    }
    for (const test of gates?.data.get(id) ?? []) before.add(test);
    const unitTests = gates?.unit.get(id) ?? [];
    for (const test of unitTests) waits.set(test, new Set(before));
    if (selection.has(id)) for (const test of unitTests) before.add(test);
    if (selection.has(id)) waits.set(id, before);
    passedOn.set(id, isWaitedFor(id) ? new Set([id]) : before);
  }
  if (!gates) addUnitTests(graph, selection, waits, passedOn);

  const { order, stuck } = orderByLevel(waits.keys(), (id) => waits.get(id)!);
  if (stuck.length > 0) throw new Error(`Internal error: ${stuck.join(", ")} wait for one another`);
  return new Map(order.map((id) => [id, [...waits.get(id)!].toSorted()]));
}

/** Without gates a unit test is a node like any other: after its model, if that is built in the same run. */
function addUnitTests(
  graph: Graph,
  selection: Selection,
  waits: Map<NodeId, Set<NodeId>>,
  passedOn: ReadonlyMap<NodeId, ReadonlySet<NodeId>>,
): void {
  for (const id of selection) {
    const resource = graph.resource(id);
    if (resource.kind === "unit_test") waits.set(id, new Set(passedOn.get(resource.model)));
  }
}

const isEphemeral = (resource: Resource): boolean =>
  resource.kind === "model" && resource.config.materialized === "ephemeral";

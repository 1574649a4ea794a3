import { expect, test } from "vitest";
import { buildGraph, type Graph } from "../graph/graph.ts";
import { id, sketch } from "../graph/testing/manifest.ts";
import type { RelationInfo } from "../postgres/catalog.ts";
import { makePlan, type PlanOptions } from "./make-plan.ts";
import { relationOf } from "./relations.ts";
import { relationKey, type World } from "./plan.ts";

const OPTIONS: PlanOptions = {
  id: "run-1",
  command: "build",
  fullRefresh: false,
  testsGate: true,
  publish: false,
  force: false,
};
const NOTHING: World = { relations: new Map(), functions: new Set(), loads: new Map(), held: new Map() };

function graphOf(...args: Parameters<typeof sketch>): Graph {
  const { graph } = buildGraph(sketch(...args));
  if (!graph) throw new Error("the sketch has a cycle");
  return graph;
}

/** A database that holds these nodes as relations of these kinds. */
function holding(graph: Graph, kinds: Record<string, RelationInfo["kind"]>): World {
  const relations = Object.entries(kinds).map(([word, kind]): [string, RelationInfo] => {
    const { schema, identifier: name } = relationOf(graph.resource(id(word)));
    return [relationKey({ schema, identifier: name }), { oid: 1, schema, name, kind, owner: "me" }];
  });
  return { relations: new Map(relations), functions: new Set(), loads: new Map(), held: new Map() };
}

const plan = (graph: Graph, world = NOTHING, options: Partial<PlanOptions> = {}) =>
  makePlan(graph, new Set(graph.order), world, { ...OPTIONS, ...options });

/** `a: new` for each step. */
const reasons = (...args: Parameters<typeof plan>): string[] =>
  plan(...args).steps.map((step) => `${args[0].resource(step.node).name}: ${step.reason.code}`);

const TABLE = { config: { materialized: "table" } };
const INCREMENTAL = { config: { materialized: "incremental" } };
const EPHEMERAL = { config: { materialized: "ephemeral" } };

test("each step says why it runs, from what the database holds", () => {
  const graph = graphOf(["a -> b -> c -> i"], { b: TABLE, c: TABLE, i: INCREMENTAL });
  expect(reasons(graph)).toEqual(["a: new", "b: new", "c: new", "i: new"]);
  const world = holding(graph, { a: "view", b: "view", c: "table", i: "table" });
  expect(reasons(graph, world)).toEqual(["a: replace", "b: kind-changed", "c: replace", "i: increment"]);
  expect(reasons(graph, world, { fullRefresh: true }).at(-1)).toBe("i: full-refresh");
});

test("in a build tests stand between a node and what reads it; otherwise they stop nothing", () => {
  const graph = graphOf(["a -> b", "a -> test:t"]);
  const waits = (testsGate: boolean) =>
    plan(graph, NOTHING, { testsGate }).steps.find((s) => s.node === id("b"))!.after;
  expect(waits(true)).toContain(id("test:t"));
  expect(waits(false)).toEqual([id("a")]);
});

test("ephemeral models have nothing to run, and what reads them waits for what they read", () => {
  const graph = graphOf(["a -> e -> b"], { e: EPHEMERAL });
  const steps = new Map(plan(graph).steps.map((s) => [s.node, s]));
  expect(steps.get(id("e"))!.action).toBe("none");
  expect(steps.get(id("b"))!.after).toContain(id("a"));
});

test("steps wait only for steps of the same plan", () => {
  const graph = graphOf(["a -> b -> c"]);
  const { steps } = makePlan(graph, new Set([id("c")]), NOTHING, OPTIONS);
  expect(steps.map((s) => [s.node, s.after])).toEqual([[id("c"), []]]);
});

test("schemas are those that are written to", () => {
  const graph = graphOf(["source:raw.orders -> a", "a -> test:t"]);
  const written = relationOf(graph.resource(id("a")));
  expect(plan(graph).schemas).toEqual([written.schema]);
  expect([...plan(graph).rebuilt]).toEqual([relationKey(written)]);
});

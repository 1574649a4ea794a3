import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { NodeId } from "../parse/manifest.ts";
import { executionOrder } from "./execution-order.ts";
import { buildGraph, reach, type Graph } from "./graph.ts";
import { select, type Selection } from "./select.ts";
import { ids, sketch } from "./testing/manifest.ts";
import { context, dbt, orders, parseArgs, recordedGraph } from "./testing/recorded.ts";

/** `{ b: "a test:t" }`: what each selected word waits for. */
function order(lines: string[], selected?: string, testsGate = true, materialized: Record<string, string> = {}) {
  const details = Object.fromEntries(
    Object.entries(materialized).map(([w, m]) => [w, { config: { materialized: m } }]),
  );
  const graph = buildGraph(sketch(lines, details)).graph!;
  const selection = new Set(selected === undefined ? graph.order : ids(selected));
  return short(executionOrder(graph, selection, { testsGate }));
}

const word = (full: NodeId): string => full.replace(/^model\.shop\./, "").replace(".shop.", ":");

function short(waits: ReadonlyMap<NodeId, readonly NodeId[]>): Record<string, string> {
  return Object.fromEntries([...waits].map(([key, list]) => [word(key), list.map(word).join(" ")]));
}

describe("dependencies among the selected", () => {
  test("nodes wait for their parents", () => {
    expect(order(["source:raw.x -> a -> b c -> d"])).toEqual({
      "source:raw.x": "",
      a: "source:raw.x",
      b: "a",
      c: "a",
      d: "b c",
    });
  });

  test("waiting passes through what is not selected", () => {
    expect(order(["a -> b -> c -> d", "x -> c"], "a x d")).toEqual({ a: "", x: "", d: "a x" });
  });

  test("waiting passes through ephemeral models, selected or not", () => {
    const lines = ["a -> e -> b"];
    expect(order(lines, "a e b", true, { e: "ephemeral" })).toEqual({ a: "", b: "a", e: "a" });
    expect(order(lines, "a b", true, { e: "ephemeral" })).toEqual({ a: "", b: "a" });
  });

  test("the keys stand in an order in which everything can be run", () => {
    const result = order(["z -> a -> m", "z -> test:t", "a -> unit_test:u"]);
    expect(Object.keys(result)).toEqual(["z", "test:t", "unit_test:u", "a", "m"]);
  });
});

describe("tests as gates", () => {
  test("a model waits for the tests of its parents, and through them for those of its ancestors", () => {
    expect(order(["a -> b -> c", "a -> test:t"])).toEqual({ a: "", "test:t": "a", b: "a test:t", c: "b" });
  });

  test("tests do not gate unless asked to", () => {
    expect(order(["a -> b", "a -> test:t"], undefined, false)).toEqual({ a: "", "test:t": "a", b: "a" });
  });

  test("tests of sources and seeds gate too", () => {
    const result = order(["source:raw.x seed:s -> a", "source:raw.x -> test:t", "seed:s -> test:u"]);
    expect(result.a).toBe("seed:s source:raw.x test:t test:u");
  });

  test("only selected tests gate", () => {
    expect(order(["a -> b", "a -> test:t"], "a b")).toEqual({ a: "", b: "a" });
  });

  test("a selected test gates although what it tests is not built", () => {
    expect(order(["a -> b", "a -> test:t"], "b test:t")).toEqual({ b: "test:t", "test:t": "" });
  });

  test("a gate on a model that is not selected holds back what lies behind it", () => {
    expect(order(["a -> b -> c", "a -> test:t"], "a c test:t").c).toBe("a test:t");
  });

  test("tests of an ephemeral model hold back those who read it", () => {
    const result = order(["a -> e -> b", "e -> test:t"], undefined, true, { e: "ephemeral" });
    expect(result).toEqual({ a: "", e: "a", "test:t": "a", b: "a test:t" });
  });

  test("a test of two models gates only what descends from both", () => {
    const result = order(["a -> x", "b -> y", "x y -> z", "a b -> test:both"]);
    expect(result).toEqual({ a: "", b: "", "test:both": "a b", x: "a", y: "b", z: "x y test:both" });
  });

  test("a test of a model and its own descendant makes no circle", () => {
    const result = order(["a -> b -> c", "a b -> test:t"]);
    expect(result).toEqual({ a: "", b: "a", "test:t": "a b", c: "b test:t" });
  });

  test("tests wait for one another only where what they test does", () => {
    expect(order(["a -> b", "a -> test:t", "b -> test:u"])["test:u"]).toBe("b");
  });

  test("a test that reads nothing gates nothing", () => {
    expect(order(["a -> b", "test:t"])).toEqual({ a: "", "test:t": "", b: "a" });
  });

  test("exposures and tests are not held back", () => {
    expect(order(["a -> exposure:e", "a -> test:t"])["exposure:e"]).toBe("a");
  });
});

describe("unit tests", () => {
  test("run before their model, once what it reads has passed its own tests", () => {
    const result = order(["a -> m -> n", "a -> test:t", "m -> unit_test:u"]);
    expect(result).toEqual({ a: "", "test:t": "a", "unit_test:u": "a test:t", m: "a test:t unit_test:u", n: "m" });
  });

  test("run alone when their model is not selected, and then hold nothing back", () => {
    expect(order(["a -> m -> n", "m -> unit_test:u"], "a n unit_test:u")).toEqual({
      a: "",
      n: "a",
      "unit_test:u": "a",
    });
  });

  test("of an ephemeral model hold back those who read it", () => {
    const result = order(["e -> b", "e -> unit_test:u"], undefined, true, { e: "ephemeral" });
    expect(result).toEqual({ "unit_test:u": "", b: "unit_test:u", e: "unit_test:u" });
  });

  test("follow their model where tests do not gate", () => {
    expect(order(["m", "m -> unit_test:u"], undefined, false)).toEqual({ m: "", "unit_test:u": "m" });
  });
});

/** Everything each node waits for, directly or not. */
function closed(waits: ReadonlyMap<NodeId, readonly NodeId[]>): Record<string, string[]> {
  const next = (node: NodeId) => waits.get(node) ?? [];
  return Object.fromEntries([...waits.keys()].toSorted().map((key) => [key, [...reach([key], next)].toSorted()]));
}

describe(`the same order as dbt ${dbt} builds in`, () => {
  const graph = recordedGraph();
  for (const { args, waits } of orders) {
    test(args, () => {
      const { selection } = select(graph, parseArgs(args), context);
      const withoutUnitTests = new Set([...selection].filter((node) => graph.resource(node).kind !== "unit_test"));
      expect(closed(executionOrder(graph, withoutUnitTests, { testsGate: true }))).toEqual(waits);
    });
  }
});

test("for any project and selection, what is waited for is exactly what is reachable through nodes and gates", () => {
  const project = fc.record({
    parents: fc.array(fc.array(fc.nat(11), { maxLength: 3 }), { minLength: 1, maxLength: 12 }),
    tests: fc.array(fc.array(fc.nat(11), { minLength: 1, maxLength: 3 }), { maxLength: 6 }),
    dropped: fc.array(fc.nat(20), { maxLength: 10 }),
  });
  fc.assert(
    fc.property(project, ({ parents, tests, dropped }) => {
      const size = parents.length;
      const models = parents.map(
        (list, i) =>
          `${list
            .filter((p) => p < i)
            .map((p) => `m${p}`)
            .join(" ")} -> m${i}`,
      );
      const checks = tests.map((list, i) => `${[...new Set(list)].map((p) => `m${p % size}`).join(" ")} -> test:t${i}`);
      const lines = [...models, ...checks].map((line) => line.replace(/^ -> /, ""));
      const graph = buildGraph(sketch(lines)).graph!;
      const selection = new Set(graph.order.filter((_, i) => !dropped.includes(i)));
      expect(closed(executionOrder(graph, selection, { testsGate: true }))).toEqual(reachable(graph, selection));
    }),
    { numRuns: 300 },
  );
});

/** The rule word for word: every test before every model that descends from all it reads. */
function reachable(graph: Graph, selection: Selection): Record<string, string[]> {
  const tests = [...selection].filter((node) => graph.resource(node).kind === "test");
  const before = (node: NodeId): NodeId[] => {
    if (graph.resource(node).kind === "test") return [...graph.parents(node)];
    const above = graph.ancestors(node);
    return [...graph.parents(node), ...tests.filter((t) => graph.parents(t).every((parent) => above.has(parent)))];
  };
  const answer = (node: NodeId) => [...reach([node], before)].filter((other) => selection.has(other)).toSorted();
  return Object.fromEntries([...selection].toSorted().map((node) => [node, answer(node)]));
}

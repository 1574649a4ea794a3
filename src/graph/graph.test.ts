import { describe, expect, test } from "vitest";
import { formatDiagnostic } from "../diagnostics/format.ts";
import { buildGraph, type Graph } from "./graph.ts";
import { id, ids, sketch } from "./testing/manifest.ts";

const graphOf = (...lines: string[]): Graph => buildGraph(sketch(lines)).graph!;
const cyclesOf = (...lines: string[]) => buildGraph(sketch(lines)).diagnostics;
const paths = (...lines: string[]) => cyclesOf(...lines).map((d) => d.message.split(": ").at(-1));

describe("walking the graph", () => {
  const graph = graphOf("source:raw.x -> a -> b c", "b c -> d -> exposure:board", "c -> test:t", "d -> unit_test:u");

  test("parents and children are the direct ones, sorted", () => {
    expect(graph.parents(id("d"))).toEqual(ids("b c"));
    expect(graph.children(id("c"))).toEqual(ids("d test:t"));
    expect(graph.parents(id("a"))).toEqual(ids("source:raw.x"));
  });

  test("ancestors and descendants stop at the depth asked for", () => {
    expect([...graph.ancestors(id("d"))].toSorted()).toEqual(ids("a b c source:raw.x"));
    expect([...graph.ancestors(id("d"), 1)].toSorted()).toEqual(ids("b c"));
    expect([...graph.ancestors(id("d"), 0)]).toEqual([]);
    expect([...graph.descendants(id("a"), 2)].toSorted()).toEqual(ids("b c d test:t"));
  });

  test("a unit test's parent is its model, whatever its inputs are", () => {
    expect(graph.parents(id("unit_test:u"))).toEqual(ids("d"));
  });

  test("asking about an unknown id is a bug, not an empty answer", () => {
    expect(graph.has(id("nope"))).toBe(false);
    expect(() => graph.parents(id("nope"))).toThrow("model.shop.nope is not in the graph");
    expect(() => graph.resource(id("nope"))).toThrow("model.shop.nope is not in the graph");
  });

  test("dependencies on what is disabled or missing are left out", () => {
    const manifest = sketch(["a -> b"], { b: { parents: [id("a"), id("gone")] } });
    expect(buildGraph(manifest).graph!.parents(id("b"))).toEqual(ids("a"));
  });
});

describe("order", () => {
  test("goes level by level, by id within a level, however the manifest was put together", () => {
    const expected = ids("a z seed:s b y c");
    expect(graphOf("z -> b -> c", "a -> y -> c", "seed:s -> c").order).toEqual(expected);
    expect(graphOf("seed:s b y -> c", "a -> y", "z -> b").order).toEqual(expected);
  });

  test("copes with a chain of 20,000 nodes within seconds", () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `n${i}`);
    const manifest = sketch([names.join(" -> ")]);
    const start = performance.now();
    const { graph } = buildGraph(manifest);
    expect(graph!.order).toHaveLength(20_000);
    expect(graph!.order.at(-1)).toBe(id("n19999"));
    expect(graph!.ancestors(id("n19999")).size).toBe(19_999);
    expect(graph!.descendants(id("n0")).size).toBe(19_999);
    // A tenth of that on an idle machine; with work that grows by the square it would be minutes.
    expect(performance.now() - start).toBeLessThan(8000);
  });
});

describe("cycles", () => {
  test("are told with their path, and there is no graph then", () => {
    const { graph, diagnostics } = buildGraph(sketch(["c -> b -> a -> c", "c -> d"]));
    expect(graph).toBeUndefined();
    expect(diagnostics.map((d) => [d.code, d.severity, d.message])).toEqual([
      ["cycle", "error", "Found a cycle: 3 nodes read one another: a → b → c → a."],
    ]);
  });

  test("show where each ref is written", () => {
    const [cycle] = cyclesOf("a -> b -> a", "x -> b");
    expect(formatDiagnostic(cycle!)).toContain("models/a.sql:2:6");
    const places = cycle!.notes.map((note) => note.at && note.at.file.text.slice(note.at.start, note.at.end));
    expect(places).toEqual(["ref('b')", "ref('a')", undefined]);
    expect(cycle!.notes[0]!.message).toBe('"a" reads "b" here');
  });

  test("point at the declaration where a macro makes the ref", () => {
    const [cycle] = buildGraph(sketch(["a -> a"], { a: { text: "{{ read_me() }}" } })).diagnostics;
    expect(cycle!.at).toMatchObject({ file: { path: "models/a.sql" }, start: 0 });
  });

  test("a node that reads itself", () => {
    expect(cyclesOf("a -> a -> b").map((d) => d.message)).toEqual(['Found a cycle: "a" reads itself: a → a.']);
  });

  test("two separate ones are both told", () => {
    expect(paths("a -> b -> a", "c -> d -> c", "b -> c")).toEqual(["a → b → a.", "c → d → c."]);
  });

  test("two that meet in one node are both told", () => {
    expect(paths("a -> b -> a", "a -> c -> a")).toEqual(["a → b → a.", "a → c → a."]);
  });

  test("of two that share a ref the shorter is told", () => {
    expect(paths("a -> b -> a", "b -> c -> d -> a")).toEqual(["a → b → a."]);
    expect(paths("a -> b -> a", "a -> c -> b")).toEqual(["a → b → a."]);
  });

  test("a circle of 12,000 nodes does not exhaust the stack", () => {
    const names = Array.from({ length: 12_000 }, (_, i) => `n${i}`);
    expect(cyclesOf([...names, "n0"].join(" -> "))).toHaveLength(1);
  });
});

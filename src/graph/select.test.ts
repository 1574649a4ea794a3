import { describe, expect, test } from "vitest";
import type { NodeId } from "../parse/manifest.ts";
import { parseWords, type Expression } from "./expression.ts";
import { buildGraph, type Graph } from "./graph.ts";
import type { SelectionContext } from "./methods.ts";
import { select, type SelectionArgs } from "./select.ts";
import { id, ids, manifestOf, sketch } from "./testing/manifest.ts";

const graph = buildGraph(
  sketch(["source:raw.orders -> stg_orders -> orders -> report", "stg_customers -> orders", "orders -> test:t"], {
    orders: { tags: ["nightly"], config: { group: "finance", severity: "warn", lookback: 3, labels: ["a", true] } },
    report: { tags: ["weekly"], version: 2, fqn: ["shop", "report", "v2"] },
  }),
).graph!;

function run(text: string, more: Partial<SelectionArgs> = {}, context: Partial<SelectionContext> = {}, on = graph) {
  const args = { select: [text], exclude: [], indirect: "empty" as const, ...more };
  const { selection, diagnostics } = select(on, args, { projectName: "shop", ...context });
  return {
    selected: [...selection],
    diagnostics,
    told: diagnostics.flatMap((d) => [`${d.severity}: ${d.message}`, ...d.notes.map((note) => note.message)]),
  };
}

const words = (text: string): Expression => parseWords([text], "eager").expression;

describe("the result", () => {
  test("stands in the graph's order", () => {
    expect(run("report stg_customers orders").selected).toEqual(ids("stg_customers orders report"));
  });

  test("without words is everything, and without warnings in an empty project", () => {
    expect(run("", { select: [] }).selected).toEqual(graph.order);
    const empty: Graph = buildGraph(manifestOf([])).graph!;
    expect(run("", { select: [] }, {}, empty)).toEqual({ selected: [], diagnostics: [], told: [] });
  });

  test("words may come in one argument or in several", () => {
    expect(run("", { select: ["report", "orders stg_orders"] }).selected).toEqual(ids("stg_orders orders report"));
  });
});

describe("what a user gets wrong", () => {
  test("all mistakes are told at once, and nothing is selected", () => {
    const { selected, diagnostics } = run("orders tgg:x @orders+", { exclude: ["nope:y"] });
    expect(selected).toEqual([]);
    expect(diagnostics.map((d) => [d.severity, d.code])).toEqual([
      ["error", "selection-method-unknown"],
      ["error", "selection-syntax"],
      ["error", "selection-method-unknown"],
    ]);
  });

  test("a misspelt method suggests the nearest", () => {
    expect(run("tagg:x").told).toEqual(['error: "tagg" in "tagg:x" is not a selection method.', 'did you mean "tag"?']);
  });

  for (const [words, note] of [
    ["ordrs", 'did you mean "orders"?'],
    ["tag:nigtly", 'did you mean "tag:nightly"?'],
    ["source:rw", 'did you mean "source:raw"?'],
    ["modls/", 'did you mean "models"?'],
    ["group:finanse", 'did you mean "group:finance"?'],
    ["nightly", '"nightly" is a tag: did you mean "tag:nightly"?'],
    ["raw.orders", '"raw.orders" is a source: did you mean "source:raw.orders"?'],
    ["stg_orders,tag:weekly", "each part may match something, but nothing matches all of them"],
    ["+ orders", 'nothing is named there; write "+name" and "a,b" without spaces'],
  ] as const) {
    test(`"${words}" is warned of with what was perhaps meant`, () => {
      const { told } = run(words);
      expect(told[0]).toMatch(/^warning: The selection criterion ".*" matches nothing\.$/);
      expect(told).toContain(note);
    });
  }

  test("a disabled node is named as such", () => {
    const described = { id: "model.shop.old", kind: "model", name: "old", package: "shop", fqn: ["shop", "old"] };
    const off = manifestOf([], [{ ...described, tags: [], file: "models/old.sql", config: {} }]);
    expect(run("old", {}, {}, buildGraph(off).graph!).told[1]).toBe('"old" is disabled (models/old.sql:1:1)');
  });

  test("values that cannot be are errors with what is allowed", () => {
    expect(run("version:lates").told).toEqual([
      'error: Cannot select "version:lates": "lates" is not a kind of version.',
      'did you mean "latest"?',
    ]);
    expect(run("source:a.b.c.d").told[1]).toBe("expected source or source.table or package.source.table");
    expect(run("config:view").told[0]).toContain("does not say which configuration");
  });
});

describe("methods that need more than the project", () => {
  test("say what they need when it is not there", () => {
    expect(run("state:modified").told[0]).toContain("not supported without the artifacts of another run");
    expect(run("result:error").told[0]).toContain("not supported without the results of an earlier run");
    expect(run("source_status:fresher+").told[0]).toContain("not supported without an earlier freshness check");
  });

  test("use it when it is", () => {
    const state = {
      kinds: ["new", "modified"],
      is: (node: NodeId, what: string) => what === "modified" && node === id("orders"),
    };
    expect(run("state:modified+", {}, { state }).selected).toEqual(ids("orders report test:t"));
    expect(run("result:error", {}, { results: new Map([[id("report"), "error"]]) }).selected).toEqual(ids("report"));
    const fresherSources = new Set(ids("source:raw.orders"));
    expect(run("source_status:fresher+1", {}, { fresherSources }).selected).toEqual(
      ids("source:raw.orders stg_orders"),
    );
  });
});

describe("named selectors", () => {
  const selectors = new Map<string, Expression>([
    ["mine", { op: "difference", parts: [words("orders"), words("test_type:data")] }],
    ["more", words("selector:mine+ stg_customers")],
    ["loop", words("selector:loop")],
    ["careful", { op: "criterion", raw: "orders", method: "fqn", args: [], value: "orders", childrensParents: false }],
  ]);

  test("are selected by --selector, whatever --select says", () => {
    expect(run("report", { selector: "more" }, { selectors }).selected).toEqual(
      ids("stg_customers orders report test:t"),
    );
  });

  test("keep what they exclude excluded when another selection uses them", () => {
    expect(run("selector:mine", { indirect: "eager" }, { selectors }).selected).toEqual(ids("orders"));
  });

  test("take the command's way with tests where they name none", () => {
    expect(run("", { selector: "careful", indirect: "eager" }, { selectors }).selected).toEqual(ids("orders test:t"));
    expect(run("", { selector: "careful", indirect: "empty" }, { selectors }).selected).toEqual(ids("orders"));
  });

  test("that are missing or refer to themselves are errors", () => {
    expect(run("", { selector: "mein" }, { selectors }).told).toEqual([
      'error: No selector is named "mein".',
      'did you mean "mine"?',
    ]);
    expect(run("selector:nope", {}, { selectors }).told[0]).toContain('No selector is named "nope".');
    expect(run("selector:loop", {}, { selectors }).told).toEqual([
      'error: Cannot select "selector:loop": The selector "loop" refers to itself.',
    ]);
  });
});

test("numbers in configurations never match, booleans in lists do, as in dbt", () => {
  expect(run("config.lookback:3").selected).toEqual([]);
  expect(run("config.labels:TRUE").selected).toEqual(ids("orders"));
  expect(run("config.severity:WARN").selected).toEqual(ids("orders"));
});

test("without a declared latest version the highest is the latest", () => {
  expect(run("version:latest").selected).toEqual(ids("report"));
  expect(run("version:old", {}, { latestVersion: () => 3 }).selected).toEqual(ids("report"));
});

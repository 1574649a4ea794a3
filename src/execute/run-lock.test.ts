import { expect, test } from "vitest";
import type { Graph } from "../graph/graph.ts";
import type { NodeId } from "../parse/manifest.ts";
import type { Plan, Step } from "../plan/plan.ts";
import { bucketLocks } from "./run-lock.ts";

const parents: Record<string, string[]> = { a: [], b: ["a"], t: ["b"] };
// Only `parents` is asked for.
const graph = { parents: (id: NodeId) => parents[id] ?? [] } as unknown as Graph;

function locks(...words: string[]) {
  const steps = words.map((word): Step => {
    const [node, action] = word.split(":");
    return { node: node as NodeId, action: action as Step["action"], reason: { code: "new", text: "" }, after: [] };
  });
  const at = (id: NodeId) => ({ schema: "s", identifier: id });
  return bucketLocks({ steps, relations: { writeTo: at, readFrom: at } } as unknown as Plan, graph);
}

test("what is written is locked for this run alone, what is only read is shared", () => {
  const [onlyA] = locks("a:build");
  expect(locks("b:build")).toContainEqual({ key: onlyA!.key, exclusive: false });
  expect(locks("a:build", "b:build").every((lock) => lock.exclusive)).toBe(true);
});

test("locks are asked for in one order, whatever the order of the steps", () => {
  expect(locks("b:build", "a:load")).toEqual(locks("a:load", "b:build"));
});

test("tests lock nothing", () => {
  expect(locks("t:test")).toEqual([]);
});

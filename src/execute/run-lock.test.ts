import { expect, test } from "vitest";
import { buildGraph } from "../graph/graph.ts";
import { ids, sketch } from "../graph/testing/manifest.ts";
import { makePlan } from "../plan/make-plan.ts";
import { type BucketLock, bucketLocks } from "./run-lock.ts";

const { graph } = buildGraph(
  sketch(["a -> b -> test:t", "a -> e -> d"], { e: { config: { materialized: "ephemeral" } } }),
);

/** The locks of a run of these nodes. */
function locks(words: string): BucketLock[] {
  if (!graph) throw new Error("the sketch has a cycle");
  const options = { id: "run-1", command: "build", fullRefresh: false, testsGate: true, publish: false, force: false };
  return bucketLocks(
    makePlan(
      graph,
      new Set(ids(words)),
      { relations: new Map(), functions: new Set(), loads: new Map(), held: new Map() },
      options,
    ),
    graph,
  );
}

test("what is written is locked for this run alone, what is only read is shared", () => {
  const [onlyA] = locks("a");
  expect(onlyA).toMatchObject({ exclusive: true });
  expect(locks("b")).toContainEqual({ key: onlyA!.key, exclusive: false });
  expect(locks("a b").every((lock) => lock.exclusive)).toBe(true);
});

test("what an ephemeral model reads is read by those it is part of", () => {
  expect(locks("d")).toContainEqual({ key: locks("a")[0]!.key, exclusive: false });
});

test("locks are asked for in one order, whatever the order of the steps", () => {
  const keys = locks("d b a").map((lock) => lock.key);
  expect(keys).toEqual(keys.toSorted((a, b) => a - b));
});

test("tests lock nothing", () => {
  expect(locks("test:t")).toEqual([]);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import type { NodeId } from "../parse/manifest.ts";
import type { Step } from "../plan/plan.ts";
import { ReadyQueue } from "./queue.ts";

/** `a b<a c<a,b`: three steps, with what each waits for. */
function steps(text: string): Step[] {
  return text.split(" ").map((word) => {
    const [node, after] = word.split("<");
    return step(node!, after?.split(",") ?? []);
  });
}

const step = (node: string, after: readonly string[]): Step => ({
  node: node as NodeId,
  action: "build",
  reason: { code: "new", text: "" },
  after: after as NodeId[],
});

/** Runs everything one by one; `fails` do. The order of starts, and what was skipped because of what. */
function drain(all: readonly Step[], fails: readonly string[] = [], pick?: (ready: readonly Step[]) => number) {
  const queue = new ReadyQueue(all);
  const started: string[] = [];
  const skipped: string[] = [];
  while (queue.ready > 0) {
    const next = queue.take(pick);
    started.push(next.node);
    if (fails.includes(next.node)) skipped.push(...queue.failed(next).map((s) => `${s.step.node}<${s.because}`));
    else queue.passed(next);
  }
  return { started: started.join(" "), skipped: skipped.join(" ") };
}

test("steps that are ready start in the plan's order, whenever they became ready", () => {
  const queue = new ReadyQueue(steps("a b c<b d e"));
  const taken = [queue.take(), queue.take()];
  queue.passed(taken[1]!);
  expect([queue.take().node, queue.take().node, queue.take().node]).toEqual(["c", "d", "e"]);
});

test("a step starts only after the last of its parents", () => {
  const all = steps("a b c<a,b");
  const queue = new ReadyQueue(all);
  queue.take();
  queue.take();
  queue.passed(all[1]!);
  expect(queue.ready).toBe(0);
  queue.passed(all[0]!);
  expect(queue.take().node).toBe("c");
});

test("a parent that is named twice is waited for once", () => {
  expect(drain(steps("a b<a,a")).started).toBe("a b");
});

test("a failure skips exactly the descendants, in the plan's order, and the rest goes on", () => {
  const all = steps("a b c<a d<c e<b f<d,e g<e");
  expect(drain(all, ["a"])).toEqual({ started: "a b e g", skipped: "c<a d<a f<a" });
});

test("what two failures reach is skipped once, for the first", () => {
  expect(drain(steps("a b c<a,b d<c"), ["a", "b"])).toEqual({ started: "a b", skipped: "c<a d<a" });
});

test("in any order, with any failures, each step either runs after all its parents passed or has a failed ancestor", () => {
  const plan = fc
    .integer({ min: 1, max: 12 })
    .chain((n) =>
      fc.tuple(...Array.from({ length: n }, (_, i) => fc.subarray(Array.from({ length: i }, (_, k) => `n${k}`)))),
    );
  fc.assert(
    fc.property(plan, fc.array(fc.nat(11)), fc.infiniteStream(fc.nat()), (parents, failing, dice) => {
      const all = parents.map((after, i) => step(`n${i}`, after));
      const fails = new Set(failing.map((i) => `n${i}`));
      const { started, skipped } = drain(all, [...fails], (ready) => dice.next().value! % ready.length);
      const order = started.split(" ");
      const lost = new Set(skipped.split(" ").map((pair) => pair.split("<")[0]));
      expect([...order, ...lost].filter(Boolean).toSorted()).toEqual(all.map((s) => s.node as string).toSorted());
      for (const { node, after } of all) {
        const bad = after.some((parent) => fails.has(parent) || lost.has(parent));
        expect(lost.has(node)).toBe(bad);
        if (!bad) for (const parent of after) expect(order.indexOf(parent)).toBeLessThan(order.indexOf(node));
      }
    }),
  );
});

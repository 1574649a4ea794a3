import { expect, test } from "vitest";
import { type Event, type State, transition } from "./machine.ts";

function run(...events: Event[]): string[] {
  let state: State = "idle";
  return events.map((event) => {
    const [next, effect] = transition(state, event);
    state = next;
    return effect ? `${state}: ${effect}` : state;
  });
}

test("a burst of edits is one build", () => {
  expect(run("edit", "edit", "edit", "quiet", "done")).toEqual([
    "settling: wait",
    "settling: wait",
    "settling: wait",
    "building: build",
    "idle",
  ]);
});

test("edits during a build are built after it, once", () => {
  expect(run("edit", "quiet", "edit", "edit", "done", "quiet", "done")).toEqual([
    "settling: wait",
    "building: build",
    "dirty",
    "dirty",
    "settling: wait",
    "building: build",
    "idle",
  ]);
});

test("a late clock changes nothing, and there is never a second build beside the first", () => {
  expect(run("quiet", "done", "edit", "quiet", "quiet", "edit", "quiet")).not.toContain("dirty: build");
  expect(run("quiet", "done")).toEqual(["idle", "idle"]);
});

import { expect, test } from "vitest";
import { buildGraph } from "../graph/graph.ts";
import { id, sketch } from "../graph/testing/manifest.ts";
import { type Held, judge, type ParentVersions } from "./judge.ts";

const { graph } = buildGraph(sketch(["a -> b", "c -> b"]));
const PARENTS = { [id("a")]: "1", [id("c")]: "1" };
const HELD: Held = { fingerprint: "f", parents: PARENTS, version: "1", intact: true };

const verdict = (held: Partial<Held> | undefined, parents: ParentVersions = PARENTS, made = "f") =>
  judge(graph!, held && { ...HELD, ...held }, { fingerprint: made, parents }, { code: "new", text: "new" });

test("what nothing changed for is reused", () => {
  expect(verdict({})).toMatchObject({ reuse: true, reason: { code: "unchanged" } });
});

test.each([
  ["never built", verdict(undefined), "new"],
  ["other SQL", verdict({}, PARENTS, "g"), "changed"],
  ["touched by others", verdict({ intact: false }), "touched"],
  ["another parent's build", verdict({}, { ...PARENTS, [id("a")]: "2" }), "parents"],
  ["a parent more", verdict({}, { ...PARENTS, [id("b")]: "1" }), "parents"],
  ["a parent less", verdict({}, { [id("a")]: "1" }), "parents"],
  ["a parent nobody knows", verdict({}, { ...PARENTS, [id("c")]: null }), "unknown"],
  [
    "never known, then or now",
    verdict({ parents: { ...PARENTS, [id("c")]: "unknown" } }, { ...PARENTS, [id("c")]: null }),
    "unknown",
  ],
])("%s: it is built", (_, { reuse, reason }, code) => {
  expect([reuse, reason.code]).toEqual([false, code]);
});

test("the reason names who changed", () => {
  expect(verdict({}, { [id("a")]: "2", [id("c")]: "2" }).reason.text).toBe("a, c changed");
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { layout, NODE_HEIGHT, NODE_WIDTH } from "./layout.ts";
import { crossings, isotonic } from "./layout-order.ts";

type Edge = [number, number];

/** From each node to some later ones. */
const dags = fc
  .integer({ min: 1, max: 40 })
  .chain((count) =>
    fc
      .array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 80 })
      .map((pairs) => ({ count, edges: pairs.filter(([a, b]) => a < b).map(([a, b]): Edge => [a, b]) })),
  );

test("every edge goes to the right, and no two boxes overlap", () => {
  fc.assert(
    fc.property(dags, ({ count, edges }) => {
      const { nodes, width, height } = layout(count, edges);
      for (const [from, to] of edges) expect(nodes[to]!.x - nodes[from]!.x).toBeGreaterThan(NODE_WIDTH);
      for (const [i, a] of nodes.entries()) {
        expect(a.x + NODE_WIDTH / 2).toBeLessThanOrEqual(width + 0.01);
        expect(a.y + NODE_HEIGHT / 2).toBeLessThanOrEqual(height + 0.01);
        expect(a.y - NODE_HEIGHT / 2).toBeGreaterThanOrEqual(-0.01);
        for (const b of nodes.slice(i + 1)) {
          expect(Math.abs(a.x - b.x) >= NODE_WIDTH || Math.abs(a.y - b.y) >= NODE_HEIGHT).toBe(true);
        }
      }
    }),
  );
});

test("lines that need not cross do not", () => {
  // Two chains, with their members named crosswise.
  const { edges } = layout(6, [
    [0, 3],
    [1, 2],
    [3, 4],
    [2, 5],
  ]);
  const ends = edges.map((path) => path.match(/-?\d+/g)!.map(Number));
  const above = (a: number, b: number): [boolean, boolean] => [
    ends[a]![1]! < ends[b]![1]!,
    ends[a]!.at(-1)! < ends[b]!.at(-1)!,
  ];
  for (const [a, b] of [
    [0, 1],
    [2, 3],
  ] as const) {
    const [starts, stops] = above(a, b);
    expect(starts).toBe(stops);
  }
});

test("crossings are counted as pairs", () => {
  const place = [0, 1, 0, 1];
  expect(
    crossings(
      [
        [0, 1],
        [2, 3],
      ],
      [[3], [2], [], []],
      place,
    ),
  ).toBe(1);
  expect(
    crossings(
      [
        [0, 1],
        [2, 3],
      ],
      [[2, 3], [2, 3], [], []],
      place,
    ),
  ).toBe(1);
  expect(
    crossings(
      [
        [0, 1],
        [2, 3],
      ],
      [[2], [3], [], []],
      place,
    ),
  ).toBe(0);
});

test("isotonic regression pools what would fall", () => {
  expect(isotonic([1, 3, 2, 4])).toEqual([1, 2.5, 2.5, 4]);
  expect(isotonic([3, 2, 1])).toEqual([2, 2, 2]);
});

test("circles and nothing at all are drawn too", () => {
  expect(layout(0, [])).toMatchObject({ nodes: [], edges: [], width: 0, height: 0 });
  const circle = layout(3, [
    [0, 1],
    [1, 2],
    [2, 0],
  ]);
  expect(circle.edges.every((path) => /^M[-\d. C]+$/.test(path))).toBe(true);
});

import { expect, test } from "vitest";
import { error, Failure } from "../../index.ts";
import { type AskPanel, dashboardsOf } from "./dashboards.ts";
import type { Entry } from "./nodes.ts";

const panel = { grain: "row", chart: "number", measures: ["n"] };
const board: Entry = {
  id: "exposure.shop.board",
  kind: "exposure",
  json: {
    name: "board",
    type: "dashboard",
    depends_on: { nodes: ["model.shop.m"] },
    config: {
      meta: {
        panels: [
          { ...panel, name: "good", model: "m" },
          { ...panel, name: "lacking", sql: "select 1 as m from ref('m')" },
          { ...panel, name: "failing", model: "m" },
          { ...panel, name: "unread", model: "m", chart: "pie" },
        ],
      },
    },
  },
};
const index = new Map([
  ["model.shop.m", 0],
  ["exposure.shop.board", 1],
]);
const counts = { pass: 1, warn: 0, fail: 0, none: 0 };

test("a panel that cannot be read says why, and the others are there all the same", async () => {
  const ask: AskPanel = async ({ name }) => {
    if (name === "failing") throw new Failure(error("sql-42501", "permission denied for view m"));
    const column = name === "lacking" ? "m" : "n";
    return { sql: "select", data: { columns: [column], rows: [["1"]] } };
  };
  const notes: string[] = [];
  const [made] = await dashboardsOf([board], index, () => counts, ask, notes);
  expect(made!.panels.map(({ name, reads, data, problem }) => ({ name, reads, rows: data?.rows, problem }))).toEqual([
    { name: "good", reads: [0], rows: [["1"]], problem: undefined },
    { name: "lacking", reads: [0], rows: undefined, problem: 'The query has no column "n"; it has m.' },
    { name: "failing", reads: [0], rows: undefined, problem: "permission denied for view m" },
  ]);
  expect(notes).toEqual([
    '"pie" is no chart of a panel.',
    'Panel "lacking" of "board": The query has no column "n"; it has m.',
    'Panel "failing" of "board": permission denied for view m',
  ]);
});

test("a bug while a panel is asked is not taken for an answer", async () => {
  const ask: AskPanel = () => Promise.reject(new Error("Internal error: no"));
  await expect(dashboardsOf([board], index, () => counts, ask, [])).rejects.toThrow("Internal error");
});

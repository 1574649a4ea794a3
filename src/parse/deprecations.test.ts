import { expect, test } from "vitest";
import { parseTree } from "./testing/parse-tree.ts";

/** The tests' clock stands at the beginning of 1970. */
const TREE = {
  "models/s.yml": `models:
  - {name: gone, deprecation_date: 1969-01-01}
  - name: dim
    latest_version: 2
    versions: [{v: 1, deprecation_date: 2030-01-01 12:30:00+02}, {v: 2}]`,
  "models/gone.sql": "select 1 as id",
  "models/dim_v1.sql": "select 1 as id",
  "models/dim_v2.sql": "select 1 as id",
  "models/reads.sql": "select 1 from {{ ref('gone') }}, {{ ref('dim', v=1) }}, {{ ref('dim') }}",
};

test("models past their date, and what reads those that have one, are told as dbt does", async () => {
  const { diagnostics } = await parseTree(TREE);
  expect(diagnostics.map((d) => [d.severity, d.code, d.message])).toEqual([
    [
      "warning",
      "ref-deprecated",
      expect.stringMatching(/^"reads" reads gone, which was deprecated on 1969-01-01T00:00/),
    ],
    [
      "warning",
      "ref-deprecation-upcoming",
      '"reads" reads dim.v1, which is slated for deprecation on 2030-01-01T12:30:00+02:00.',
    ],
    ["warning", "model-deprecated", expect.stringMatching(/^Model gone has passed its deprecation date/)],
  ]);
  expect(diagnostics[1]!.notes[0]!.message).toContain("{{ ref('shop', 'dim', v='2') }}");
});

test("the date is the version's own, and stands in its node", async () => {
  const { nodes } = await parseTree(TREE);
  const dates = [...nodes.values()].map(
    (node) => node.kind === "model" && [node.id, node.deprecationDate?.slice(0, 19)],
  );
  expect(dates.filter((one) => one && one[1])).toEqual([
    ["model.shop.dim.v1", "2030-01-01T12:30:00"],
    ["model.shop.gone", "1969-01-01T00:00:00"],
  ]);
});

test("what is no date says so", async () => {
  const wrong = parseTree({
    "models/s.yml": "models: [{name: a, deprecation_date: soon}]",
    "models/a.sql": "select 1",
  });
  await expect(wrong).rejects.toThrow('"deprecation_date" of model "a" must be a day or a time, but it is "soon".');
});

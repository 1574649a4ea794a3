import { describe, expect, test } from "vitest";
import { Failure } from "../diagnostics/diagnostic.ts";
import { configProblems, readRelationConfig } from "./config.ts";
import { materializationProblem } from "./index.ts";
import { makeNode } from "./testing/node.ts";

test("what is not said has dbt's defaults", () => {
  expect(readRelationConfig(makeNode())).toEqual({
    indexes: [],
    unlogged: false,
    persistDocs: { relation: false, columns: false },
    contractEnforced: false,
  });
});

test("a single column or role counts as a list of one", () => {
  const config = readRelationConfig(makeNode({ config: { indexes: [{ columns: "id" }], grants: { SELECT: "bi" } } }));
  expect(config.indexes[0]!.columns).toEqual(["id"]);
  expect([...config.grants!]).toEqual([["select", ["bi"]]]);
});

describe("wrong shapes", () => {
  test("are told all at once, with what was found", () => {
    const config = {
      indexes: [{ column: ["id"] }, 3],
      unlogged: "yes",
      persist_docs: [true],
      grants: { select: { a: 1 } },
    };
    const messages = configProblems(makeNode({ config })).map((d) => d.message);
    expect(messages).toEqual([
      'The config "persist_docs" of "m" must be a mapping; found [true].',
      'The config "indexes[0]" of "m" has no key "column".',
      'The config "indexes[0].columns" of "m" must be a list of column names; found nothing.',
      'The config "indexes[1]" of "m" must be a mapping; found 3.',
      'The config "unlogged" of "m" must be true or false; found "yes".',
      'The config "grants.select" of "m" must be a text or a list of texts; found {"a":1}.',
    ]);
    expect(() => readRelationConfig(makeNode({ config }))).toThrow(Failure);
  });

  test("contradictions are refused", () => {
    const config = { merge_update_columns: ["a"], merge_exclude_columns: ["b"] };
    expect(configProblems(makeNode({ materialized: "incremental", config }))).toMatchObject([
      { code: "config-conflict" },
    ]);
  });
});

test("an unknown materialisation suggests the one that was meant", () => {
  const problem = materializationProblem(makeNode({ materialized: "tabel" }));
  expect(problem!.notes.map((note) => note.message)).toEqual([
    'did you mean "table"?',
    "known: view, table, incremental, materialized_view, ephemeral",
  ]);
  expect(materializationProblem(makeNode({ materialized: "ephemeral" }))).toBeUndefined();
});

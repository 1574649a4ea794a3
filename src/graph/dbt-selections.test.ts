/** Selections that dbt itself made, frozen: ours must be the same. */
import { describe, expect, test } from "vitest";
import { select } from "./select.ts";
import { context, dbt, parseArgs, recordedGraph, selections } from "./testing/recorded.ts";

const graph = recordedGraph();

describe(`the same nodes as dbt ${dbt} selects`, () => {
  for (const { args, ids, unmatched = [], error } of selections) {
    test(args, () => {
      const { selection, diagnostics } = select(graph, parseArgs(args), context);
      expect([...selection].toSorted()).toEqual(error ? [] : ids!.toSorted());
      const errors = diagnostics.filter((d) => d.severity === "error");
      const warnings = diagnostics.filter((d) => d.severity === "warning");
      expect(errors, "errors").toHaveLength(error ? 1 : 0);
      expect(warnings, "warnings").toHaveLength(unmatched.length);
      for (const [i, words] of unmatched.entries()) expect(warnings[i]!.message).toContain(`"${words}"`);
    });
  }
});

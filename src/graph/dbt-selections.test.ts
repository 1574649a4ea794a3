/** Selections that dbt itself made (`dbt ls` over one project), frozen: ours must be the same. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { ModelNode } from "../parse/manifest.ts";
import type { Value } from "../project/types.ts";
import type { IndirectSelection } from "./expression.ts";
import { buildGraph } from "./graph.ts";
import { select, type SelectionArgs } from "./select.ts";
import { manifestOf, type Described } from "./testing/manifest.ts";

interface Recorded {
  readonly dbt: string;
  readonly resources: Described[];
  readonly disabled: Described[];
  readonly selections: { args: string; ids?: string[]; unmatched?: string[]; error?: boolean }[];
}

// The file's shape is what the recording wrote.
const recorded = JSON.parse(readFileSync(new URL("testing/dbt-selections.json", import.meta.url), "utf8")) as Recorded;
const graph = buildGraph(manifestOf(recorded.resources, recorded.disabled)).graph!;
const latest = new Map(recorded.resources.map((resource) => [resource.id, resource.latest]));
const latestVersion = (model: ModelNode): Value | undefined => latest.get(model.id);

describe(`the same nodes as dbt ${recorded.dbt} selects`, () => {
  for (const { args, ids, unmatched, error } of recorded.selections) {
    test(args, () => {
      const { selection, diagnostics } = select(graph, parseArgs(args), { projectName: "shop", latestVersion });
      expect([...selection].toSorted()).toEqual(error ? [] : ids!.toSorted());
      const errors = diagnostics.filter((d) => d.severity === "error");
      const warnings = diagnostics.filter((d) => d.severity === "warning");
      expect(errors, "errors").toHaveLength(error ? 1 : 0);
      expect(warnings, "warnings").toHaveLength(unmatched?.length ?? 0);
      for (const [i, words] of (unmatched ?? []).entries()) expect(warnings[i]!.message).toContain(`"${words}"`);
    });
  }
});

/** `--select a b --exclude c`, with the kinds that `dbt ls` shows unless told otherwise. */
function parseArgs(text: string): SelectionArgs {
  const given: Record<string, string[]> = {};
  let words: string[] = [];
  for (const word of text.split(" ")) {
    if (word.startsWith("--")) given[word.slice(2)] = words = [];
    else words.push(word);
  }
  const kinds = given["resource-type"];
  const shown = kinds?.includes("all") ? undefined : kinds;
  const hidden = kinds ? [] : ["analysis"];
  return {
    select: given.select ?? [],
    exclude: given.exclude ?? [],
    // The recorded words are the four modes.
    indirect: (given["indirect-selection"]?.[0] ?? "eager") as IndirectSelection,
    excludeResourceTypes: [...hidden, ...(given["exclude-resource-type"] ?? [])],
    ...(shown ? { resourceTypes: shown } : {}),
  };
}

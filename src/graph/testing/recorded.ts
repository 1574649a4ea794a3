/** What dbt itself made of one project (`dbt ls`, its run queue), recorded by running it. Files beside this one. */
import { readFileSync } from "node:fs";
import type { ModelNode } from "../../parse/manifest.ts";
import type { Value } from "../../project/types.ts";
import type { IndirectSelection } from "../expression.ts";
import { buildGraph, type Graph } from "../graph.ts";
import type { SelectionContext } from "../methods.ts";
import type { SelectionArgs } from "../select.ts";
import { manifestOf, type Described } from "./manifest.ts";

interface Selections {
  readonly dbt: string;
  readonly resources: Described[];
  readonly disabled: Described[];
  readonly selections: { args: string; ids?: string[]; unmatched?: string[]; error?: boolean }[];
}

/** For each selected node all selected nodes that dbt's `build` finishes first. Without unit tests. */
interface Orders {
  readonly orders: { args: string; waits: Record<string, string[]> }[];
}

// The files have the shapes that the recording wrote.
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8"));
const recorded = read("dbt-selections.json") as Selections;

export const { dbt, selections } = recorded;
export const { orders } = read("dbt-orders.json") as Orders;

export const recordedGraph = (): Graph => buildGraph(manifestOf(recorded.resources, recorded.disabled)).graph!;

const latest = new Map(recorded.resources.map((resource) => [resource.id, resource.latest]));
export const context: SelectionContext = {
  projectName: "shop",
  latestVersion: (model: ModelNode): Value | undefined => latest.get(model.id),
};

/** `--select a b --exclude c`, with the kinds that `dbt ls` shows unless told otherwise. */
export function parseArgs(text: string): SelectionArgs {
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

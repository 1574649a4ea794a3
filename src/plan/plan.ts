/** The plan is a value: what a run will do, in what order, where, and why. Made without side effects. */
import type { NodeId } from "../parse/manifest.ts";
import type { Mapping } from "../project/types.ts";
import type { RelationName } from "../postgres/relation.ts";
import type { RelationInfo } from "../postgres/catalog.ts";
import type { Held } from "./judge.ts";
import type { Relations } from "./relations.ts";

/** What the database holds now, as far as the plan asks: relations of the schemas in play, by `relationKey`. */
export interface World {
  readonly relations: ReadonlyMap<string, RelationInfo>;
  /** Functions of the same schemas, by `relationKey`. */
  readonly functions: ReadonlySet<string>;
  /** For sources with files: what `load` would do. */
  readonly loads: ReadonlyMap<NodeId, readonly FileOutlook[]>;
  /** What the ledger says nodes hold; empty where it cannot be read. */
  readonly held: ReadonlyMap<NodeId, Held>;
}

/** One file of a source: what loading would do with it, and why (`new`, `changed` …). */
export interface FileOutlook {
  readonly path: string;
  readonly action: "load" | "replace" | "keep" | "remove";
  readonly reason: string;
}

export const relationKey = (name: RelationName): string => `${name.schema}.${name.identifier}`;

/** `full_refresh:` of a node has the last word over `--full-refresh`. */
export function wantsFullRefresh(config: Mapping, asked: boolean): boolean {
  const own = config["full_refresh"];
  return typeof own === "boolean" ? own : asked;
}

export interface Plan {
  /** The run's id. */
  readonly id: string;
  readonly command: string;
  /**
   * `publish`: everything is built out of sight and takes its place in one transaction, if all passed. `direct`: each node
   * is replaced where it stands, in its own transaction.
   */
  readonly mode: "direct" | "publish";
  readonly fullRefresh: boolean;
  /** Nothing is reused: `--force`. */
  readonly force: boolean;
  readonly steps: readonly Step[];
  readonly relations: Relations;
  /** Schemas in which it makes relations. They must exist before the first step, as must `workSchemas`. */
  readonly schemas: readonly string[];
  /** Where what is to be published is made. */
  readonly workSchemas: readonly string[];
  /** `relationKey`s that steps of this plan re-create. */
  readonly rebuilt: ReadonlySet<string>;
}

export interface Step {
  readonly node: NodeId;
  /**
   * `none`: ephemeral models and analyses, which have nothing to run. `no-op`: exposures, which have a result and nothing
   * else. `reuse`: foretold to be there already; a run finds that out step by step.
   */
  readonly action: "load" | "build" | "test" | "reuse" | "no-op" | "none";
  readonly reason: Reason;
  /** Builds of a plan that publishes. */
  readonly way?: Way;
  /** Steps that must be done, and have passed, first. */
  readonly after: readonly NodeId[];
}

/**
 * How a build stays out of sight: `stage`, made anew; `delta`, only what is to be added to the table that stays; `copy`, a
 * copy of that table is changed.
 */
export type Way = "stage" | "delta" | "copy";

export interface Reason {
  readonly code:
    | "new"
    | "replace"
    | "kind-changed"
    | "increment"
    | "full-refresh"
    | "files-new"
    | "files-changed"
    | "files-unchanged"
    | "test"
    | "inlined"
    | "shown"
    | "touched"
    | "changed"
    | "unknown"
    | "parents"
    | "forced"
    | "unchanged";
  /** For people: `no relation "marts"."x" yet`. */
  readonly text: string;
}

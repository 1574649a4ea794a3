/** The plan is a value: what a run will do, in what order, where, and why. Made without side effects. */
import type { NodeId } from "../parse/manifest.ts";
import type { Mapping } from "../project/types.ts";
import type { RelationName } from "../postgres/relation.ts";
import type { RelationInfo } from "../postgres/catalog.ts";

/** What the database holds now, as far as the plan asks: relations of the schemas in play, by `relationKey`. */
export interface World {
  readonly relations: ReadonlyMap<string, RelationInfo>;
  /** For sources with files: what `load` would do. */
  readonly loads: ReadonlyMap<NodeId, readonly FileOutlook[]>;
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

/**
 * Where each node is built and where it is read. A model never knows: direct runs, `--empty`, unit-test fixtures and
 * publishing are ways to fill this table, not code paths.
 */
export interface Relations {
  writeTo(id: NodeId): RelationName;
  readFrom(id: NodeId): RelationName;
}

export interface Plan {
  /** The run's id. */
  readonly id: string;
  readonly command: string;
  /** Only `direct` so far: each node is replaced where it stands, in its own transaction. */
  readonly mode: "direct";
  readonly fullRefresh: boolean;
  readonly steps: readonly Step[];
  readonly relations: Relations;
  /** Schemas that must exist before the first step. */
  readonly schemas: readonly string[];
  /** `relationKey`s that steps of this plan re-create. */
  readonly rebuilt: ReadonlySet<string>;
}

export interface Step {
  readonly node: NodeId;
  /** `none`: ephemeral models and analyses, which have nothing to run. */
  readonly action: "load" | "build" | "test" | "none";
  readonly reason: Reason;
  /** Steps that must be done, and have passed, first. */
  readonly after: readonly NodeId[];
}

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
    | "inlined";
  /** For people: `no relation "marts"."x" yet`. */
  readonly text: string;
}

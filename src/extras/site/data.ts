/** What a site is made of, as JSON: written when it is generated, read by the pages. Times are ISO 8601 in UTC. */
import type { Chart, Measure, PanelSize } from "../../index.ts";

export interface SiteData {
  readonly project: string;
  /** "sluice 0.1.0", "dbt 1.12.3". */
  readonly writtenBy: string;
  readonly generatedAt: string;
  /** Name of the target; absent where only artifacts were read. */
  readonly target?: string;
  /** Everything that has lineage; tests stand with what they test. Edges are indexes into this list. */
  readonly nodes: readonly SiteNode[];
  /** Details of node `i` stand in the chunk `Math.floor(i / chunkSize)`. */
  readonly chunkSize: number;
  /** Newest first. From the ledger, or the one of run_results.json. */
  readonly runs: readonly SiteRun[];
  readonly publications: readonly SitePublication[];
  readonly freshness: readonly SiteFreshness[];
  readonly dashboards: readonly SiteDashboard[];
  /** Of the whole project, each once. */
  readonly tests: TestCounts;
  /** Errors and failed or warning tests of the last run, errors first. */
  readonly problems: readonly SiteProblem[];
  /** What could not be read, in sentences. */
  readonly notes: readonly string[];
}

export type Kind =
  | "model"
  | "seed"
  | "snapshot"
  | "source"
  | "exposure"
  | "analysis"
  | "metric"
  | "semantic_model"
  | "saved_query"
  | "function";

/** `pass` is a test's word for success. */
export type Status = "success" | "pass" | "error" | "fail" | "warn" | "skipped" | "reused" | "none";

export interface SiteNode {
  readonly id: string;
  readonly name: string;
  readonly kind: Kind;
  /** The folder below models/, or the kind: what lineage is coloured by. */
  readonly layer: string;
  /** Path of its file, relative to the project. */
  readonly path: string;
  readonly materialized?: string;
  /** `schema.identifier`. */
  readonly relation?: string;
  readonly tags: readonly string[];
  /** The description's first words, without Markdown. */
  readonly summary: string;
  readonly parents: readonly number[];
  /** Of the last run that had it. */
  readonly status: Status;
  readonly seconds?: number;
  readonly rows?: number;
  readonly tests: TestCounts;
}

export interface TestCounts {
  readonly pass: number;
  readonly warn: number;
  readonly fail: number;
  /** Not run, or skipped. */
  readonly none: number;
}

export interface NodeDetail {
  /** HTML made from Markdown, safe to insert. */
  readonly description: string;
  readonly owner?: string;
  /** The relation's comment in the database, where it says something else than the description. */
  readonly comment?: string;
  readonly columns: readonly SiteColumn[];
  readonly tests: readonly SiteTest[];
  readonly source: string;
  readonly compiled: string;
  /** Newest first. */
  readonly history: readonly HistoryEntry[];
  readonly sample?: Rows;
  /** Of the last run: what the database said, or the error. */
  readonly message?: string;
  /** Facts for the list beside the description: label and value. */
  readonly facts: readonly (readonly [label: string, value: string])[];
}

export interface SiteColumn {
  readonly name: string;
  readonly type: string;
  /** HTML. */
  readonly description: string;
  readonly comment?: string;
  /** Names of generic tests on it, such as `not_null`, each with its status. */
  readonly tests: readonly (readonly [test: string, status: Status])[];
}

export interface SiteTest {
  readonly id: string;
  readonly name: string;
  readonly kind: "generic" | "singular" | "unit";
  readonly column?: string;
  readonly status: Status;
  readonly failures?: number;
  readonly message?: string;
  readonly description: string;
  readonly sql: string;
}

export interface HistoryEntry {
  readonly run: string;
  readonly at: string;
  readonly status: Status;
  readonly seconds: number;
  readonly rows?: number;
  readonly message?: string;
}

export interface SiteRun {
  readonly id: string;
  readonly command: string;
  /** `success`, `error`, `cancelled`, `running`. */
  readonly status: string;
  readonly startedAt: string;
  readonly seconds?: number;
  readonly commit?: string;
  readonly by?: string;
  /** How many nodes ended how. */
  readonly counts: Readonly<Partial<Record<Status, number>>>;
}

export interface SitePublication {
  readonly id: string;
  readonly at: string;
  /** The run that made it. */
  readonly run?: string;
  readonly status: string;
  /** Names of the relations that took their place. */
  readonly relations: readonly string[];
  readonly note?: string;
}

export interface SiteFreshness {
  readonly node: number;
  /** `pass`, `warn`, `error`, `runtime error`. */
  readonly status: string;
  readonly loadedAt?: string;
  readonly ageSeconds?: number;
  readonly warnAfter?: string;
  readonly errorAfter?: string;
  readonly message?: string;
}

export interface SiteProblem {
  readonly status: Status;
  readonly id: string;
  readonly name: string;
  /** What it is, or is a test of. */
  readonly node?: number;
  readonly message: string;
  readonly failures?: number;
}

/** Values as Postgres writes them. */
export interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** There are more. */
  readonly cut?: boolean;
}

export interface SiteDashboard {
  readonly name: string;
  readonly title: string;
  /** HTML. */
  readonly description: string;
  readonly owner?: string;
  readonly url?: string;
  readonly node: number;
  /** Of all that its panels read, each once. */
  readonly tests: TestCounts;
  /** None where the exposure does not say what it shows. */
  readonly panels: readonly SitePanel[];
}

export interface SitePanel {
  readonly name: string;
  readonly title: string;
  /** HTML. */
  readonly description: string;
  readonly grain: string;
  readonly chart: Chart;
  readonly dimensions: readonly string[];
  readonly measures: readonly Measure[];
  readonly size: PanelSize;
  readonly reads: readonly number[];
  /** Of all that it reads, each once. */
  readonly tests: TestCounts;
  /** The query, where it was compiled. */
  readonly sql?: string;
  readonly data?: Rows;
  /** Why there are no rows. */
  readonly problem?: string;
}

/** The details of one chunk, and what full-text search looks through besides the nodes themselves. */
export type Chunk = readonly NodeDetail[];

export interface SearchEntry {
  readonly columns: string;
  readonly text: string;
  readonly sql: string;
}

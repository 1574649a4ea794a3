/** What a materialisation is: a generator that yields statements and is sent back their results. It never runs anything. */
import type { Readable } from "node:stream";
import type { ModelNode, NodeBase, NodeId, SeedNode, SnapshotNode } from "../parse/manifest.ts";
import type { KeyedTable } from "../plan/relations.ts";
import type { KeptPart } from "../postgres/kept.ts";
import type { Field, Row } from "../postgres/database.ts";
import type { RelationName } from "../postgres/relation.ts";

export type Statement = RunStatement | CopyStatement;

export interface RunStatement {
  readonly do: "run";
  readonly sql: string;
  /** For the log and `target/run`: `create table`, `indexes` … */
  readonly label: string;
  /** Where the node's compiled SQL starts in `sql` (UTF-16 offset), so that error positions reach the model's own line. */
  readonly bodyAt?: number;
  /**
   * SQLSTATEs that are not failures: the statement runs in a savepoint, and when it fails with one of them the result has
   * `failed` set and the transaction goes on.
   */
  readonly rescue?: readonly string[];
  /** Its row count is the node's row count. */
  readonly main?: true;
  /** Changes nothing, and the rows are what is wanted. */
  readonly reads?: true;
}

export interface CopyStatement {
  readonly do: "copy";
  /** `copy … from stdin …` */
  readonly sql: string;
  readonly label: string;
  readonly source: () => Readable;
  readonly main?: true;
}

export interface StatementResult {
  readonly rows: readonly Row[];
  readonly fields: readonly Field[];
  readonly rowCount: number;
  /** The command tag: `SELECT`, `INSERT`, `CREATE VIEW` … */
  readonly command: string;
  readonly failed?: { readonly sqlstate: string; readonly message: string };
}

/** Statements out, results in; `T` is what is known at the end. */
export type Statements<T = void> = Generator<Statement, T, StatementResult>;

/**
 * What a replaced relation had and hooks may make anew (policies, triggers …), and foreign keys that rows written by hooks
 * could not yet satisfy: `settle`, which runs after the hooks, says what they did not.
 */
export type Aftermath = readonly { readonly part: KeptPart["part"] | "foreign key"; readonly sql: string }[];

/**
 * Yields the statements of one node's build; all run in one transaction on one session, hooks around them, and then those
 * of `settle`. Throws `Failure` for what the user must mend (a contract broken, a relation of a stranger in the way).
 */
export type Materialization = (input: BuildInput) => Statements<Aftermath>;

export interface BuildInput {
  readonly node: ModelNode | SeedNode | SnapshotNode;
  /** Where to build: `Relations.writeTo`. */
  readonly target: RelationName;
  /** Compiled SQL with ephemeral models injected; empty for seeds. */
  readonly sql: string;
  readonly fullRefresh: boolean;
  /** `relationKey`s re-created later in the same plan: views among them may be left to their own step. */
  readonly rebuilt: ReadonlySet<string>;
  /** `server_version_num`. */
  readonly serverVersion: number;
  readonly seed?: SeedInput;
  /** What a foreign key can refer to, by published name; absent: all of it is where it is published. */
  readonly refer?: (name: RelationName, id?: NodeId) => KeyedTable;
}

/** What making a relation needs to know; a stored test's failures are one as well. */
export interface Site extends Pick<BuildInput, "target" | "sql" | "rebuilt" | "refer"> {
  readonly node: Pick<NodeBase, "name" | "at" | "config" | "columns" | "constraints" | "keyTargets">;
}

export interface SeedInput {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** `format csv, header …` options matching `open`'s bytes. */
  readonly copyOptions: string;
  readonly open: () => Readable;
}

/** What is to be added to a table that stays, made beside it; publishing applies it. */
export interface Delta {
  /** Work tables that hold it. */
  readonly tables: readonly RelationName[];
  /** False: applying it would change nothing. */
  readonly changes: boolean;
  /** Before it is applied: keeps what it will overwrite. */
  readonly keep: readonly string[];
  readonly apply: readonly string[];
  /** From what was kept, and from the work tables, which are kept too. */
  readonly undo: readonly string[];
}

/** No delta can be made: the table must be copied. `refused` says why, for people. */
export interface Refusal {
  readonly refused: string;
}

/** Where a delta's tables stand, and where they will once published; `view` shows the table as it will be. */
export interface DeltaSite {
  readonly view: RelationName;
  table(what: string): RelationName;
  kept(what: string): RelationName;
  /** Its id. */
  readonly publication: number;
}

export type Staging = (input: BuildInput, site: DeltaSite) => Statements<Delta | Refusal>;

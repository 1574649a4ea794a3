/** What differs between parsing a node (`execute = false`) and running it. */
import type { Span } from "../diagnostics/diagnostic.ts";
import type { RelationName } from "../postgres/relation.ts";
import type { Value } from "../project/types.ts";
import type { Relation } from "./relation.ts";
import type { TextResult } from "./results.ts";

export interface RefCall {
  readonly package?: string;
  readonly name: string;
  readonly version?: Value;
  /** Where it stands in a property file; in templates it is looked for. */
  readonly at?: Span;
}
export interface SourceCall {
  readonly source: string;
  readonly name: string;
  readonly at?: Span;
}

export interface FunctionCall {
  readonly package?: string;
  readonly name: string;
}

/**
 * The database as templates may use it: one statement at a time, on the step's own session. `begins`: a transaction is
 * begun first where the caller keeps them (a materialization written as a template). `own`: the statement is Sluice's and
 * names relations where they stand at this moment; those of templates name them as they are published.
 */
export type TemplateQuery = (
  sql: string,
  options?: { readonly begins?: boolean; readonly own?: boolean },
) => Promise<TextResult>;

export type MessageLevel = "debug" | "info" | "warn" | "print";

export interface Phase {
  readonly execute: boolean;
  /** Parsing goes on where a variable is not set, with none in its place. */
  readonly lenientVars?: boolean;
  /** Parsing: records the call and gives a stand-in. Running: the relation read from; throws when it is not declared. */
  ref(call: RefCall): Relation;
  source(call: SourceCall): Relation;
  function(call: FunctionCall): Relation;
  /** The `config(…)` object of the node. */
  readonly config: unknown;
  isIncremental(): boolean;
  /** `should_full_refresh()`: `full_refresh:` of the node, else what was asked for. Absent: what was asked for. */
  readonly fullRefresh?: boolean;
  /** Where a relation that templates name themselves stands at this moment; absent: where it is said to be. */
  standing?(name: RelationName): RelationName;
  /** Absent while parsing: queries then give nothing. */
  readonly query?: TemplateQuery | undefined;
  /** Ends the transaction that statements began; absent where the caller does that. */
  readonly commit?: (() => Promise<void>) | undefined;
  /** Told of each result that a template stores by name: how the server answered, and with how many rows. */
  readonly stored?: ((name: string, response: string, rows: number) => void) | undefined;
  /** Called with the id of each macro named; `isDirect`: called by the node itself, not by another macro. */
  macroUsed(id: string, isDirect: boolean): void;
  /** `print`: the command's own output rather than a line of its log. */
  message(level: MessageLevel, text: string): void;
}

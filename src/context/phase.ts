/** What differs between parsing a node (`execute = false`) and running it. */
import type { Value } from "../project/types.ts";
import type { Relation } from "./relation.ts";
import type { TextResult } from "./results.ts";

export interface RefCall {
  readonly package?: string;
  readonly name: string;
  readonly version?: Value;
}
export interface SourceCall {
  readonly source: string;
  readonly name: string;
}

/** The database as templates may use it: one statement at a time, on the step's own session. */
export type TemplateQuery = (sql: string) => Promise<TextResult>;

export interface Phase {
  readonly execute: boolean;
  /** Parsing: records the call and gives a stand-in. Running: the relation read from; throws when it is not declared. */
  ref(call: RefCall): Relation;
  source(call: SourceCall): Relation;
  /** The `config(…)` object of the node. */
  readonly config: unknown;
  isIncremental(): boolean;
  /** Absent while parsing: queries then give nothing. */
  readonly query?: TemplateQuery | undefined;
  /** Called with the id of each macro named; `isDirect`: called by the node itself, not by another macro. */
  macroUsed(id: string, isDirect: boolean): void;
  message(level: "debug" | "info" | "warn", text: string): void;
}

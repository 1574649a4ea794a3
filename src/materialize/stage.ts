/**
 * Building a node out of sight. What is made anew is made in a work schema under its own name, as if nothing were there
 * yet, and given what the published relation carries; what is added to a table that stays becomes a delta beside it, or,
 * where that cannot be, a copy of the table is changed.
 */
import { fitName, type RelationName } from "../postgres/relation.ts";
import { findRelations, listDefaultGrants, type RelationInfo } from "../postgres/catalog.ts";
import { nounOf } from "../postgres/sql/relation.ts";
import { type CopiedColumn, copyTable, listCopiedColumns } from "../postgres/sql/copy-table.ts";
import { nextOf, prevSchema } from "../postgres/sql/swap.ts";
import type { Way } from "../plan/plan.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { ask, find, run } from "./ask.ts";
import { heedConfigurationChange } from "./configuration-change.ts";
import type {
  Aftermath,
  BuildInput,
  Delta,
  DeltaSite,
  Materialization,
  Staging,
  Statements,
} from "./materialization.ts";
import { copiedReferences } from "./foreign-keys.ts";
import { carryOver } from "./replace.ts";
import { stageIncrement } from "./stage-increment.ts";
import { stageSnapshot } from "./stage-snapshot.ts";

/** By materialisation: those that add to a table that stays. */
const stagings: Readonly<Record<string, Staging>> = { incremental: stageIncrement, snapshot: stageSnapshot };

export interface StageInput {
  readonly build: BuildInput;
  /** Where it is to be published; `build.target` is where it is written. */
  readonly published: RelationName;
  readonly way: Way;
  /** The publication's id, which names the schemas of what is kept. */
  readonly publication: number;
}

export interface Staged {
  /** Absent: the relation in the work schema is to take the published one's place. */
  readonly delta?: Delta;
  /** Where the relation that hooks, grants and comments are for stands. */
  readonly target: RelationName;
  readonly aftermath: Aftermath;
  /** Why a copy was made although a delta was planned. */
  readonly detour?: string;
  /** A materialized view that stands is made anew. */
  readonly replaces?: boolean;
  readonly warnings?: readonly Diagnostic[];
}

/** A copy (`copyLive`) is there already. */
export function* stage(name: string, materialization: Materialization, input: StageInput): Statements<Staged> {
  const { build, published, way } = input;
  if (way === "delta") {
    const delta = yield* stagings[name]!(build, deltaSite(input));
    if (!("refused" in delta)) return { delta, target: published, aftermath: [] };
    const target = nextOf(published);
    yield* copyLive(published);
    const staged = yield* stage(name, materialization, { ...input, build: { ...build, target }, way: "copy" });
    return { ...staged, detour: delta.refused };
  }
  const heeded = name === "materialized_view" ? yield* heedConfigurationChange(build, published) : undefined;
  const aftermath = yield* materialization(heeded?.input ?? build);
  const keys = way === "copy" ? yield* copiedReferences(build, published) : [];
  const carried = [...aftermath, ...(yield* carryLive(published)), ...keys];
  const { replaces = false, warnings = [] } = heeded ?? {};
  return { target: build.target, aftermath: carried, replaces, warnings };
}

/** The published table, if there is one, as the beginning of what is to take its place; without its foreign keys. */
export function* copyLive(published: RelationName): Statements {
  if (!(yield* find(published))) return;
  const columns = yield* ask<CopiedColumn>("list columns", listCopiedColumns(published));
  yield* run("copy", copyTable(published, nextOf(published), columns));
}

/** What the published relation carries, or what a new one would be given there, is given to the staged one. */
export function* carryLive(published: RelationName): Statements<Aftermath> {
  const at = nextOf(published);
  const found = yield* ask<RelationInfo>("find relations", findRelations([published, at]));
  const live = found.find(({ schema }) => schema === published.schema);
  const made = found.find(({ schema }) => schema === at.schema);
  if (live) return yield* carryOver(live, at, nounOf(made?.kind ?? "table"));
  yield* grantDefaults(published, at);
  return [];
}

/** What deltas are made of. */
export const DELTA_TABLES = ["delta", "ended", "begun"];

export const deltaTable = ({ schema, identifier }: RelationName, what: string): RelationName => ({
  schema,
  identifier: fitName(identifier, `__sluice_${what}`),
});

function deltaSite({ published, publication }: StageInput): DeltaSite {
  const view = nextOf(published);
  return {
    view,
    table: (what) => deltaTable(view, what),
    kept: (what) => deltaTable({ ...published, schema: prevSchema(published.schema, publication) }, what),
    publication,
  };
}

/** What the published schema's default privileges give to a new relation, which work schemas do not have. */
function* grantDefaults(published: RelationName, at: RelationName): Statements {
  const grants = yield* ask<{ readonly sql: string }>("default privileges", listDefaultGrants(published.schema, at));
  if (grants.length) yield* run("default privileges", grants.map((grant) => grant.sql).join(";\n"));
}

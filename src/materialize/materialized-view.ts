import { Failure } from "../diagnostics/diagnostic.ts";
import { compareDefinitions, listIndexes, type FoundRelation, type PresentIndex } from "../postgres/catalog.ts";
import { fitName, workName } from "../postgres/relation.ts";
import {
  createMaterializedView,
  createTemporaryView,
  dropTemporaryView,
  refresh,
} from "../postgres/sql/materialized-view.ts";
import { analyze, renameRelation } from "../postgres/sql/relation.ts";
import { ask, findTarget, run } from "./ask.ts";
import { readMaterializedViewConfig, type MaterializedViewConfig } from "./config.ts";
import { createIndexes, createMissingIndexes, createWorkIndexes, renameWorkIndexes } from "./indexes.ts";
import { heedConfigurationChange, refusedChange } from "./configuration-change.ts";
import type { Aftermath, BuildInput, Statements } from "./materialization.ts";
import { lock, replace } from "./replace.ts";

/** Refreshed while its query is the same, made anew when it is another one. */
export function* materializedView(input: BuildInput): Statements<Aftermath> {
  const config = readMaterializedViewConfig(input.node);
  const { target, sql } = input;
  const old = yield* findTarget(input);
  if (!old) {
    yield* run("create materialized view", createMaterializedView(target, sql), { main: true });
    yield* createIndexes(target, config.indexes);
    yield* run("analyze", analyze(target));
    return [];
  }
  if (old.kind === "materialized_view" && !input.fullRefresh && !(yield* hasChanged(input, config))) {
    yield* refreshView(input, config, old);
    return [];
  }
  const work = { ...target, identifier: workName(target.identifier) };
  yield* run("create materialized view", createMaterializedView(work, sql), { main: true });
  yield* createWorkIndexes(work, target, config.indexes);
  yield* run("analyze", analyze(work));
  return yield* replace(input, old, "materialized view", function* () {
    yield* run("swap", renameRelation(work, "materialized view", target.identifier));
    yield* renameWorkIndexes(target, config.indexes);
  });
}

/** Postgres keeps no text of a query but writes it down anew, so both are compared as it writes them. */
function* hasChanged(input: BuildInput, config: MaterializedViewConfig): Statements<boolean> {
  const { target, node } = input;
  const probe = fitName(target.identifier, "__sluice_probe");
  yield* run("read definition", createTemporaryView(probe, input.sql));
  const [compared] = yield* ask<{ same: boolean }>("compare definitions", compareDefinitions(target, probe));
  yield* run("read definition", dropTemporaryView(probe));
  if (compared?.same || config.onConfigurationChange === "continue") return false;
  if (config.onConfigurationChange === "apply") return true;
  throw new Failure(refusedChange(node, target));
}

function* refreshView(input: BuildInput, config: MaterializedViewConfig, old: FoundRelation): Statements {
  if (config.onConfigurationChange === "apply") yield* createMissingIndexes(input.target, config.indexes);
  else yield* heedConfigurationChange(input, input.target);
  const present = yield* ask<PresentIndex>("list indexes", listIndexes(input.target));
  const concurrently = old.populated && present.some((index) => index.identifies);
  if (!concurrently) yield* lock(input, old, { dependants: false, drops: false });
  yield* run("refresh", refresh(input.target, concurrently), { main: true });
}

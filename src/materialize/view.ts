import { createView, replaceView } from "../postgres/sql/view.ts";
import { findTarget, run } from "./ask.ts";
import type { Aftermath, BuildInput, Statements } from "./materialization.ts";
import { lock, replace } from "./replace.ts";
import { readRelationConfig } from "./config.ts";
import { checkContract } from "./model-contract.ts";

/** 42P16: a column would vanish, move, or change its type or name. 42P17: the view would read itself, through others. */
const NEEDS_NEW_VIEW = ["42P16", "42P17"];

/** A view is replaced in place where Postgres can; otherwise, as when it was a table, with its dependants kept. */
export function* view(input: BuildInput): Statements<Aftermath> {
  if (readRelationConfig(input.node).contractEnforced) yield* checkContract(input);
  const { target, sql } = input;
  const old = yield* findTarget(input);
  if (!old) {
    yield* run("create view", createView(target, sql), { main: true });
    return [];
  }
  if (old.kind === "view") {
    yield* lock(input, old, { dependants: false, drops: false });
    const replaced = yield* run("replace view", replaceView(target, sql, old.options), {
      main: true,
      rescue: NEEDS_NEW_VIEW,
    });
    if (!replaced.failed) return [];
  }
  return yield* replace(input, old, "view", function* () {
    yield* run("create view", createView(target, sql), { main: true });
  });
}

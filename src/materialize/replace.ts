/**
 * Replacing a relation while everything that depends on it lives on. One transaction:
 *
 * 1. take all locks, or none
 * 2. record what must be said again: dependants with all that is theirs, and what the relation itself carries
 * 3. drop the dependants (by name, never by cascade) and the relation
 * 4. put the new relation in place
 * 5. say again what it carried
 * 6. re-create the dependants, those first that others read
 *
 * A failure anywhere rolls back to the old state.
 */
import { Failure, error, type Note } from "../diagnostics/diagnostic.ts";
import {
  dropsOf,
  groupKept,
  type KeptDependant,
  listKept,
  listLockHolders,
  listOtherDependants,
  listOwnParts,
  type KeptPart,
  type LockHolder,
} from "../postgres/kept.ts";
import type { RelationInfo } from "../postgres/catalog.ts";
import { quote, type RelationName } from "../postgres/relation.ts";
import { takeLocks } from "../postgres/sql/locks.ts";
import { dropRelation, nounOf, type Noun } from "../postgres/sql/relation.ts";
import { isWorkSchema } from "../postgres/sql/swap.ts";
import { relationKey } from "../plan/plan.ts";
import { ask, columnsOf, run } from "./ask.ts";
import type { Aftermath, Site, Statements } from "./materialization.ts";

/**
 * What re-creating something on a changed relation may fail with: the SQL no longer fits (classes 42, 0A), its data no
 * longer do (22, 23), something it hangs on is gone (2BP01, 55000), or it is not ours to make (42501).
 */
const MISFIT = [
  ..."42703 42P01 42883 42804 42846 42P16 42P10 42P13 42P18 42P20 42P21 42P22 42P38 42601 42702 42725 42803 42809".split(
    " ",
  ),
  ..."42704 42710 42P07 42830 42501 0A000 2BP01 55000".split(" "),
  ..."22000 22003 22007 22008 22012 22023 22P02 23502 23503 23505 23514 54011".split(" "),
];

/** Parts that hooks of dbt projects make themselves, without `if not exists`: they are said again after the hooks. */
const LATE: ReadonlySet<KeptPart["part"]> = new Set([
  "trigger",
  "rule",
  "policy",
  "identity",
  "target",
  "statistics",
  "publication",
]);
/** Parts that can only be said when a relation takes its place. */
const LATER: ReadonlySet<KeptPart["part"]> = new Set(["owner", "referenced", "publication"]);
/** Parts that mean the same for a table as for a view. */
const ANY_KIND: ReadonlySet<KeptPart["part"]> = new Set(["owner", "grant", "comment", "referenced"]);

/** Swaps `old` for what `install` puts in its place under the same name. */
export function* replace(input: Site, old: RelationInfo, noun: Noun, install: () => Statements): Statements<Aftermath> {
  yield* lock(input, old, { dependants: true, drops: true });
  const { own, dependants } = yield* record(old, noun);
  const drops = [
    ...dropsOf(dependants),
    ...own.flatMap((part) => part.drop ?? []),
    dropRelation(input.target, nounOf(old.kind)),
  ];
  const dropped = yield* run("drop old", drops.join(";\n"), { rescue: ["2BP01"] });
  if (dropped.failed) throw yield* stillNeeded(input, old);
  yield* install();
  const kept = yield* fitting(own, input.target, nounOf(old.kind) === noun);
  yield* sayEarly(kept);
  for (const part of kept.filter((p) => p.part === "referenced")) yield* restoreReference(input, part);
  yield* recreate(input, dependants);
  return kept.filter((part) => LATE.has(part.part));
}

/** What `live` carries, said of the relation at `at` that is to take its place. Its owner and who refers to it stay as they are. */
export function* carryOver(live: RelationInfo, at: RelationName, noun: Noun): Statements<Aftermath> {
  const parts = yield* ask<KeptPart>("record what it carries", listOwnParts([{ oid: live.oid, noun, as: at }]));
  const carried = parts.filter((part) => !LATER.has(part.part));
  if (carried.length === 0) return [];
  const kept = yield* fitting(carried, at, nounOf(live.kind) === noun);
  yield* sayEarly(kept);
  return kept.filter((part) => LATE.has(part.part));
}

/** Those that hold for a relation of this kind with these columns. */
function* fitting(own: readonly KeptPart[], target: RelationName, sameKind: boolean): Statements<KeptPart[]> {
  const fits = sameKind ? own : own.filter((part) => ANY_KIND.has(part.part));
  if (fits.every((part) => part.column === null)) return [...fits];
  const columns = new Set((yield* columnsOf(target)).map((c) => c.name));
  return fits.filter((part) => part.column === null || columns.has(part.column));
}

function* sayEarly(kept: readonly KeptPart[]): Statements {
  const early = kept.filter((part) => !LATE.has(part.part) && part.part !== "referenced");
  if (early.length) yield* run("keep grants and comments", early.map((part) => part.sql).join(";\n"));
}

/** Changes a relation in place where its dependants would stand in the way: they are dropped and re-created around it. */
export function* withDependantsAside(input: Site, relation: RelationInfo, change: () => Statements): Statements {
  yield* lock(input, relation, { dependants: true, drops: false });
  const { dependants } = yield* record(relation, nounOf(relation.kind));
  const drops = dropsOf(dependants);
  if (drops.length) yield* run("drop dependants", drops.join(";\n"));
  yield* change();
  yield* recreate(input, dependants);
}

/** All locks at once; who holds them is named when they cannot be had. */
export function* lock(
  input: Site,
  relation: RelationInfo,
  options: { dependants: boolean; drops: boolean },
): Statements {
  const locked = yield* run("lock", takeLocks(relation.oid, options), { rescue: ["55P03", "42501"] });
  if (!locked.failed) return;
  if (locked.failed.sqlstate === "42501") throw yield* notOwner(input, relation, locked.failed.message);
  const holders = yield* ask<LockHolder>("who is in the way", listLockHolders([relation.oid]));
  const notes = holders.map(
    (h) => `${h.relation}: pid ${h.pid}, user ${h.user}, ${h.application || "no name"}, since ${h.since}: ${h.query}`,
  );
  throw new Failure(
    error(
      "relation-busy",
      `${quote(input.target)} is in use by others without pause; nothing was changed.`,
      input.node.at,
      [...notes, "try again later, or end those sessions with pg_terminate_backend(pid)"],
    ),
  );
}

function* notOwner(input: Site, relation: RelationInfo, reason: string): Statements<Failure> {
  const { dependants } = yield* record(relation, nounOf(relation.kind));
  return new Failure(
    error(
      "not-owner",
      `${quote(input.target)} (owner ${relation.owner}) cannot be replaced: ${reason}.`,
      input.node.at,
      [
        ...dependants.map(
          (d) =>
            `${nounOf(d.kind)} ${quote({ schema: d.schema, identifier: d.name })} depends on it; its owner is ${d.owner}`,
        ),
        "what depends on a replaced relation is re-created, which only its owner, or a member of that role, may do",
      ],
    ),
  );
}

function* record(relation: RelationInfo, noun: Noun): Statements<ReturnType<typeof groupKept>> {
  return groupKept(yield* ask<KeptPart>("record dependants", listKept([{ oid: relation.oid, noun }])));
}

/**
 * A view that a later step of this plan builds anew may be left to it, and one kept for a rollback is given up; any other
 * must fit the new relation.
 */
function* recreate(input: Site, dependants: readonly KeptDependant[]): Statements {
  const misfits: Note[] = [];
  for (const dependant of dependants) {
    const name = { schema: dependant.schema, identifier: dependant.name };
    const sql = dependant.parts.map((part) => part.sql).join(";\n");
    const made = yield* run(`re-create ${nounOf(dependant.kind)} ${dependant.schema}.${dependant.name}`, sql, {
      rescue: MISFIT,
    });
    if (made.failed && !input.rebuilt.has(relationKey(name)) && !isWorkSchema(dependant.schema))
      misfits.push({
        message: `${nounOf(dependant.kind)} ${quote(name)} (owner ${dependant.owner}): ${made.failed.message}`,
      });
  }
  if (misfits.length === 0) return;
  throw new Failure(
    error(
      "dependant-misfit",
      `${quote(input.target)} cannot be replaced: ${misfits.length === 1 ? "a view that reads it does" : `${misfits.length} views that read it do`} not fit its new columns. Nothing was changed.`,
      input.node.at,
      [...misfits, { message: "keep what they read, or change or drop them first" }],
    ),
  );
}

function* restoreReference(input: Site, part: KeptPart): Statements {
  const made = yield* run("restore foreign key", part.sql, { rescue: MISFIT });
  if (!made.failed) return;
  throw new Failure(
    error(
      "reference-misfit",
      `${quote(input.target)} cannot be replaced: a foreign key that refers to it no longer holds. Nothing was changed.`,
      input.node.at,
      [
        `${part.sql}: ${made.failed.message}`,
        "give the model the unique key and the rows that are referred to, or drop the foreign key first",
      ],
    ),
  );
}

function* stillNeeded(input: Site, old: RelationInfo): Statements<Failure> {
  const others = yield* ask<{ readonly what: string }>("what depends on it", listOtherDependants([old.oid]));
  return new Failure(
    error(
      "dependants-in-the-way",
      `${quote(input.target)} cannot be replaced, because something that Sluice does not re-create depends on it. Nothing was changed.`,
      input.node.at,
      [...others.map((other) => other.what), "drop these first, and create them again in a post-hook or on-run-end"],
    ),
  );
}

/**
 * The exchange itself, inside a transaction:
 *
 * 1. record what is said of the old relations, and what depends on them; fill materialised views (`ahead.ts`), apply deltas,
 *    keeping what they overwrite, and make foreign keys (`keys.ts`): readers see nothing of it before the commit, and need
 *    not wait for it
 * 2. take all locks (`locks.ts`)
 * 3. record again what has changed since
 * 4. drop dependants, by name; they are made again in step 8. Foreign keys change places
 * 5. move functions, then tables: old ones aside, new ones in
 * 6. move views
 * 7. write functions' bodies anew that name work schemas; point views that read a delta to the table it went into; every
 *    name they read is in its place by then
 * 8. say again what was said of the old relations; make the dependants again
 *
 * A failure anywhere rolls back to what was there before.
 */
import { error, Failure, type Note } from "../diagnostics/diagnostic.ts";
import {
  dropsOf,
  groupKept,
  type KeptDependant,
  type KeptPart,
  type KeptRoot,
  listColumnNames,
  listKeptOutside,
  listOtherDependants,
  listOwnParts,
  listStatistics,
  stampOf,
} from "../postgres/kept.ts";
import type { Session } from "../postgres/database.ts";
import { quote, type RelationName } from "../postgres/relation.ts";
import { type Callers, listCarried, listRoutineDependants, listSaidAgain, moveRoutine } from "../postgres/routines.ts";
import { dropRelation, nounOf } from "../postgres/sql/relation.ts";
import { asPublished, prevSchema, setSchema, setStatisticsSchema } from "../postgres/sql/swap.ts";
import { replaceView } from "../postgres/sql/view.ts";
import type { KeptKey } from "../state/publications.ts";
import { type Ahead, dropAhead, dropSchemas, isFilled, makeAhead, nothingAhead, recreation } from "./ahead.ts";
import { attempt } from "./attempt.ts";
import { applyEarly, deltaSql } from "./deltas.ts";
import { anyLate, keptKeys, type Keys, listKeys, restoreKeys, turnEarly, turnedSql, turnLate } from "./keys.ts";
import { type Addition, leavingOf, type Move, type RoutineMove, type SwapPlan } from "./swap-plan.ts";

/** What was done before the locks were taken. */
export interface Early {
  /** Deltas. */
  readonly applied: boolean;
  /** Foreign keys. */
  readonly keys: ReadonlySet<string>;
  readonly ahead: Ahead;
  /** What the catalog says since. */
  readonly seen: Seen;
}

export const nothingEarly = (seen: Seen): Early => ({ applied: false, keys: new Set(), ahead: nothingAhead, seen });

/** The second part of step 1, as far as it has not to wait for step 4. */
export async function doEarly(session: Session, plan: SwapPlan, before: Seen): Promise<Early> {
  const isAsked = anyLate(before.keys, new Set()) || groupKept(before.parts).dependants.some(isFilled);
  const seen = isAsked ? await lookAgain(session, plan, before) : before;
  const ahead = await makeAhead(session, plan, groupKept(seen.parts).dependants);
  const applied = await applyEarly(session, plan);
  const keys = applied ? await turnEarly(session, seen.keys) : new Set<string>();
  const isTold = keys.size > 0 || ahead.made.size > 0;
  return { applied, keys, ahead, seen: isTold ? { ...seen, stamp: await stampNow(session, plan) } : seen };
}

/** What the catalog says of all that takes part; `stamp` is of the moment before it was read. */
export interface Seen {
  readonly stamp: string;
  readonly parts: readonly KeptPart[];
  readonly statistics: readonly Statistic[];
  readonly keys: Keys;
  /** What calls functions to be replaced and must be said again to mean the new ones. */
  readonly callers: readonly { readonly what: string; readonly sql: string }[];
  /** Of the incoming relations. */
  readonly present: readonly KeptPart[];
  readonly columns: readonly { readonly relation: number; readonly name: string }[];
}

/** The first part of step 1, after which the session has no `jit`. Throws `Failure` when something depends on a relation that cannot be pointed to another. */
export async function look(session: Session, plan: SwapPlan): Promise<Seen> {
  const { moves } = plan;
  const replaced = replacements(moves);
  // These questions look dear to the planner, and compiling them would take a hundred times as long as answering.
  await session.query("set jit = off");
  const stamp = await stampNow(session, plan);
  const parts = await partsOf(session, replaced, leavingOf(plan));
  await refuseOthers(session, plan);
  const [statistics, callers] = [await statisticsOf(session, moves), await callersOf(session, plan)];
  const keys = await listKeys(session, plan);
  return { stamp, parts, statistics, callers, keys, ...(await incomingOf(session, replaced)) };
}

const lookAgain = async (session: Session, plan: SwapPlan, before: Seen): Promise<Seen> =>
  (await stampNow(session, plan)) === before.stamp ? before : look(session, plan);

const callersIn = ({ moves }: SwapPlan): Callers => ({
  leaving: moves.flatMap(({ live }) => live?.oid ?? []),
  coming: moves.flatMap(({ incoming }) => incoming?.oid ?? []),
});

async function callersOf(session: Session, plan: SwapPlan): Promise<Seen["callers"]> {
  const functions = leavingOf(plan);
  if (functions.length === 0) return [];
  const { rows } = await session.query<Seen["callers"][number]>(listSaidAgain(functions, callersIn(plan)));
  const schemas = new Set(plan.moves.map(({ published }) => published.schema));
  return rows.map(({ what, sql }) => ({ what, sql: asPublished(sql, schemas) }));
}

async function stampNow(session: Session, { moves, routines }: SwapPlan): Promise<string> {
  const incoming = moves.flatMap((move) => move.incoming?.oid ?? []);
  const sql = stampOf(
    moves.flatMap(({ live }) => live?.oid ?? []),
    incoming,
    leavingOf({ routines }),
  );
  return (await session.query<{ stamp: string }>(sql)).rows[0]!.stamp;
}

export interface Swapped {
  /** Dependants that were made again. */
  readonly again: readonly RelationName[];
  /** What was taken off tables that were put aside. */
  readonly keys: ReadonlyMap<RelationName, readonly KeptKey[]>;
}

/** Steps 3 to 8, and what was not done early. Throws `Failure` and `QueryError`. */
export async function swap(session: Session, plan: SwapPlan, early: Early): Promise<Swapped> {
  const { moves, additions, routines, publication } = plan;
  const done = early.keys;
  const seen = await lookAgain(session, plan, early.seen);
  const isOutdated = seen !== early.seen;
  const ahead = isOutdated ? nothingAhead : early.ahead;
  const { own, dependants } = groupKept(seen.parts);
  const again = saidAgain(replacements(moves), own, seen);
  const tables = moves.filter((move) => !isView(move));
  const views = moves.filter(isView);
  const moved = (some: readonly Move[]): string[] =>
    some.flatMap((move) => moveSql(move, publication, seen.statistics));
  const outdated = isOutdated ? dropAhead(early.ahead) : [];
  const cleared = [...outdated, ...dropsOf(dependants), ...turnedSql(seen.keys, done)];
  const isLate = !early.applied || anyLate(seen.keys, done);
  if (isLate) {
    const deltas = early.applied ? [] : await deltaSql(session, plan);
    await script(session, [...cleared, ...deltas]);
    await turnLate(session, seen.keys, done);
  }
  await script(session, [
    ...(isLate ? [] : cleared),
    ...routines.flatMap((move) => moveRoutines(move, publication)),
    ...moved(tables),
    ...moved(views),
    ...rewritten(routines),
    ...views.flatMap(redefine),
    ...additions.flatMap((addition) => putAside(addition, publication)),
    ...again,
    ...additions.flatMap(({ after }) => after),
  ]);
  await carryRoutines(session, routines);
  await restoreKeys(session, moves);
  await recreate(session, dependants, ahead, seen.callers);
  await script(session, dropSchemas(ahead));
  const recreated = dependants.map(({ schema, name }) => ({ schema, identifier: name }));
  return { again: recreated, keys: keptKeys(seen.keys, plan) };
}

function moveRoutines({ published: { schema }, live, incoming }: RoutineMove, publication: number): string[] {
  const aside = prevSchema(schema, publication);
  return [
    ...live.map((routine) => moveRoutine(routine, schema, aside)),
    ...incoming.map((routine) => moveRoutine(routine, routine.schema, schema)),
  ];
}

/** They were made and checked out of sight: what they name is not looked at again. */
function rewritten(routines: readonly RoutineMove[]): string[] {
  const definitions = routines.flatMap((move) => move.definitions);
  if (definitions.length === 0) return [];
  return ["set local check_function_bodies = off", ...definitions, "set local check_function_bodies = on"];
}

/** What is said of the old functions, of the new ones. */
async function carryRoutines(session: Session, routines: readonly RoutineMove[]): Promise<void> {
  const successors = routines.flatMap(({ live, incoming, ownGrants = false }) =>
    incoming.map(({ oid, types }) => ({
      oid,
      before: live.find((one) => one.types === types)?.oid,
      grants: !ownGrants,
    })),
  );
  if (successors.length === 0) return;
  const { rows } = await session.query<{ sql: string }>(listCarried(successors));
  await script(
    session,
    rows.map(({ sql }) => sql),
  );
}

const replacements = (moves: readonly Move[]): Replacement[] =>
  moves.filter((move): move is Replacement => move.live !== undefined);

type Replacement = Move & Required<Pick<Move, "live">>;

const isView = ({ incoming, live }: Move): boolean => (incoming ?? live)?.kind === "view";

const script = async (session: Session, statements: readonly string[]): Promise<void> => {
  if (statements.length) await session.query(statements.join(";\n"));
};

async function partsOf(
  session: Session,
  replaced: readonly Replacement[],
  functions: readonly number[],
): Promise<KeptPart[]> {
  if (replaced.length + functions.length === 0) return [];
  const roots = replaced.map(({ live, incoming, published }): KeptRoot => ({
    oid: live.oid,
    noun: nounOf((incoming ?? live).kind),
    as: published,
  }));
  return (await session.query<KeptPart>(listKeptOutside(roots, functions))).rows;
}

/** Functions, tables and policies that hold on to an old relation or function would go on with it. */
async function refuseOthers(session: Session, plan: SwapPlan): Promise<void> {
  const functions = leavingOf(plan);
  const relations = callersIn(plan).leaving;
  const asked = [
    ...(relations.length ? [listOtherDependants(relations)] : []),
    ...(functions.length ? [listRoutineDependants(functions, callersIn(plan))] : []),
  ];
  const found: string[] = [];
  for (const sql of asked) found.push(...(await session.query<{ what: string }>(sql)).rows.map(({ what }) => what));
  if (found.length === 0) return;
  const what = functions.length ? "relations or functions" : "relations";
  throw new Failure(
    error(
      "dependants-in-the-way",
      `Something that cannot be pointed to new ${what} depends on ones that are to be replaced. Nothing was published.`,
      undefined,
      [...new Set(found), "drop these first, and make them again in on-run-end"],
    ),
  );
}

interface Statistic {
  readonly relation: number;
  readonly schema: string;
  readonly name: string;
}

async function statisticsOf(session: Session, moves: readonly Move[]): Promise<readonly Statistic[]> {
  const oids = moves.flatMap(({ live, incoming }) => [live?.oid ?? [], incoming?.oid ?? []].flat());
  if (oids.length === 0) return [];
  return (await session.query<Statistic>(listStatistics(oids))).rows;
}

function moveSql({ published, live, incoming }: Move, publication: number, statistics: readonly Statistic[]): string[] {
  const aside = prevSchema(published.schema, publication);
  const follow = (oid: number, to: string): string[] =>
    statistics
      .filter((s) => s.relation === oid && s.schema !== to)
      .map((s) => setStatisticsSchema({ schema: s.schema, identifier: s.name }, to));
  return [
    ...(live ? [setSchema(published, nounOf(live.kind), aside), ...follow(live.oid, aside)] : []),
    ...(incoming
      ? [
          setSchema({ ...published, schema: incoming.schema }, nounOf(incoming.kind), published.schema),
          ...follow(incoming.oid, published.schema),
        ]
      : []),
  ];
}

const redefine = ({ published, incoming }: Move): string[] =>
  incoming?.definition === undefined ? [] : [replaceView(published, incoming.definition, "").sql];

/** The view has served its purpose; the tables are what a rollback needs. */
function putAside({ published, view, tables }: Addition, publication: number): string[] {
  const aside = prevSchema(published.schema, publication);
  return [...(view ? [dropRelation(view, "view")] : []), ...tables.map((table) => setSchema(table, "table", aside))];
}

/** Parts that mean the same for a table as for a view. */
const ANY_KIND: ReadonlySet<KeptPart["part"]> = new Set(["owner", "grant", "comment"]);

/** Of what has a name of its own: the project's definition counts, when the old relation has another one of that name. */
const headOf = ({ sql }: KeptPart): string | undefined =>
  /^create\s+(?:constraint\s+)?(?:trigger|rule|policy|statistics)\s+(?:"(?:[^"]|"")+"|[^\s".]+|\.)+/i.exec(sql)?.[0];

type Pair = Replacement & Required<Pick<Move, "incoming">>;

const pairsOf = (replaced: readonly Replacement[]): Pair[] =>
  replaced.filter((move): move is Pair => move.incoming !== undefined);

async function incomingOf(
  session: Session,
  replaced: readonly Replacement[],
): Promise<Pick<Seen, "present" | "columns">> {
  const roots = pairsOf(replaced).map(({ incoming, published }): KeptRoot => ({
    oid: incoming.oid,
    noun: nounOf(incoming.kind),
    as: published,
  }));
  if (roots.length === 0) return { present: [], columns: [] };
  const { rows: present } = await session.query<KeptPart>(listOwnParts(roots));
  const { rows: columns } = await session.query<{ relation: number; name: string }>(
    listColumnNames(roots.map((root) => root.oid)),
  );
  return { present, columns };
}

/**
 * What is said of the old relations and not yet of the new ones. Most was when these were built; this is what changed
 * since, and what could only be said now.
 */
function saidAgain(
  replaced: readonly Replacement[],
  own: readonly KeptPart[],
  { present, columns }: Pick<Seen, "present" | "columns">,
): string[] {
  const partsBy = grouped(own, (part) => part.oid);
  const presentBy = grouped(present, (part) => part.oid);
  const columnsBy = grouped(columns, (column) => column.relation);
  return pairsOf(replaced).flatMap(({ live, incoming }) => {
    const has = presentBy.get(incoming.oid) ?? [];
    const said = new Set(has.map((part) => part.sql));
    const says = (of: KeptPart): boolean => has.some((part) => part.part === of.part && part.column === of.column);
    const heads = new Set(has.flatMap((part) => headOf(part) ?? []));
    const names = new Set((columnsBy.get(incoming.oid) ?? []).map((column) => column.name));
    const sameKind = nounOf(live.kind) === nounOf(incoming.kind);
    return (partsBy.get(live.oid) ?? [])
      .filter((part) => part.part !== "referenced" && !said.has(part.sql))
      .filter((part) => !heads.has(headOf(part) ?? ""))
      .filter((part) => sameKind || ANY_KIND.has(part.part))
      .filter((part) => part.column === null || names.has(part.column))
      .filter((part) => !(incoming.ownGrants && part.part === "grant" && part.column === null))
      .filter((part) => !((part.part === "comment" || part.part === "options") && says(part)))
      .map((part) => part.sql);
  });
}

function grouped<T>(list: readonly T[], keyOf: (one: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const one of list) {
    const group = groups.get(keyOf(one));
    if (group) group.push(one);
    else groups.set(keyOf(one), [one]);
  }
  return groups;
}

async function recreate(
  session: Session,
  dependants: readonly KeptDependant[],
  ahead: Ahead,
  callers: Seen["callers"],
): Promise<void> {
  const misfits: Note[] = [];
  for (const { what, sql } of callers) {
    const reason = await attempt(session, sql);
    if (reason) misfits.push({ message: `${what}: ${reason.message}` });
  }
  for (const dependant of dependants) {
    const { schema, name, owner, kind } = dependant;
    const named = `${nounOf(kind)} ${quote({ schema, identifier: name })} (owner ${owner})`;
    const reason = await attempt(session, recreation(dependant, ahead));
    if (reason) misfits.push({ message: `${named}: ${reason.message}` });
  }
  if (misfits.length === 0) return;
  const views = misfits.length === 1 ? "A view that reads them does" : `${misfits.length} views that read them do`;
  const message =
    callers.length === 0 ? `${views} not fit the new relations.` : "Not all that reads or calls them fits what is new.";
  throw new Failure(
    error("dependant-misfit", `${message} Nothing was published.`, undefined, [
      ...misfits,
      { message: "keep what they read, or change or drop them first; `sluice publish` tries again" },
    ]),
  );
}

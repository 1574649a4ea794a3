/**
 * The exchange itself, inside a transaction:
 *
 * 1. record what is said of the old relations, and what depends on them; fill materialised views (`ahead.ts`), apply deltas,
 *    keeping what they overwrite, and make foreign keys (`keys.ts`): readers see nothing of it before the commit, and need
 *    not wait for it
 * 2. take all locks (`locks.ts`)
 * 3. record again what has changed since
 * 4. drop dependants, by name; they are made again in step 8. Foreign keys change places
 * 5. move tables: old ones aside, new ones in
 * 6. move views
 * 7. point views that read a delta to the table it went into; every name they read is in its place by then
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
import { dropRelation, nounOf } from "../postgres/sql/relation.ts";
import { prevSchema, setSchema, setStatisticsSchema } from "../postgres/sql/swap.ts";
import { replaceView } from "../postgres/sql/view.ts";
import type { KeptKey } from "../state/publications.ts";
import { type Ahead, dropAhead, dropSchemas, isFilled, makeAhead, nothingAhead, recreation } from "./ahead.ts";
import { attempt } from "./attempt.ts";
import { applyEarly, deltaSql } from "./deltas.ts";
import { anyLate, keptKeys, type Keys, listKeys, restoreKeys, turnEarly, turnedSql, turnLate } from "./keys.ts";
import type { Addition, Move, SwapPlan } from "./swap-plan.ts";

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
  return { applied, keys, ahead, seen: isTold ? { ...seen, stamp: await stampNow(session, plan.moves) } : seen };
}

/** What the catalog says of all that takes part; `stamp` is of the moment before it was read. */
export interface Seen {
  readonly stamp: string;
  readonly parts: readonly KeptPart[];
  readonly statistics: readonly Statistic[];
  readonly keys: Keys;
  /** Of the incoming relations. */
  readonly present: readonly KeptPart[];
  readonly columns: readonly { readonly relation: number; readonly name: string }[];
}

/** The first part of step 1. Throws `Failure` when something depends on a relation that cannot be pointed to another. */
export async function look(session: Session, plan: SwapPlan): Promise<Seen> {
  const { moves } = plan;
  const replaced = replacements(moves);
  const stamp = await stampNow(session, moves);
  const parts = await partsOf(session, replaced);
  await refuseOthers(session, replaced);
  return {
    stamp,
    parts,
    statistics: await statisticsOf(session, moves),
    keys: await listKeys(session, plan),
    ...(await incomingOf(session, replaced)),
  };
}

const lookAgain = async (session: Session, plan: SwapPlan, before: Seen): Promise<Seen> =>
  (await stampNow(session, plan.moves)) === before.stamp ? before : look(session, plan);

async function stampNow(session: Session, moves: readonly Move[]): Promise<string> {
  const incoming = moves.flatMap((move) => move.incoming?.oid ?? []);
  const sql = stampOf(
    moves.flatMap(({ live }) => live?.oid ?? []),
    incoming,
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
  const { moves, additions, publication } = plan;
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
    ...moved(tables),
    ...moved(views),
    ...views.flatMap(redefine),
    ...additions.flatMap((addition) => putAside(addition, publication)),
    ...again,
    ...additions.flatMap(({ after }) => after),
  ]);
  await restoreKeys(session, moves);
  await recreate(session, dependants, ahead);
  await script(session, dropSchemas(ahead));
  const recreated = dependants.map(({ schema, name }) => ({ schema, identifier: name }));
  return { again: recreated, keys: keptKeys(seen.keys, plan) };
}

const replacements = (moves: readonly Move[]): Replacement[] =>
  moves.filter((move): move is Replacement => move.live !== undefined);

type Replacement = Move & Required<Pick<Move, "live">>;

const isView = ({ incoming, live }: Move): boolean => (incoming ?? live)?.kind === "view";

const script = async (session: Session, statements: readonly string[]): Promise<void> => {
  if (statements.length) await session.query(statements.join(";\n"));
};

async function partsOf(session: Session, replaced: readonly Replacement[]): Promise<KeptPart[]> {
  if (replaced.length === 0) return [];
  const roots = replaced.map(({ live, incoming, published }): KeptRoot => ({
    oid: live.oid,
    noun: nounOf((incoming ?? live).kind),
    as: published,
  }));
  return (await session.query<KeptPart>(listKeptOutside(roots))).rows;
}

/** Functions, tables and policies that hold on to an old relation would go on reading it. */
async function refuseOthers(session: Session, replaced: readonly Replacement[]): Promise<void> {
  if (replaced.length === 0) return;
  const { rows } = await session.query<{ what: string }>(listOtherDependants(replaced.map(({ live }) => live.oid)));
  if (rows.length === 0) return;
  throw new Failure(
    error(
      "dependants-in-the-way",
      "Something that cannot be pointed to new relations depends on ones that are to be replaced. Nothing was published.",
      undefined,
      [...rows.map(({ what }) => what), "drop these first, and make them again in on-run-end"],
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

async function recreate(session: Session, dependants: readonly KeptDependant[], ahead: Ahead): Promise<void> {
  const misfits: Note[] = [];
  for (const dependant of dependants) {
    const { schema, name, owner, kind } = dependant;
    const named = `${nounOf(kind)} ${quote({ schema, identifier: name })} (owner ${owner})`;
    const reason = await attempt(session, recreation(dependant, ahead));
    if (reason) misfits.push({ message: `${named}: ${reason.message}` });
  }
  if (misfits.length === 0) return;
  const many = misfits.length === 1 ? "A view that reads them does" : `${misfits.length} views that read them do`;
  throw new Failure(
    error("dependant-misfit", `${many} not fit the new relations. Nothing was published.`, undefined, [
      ...misfits,
      { message: "keep what they read, or change or drop them first; `sluice publish` tries again" },
    ]),
  );
}

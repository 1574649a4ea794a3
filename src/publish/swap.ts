/**
 * The exchange itself, inside a transaction:
 *
 * 1. record what is said of the old relations, and what depends on them; apply deltas, keeping what they overwrite: readers
 *    see nothing of it before the commit, and need not wait for it
 * 2. take all locks (`locks.ts`)
 * 3. record again what has changed since
 * 4. drop dependants, by name; they are made again in step 8
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
  anyRefers,
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
import { QueryError } from "../postgres/errors.ts";
import { quote, type RelationName } from "../postgres/relation.ts";
import { type Callers, listCarried, listRoutineDependants, listSaidAgain, moveRoutine } from "../postgres/routines.ts";
import { listStandings } from "../postgres/standing.ts";
import { dropRelation, nounOf } from "../postgres/sql/relation.ts";
import { asPublished, prevSchema, setSchema, setStatisticsSchema } from "../postgres/sql/swap.ts";
import { replaceView } from "../postgres/sql/view.ts";
import { type Addition, leavingOf, type Move, type RoutineMove, type SwapPlan } from "./swap-plan.ts";

/** The second part of step 1, unless it has to wait for step 4. Returns whether it is done. */
export async function applyEarly(session: Session, plan: SwapPlan): Promise<boolean> {
  const { moves, additions } = plan;
  if (additions.length === 0) return true;
  const added = additions.map(({ oid }) => oid);
  const replaced = moves.flatMap(({ live }) => live?.oid ?? []);
  await refuseOutdated(session, additions);
  // New rows may refer to rows that only the new relation has.
  const { rows } = await session.query<{ refers: boolean }>(anyRefers(added, replaced));
  if (rows[0]!.refers) return false;
  await script(session, additions.flatMap(deltaSql));
  return true;
}

/** A delta was made for a table as it stood; onto another one it would be wrong. */
async function refuseOutdated(session: Session, additions: readonly Addition[]): Promise<void> {
  const { rows } = await session.query<{ schema: string; name: string; standing: string }>(
    listStandings(additions.map(({ published }) => published)),
  );
  const standing = new Map(rows.map((row) => [quote({ schema: row.schema, identifier: row.name }), row.standing]));
  const outdated = additions.filter(
    ({ base, published }) => base !== undefined && base !== standing.get(quote(published)),
  );
  if (outdated.length === 0) return;
  throw new Failure(
    outdated.map(({ published }) =>
      error(
        "delta-outdated",
        `${quote(published)} was written to after its new rows were made. Nothing was published.`,
        undefined,
        ["build again: the new rows are then made for the table as it stands"],
      ),
    ),
  );
}

const deltaSql = ({ keep, apply }: Addition): string[] => [...keep, ...apply];

/** What the catalog says of all that takes part; `stamp` is of the moment before it was read. */
export interface Seen {
  readonly stamp: string;
  readonly parts: readonly KeptPart[];
  readonly statistics: readonly Statistic[];
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
  return { stamp, parts, statistics, callers, ...(await incomingOf(session, replaced)) };
}

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

/** Steps 3 to 8, and the deltas if they were not `applied`. Returns the dependants that were made again. Throws `Failure` and `QueryError`. */
export async function swap(
  session: Session,
  plan: SwapPlan,
  before: Seen,
  applied: boolean,
): Promise<readonly RelationName[]> {
  const { moves, additions, routines, publication } = plan;
  const seen = (await stampNow(session, plan)) === before.stamp ? before : await look(session, plan);
  const { own, dependants } = groupKept(seen.parts);
  const again = saidAgain(replacements(moves), own, seen);
  const tables = moves.filter((move) => !isView(move));
  const views = moves.filter(isView);
  const moved = (some: readonly Move[]): string[] =>
    some.flatMap((move) => moveSql(move, publication, seen.statistics));
  await script(session, [
    ...dropsOf(dependants),
    ...own.flatMap((part) => part.drop ?? []),
    ...(applied ? [] : additions.flatMap(deltaSql)),
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
  await refer(session, own);
  await recreate(session, dependants, seen.callers);
  return dependants.map(({ schema, name }) => ({ schema, identifier: name }));
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

/** Foreign keys of others that referred to an old relation refer to the new one. */
async function refer(session: Session, own: readonly KeptPart[]): Promise<void> {
  const misfits: Note[] = [];
  for (const part of own.filter((p) => p.part === "referenced"))
    await attempt(session, part.sql, (reason) => misfits.push({ message: `${part.sql}: ${reason}` }));
  if (misfits.length === 0) return;
  throw new Failure(
    error(
      "reference-misfit",
      "A foreign key that refers to a relation to be replaced no longer holds. Nothing was published.",
      undefined,
      [
        ...misfits,
        { message: "give the model the unique key and the rows that are referred to, or drop the foreign key" },
      ],
    ),
  );
}

async function recreate(
  session: Session,
  dependants: readonly KeptDependant[],
  callers: Seen["callers"],
): Promise<void> {
  const misfits: Note[] = [];
  for (const { what, sql } of callers)
    await attempt(session, sql, (reason) => misfits.push({ message: `${what}: ${reason}` }));
  for (const { schema, name, owner, kind, parts } of dependants) {
    const named = `${nounOf(kind)} ${quote({ schema, identifier: name })} (owner ${owner})`;
    const sql = parts.map((part) => part.sql).join(";\n");
    await attempt(session, sql, (reason) => misfits.push({ message: `${named}: ${reason}` }));
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

/** In a savepoint, so that all that does not fit can be told at once. */
async function attempt(session: Session, sql: string, onMisfit: (reason: string) => void): Promise<void> {
  await session.query("savepoint sluice_attempt");
  try {
    await session.query(`${sql};\nrelease savepoint sluice_attempt`);
  } catch (thrown) {
    // Locks and lost connections are for the next attempt; what the SQL says is the user's to know.
    if (!(thrown instanceof QueryError) || thrown.transient) throw thrown;
    await session.query("rollback to savepoint sluice_attempt; release savepoint sluice_attempt");
    onMisfit(thrown.message);
  }
}

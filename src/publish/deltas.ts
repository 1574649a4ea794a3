/** New rows for tables that stay. */
import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { Session } from "../postgres/database.ts";
import { anyRefers } from "../postgres/kept.ts";
import { quote } from "../postgres/relation.ts";
import { keysAmong } from "../postgres/sql/keys.ts";
import { listStandings } from "../postgres/standing.ts";
import { changedLately } from "../state/late-writes.ts";
import type { Addition, SwapPlan } from "./swap-plan.ts";

/** Before the locks, unless they have to wait for foreign keys to change places. Returns whether it is done. Throws `Failure`. */
export async function applyEarly(session: Session, plan: SwapPlan): Promise<boolean> {
  const { moves, additions } = plan;
  if (additions.length === 0) return true;
  const added = additions.map(({ oid }) => oid);
  const replaced = moves.flatMap(({ live }) => live?.oid ?? []);
  await refuseOutdated(session, additions);
  // New rows may refer to rows that only the new relation has.
  const { rows } = await session.query<{ refers: boolean }>(anyRefers(added, replaced));
  if (rows[0]!.refers) return false;
  const statements = await deltaSql(session, plan);
  if (statements.length) await session.query(statements.join(";\n"));
  return true;
}

/** Rows that are referred to are there before those that refer to them. */
async function parentsFirst(session: Session, additions: readonly Addition[]): Promise<readonly Addition[]> {
  if (additions.length < 2) return additions;
  const { rows } = await session.query<{ child: number; parent: number }>(keysAmong(additions.map(({ oid }) => oid)));
  const ordered = new Set<Addition>();
  const visit = (addition: Addition, from: ReadonlySet<Addition>): void => {
    if (ordered.has(addition) || from.has(addition)) return;
    const parents = rows.filter((row) => Number(row.child) === Number(addition.oid)).map((row) => Number(row.parent));
    for (const parent of additions.filter(({ oid }) => parents.includes(Number(oid))))
      visit(parent, new Set([...from, addition]));
    ordered.add(addition);
  };
  for (const addition of additions) visit(addition, new Set());
  return [...ordered];
}

/** A delta was made for a table as it stood; onto another one it would be wrong. */
async function refuseOutdated(session: Session, additions: readonly Addition[]): Promise<void> {
  const { rows } = await session.query<{ schema: string; name: string; standing: string }>(
    listStandings(additions.map(({ published }) => published)),
  );
  const standing = new Map(rows.map((row) => [quote({ schema: row.schema, identifier: row.name }), row.standing]));
  const changed = await changedLately(
    session,
    additions.flatMap(({ oid, published, asOf }) => (asOf === undefined ? [] : { oid, name: published, asOf })),
  );
  const outdated = additions.filter(
    ({ base, oid, published }) =>
      (base !== undefined && base !== standing.get(quote(published))) || changed.has(Number(oid)),
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

/** Keeps what they will overwrite, then applies them. */
export async function deltaSql(session: Session, { additions, goesBack }: SwapPlan): Promise<string[]> {
  const ordered = await parentsFirst(session, additions);
  return (goesBack ? ordered.toReversed() : ordered).flatMap(({ keep, apply }) => [...keep, ...apply]);
}

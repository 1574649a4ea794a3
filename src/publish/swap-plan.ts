/** A swap as data: what takes whose place, and what is added to what. Publishing and going back are two ways to make one. */
import { error, Failure } from "../diagnostics/diagnostic.ts";
import { findRelations, type RelationInfo, type RelationKind } from "../postgres/catalog.ts";
import type { Session } from "../postgres/database.ts";
import { quote, type RelationName } from "../postgres/relation.ts";
import { findRoutines, type RoutineInfo } from "../postgres/routines.ts";
import { nextOf } from "../postgres/sql/swap.ts";
import {
  type Entry,
  type KeptKey,
  type PlacedRoutines,
  type StagedNode,
  standingRoutines,
} from "../state/publications.ts";

export interface Standing {
  readonly oid: number;
  readonly kind: RelationKind;
}

/** One relation takes the place of another, or of none; or leaves its place. */
export interface Move {
  readonly published: RelationName;
  readonly live?: Standing;
  readonly incoming?: Standing & {
    readonly schema: string;
    /** Views only: the query to give it before it moves, when what it reads is not what it will read. */
    readonly definition?: string;
    /** The project says who may do what: grants by hand are not carried over. */
    readonly ownGrants?: boolean;
    /** Foreign keys that were taken off it when it was put aside. */
    readonly keys?: readonly KeptKey[];
  };
}

/** Rows are added to a table that stays. Statements are SQL and run in the order of the fields. */
export interface Addition {
  readonly published: RelationName;
  readonly oid: number;
  /** How the table stood when the delta was made; absent when that was not noted. */
  readonly base?: string;
  readonly asOf?: string;
  readonly keep: readonly string[];
  readonly apply: readonly string[];
  readonly after: readonly string[];
  /** The view that showed the table as it would be. */
  readonly view?: RelationName;
  /** Its work tables. */
  readonly tables: readonly RelationName[];
}

/** Functions of one name take the place of others, or of none; or leave their place. */
export interface RoutineMove {
  readonly published: RelationName;
  readonly live: readonly RoutineInfo[];
  readonly incoming: readonly RoutineInfo[];
  /** Statements that write bodies anew, when all that they name is in its place. */
  readonly definitions: readonly string[];
  readonly ownGrants?: boolean;
}

export interface SwapPlan {
  /** Names the schemas to which what is replaced is moved. */
  readonly publication: number;
  readonly moves: readonly Move[];
  readonly additions: readonly Addition[];
  readonly routines: readonly RoutineMove[];
  /** Rows are taken out again: those that refer to others first. */
  readonly goesBack?: true;
}

/** What stands under the names of functions when the plan is carried out. */
export const placedRoutines = ({ routines }: SwapPlan): PlacedRoutines[] =>
  routines.map(({ published, incoming }) => ({ name: published, oids: incoming.map(({ oid }) => oid) }));

/** Functions whose place others take. */
export const leavingOf = ({ routines }: Pick<SwapPlan, "routines">): number[] =>
  routines.flatMap(({ live }) => live.map(({ oid }) => oid));

/** What publishing a run's nodes means at this moment. Throws `Failure` when something that was staged is gone. */
export async function publicationPlan(
  session: Session,
  publication: number,
  nodes: readonly StagedNode[],
): Promise<SwapPlan> {
  const found = await findAll(
    session,
    nodes.flatMap(({ published }) => [published, nextOf(published)]),
  );
  const moves: Move[] = [];
  const additions: Addition[] = [];
  const gone: RelationName[] = [];
  const functions = nodes.filter(({ entry }) => entry.how === "routine");
  const routines = await routineMoves(session, publication, functions);
  gone.push(...routines.filter(({ incoming }) => incoming.length === 0).map(({ published }) => nextOf(published)));
  for (const { published, entry } of nodes) {
    const live = found(published);
    if (entry.how === "keep" || entry.how === "routine") continue;
    if (entry.how === "move") {
      const incoming = found(nextOf(published));
      if (incoming) moves.push(moveOf(published, entry, incoming, live));
      else gone.push(nextOf(published));
    } else if (live?.kind !== "table") gone.push(published);
    else additions.push({ ...entry, published, oid: live.oid });
  }
  if (gone.length) throw new Failure(gone.map(missing));
  return { publication, moves, additions, routines };
}

/** Of what stands there already, ours is replaced, and what takes the same arguments, as `create or replace` would. */
async function routineMoves(
  session: Session,
  publication: number,
  functions: readonly StagedNode[],
): Promise<RoutineMove[]> {
  if (functions.length === 0) return [];
  const ours = await standingRoutines(session, publication);
  const found = await findAllRoutines(
    session,
    functions.flatMap(({ published }) => [published, nextOf(published)]),
  );
  return functions.map(({ published, entry }) => {
    if (entry.how !== "routine") throw new Error(`Internal error: ${quote(published)} is no function`);
    const incoming = found(nextOf(published));
    const own = ours.get(quote(published)) ?? [];
    const live = found(published).filter(
      ({ oid, types }) => own.includes(oid) || incoming.some((i) => i.types === types),
    );
    const { definitions, ownGrants = false } = entry;
    return { published, live, incoming, definitions, ownGrants };
  });
}

/** Functions of each of the names. */
export async function findAllRoutines(
  session: Session,
  names: readonly RelationName[],
): Promise<(name: RelationName) => RoutineInfo[]> {
  const { rows } = await session.query<RoutineInfo>(findRoutines(names));
  return ({ schema, identifier }) => rows.filter((row) => row.schema === schema && row.name === identifier);
}

function moveOf(
  published: RelationName,
  entry: Entry & { how: "move" },
  { oid, kind }: RelationInfo,
  live: RelationInfo | undefined,
): Move {
  const { definition, ownGrants } = entry;
  return {
    published,
    incoming: {
      oid,
      kind,
      schema: nextOf(published).schema,
      ...(definition !== undefined && { definition }),
      ...(ownGrants && { ownGrants }),
    },
    ...(live && { live: { oid: live.oid, kind: live.kind } }),
  };
}

const missing = (name: RelationName) =>
  error("staged-relation-gone", `${quote(name)} is gone, so nothing was published.`, undefined, [
    "somebody dropped or replaced it since it was built: build again",
  ]);

/** Those of the relations that exist, by name. */
export async function findAll(
  session: Session,
  names: readonly RelationName[],
): Promise<(name: RelationName) => RelationInfo | undefined> {
  const { rows } = await session.query<RelationInfo>(findRelations(names));
  const byName = new Map(rows.map((row) => [quote({ schema: row.schema, identifier: row.name }), row]));
  return (name) => byName.get(quote(name));
}

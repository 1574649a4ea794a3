/**
 * Materialised views that depend on what is replaced, filled before the locks are taken. Made in work schemas, with the views
 * between, over the relations that come; when these move, so do they. The texts of views name relations, and the search path
 * decides which ones that are: afterwards it is checked that each reads what it should. What cannot be made ahead (it
 * reads a table that rows are added to, or anything goes wrong) is made when the locks are held, which also tells why not.
 */
import type { Session } from "../postgres/database.ts";
import { QueryError } from "../postgres/errors.ts";
import { type KeptDependant, listDependants } from "../postgres/kept.ts";
import { quote, quoteIdent, type RelationName } from "../postgres/relation.ts";
import {
  type Definition,
  indexOn,
  listDefinitions,
  listReads,
  listSchemas,
  readsTheSame,
  searchIn,
} from "../postgres/sql/ahead.ts";
import { refresh } from "../postgres/sql/materialized-view.ts";
import { dropRelation, nounOf } from "../postgres/sql/relation.ts";
import { nextOf, nextSchema, setSchema } from "../postgres/sql/swap.ts";
import type { SwapPlan } from "./swap-plan.ts";

export interface Ahead {
  /** By their oids: what was made, first what is read. */
  readonly made: ReadonlyMap<number, { readonly dependant: KeptDependant; readonly at: RelationName }>;
  /** Made for these, and empty when all have moved. */
  readonly schemas: readonly string[];
}

const NOTHING: Ahead = { made: new Map(), schemas: [] };

const oidOf = ({ parts }: KeptDependant): number => Number(parts[0]!.oid);
const nameOf = ({ schema, name }: KeptDependant): RelationName => ({ schema, identifier: name });
export const isFilled = ({ kind, parts }: KeptDependant): boolean =>
  kind === "materialized_view" && parts.some(({ part, sql }) => part === "create" && sql.endsWith(" with data"));

/** In the publication's transaction. `dependants` come after what they read. */
export async function makeAhead(
  session: Session,
  plan: SwapPlan,
  dependants: readonly KeptDependant[],
): Promise<Ahead> {
  if (!dependants.some(isFilled)) return NOTHING;
  const chosen = await choose(session, plan, dependants);
  if (chosen.length === 0) return NOTHING;
  await session.query("savepoint sluice_ahead");
  try {
    const ahead = await make(session, plan, chosen);
    await session.query(`${ahead ? "" : "rollback to savepoint sluice_ahead; "}release savepoint sluice_ahead`);
    return ahead ?? NOTHING;
  } catch (thrown) {
    if (!(thrown instanceof QueryError) || thrown.transient) throw thrown;
    await session.query("rollback to savepoint sluice_ahead; release savepoint sluice_ahead");
    return NOTHING;
  }
}

/** Those that hold rows, and what they read of the others. */
async function choose(
  session: Session,
  { additions, moves }: SwapPlan,
  dependants: readonly KeptDependant[],
): Promise<readonly KeptDependant[]> {
  const { rows } = await session.query<{ reader: number; read: number }>(listReads(dependants.map(oidOf)));
  const reads = (dependant: KeptDependant): number[] =>
    rows.flatMap(({ reader, read }) => (Number(reader) === oidOf(dependant) ? Number(read) : []));
  const late = await withoutNewRows(session, additions, moves);
  for (const dependant of dependants) {
    const isEmpty = dependant.kind === "materialized_view" && !isFilled(dependant);
    if (isEmpty || reads(dependant).some((oid) => late.has(oid))) late.add(oidOf(dependant));
  }
  const wanted = new Set<number>();
  for (const dependant of dependants.toReversed()) {
    const oid = oidOf(dependant);
    if (late.has(oid) || !(isFilled(dependant) || wanted.has(oid))) continue;
    wanted.add(oid);
    for (const read of reads(dependant)) wanted.add(read);
  }
  return dependants.filter((dependant) => wanted.has(oidOf(dependant)));
}

/**
 * What shows new rows only when they are in their tables. What comes reads them where they wait, and would show them twice later:
 * so all is filled before.
 */
async function withoutNewRows(
  session: Session,
  additions: SwapPlan["additions"],
  moves: SwapPlan["moves"],
): Promise<Set<number>> {
  if (additions.length === 0) return new Set();
  const going = moves.flatMap(({ live }) => live?.oid ?? []);
  const sql = listDependants(
    additions.map(({ oid }) => oid),
    going,
  );
  return new Set((await session.query<{ oid: number }>(sql)).rows.map(({ oid }) => Number(oid)));
}

/** Undefined: one would read something else than it did. */
async function make(
  session: Session,
  { moves }: SwapPlan,
  chosen: readonly KeptDependant[],
): Promise<Ahead | undefined> {
  const published = [
    ...new Set([...moves.map((move) => move.published.schema), ...chosen.map(({ schema }) => schema)]),
  ];
  const work = [...new Set(chosen.map(({ schema }) => nextSchema(schema)))];
  const there = (await session.query<{ name: string }>(listSchemas(work))).rows.map(({ name }) => name);
  const schemas = work.filter((name) => !there.includes(name));
  for (const schema of schemas) await session.query(`create schema ${quoteIdent(schema)}`);
  const [usual] = (await session.query<{ path: string }>("select current_setting('search_path') as path")).rows;
  await session.query(searchIn(published));
  const { rows } = await session.query<Definition>(listDefinitions(chosen.map(oidOf)));
  await session.query(searchIn(published.flatMap((schema) => [nextSchema(schema), schema])));
  const definitions = new Map(rows.map((row) => [Number(row.oid), row]));
  for (const dependant of chosen) await session.query(creation(dependant, definitions.get(oidOf(dependant))!));
  // What functions call in their bodies is as usual.
  await session.query("select set_config('search_path', $1, true)", [usual!.path]);
  const made = new Map(chosen.map((dependant) => [oidOf(dependant), { dependant, at: nextOf(nameOf(dependant)) }]));
  if (!(await isTheSame(session, moves, made))) return undefined;
  for (const dependant of chosen.filter(isFilled))
    await session.query(filling(dependant, definitions.get(oidOf(dependant))!).join(";\n"));
  return { made, schemas };
}

function creation(dependant: KeptDependant, { options, query }: Definition): string {
  const stored = options ? ` with (${options})` : "";
  const rows = dependant.kind === "view" ? "" : " with no data";
  return `create ${nounOf(dependant.kind)} ${quote(nextOf(nameOf(dependant)))}${stored} as ${query}${rows}`;
}

function filling(dependant: KeptDependant, { own }: Definition): string[] {
  const at = nextOf(nameOf(dependant));
  const indexes = dependant.parts.filter(({ part }) => part === "index");
  return [refresh(at, false), ...indexes.map(({ sql }) => indexOn(sql, own, quote(at)))];
}

async function isTheSame(session: Session, moves: SwapPlan["moves"], made: Ahead["made"]): Promise<boolean> {
  const pairs: [number, number][] = [];
  for (const [old, { at }] of made) {
    const { rows } = await session.query<{ oid: number }>("select $1::regclass::oid::int8 as oid", [quote(at)]);
    pairs.push([old, Number(rows[0]!.oid)]);
  }
  const places = moves.flatMap(({ live, incoming }): [number, number][] =>
    live && incoming ? [[Number(live.oid), Number(incoming.oid)]] : [],
  );
  return (await session.query<{ same: boolean }>(readsTheSame(pairs, places))).rows[0]!.same;
}

/** What makes a dependant again, when what it reads is in its place. */
export function recreation(dependant: KeptDependant, { made }: Ahead): string {
  const ahead = made.get(oidOf(dependant));
  const parts = ahead ? dependant.parts.filter(({ part }) => part !== "create" && part !== "index") : dependant.parts;
  return [
    ...(ahead ? [setSchema(ahead.at, nounOf(dependant.kind), dependant.schema)] : []),
    ...parts.map((part) => part.sql),
  ].join(";\n");
}

export const dropSchemas = ({ schemas }: Ahead): string[] => schemas.map((name) => `drop schema ${quoteIdent(name)}`);

/** What they were made after is not what it was any more. */
export const dropAhead = (ahead: Ahead): string[] => [
  ...[...ahead.made.values()].toReversed().map(({ dependant, at }) => dropRelation(at, nounOf(dependant.kind))),
  ...dropSchemas(ahead),
];

export const nothingAhead = NOTHING;

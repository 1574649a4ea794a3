/** What is left over: of builds that were given up, and of publications that are too old to go back to. */
import { setTimeout as sleep } from "node:timers/promises";
import { QueryError, SQLSTATE } from "../postgres/errors.ts";
import { listRelations, type RelationInfo } from "../postgres/catalog.ts";
import type { Session } from "../postgres/database.ts";
import { quote, quoteIdent, type RelationName } from "../postgres/relation.ts";
import { LOCK_WAIT_MS } from "../postgres/sql/locks.ts";
import { type Noun, nounOf } from "../postgres/sql/relation.ts";
import { listRoutines, type RoutineInfo, signatureOf } from "../postgres/routines.ts";
import { nextOf } from "../postgres/sql/swap.ts";
import { forgetKept, leftBehind, publications, setPublicationStatus, stagedNodes } from "../state/publications.ts";
import { findAll, findAllRoutines } from "./swap-plan.ts";

export interface TidyOptions {
  readonly site: string;
  readonly keep: number;
  onWarning(text: string): void;
}

/** Nobody who reads what is to be dropped, and waits behind us, is to wait for long. */
const REST_MS = 100;
const PATIENCE = `set local lock_timeout = '${LOCK_WAIT_MS}ms'`;

/** Drops what publications older than the last `keep` replaced. Never throws what Postgres says: it is said as a warning. */
export async function tidy(session: Session, { site, keep, onWarning }: TidyOptions): Promise<void> {
  const past = await publications(session, site, ["published", "undone"]);
  const current = past
    .filter((p) => p.status === "published" && p.rollbackOf === null && p.kept && p.relations > 0)
    .slice(0, keep);
  const aside = await asideSchemas(session);
  for (const { id } of past.filter((p) => !current.includes(p)).toReversed()) {
    const schemas = aside.filter((schema) => schema.id === id);
    const isKept = past.some((p) => p.id === id && p.kept);
    if (schemas.length === 0 && !isKept) continue;
    try {
      await patiently(session, 5, async () => {
        await dropSchemas(session, schemas);
        await forgetKept(session, id);
      });
    } catch (thrown) {
      if (!(thrown instanceof QueryError)) throw thrown;
      onWarning(`What publication ${id} replaced is not dropped yet: ${thrown.message}`);
    }
  }
}

/** In a transaction, tried a few times while somebody else holds a lock. */
async function patiently(session: Session, attempts: number, work: () => Promise<void>): Promise<void> {
  for (let left = attempts; ; left--) {
    try {
      return await session.transaction(async () => {
        await session.query(PATIENCE);
        await work();
      });
    } catch (thrown) {
      const isBusy = thrown instanceof QueryError && thrown.sqlstate === SQLSTATE.lockNotAvailable;
      if (!isBusy || left <= 1) throw thrown;
    }
    await sleep(REST_MS);
  }
}

interface AsideSchema {
  readonly name: string;
  /** Of the publication. */
  readonly id: number;
}

/** Where publications keep what they replaced. */
async function asideSchemas(session: Session): Promise<readonly AsideSchema[]> {
  const { rows } = await session.query<AsideSchema>(
    `select nspname as name, substring(nspname from '__sluice_prev_([0-9]+)$')::int8 as id
     from pg_namespace where nspname ~ '__sluice_prev_[0-9]+$'`,
  );
  return rows;
}

/** With what is in them, by name: a stranger's object there keeps the schema. */
async function dropSchemas(session: Session, schemas: readonly AsideSchema[]): Promise<void> {
  if (schemas.length === 0) return;
  const names = schemas.map(({ name }) => name);
  const { rows } = await session.query<RelationInfo>(listRelations(names));
  const { rows: routines } = await session.query<RoutineInfo>(listRoutines(names));
  await dropAll(session, [
    ...rows.map(({ schema, name, kind }) => ({ name: quote({ schema, identifier: name }), noun: nounOf(kind) })),
    ...routines.map(asDoomed),
  ]);
  await session.query(`drop schema if exists ${names.map(quoteIdent).join(", ")}`);
}

interface Doomed {
  /** As statements name it. */
  readonly name: string;
  readonly noun: Noun | "routine";
}

const asDoomed = (routine: RoutineInfo): Doomed => ({ name: signatureOf(routine), noun: "routine" });

/** Never by cascade: each by its name, and those first on which nothing stands. What a stranger's object needs makes it throw. */
async function dropAll(session: Session, doomed: readonly Doomed[]): Promise<void> {
  for (let left = doomed; left.length > 0;) {
    const stuck: Doomed[] = [];
    let reason: unknown;
    for (const noun of ["view", "materialized view", "table", "routine"] as const) {
      const some = left.filter((one) => one.noun === noun);
      // Together first: tables may refer to one another, views stand upon one another.
      for (const group of (await dropped(session, noun, some)) ? [] : some.map((one) => [one]))
        await dropped(session, noun, group, (thrown) => {
          reason = thrown;
          stuck.push(...group);
        });
    }
    if (stuck.length === left.length) throw reason;
    left = stuck;
  }
}

async function dropped(
  session: Session,
  noun: Doomed["noun"],
  some: readonly Doomed[],
  onFailure: (thrown: QueryError) => void = () => {},
): Promise<boolean> {
  if (some.length === 0) return true;
  const drop = `drop ${noun} if exists ${some.map(({ name }) => name).join(", ")}`;
  try {
    await session.query(`savepoint sluice_drop;\n${drop};\nrelease savepoint sluice_drop`);
    return true;
  } catch (thrown) {
    if (!(thrown instanceof QueryError) || thrown.sqlstate !== SQLSTATE.dependentObjects) throw thrown;
    await session.query("rollback to savepoint sluice_drop; release savepoint sluice_drop");
    onFailure(thrown);
    return false;
  }
}

/**
 * Before a run builds: drops what runs that are dead left in work schemas, and what is ready to be published but about to
 * be built again (`planned`). Nobody but their own run ever read these. Returns what was given up.
 */
export async function clearLeftBehind(
  session: Session,
  site: string,
  planned: readonly RelationName[],
): Promise<readonly number[]> {
  const given = await leftBehind(session, site, planned);
  for (const id of given) await giveUp(session, id);
  return given;
}

/** What was built out of sight for a publication is dropped, and the publication will never come. */
export function giveUp(session: Session, id: number): Promise<void> {
  return patiently(session, 50, async () => {
    const nodes = await stagedNodes(session, id);
    const names = nodes.flatMap(({ published, entry }) => [
      nextOf(published),
      ...(entry.how === "apply" ? entry.tables : []),
    ]);
    await dropStaged(session, names);
    const functions = nodes.filter(({ entry }) => entry.how === "routine");
    await dropStagedRoutines(
      session,
      functions.map(({ published }) => nextOf(published)),
    );
    // Made for what it was to replace, and empty.
    await dropSchemas(
      session,
      (await asideSchemas(session)).filter((schema) => schema.id === id),
    );
    await setPublicationStatus(session, id, "superseded");
  });
}

/** Inside a transaction. */
export async function dropStaged(session: Session, names: readonly RelationName[]): Promise<void> {
  const found = await findAll(session, names);
  await dropAll(
    session,
    names.flatMap((name) => {
      const relation = found(name);
      return relation ? [{ name: quote(name), noun: nounOf(relation.kind) }] : [];
    }),
  );
}

/**
 * Inside a transaction, whose locks are waited for no longer than this from now on. A table that refers to published ones
 * cannot be dropped without their locks: returns false, and leaves it, when somebody reads those without a pause.
 */
export async function dropIfFree(session: Session, name: RelationName): Promise<boolean> {
  await session.query(`savepoint sluice_free; ${PATIENCE}`);
  try {
    await dropStaged(session, [name]);
    return true;
  } catch (thrown) {
    if (!(thrown instanceof QueryError) || thrown.sqlstate !== SQLSTATE.lockNotAvailable) throw thrown;
    await session.query("rollback to savepoint sluice_free");
    return false;
  }
}

/** Inside a transaction. */
export async function dropStagedRoutines(session: Session, names: readonly RelationName[]): Promise<void> {
  if (names.length === 0) return;
  const found = await findAllRoutines(session, names);
  await dropAll(session, names.flatMap(found).map(asDoomed));
}

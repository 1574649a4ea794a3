import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { migrate as Migrate } from "postgres-migrations";
import { Failure, error } from "../diagnostics/diagnostic.ts";
import { packageRoot, version } from "../lib/package-root.ts";
import type { Database, ServerInfo, Session } from "../postgres/database.ts";
import { QueryError, SQLSTATE } from "../postgres/errors.ts";
import { quoteIdent } from "../postgres/relation.ts";

/** The schema of Sluice's own tables, in the database of the target. */
export const STATE_SCHEMA = "sluice";

/** Any number that is only ours: serialises first runs. Two integers, so that no lock on one bigint is met. */
const LOCK = "1936486515, 1";

/** The library wants this table under this name on the search path, and looks for it in every schema otherwise. */
const MIGRATIONS_TABLE = `create table if not exists ${STATE_SCHEMA}.migrations (
  id integer primary key,
  name varchar(100) unique not null,
  hash varchar(40) not null,
  executed_at timestamp default current_timestamp
)`;

/**
 * Makes or upgrades the schema `sluice`; one short query when there is nothing to do. Safe when many come at once.
 * Throws `Failure`: "state-newer" (a later Sluice was here), "state-not-permitted", "state-read-only".
 */
export async function ensureState(database: Database): Promise<void> {
  await database.session(async (session) => {
    try {
      if (!(await isUpToDate(session))) await upgrade(session);
    } catch (thrown) {
      throw explain(thrown, database.info);
    }
  });
}

const migrationsDirectory = (): string => join(packageRoot(), "src", "state", "migrations");

async function isUpToDate(session: Session): Promise<boolean> {
  const latest = readdirSync(migrationsDirectory()).filter((name) => name.endsWith(".sql")).length;
  const applied = await lastApplied(session);
  if (applied > latest) throw newerState(applied, latest);
  return applied === latest;
}

/** The number of the last migration that stands in the database; 0 when there is none. */
async function lastApplied(session: Session): Promise<number> {
  try {
    const { rows } = await session.query<{ id: number | null }>(`select max(id) as id from ${STATE_SCHEMA}.migrations`);
    return rows[0]?.id ?? 0;
  } catch (thrown) {
    if (thrown instanceof QueryError && thrown.sqlstate === SQLSTATE.undefinedTable) return 0;
    throw thrown;
  }
}

async function upgrade(session: Session): Promise<void> {
  // The library takes a lock of its own, but tries for it once a second only: this one wakes those who wait at once.
  await session.query(`select pg_advisory_lock(${LOCK})`);
  try {
    if (await isUpToDate(session)) return;
    // `create schema if not exists` asks for the privilege even when there is nothing to create.
    const { rows } = await session.query("select 1 from pg_namespace where nspname = $1", [STATE_SCHEMA]);
    if (rows.length === 0) await session.query(`create schema ${STATE_SCHEMA}`);
    await session.query(MIGRATIONS_TABLE);
    // Not put back here: a session that changed a setting is reset before it is lent again.
    await session.query(`set search_path to ${STATE_SCHEMA}`);
    // Loaded only where there is something to do: it takes as long as the rest of the start.
    const { migrate } = await import("postgres-migrations");
    await migrate({ client: asClient(session) }, migrationsDirectory());
  } finally {
    await session.query(`select pg_advisory_unlock(${LOCK})`).catch(() => {});
  }
}

type MigrationClient = Extract<Parameters<typeof Migrate>[0], { client: unknown }>["client"];

/** All that the library calls is `query`, with a text or with a text and its values. */
function asClient(session: Session): MigrationClient {
  const client = {
    query: (query: string | { text: string; values?: unknown[] }) =>
      typeof query === "string" ? session.query(query) : session.query(query.text, query.values),
  };
  return client as unknown as MigrationClient;
}

function newerState(applied: number, known: number): Failure {
  return new Failure(
    error(
      "state-newer",
      `The schema "${STATE_SCHEMA}" of this database was written by a later Sluice (step ${applied}); this is ${version()}, which knows ${known}.`,
      undefined,
      ["upgrade Sluice: `npm install sluice@latest`"],
    ),
  );
}

function explain(thrown: unknown, { user, database }: ServerInfo): unknown {
  if (!(thrown instanceof QueryError)) return thrown;
  if (thrown.sqlstate === SQLSTATE.readOnlyTransaction) {
    return new Failure(
      error("state-read-only", `Sluice keeps its record in the database, and this one is read-only.`, undefined, [
        "connect to the primary server, or allow writing (`default_transaction_read_only`)",
      ]),
      { cause: thrown },
    );
  }
  if (thrown.sqlstate !== SQLSTATE.insufficientPrivilege) return thrown;
  const [where, grant] = /for database/.test(thrown.message)
    ? [`cannot create the schema "${STATE_SCHEMA}"`, `grant create on database ${quoteIdent(database)} to`]
    : [`may not use Sluice's tables in schema "${STATE_SCHEMA}"`, `grant all on schema ${STATE_SCHEMA} to`];
  return new Failure(
    error(
      "state-not-permitted",
      `Sluice keeps its record in the database, but the user ${where}: ${thrown.message}.`,
      undefined,
      [
        `as the owner: \`${grant} ${quoteIdent(user)}\``,
        `or make it for the user: \`create schema ${STATE_SCHEMA} authorization ${quoteIdent(user)}\``,
        "with `role:` in profiles.yml the privilege is needed by that role",
      ],
    ),
    { cause: thrown },
  );
}

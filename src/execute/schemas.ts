import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { Session } from "../postgres/database.ts";
import { ALREADY_THERE, QueryError, SQLSTATE } from "../postgres/errors.ts";
import { quoteIdent } from "../postgres/relation.ts";

/** Throws `Failure` with what to grant when that may not be done. */
export async function createSchemas(session: Session, names: readonly string[]): Promise<void> {
  for (const name of names) {
    try {
      await session.query(`create schema if not exists ${quoteIdent(name)}`);
    } catch (thrown) {
      if (!(thrown instanceof QueryError)) throw thrown;
      // Another run had the same idea.
      if (ALREADY_THERE.has(thrown.sqlstate)) continue;
      throw await notCreated(session, name, thrown);
    }
  }
}

async function notCreated(session: Session, name: string, thrown: QueryError): Promise<Failure> {
  const { rows } = await session.query<{ database: string; user: string }>(
    `select current_database() as database, current_user as "user"`,
  );
  const { database, user } = rows[0]!;
  const notes =
    thrown.sqlstate === SQLSTATE.insufficientPrivilege
      ? [
          `as the owner of the database: \`grant create on database ${quoteIdent(database)} to ${quoteIdent(user)}\``,
          `or make it for the user: \`create schema ${quoteIdent(name)} authorization ${quoteIdent(user)}\``,
        ]
      : [];
  const message = `The schema "${name}" could not be created: ${thrown.message}`;
  return new Failure(error("schema-not-created", message, undefined, notes), { cause: thrown });
}

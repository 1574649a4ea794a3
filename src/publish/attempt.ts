import type { Session } from "../postgres/database.ts";
import { QueryError } from "../postgres/errors.ts";

/** In a savepoint, so that all that does not fit can be told at once. Returns why not; nothing when it fits. */
export async function attempt(session: Session, sql: string): Promise<QueryError | undefined> {
  await session.query("savepoint sluice_attempt");
  try {
    await session.query(`${sql};\nrelease savepoint sluice_attempt`);
    return undefined;
  } catch (thrown) {
    // Locks and lost connections are for the next attempt; what the SQL says is the user's to know.
    if (!(thrown instanceof QueryError) || thrown.transient) throw thrown;
    await session.query("rollback to savepoint sluice_attempt; release savepoint sluice_attempt");
    return thrown;
  }
}

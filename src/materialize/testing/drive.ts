/** Runs a generator of statements against a real server, as a step does: one session, one transaction. */
import type { Session } from "../../postgres/database.ts";
import { QueryError } from "../../postgres/errors.ts";
import type { Statement, StatementResult, Statements } from "../materialization.ts";

export interface Driven<T> {
  readonly value: T;
  readonly statements: readonly Statement[];
  readonly results: readonly StatementResult[];
}

export class Injected extends Error {}

/** `failAt` throws instead of running the statement of that number, counted from 0. */
export function drive<T>(session: Session, work: Statements<T>, failAt = -1): Promise<Driven<T>> {
  const statements: Statement[] = [];
  const results: StatementResult[] = [];
  return session.transaction(async () => {
    for (let next = work.next(); ; next = work.next(results.at(-1)!)) {
      if (next.done) return { value: next.value, statements, results };
      if (statements.length === failAt) throw new Injected(`at "${next.value.label}"`);
      statements.push(next.value);
      results.push(await runStatement(session, next.value));
    }
  });
}

async function runStatement(session: Session, statement: Statement): Promise<StatementResult> {
  if (statement.do === "copy") {
    const rowCount = await session.copyIn(statement.sql, statement.source());
    return { rows: [], fields: [], rowCount, command: "COPY" };
  }
  if (!statement.rescue) return session.query(statement.sql);
  await session.query("savepoint rescue");
  try {
    const result = await session.query(statement.sql);
    await session.query("release savepoint rescue");
    return result;
  } catch (thrown) {
    if (!(thrown instanceof QueryError) || !statement.rescue.includes(thrown.sqlstate)) throw thrown;
    await session.query("rollback to savepoint rescue; release savepoint rescue");
    const failed = { sqlstate: thrown.sqlstate, message: thrown.message };
    return { rows: [], fields: [], rowCount: 0, command: "", failed };
  }
}

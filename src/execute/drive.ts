/** Runs a generator of statements on one session, inside the transaction that the caller has opened if they need one. */
import type { Compiled } from "../compile/assemble.ts";
import { type Diagnostic, Failure, type Span } from "../diagnostics/diagnostic.ts";
import type { Statement, StatementResult } from "../materialize/materialization.ts";
import type { Session } from "../postgres/database.ts";
import { QueryError } from "../postgres/errors.ts";
import { explainQueryError } from "./explain.ts";

export interface Driving {
  readonly session: Session;
  /** The node's place and compiled SQL, for errors. */
  readonly at: Span;
  readonly compiled?: Compiled;
  /** Before it is sent: what fails is part of what was run. */
  onStart(statement: Statement): void;
  onResult(statement: Statement, result: StatementResult, seconds: number): void;
}

/** A statement of a materialisation failed, not one that the user wrote as a hook. */
export class StatementFailure extends Failure {
  readonly query: QueryError;
  constructor(diagnostic: Diagnostic, query: QueryError) {
    super(diagnostic, { cause: query });
    this.query = query;
  }
}

/** Returns what the generator returns. A statement that fails, and is not to be rescued, throws `StatementFailure`. */
export async function drive<T>(statements: Generator<Statement, T, StatementResult>, driving: Driving): Promise<T> {
  let step = statements.next();
  while (!step.done) {
    let result: StatementResult;
    try {
      result = await runOne(step.value, driving);
    } catch (thrown) {
      // Gives the generator its `finally`.
      statements.return(undefined as T);
      throw thrown;
    }
    step = statements.next(result);
  }
  return step.value;
}

/** Asks what is asked, and gathers the rest instead of running it: for later. */
export async function collect<T>(
  statements: Generator<Statement, T, StatementResult>,
  driving: Driving,
): Promise<{ value: T; statements: string[] }> {
  const gathered: string[] = [];
  let step = statements.next();
  while (!step.done) {
    if (step.value.do === "run" && step.value.reads) step = statements.next(await runOne(step.value, driving));
    else {
      gathered.push(step.value.sql);
      step = statements.next({ rows: [], fields: [], rowCount: 0, command: "" });
    }
  }
  return { value: step.value, statements: gathered };
}

async function runOne(statement: Statement, driving: Driving): Promise<StatementResult> {
  driving.onStart(statement);
  const started = performance.now();
  const result = await send(statement, driving);
  driving.onResult(statement, result, (performance.now() - started) / 1000);
  return result;
}

async function send(statement: Statement, { session, at, compiled }: Driving): Promise<StatementResult> {
  try {
    if (statement.do === "copy") {
      const rowCount = await session.copyIn(statement.sql, statement.source());
      return { rows: [], fields: [], rowCount, command: "COPY" };
    }
    if (!statement.rescue) return await session.query(statement.sql);
    return await rescued(session, statement.sql, statement.rescue);
  } catch (thrown) {
    if (!(thrown instanceof QueryError)) throw thrown;
    const bodyAt = statement.do === "run" ? statement.bodyAt : undefined;
    const origin = {
      at,
      label: statement.label,
      ...(compiled && { compiled }),
      ...(bodyAt !== undefined && { bodyAt }),
    };
    throw new StatementFailure(explainQueryError(thrown, origin), thrown);
  }
}

/** A savepoint keeps the transaction alive when the statement fails in one of the ways foreseen. */
async function rescued(session: Session, sql: string, rescue: readonly string[]): Promise<StatementResult> {
  await session.query("savepoint sluice_rescue");
  try {
    const result = await session.query(sql);
    await session.query("release savepoint sluice_rescue");
    return result;
  } catch (thrown) {
    if (!(thrown instanceof QueryError) || !rescue.includes(thrown.sqlstate)) throw thrown;
    await session.query("rollback to savepoint sluice_rescue; release savepoint sluice_rescue");
    return {
      rows: [],
      fields: [],
      rowCount: 0,
      command: "",
      failed: { sqlstate: thrown.sqlstate, message: thrown.message },
    };
  }
}

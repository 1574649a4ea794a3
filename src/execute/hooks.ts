/** Pre- and post-hooks of a node, and on-run-start and on-run-end of the project. */
import type { Compiler } from "../compile/compiler.ts";
import type { TemplateQuery } from "../context/phase.ts";
import { ConfigObject, DbtObject } from "../context/dbt-object.ts";
import { type Diagnostic, error, Failure } from "../diagnostics/diagnostic.ts";
import type { HookNode, Node } from "../parse/manifest.ts";
import { resourceDictionary } from "../parse/resource-dictionary.ts";
import type { Hook, Mapping } from "../project/types.ts";
import type { Session } from "../postgres/database.ts";
import { QueryError } from "../postgres/errors.ts";
import type { HookFinished, HookStarted, StepResult } from "./events.ts";
import { explainQueryError } from "./explain.ts";
import type { RunInput } from "./run.ts";

/** Renders each hook when its turn comes, so that it sees what those before it did. */
export async function runHooks(
  hooks: readonly Hook[],
  session: Session,
  compiler: Compiler,
  owner: Node | string,
  names?: ReadonlyMap<string, unknown>,
): Promise<string[]> {
  const ran: string[] = [];
  const isInside = session.inTransaction;
  for (const hook of hooks) {
    const sql = await render(hook, session, compiler, owner, names);
    try {
      if (sql !== undefined) {
        await session.query(sql);
        ran.push(sql);
      }
      // A hook may commit: what follows is to stand in a transaction all the same.
      if (isInside && !session.inTransaction) await session.query("begin");
    } catch (thrown) {
      if (!(thrown instanceof QueryError)) throw thrown;
      throw new Failure(explainQueryError(thrown, { at: hook.at, label: "hook" }), { cause: thrown });
    }
  }
  return ran;
}

/** Hooks that will run later, when what they are for is published. */
export async function renderHooks(
  hooks: readonly Hook[],
  session: Session,
  compiler: Compiler,
  node: Node,
): Promise<string[]> {
  const rendered: string[] = [];
  for (const hook of hooks) {
    const sql = await render(hook, session, compiler, node);
    if (sql !== undefined) rendered.push(sql);
  }
  return rendered;
}

/** Nothing for a hook that comes out empty. */
async function render(
  hook: Hook,
  session: Session,
  compiler: Compiler,
  owner: Node | string,
  names?: ReadonlyMap<string, unknown>,
): Promise<string | undefined> {
  const query: TemplateQuery = (sql) => session.queryText(sql);
  const sql = (await compiler.compileHook(hook, owner, query, names)).replace(/;\s*$/, "");
  return sql === "" ? undefined : sql;
}

/** Runs project hooks one after another, each in its own transaction; those after one that failed are skipped. */
export async function runProjectHooks(
  hooks: readonly HookNode[],
  { database, compiler, signal }: Pick<RunInput, "database" | "compiler" | "signal">,
  names: ReadonlyMap<string, unknown>,
  onEvent: (event: HookStarted | HookFinished) => void,
): Promise<{ ok: boolean }> {
  const of = hooks.length;
  let ok = true;
  for (const [i, node] of hooks.entries()) {
    const { id, name, package: owner, hook } = node;
    const startedAt = new Date();
    const index = i + 1;
    const finished = (diagnostic?: Diagnostic): void => {
      const at = new Date();
      const seconds = (at.getTime() - startedAt.getTime()) / 1000;
      const status = diagnostic ? "error" : ok ? "success" : "skipped";
      onEvent({
        type: "hook-finished",
        at,
        id,
        name,
        index,
        of,
        status,
        startedAt,
        seconds,
        ...(diagnostic && { diagnostic }),
      });
    };
    if (!ok) {
      finished();
      continue;
    }
    onEvent({ type: "hook-started", at: startedAt, id, name, index, of });
    try {
      await database.session((session) => {
        session.comment = compiler.comments.of({ node });
        return session.transaction(() => runHooks([hook], session, compiler, owner, names));
      });
      finished();
    } catch (thrown) {
      if (signal?.aborted) finished(error("cancelled", "Cancelled", hook.at));
      else if (thrown instanceof Failure) finished(thrown.diagnostics[0]);
      else if (thrown instanceof QueryError) finished(explainQueryError(thrown, { at: hook.at, label: "hook" }));
      else throw thrown;
      ok = false;
    }
  }
  return { ok };
}

/** What on-run-end hooks see beside the usual names. Loads are no results in dbt, and packages read these. */
export function namesForEndHooks(
  results: readonly StepResult[],
  { graph, plan, database }: Pick<RunInput, "graph" | "plan" | "database">,
): ReadonlyMap<string, unknown> {
  const told = results.flatMap((result) => {
    const resource = graph.resource(result.node);
    if (resource.kind === "source") return [];
    const { status, message, rows, failures, seconds, thread, compiled } = result;
    const node: Mapping = {
      ...(resourceDictionary(resource) as Mapping),
      ...(compiled !== undefined && { compiled_code: compiled }),
    };
    const timing = ["compile", "execute"].map((name) => ({
      name,
      started_at: result.startedAt?.toISOString() ?? null,
      completed_at: result.finishedAt?.toISOString() ?? null,
    }));
    const told = {
      status,
      node,
      unique_id: result.node,
      message: result.diagnostic?.message ?? message ?? null,
      failures: failures ?? null,
      execution_time: seconds,
      thread_id: thread ?? "MainThread",
      timing,
      adapter_response: { ...(message && { _message: message }), ...(rows !== undefined && { rows_affected: rows }) },
    };
    return [
      new DbtObject(told, {
        node: new DbtObject(node, { config: new ConfigObject(node["config"] as Mapping) }),
        timing: timing.map((one) => new DbtObject(one)),
      }),
    ];
  });
  return new Map<string, unknown>([
    ["results", told],
    ["schemas", plan.schemas],
    ["database_schemas", plan.schemas.map((schema) => [database.info.database, schema])],
  ]);
}

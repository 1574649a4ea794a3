/** Pre- and post-hooks of a node, and on-run-start and on-run-end of the project. */
import type { Compiler } from "../compile/compiler.ts";
import type { TemplateQuery } from "../context/phase.ts";
import { type Diagnostic, Failure } from "../diagnostics/diagnostic.ts";
import type { HookNode, Node } from "../parse/manifest.ts";
import type { Hook } from "../project/types.ts";
import type { Database, Session } from "../postgres/database.ts";
import { QueryError } from "../postgres/errors.ts";
import type { HookFinished } from "./events.ts";
import { explainQueryError } from "./explain.ts";

/** Renders each hook when its turn comes, so that it sees what those before it did. */
export async function runHooks(
  hooks: readonly Hook[],
  session: Session,
  compiler: Compiler,
  node: Node | undefined,
  names?: ReadonlyMap<string, unknown>,
): Promise<string[]> {
  const ran: string[] = [];
  const query: TemplateQuery = (sql) => session.queryText(sql);
  for (const hook of hooks) {
    const sql = await compiler.compileHook(hook, node, query, names);
    if (sql === "" || sql === ";") continue;
    try {
      await session.query(sql);
    } catch (thrown) {
      if (!(thrown instanceof QueryError)) throw thrown;
      throw new Failure(explainQueryError(thrown, { at: hook.at, label: "hook" }), { cause: thrown });
    }
    ran.push(sql);
  }
  return ran;
}

/** Runs project hooks one after another, each in its own transaction; stops at the first that fails. */
export async function runProjectHooks(
  hooks: readonly HookNode[],
  database: Database,
  compiler: Compiler,
  names: ReadonlyMap<string, unknown>,
  onFinished: (finished: HookFinished) => void,
): Promise<{ ok: boolean }> {
  for (const { name, hook } of hooks) {
    const started = performance.now();
    const finished = (diagnostic?: Diagnostic): void =>
      onFinished({
        type: "hook-finished",
        at: new Date(),
        name,
        status: diagnostic ? "error" : "success",
        seconds: (performance.now() - started) / 1000,
        ...(diagnostic && { diagnostic }),
      });
    try {
      await database.session((session) => session.transaction(() => runHooks([hook], session, compiler, undefined, names)));
      finished();
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      finished(thrown.diagnostics[0]);
      return { ok: false };
    }
  }
  return { ok: true };
}

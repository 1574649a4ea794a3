/** A function made out of sight, with the record of it; or found to be there already. */
import type { TemplateQuery } from "../context/phase.ts";
import type { Compiler } from "../compile/compiler.ts";
import type { FunctionNode } from "../parse/manifest.ts";
import type { Session } from "../postgres/database.ts";
import { nextOf } from "../postgres/sql/swap.ts";
import { findRoutines, listDefinitions, type RoutineInfo } from "../postgres/routines.ts";
import { dropStagedRoutines } from "../publish/tidy.ts";
import { recordStaged, type StagedNode } from "../state/publications.ts";
import { compileFunction, type CompiledFunction, makeFunction } from "./function-step.ts";
import { type Examined, known, type Publishing } from "./publishing.ts";
import type { Outcome, StepContext, Trace } from "./step-context.ts";

export async function stageFunction(
  node: FunctionNode,
  context: StepContext,
  publishing: Publishing,
  trace: Trace,
): Promise<Outcome> {
  const { session, compiler } = context;
  const asking: TemplateQuery = (sql) => {
    publishing.asked();
    return session.queryText(sql);
  };
  const compiled = await compileFunction(node, compiler, asking);
  trace.compiled = publishing.published(compiled.body.sql);
  const examined = await examineFunction(session, node, compiler, publishing, compiled);
  if (examined.reuse) {
    publishing.versions.set(node.id, await versionOf(node, publishing, session, examined));
    return { status: "success", message: examined.reason.text, reused: true };
  }
  const publication = await publishing.open(session);
  const published = publishing.relations.published(node.id);
  const record = (entry: StagedNode["entry"], of: StagedNode["record"]): Promise<void> =>
    recordStaged(session, publication, { nodeId: node.id, published, entry, record: of }, context.serverVersion);
  // On record before it is made, so that what a killed run leaves behind is found.
  await session.transaction(async () => {
    await dropStagedRoutines(session, [nextOf(published)]);
    await record({ how: "routine", definitions: [] }, { fingerprint: "", parents: {}, version: "unknown" });
  });
  const outcome = await makeFunction(node, compiled, context, trace);
  const version = await versionOf(node, publishing, session, examined);
  const made = (await session.query<RoutineInfo>(findRoutines([nextOf(published)]))).rows;
  const definitions = await publishedDefinitions(session, made, publishing);
  const { fingerprint, parents } = examined;
  const entry: StagedNode["entry"] = {
    how: "routine",
    definitions,
    ...(node.config.all["grants"] !== undefined && { ownGrants: true }),
  };
  await session.transaction(async () => {
    // A template of the project's own need not make a function; then nothing is published, and it runs each time.
    await record(made.length ? entry : { how: "keep" }, {
      fingerprint: made.length ? fingerprint : "",
      parents: known(parents),
      version: version ?? "unknown",
    });
  });
  publishing.versions.set(node.id, version);
  if (made.length) publishing.stage(node.id, false);
  return outcome;
}

/** Whether it is what it would become already: its text, its overloads', and what they read. */
export function examineFunction(
  session: Session,
  node: FunctionNode,
  compiler: Compiler,
  publishing: Publishing,
  { body, overloads }: CompiledFunction,
): Promise<Examined> {
  const sql = [body, ...overloads].map((one) => one.sql).join("\n;\n");
  return publishing.examineBuild(session, node, compiler, sql, sql);
}

/** A function holds no data of its own: its version is that of its text and of what it reads. */
export const versionOf = (
  node: FunctionNode,
  { versions }: Publishing,
  session: Session,
  { fingerprint, parents, sql }: Examined,
): Promise<string | null> => versions.ofView(session, node, sql, fingerprint, parents);

/** Bodies are text: those that name work schemas are written anew when everything is in its place. */
async function publishedDefinitions(
  session: Session,
  made: readonly RoutineInfo[],
  publishing: Publishing,
): Promise<string[]> {
  if (made.length === 0) return [];
  const { rows } = await session.query<{ definition: string }>(listDefinitions(made.map(({ oid }) => oid)));
  return rows.flatMap(({ definition }) => {
    const body = definition.slice(definition.indexOf("\n"));
    return publishing.namesWork(body) ? [publishing.published(definition)] : [];
  });
}

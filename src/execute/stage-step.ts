/** A node built out of sight, in one transaction with the record of it; or found to be there already. */
import { type Compiled, rewritten } from "../compile/assemble.ts";
import type { Compiler } from "../compile/compiler.ts";
import type { TemplateQuery } from "../context/phase.ts";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import { headerOf } from "../materialize/header.ts";
import { isMicrobatch } from "../materialize/microbatch.ts";
import { remarks } from "../materialize/settle.ts";
import type { ModelNode } from "../parse/manifest.ts";
import { stringLiterals } from "../plan/sql-tokens.ts";
import { namesAside } from "../plan/standing-sql.ts";
import type { Step } from "../plan/plan.ts";
import type { Session } from "../postgres/database.ts";
import { QueryError, SQLSTATE } from "../postgres/errors.ts";
import { nextOf } from "../postgres/sql/swap.ts";
import { blockOf, buildBlock, type Built, outside } from "./build-step.ts";
import { drive } from "./drive.ts";
import { runHooks } from "./hooks.ts";
import type { Publishing } from "./publishing.ts";
import { buildBatches, looksOfBatches } from "./batches.ts";
import { builtAs, type Outcome, remark, type StepContext, type Trace, unheard } from "./step-context.ts";
import { StagedBuild, versionOf } from "./staged-build.ts";

export async function buildStaged(
  node: Built,
  step: Step,
  context: StepContext,
  publishing: Publishing,
  trace: Trace,
): Promise<Outcome> {
  const { session, compiler } = context;
  const batches = isMicrobatch(node) ? looksOfBatches(node as ModelNode, compiler) : undefined;
  // Which batches are due depends on the time.
  if (batches) publishing.asked();
  const asking: TemplateQuery = (sql) => {
    publishing.asked();
    return step.way === "delta" ? readOnly(session, node, sql) : session.queryText(sql);
  };
  const staged = await compiler.compile(node, asking, batches?.substitutes);
  const published = publishing.relations.published(node.id);
  // While its template ran there was no copy yet.
  const own = step.way === "copy" ? namesAside(staged.sql, [{ published, at: nextOf(published) }]) : [];
  const compiled = withPublishedLiterals(rewritten(staged, own), publishing);
  const mark = batches ? `${compiled.sql}\n${batches.mark}` : knownBy(node, compiler, compiled.sql);
  const examined = await publishing.examineBuild(session, node, compiler, compiled.sql, mark);
  if (node.kind !== "seed") trace.compiled = examined.sql;
  if (examined.reuse) {
    publishing.versions.set(node.id, await versionOf(node, publishing, session, examined, undefined));
    const standing = publishing.relations.published(node.id);
    remark(node, await drive(remarks(node, standing), unheard(session, node.at)), context);
    return { status: "success", message: examined.reason.text, reused: true };
  }
  for (const text of publishing.outdatedCalls(node.id))
    context.emit({ type: "message", at: new Date(), level: "warn", node: node.id, text: `${node.name} ${text}` });
  const publication = await publishing.open(session);
  const work = new StagedBuild(node, step, context, publishing, trace, publication);
  const block = blockOf(node, compiler);
  if (block || isMicrobatch(node)) {
    await session.transaction(() => work.begin());
    const outcome = block
      ? await buildBlock(block, compiled, context, trace)
      : await buildBatches(node as ModelNode, context, trace);
    const { entry, version } = await session.transaction(() => work.end(examined, outcome.rows));
    publishing.versions.set(node.id, version);
    if (entry.how === "move") publishing.stage(node.id, false);
    return outcome;
  }
  const first = outside(node.config.pre_hook);
  if (step.way === "copy" && first.length > 0) await session.transaction(() => work.begin());
  trace.hooks(await runHooks(first, session, compiler, node));
  // Nobody would make a materialized view's query anew.
  const shown = node.config.materialized === "materialized_view" ? compiled : compiler.seeingAside(compiled);
  const { entry, version } = await session.transaction(() => work.run(shown, examined));
  publishing.versions.set(node.id, version);
  const view = entry.how === "apply" && entry.view !== undefined;
  if (entry.how === "move" || view) publishing.stage(node.id, view);
  if (entry.how === "move") trace.hooks(await runHooks(outside(node.config.post_hook), session, compiler, node));
  const outcome = builtAs(trace);
  return entry.how === "keep" && version !== null ? { ...outcome, message: `${outcome.message}, unchanged` } : outcome;
}

/** The published table stays as it is until everything has passed: what a template writes to it could not be held back. */
async function readOnly(session: Session, node: Built, sql: string): ReturnType<TemplateQuery> {
  try {
    return await session.transaction(async () => {
      await session.query("set transaction read only");
      return session.queryText(sql);
    });
  } catch (thrown) {
    if (!(thrown instanceof QueryError) || thrown.sqlstate !== SQLSTATE.readOnlyTransaction) throw thrown;
    const message = `The template of ${node.name} runs a statement that writes, while its table stays published: ${thrown.message}`;
    throw new Failure(
      error("template-writes", message, node.at, [
        "put the statement into a pre-hook: the model is then built on a copy of its table",
        "or run it with --direct, which does not keep unfinished states out of sight",
      ]),
      { cause: thrown },
    );
  }
}

/** What stands between quotes becomes data, which must not tell of work schemas: `select '{{ this }}' as made_by`. */
function withPublishedLiterals(compiled: Compiled, publishing: Publishing): Compiled {
  if (!publishing.namesWork(compiled.sql)) return compiled;
  const changes = stringLiterals(compiled.sql).flatMap(({ start, end }) => {
    const literal = compiled.sql.slice(start, end);
    const text = publishing.published(literal);
    return text === literal ? [] : [{ start, end, text }];
  });
  return rewritten(compiled, changes);
}

/**
 * The SQL by which a node is known again. An incremental model's first differs from that of all later times where it asks
 * `is_incremental()`: then the second build runs it, as it has never run before, and the third may find nothing to do.
 */
export const knownBy = (node: Built, compiler: Compiler, sql: string): string =>
  // Of a seed this is all that differs: its file is the same.
  node.kind === "seed" && compiler.input.facts.empty ? "without rows" : (headerOf(node) ?? "") + sql;

/** A node built where it stands, in one transaction. */
import type { Compiled } from "../compile/assemble.ts";
import type { Compiler } from "../compile/compiler.ts";
import { customMaterialization } from "../compile/custom-materialization.ts";
import { type MacroNode, supportedLanguages } from "../context/macros.ts";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import { sqlHeader } from "../materialize/header.ts";
import { materializations } from "../materialize/index.ts";
import type { BuildInput, Materialization } from "../materialize/materialization.ts";
import { isMicrobatch } from "../materialize/microbatch.ts";
import { settle } from "../materialize/settle.ts";
import type { ModelNode, SeedNode, SnapshotNode } from "../parse/manifest.ts";
import { wantsFullRefresh } from "../plan/plan.ts";
import type { Relations } from "../plan/relations.ts";
import { quote } from "../postgres/relation.ts";
import { forceStatistics } from "../postgres/sql/content.ts";
import type { Hook } from "../project/types.ts";
import { buildBatches } from "./batches.ts";
import { buildCustom } from "./custom.ts";
import { drive } from "./drive.ts";
import { runHooks } from "./hooks.ts";
import { seedInput } from "./seed-input.ts";
import { builtAs, drivingFor, type Outcome, type StepContext, type Trace, remark } from "./step-context.ts";

export type Built = ModelNode | SeedNode | SnapshotNode;

export async function build(node: Built, context: StepContext, trace: Trace): Promise<Outcome> {
  const { session, compiler, plan } = context;
  if (isMicrobatch(node)) return buildBatches(node as ModelNode, context, trace);
  const target = plan.relations.writeTo(node.id);
  const compiled = await compiler.compile(node, (sql) => session.queryText(sql));
  if (node.kind !== "seed") trace.compiled = compiled.sql;
  const block = blockOf(node, compiler);
  if (block) return buildBlock(block, compiled, context, trace);
  const seed = node.kind === "seed" ? await seedInput(node, compiler.input.facts) : undefined;
  const input: BuildInput = {
    node,
    target,
    sql: compiled.sql,
    fullRefresh: wantsFullRefresh(node.config.all, plan.fullRefresh),
    rebuilt: plan.rebuilt,
    serverVersion: context.serverVersion,
    refer: referring(node, plan.relations),
    ...(seed && { seed }),
  };
  const materialization = materializationOf(node);
  const driving = drivingFor(session, node.at, compiled, trace);
  const { pre_hook, post_hook } = node.config;

  trace.hooks(await runHooks(outside(pre_hook), session, compiler, node));
  await session.transaction(async () => {
    trace.hooks(await runHooks(inside(pre_hook), session, compiler, node));
    await drive(sqlHeader(node), driving);
    const aftermath = await drive(materialization(input), driving);
    trace.hooks(await runHooks(inside(post_hook), session, compiler, node));
    remark(node, await drive(settle(input, aftermath), driving), context);
    // What a publishing run knows of this relation no longer holds, and it must be able to tell.
    await session.query(forceStatistics(context.serverVersion));
  });
  trace.hooks(await runHooks(outside(post_hook), session, compiler, node));

  return builtAs(trace);
}

/** What the foreign keys of a node that is being built can refer to: itself where it is built, others where they stand. */
export function referring(node: Built, relations: Relations): NonNullable<BuildInput["refer"]> {
  const own = quote(relations.published(node.id));
  return (name, id) => {
    if (quote(name) === own) return { at: relations.writeTo(node.id), pending: false };
    const table = relations.table(name);
    // What is not built here may be deferred to another place.
    return id && !table.pending && table.at === name ? { at: relations.readFrom(id), pending: false } : table;
  };
}

/** A materialization of the project's own. */
export interface Block {
  readonly node: ModelNode;
  readonly macro: MacroNode;
}

export function blockOf(node: Built, { input }: Compiler): Block | undefined {
  const macro = node.kind === "model" ? customMaterialization(node, input.macros) : undefined;
  return node.kind === "model" && macro ? { node, macro } : undefined;
}

export async function buildBlock(
  { node, macro }: Block,
  compiled: Compiled,
  { session, compiler }: StepContext,
  trace: Trace,
): Promise<Outcome> {
  const languages = supportedLanguages(macro);
  if (!languages.includes("sql")) {
    const message = `Materialization "${node.config.materialized}" only supports languages ${languages.join(", ")}; "${node.name}" is written in sql.`;
    throw new Failure(error("materialization-language", message, node.at));
  }
  const onStatement = (sql: string): void => trace.hooks([sql]);
  const onAnswer = (...answer: readonly [string, number, number]): void => trace.answered(...answer);
  const made = await buildCustom({ node, block: macro, sql: compiled.sql, session, compiler, onStatement, onAnswer });
  return { status: "success", message: made.message || "OK", ...(made.rows > 0 && { rows: made.rows }) };
}

export const outside = (hooks: readonly Hook[]): Hook[] => hooks.filter((hook) => !hook.transaction);
export const inside = (hooks: readonly Hook[]): Hook[] => hooks.filter((hook) => hook.transaction);

export const materializationName = (node: Built): string =>
  node.kind === "model" ? node.config.materialized : node.kind;

export function materializationOf(node: Built): Materialization {
  const name = materializationName(node);
  const materialization = materializations[name];
  if (!materialization) throw new Error(`Internal error: no materialization ${name}; the plan should have refused it`);
  return materialization;
}

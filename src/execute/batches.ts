/**
 * Building a microbatch model: each batch is compiled for its stretch of time and merged in a transaction of its own, the
 * earliest first. Pre-hooks run before the first, post-hooks after the last. A batch that fails ends the step: those
 * before it stay, and the next run, or a window, builds it again.
 */
import type { Compiler, Substitutes } from "../compile/compiler.ts";
import { customMaterialization } from "../compile/custom-materialization.ts";
import { Failure } from "../diagnostics/diagnostic.ts";
import type { BuildInput } from "../materialize/materialization.ts";
import { sqlHeader } from "../materialize/header.ts";
import { incremental } from "../materialize/incremental.ts";
import {
  type Batch,
  type BatchConfig,
  batchesOf,
  batchId,
  batchName,
  readBatchConfig,
} from "../materialize/microbatch.ts";
import { settle } from "../materialize/settle.ts";
import type { ModelNode } from "../parse/manifest.ts";
import { wantsFullRefresh } from "../plan/plan.ts";
import { buildCustom } from "./custom.ts";
import { drive, StatementFailure } from "./drive.ts";
import { runHooks } from "./hooks.ts";
import { drivingFor, type Outcome, type StepContext, remark, type Trace } from "./step-context.ts";

function batchesFor(node: ModelNode, compiler: Compiler): { config: BatchConfig; batches: readonly Batch[] } {
  const config = readBatchConfig(node);
  const { window, startedAt: now } = compiler.input.facts;
  const isIncremental = compiler.isIncremental(node);
  return { config, batches: batchesOf(config, { isIncremental, now, ...(window && { window }) }) };
}

/** What tells one run's batches from another's: the SQL of the last of them, and which they are. */
export function looksOfBatches(node: ModelNode, compiler: Compiler): { substitutes: Substitutes; mark: string } {
  const { config, batches } = batchesFor(node, compiler);
  const last = batches.at(-1)!;
  return {
    substitutes: { batch: { ...last, id: batchId(last.start, config.size) }, isIncremental: true },
    mark: batches.map(({ start }) => batchId(start, config.size)).join(" "),
  };
}

export async function buildBatches(node: ModelNode, context: StepContext, trace: Trace): Promise<Outcome> {
  const { compiler, plan } = context;
  const { config, batches } = batchesFor(node, compiler);
  const isIncremental = compiler.isIncremental(node);
  let rows = 0;
  for (const [i, batch] of batches.entries()) {
    const first = i === 0;
    const last = i === batches.length - 1;
    const merges = isIncremental || !first;
    const fullRefresh = !merges && wantsFullRefresh(node.config.all, plan.fullRefresh);
    try {
      rows += await buildBatch(node, config, batch, { first, last, merges, fullRefresh }, context, trace);
    } catch (thrown) {
      throw inBatch(thrown, batchName(batch.start, config.size), `batch ${i + 1} of ${batches.length}`);
    }
  }
  return { status: "success", message: `MERGE ${rows}`, rows };
}

interface Part {
  readonly first: boolean;
  readonly last: boolean;
  /** The table is there, and this batch is brought into it. */
  readonly merges: boolean;
  readonly fullRefresh: boolean;
}

async function buildBatch(
  node: ModelNode,
  { size }: BatchConfig,
  batch: Batch,
  part: Part,
  context: StepContext,
  trace: Trace,
): Promise<number> {
  const { session, compiler, plan } = context;
  const substitutes = {
    batch: { ...batch, id: batchId(batch.start, size) },
    isIncremental: part.merges,
    ...(part.merges && { self: plan.relations.writeTo(node.id) }),
  };
  const compiled = await compiler.compile(node, (sql) => session.queryText(sql), substitutes);
  trace.compiled = compiled.sql;
  const block = customMaterialization(node, compiler.input.macros);
  if (block) {
    const onStatement = (sql: string): void => trace.hooks([sql]);
    const hooked = withHooks(node, part);
    return (await buildCustom({ node: hooked, block, sql: compiled.sql, session, compiler, onStatement, substitutes }))
      .rows;
  }
  const input: BuildInput = {
    node,
    target: plan.relations.writeTo(node.id),
    sql: compiled.sql,
    fullRefresh: part.fullRefresh,
    rebuilt: plan.rebuilt,
    serverVersion: context.serverVersion,
  };
  const { pre_hook, post_hook } = withHooks(node, part).config;
  const driving = drivingFor(session, node.at, compiled, trace);
  const run = async (hooks: typeof pre_hook, transaction: boolean): Promise<void> =>
    trace.hooks(
      await runHooks(
        hooks.filter((hook) => hook.transaction === transaction),
        session,
        compiler,
        node,
      ),
    );
  trace.main = undefined;
  await run(pre_hook, false);
  await session.transaction(async () => {
    await run(pre_hook, true);
    await drive(sqlHeader(node), driving);
    const aftermath = await drive(incremental(input), driving);
    await run(post_hook, true);
    remark(node, await drive(settle(input, aftermath), driving), context);
  });
  await run(post_hook, false);
  return (trace.main as { rowCount: number } | undefined)?.rowCount ?? 0;
}

const withHooks = (node: ModelNode, { first, last }: Part): ModelNode => ({
  ...node,
  config: {
    ...node.config,
    pre_hook: first ? node.config.pre_hook : [],
    post_hook: last ? node.config.post_hook : [],
  },
});

/** The failure says which batch it was. */
function inBatch(thrown: unknown, name: string, which: string): unknown {
  if (!(thrown instanceof Failure)) return thrown;
  const [first, ...further] = thrown.diagnostics;
  if (!first) return thrown;
  const note = { message: `in ${which}, ${name}; earlier batches are built` };
  const told = { ...first, notes: [...first.notes, note] };
  if (thrown instanceof StatementFailure) return new StatementFailure(told, thrown.query);
  return new Failure([told, ...further], { cause: thrown });
}

/** A run with all that surrounds it: locks against other runs, and its record in the ledger. */
import { Failure } from "../diagnostics/diagnostic.ts";
import { StagedRelations } from "../plan/relations.ts";
import type { World } from "../plan/plan.ts";
import type { Database } from "../postgres/database.ts";
import { QueryError } from "../postgres/errors.ts";
import { clearLeftBehind } from "../publish/tidy.ts";
import type { PublishSettings } from "./conclude.ts";
import type { Connections } from "./connections.ts";
import type { RunResult } from "./events.ts";
import { explainQueryError } from "./explain.ts";
import { preflight } from "./preflight.ts";
import { Publishing } from "./publishing.ts";
import { startRecord, type Tidy } from "./record.ts";
import { bucketLocks, RunLocks } from "./run-lock.ts";
import { type RunInput, runPlan } from "./run.ts";

type Planned = Pick<RunInput, "plan" | "compiler" | "schemas"> & { readonly world: World };

export interface GuardedInput extends Omit<RunInput, "database" | "publishing">, Planned {
  /** The same plan, from what the database holds by now. */
  replan(): Promise<Planned>;
  readonly publish: PublishSettings;
}

/** Throws `Failure`, also for what Postgres says before the first step. */
export async function runGuarded(connections: Connections, given: GuardedInput): Promise<RunResult> {
  const locks = await lock(connections, given).catch(explained);
  try {
    // Others have changed the database since the plan was made.
    const input = locks?.waited ? { ...given, ...(await given.replan()) } : given;
    const database = await connections.pool(input.signal);
    await preflight(database, input);
    const needsState = input.plan.mode === "publish" || input.plan.steps.some((step) => step.action === "load");
    const tidy: Tidy = (work) => connections.tidy(input.signal, work);
    const { targetName: target, root, emit } = input;
    const record = await startRecord(database, input.plan, { target, root, needsState, emit });
    if (locks && record) await clearUnpublished(database, input);
    const publishing = locks && preparePublishing(locks, input);
    const finish = (result?: RunResult): Promise<void> | undefined =>
      record?.finish(result, tidy, (session) => publishing?.recordTests(session) ?? Promise.resolve());
    const result = await runPlan({ ...input, database, ...(publishing && { publishing }) }).catch(
      async (thrown: unknown) => {
        await finish();
        throw thrown;
      },
    );
    await finish(result);
    return publishing?.unsteady === false ? { ...result, steady: true } : result;
  } catch (thrown) {
    return explained(thrown);
  } finally {
    await locks?.close();
  }
}

function explained(thrown: unknown): never {
  if (!(thrown instanceof QueryError)) throw thrown;
  throw new Failure(explainQueryError(thrown, { label: "run" }), { cause: thrown });
}

/** On a connection of their own, which holds them until it is closed. */
async function lock(
  connections: Connections,
  { plan, graph, signal, emit }: GuardedInput,
): Promise<RunLocks | undefined> {
  const locks = bucketLocks(plan, graph);
  if (locks.length === 0) return undefined;
  return RunLocks.take(await connections.beside(signal), locks, (text) =>
    emit({ type: "message", at: new Date(), level: "info", text }),
  );
}

/** Whichever way this run builds: what an earlier one made for the tables as they stood before is outdated. */
async function clearUnpublished(database: Database, { plan, publish, emit }: GuardedInput): Promise<void> {
  const planned = plan.steps
    .filter((step) => step.action === "build")
    .map((step) => plan.relations.published(step.node));
  const given = await database.session((session) => clearLeftBehind(session, publish.site, planned));
  for (const id of given) {
    const text = `What an earlier run had built but not published (publication ${id}) is dropped.`;
    emit({ type: "message", at: new Date(), level: "debug", text });
  }
}

function preparePublishing(
  locks: RunLocks,
  { plan, graph, world, publish: settings, schemas }: GuardedInput,
): Publishing | undefined {
  const { relations } = plan;
  if (!(relations instanceof StagedRelations)) return undefined;
  const confirmAlive = (): Promise<void> => locks.confirm();
  return new Publishing({
    plan,
    graph,
    world,
    relations,
    settings,
    schemas,
    hold: (id) => locks.hold(id),
    confirmAlive,
  });
}

/** A run with all that surrounds it: locks against other runs, and its record in the ledger. */
import type { Database } from "../postgres/database.ts";
import type { Connections } from "./connections.ts";
import type { RunResult } from "./events.ts";
import { startRecord, type Tidy } from "./record.ts";
import { bucketLocks, takeLocks } from "./run-lock.ts";
import { type RunInput, runPlan } from "./run.ts";

export async function runGuarded(connections: Connections, input: Omit<RunInput, "database">): Promise<RunResult> {
  const locks = await lock(connections, input);
  try {
    const database = await connections.pool(input.signal);
    const needsState = input.plan.steps.some((step) => step.action === "load");
    const tidy: Tidy = (work) => connections.tidy(input.signal, work);
    const { targetName: target, root, emit } = input;
    const record = await startRecord(database, input.plan, { target, root, needsState, emit });
    const result = await runPlan({ ...input, database }).catch(async (thrown: unknown) => {
      await record?.finish(undefined, tidy);
      throw thrown;
    });
    await record?.finish(result, tidy);
    return result;
  } finally {
    await locks?.close();
  }
}

/** On a connection of their own, which holds them until it is closed. */
async function lock(
  connections: Connections,
  { plan, graph, signal, emit }: Pick<RunInput, "plan" | "graph" | "signal" | "emit">,
): Promise<Database | undefined> {
  const locks = bucketLocks(plan, graph);
  if (locks.length === 0) return undefined;
  const database = await connections.beside(signal);
  const text = "Waiting for another run that builds the same relations …";
  try {
    await takeLocks(database, locks, () => emit({ type: "message", at: new Date(), level: "info", text }));
    return database;
  } catch (thrown) {
    await database.close();
    throw thrown;
  }
}

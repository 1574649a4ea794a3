/** What earlier commands left: publications to make or take back, their history, and whether there is anything to do. */
import { Failure } from "./diagnostics/diagnostic.ts";
import type { RunRequest, Sluice } from "./engine.ts";
import type { RunResult } from "./execute/events.ts";
import { listHistory, type PastInput, publishReady, rollBack } from "./execute/past.ts";
import { recordIdleRun } from "./execute/record.ts";
import { environmentHash, isAtRest } from "./execute/rest.ts";
import { QueryError } from "./postgres/errors.ts";
import type { Publication } from "./publish/publish.ts";
import type { PastRun } from "./state/history.ts";
import { findRest, recordRest, type Rest } from "./state/rest.ts";

/** Publishes what earlier runs built and could not publish. Throws `Failure`. */
export function publish(sluice: Sluice, request: Asked = {}): Promise<readonly Publication[]> {
  return publishReady(sluice.connections, inputOf(sluice, request));
}

/** Takes back the last publication, or all after that of run `to`. Throws `Failure`. */
export function rollback(sluice: Sluice, to?: string, request: Asked = {}): Promise<readonly Publication[]> {
  return rollBack(sluice.connections, to, inputOf(sluice, request));
}

/** The last runs and what became of them, newest first. */
export const history = (sluice: Sluice, limit = 20): Promise<PastRun[]> => listHistory(sluice.connections, limit);

/** Whether this command found everything as it was, and would again. `inputs` is a hash of the project's files. */
export async function restOf(sluice: Sluice, command: string, inputs: string): Promise<Rest | undefined> {
  const { env } = sluice.facts;
  const site = sluice.publishing.site;
  const rest = await sluice.connections
    .ask((session) => findRest(session, site, command))
    .catch((thrown: unknown) => {
      // No ledger yet, or an older one: nothing is known.
      if (thrown instanceof Failure && thrown.cause instanceof QueryError) return undefined;
      throw thrown;
    });
  const holds = rest?.inputs === inputs && rest.environment === environmentHash(env, rest.variables);
  return holds ? rest : undefined;
}

/** Puts on record that a run found everything as it was, if the next one would too. */
export async function settle(
  sluice: Sluice,
  command: string,
  inputs: string,
  result: RunResult,
  found: string,
): Promise<void> {
  const { manifest, graph, calls } = sluice;
  if (!isAtRest({ root: sluice.project.root, result, manifest, graph, calls })) return;
  const { facts, variables: names } = sluice;
  const rest = {
    inputs,
    variables: names,
    environment: environmentHash(facts.env, names),
    nodes: result.results.length,
    found,
    runId: sluice.invocationId,
  };
  await sluice.connections.ask((session) => recordRest(session, sluice.publishing.site, command, rest));
}

/** The run of a command that need not look: on record like any other. */
export function idle(sluice: Sluice): Promise<void> {
  const { invocationId: id, command, startedAt } = sluice.facts;
  const { root, target } = sluice.project;
  return sluice.connections.ask((session) =>
    recordIdleRun(session, { id, command, startedAt, root, target: target.name }),
  );
}

type Asked = Pick<RunRequest, "signal" | "onEvent">;

const inputOf = (sluice: Sluice, { signal, onEvent = () => {} }: Asked): PastInput => ({
  settings: sluice.publishing,
  id: sluice.invocationId,
  emit: onEvent,
  ...(signal && { signal }),
});

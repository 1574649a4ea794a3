/** Commands on what was built before: publish it now, take it back, list it. They share locks and settings with runs. */
import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { Session } from "../postgres/database.ts";
import { QueryError } from "../postgres/errors.ts";
import { type Publication, publish } from "../publish/publish.ts";
import { rollback } from "../publish/rollback.ts";
import { ensureState } from "../state/ensure.ts";
import { publications } from "../state/publications.ts";
import { history, type PastRun } from "../state/history.ts";
import { publishOptions, type PublishSettings } from "./conclude.ts";
import type { Connections } from "./connections.ts";
import type { RunEvent } from "./events.ts";
import { explainQueryError } from "./explain.ts";
import { everyLock, RunLocks } from "./run-lock.ts";

export interface PastInput {
  readonly settings: PublishSettings;
  readonly id: string;
  readonly signal?: AbortSignal;
  emit(event: RunEvent): void;
}

/** Publishes what runs built and could not publish, oldest first. Throws `Failure`. */
export const publishReady = (connections: Connections, input: PastInput): Promise<readonly Publication[]> =>
  guarded(connections, input, async (session) => {
    const ready = await publications(session, input.settings.site, ["ready"]);
    if (ready.length === 0)
      throw new Failure(
        error("nothing-ready", "Nothing waits to be published.", undefined, ["`sluice build` builds and publishes"]),
      );
    const done: Publication[] = [];
    for (const { id } of ready.toReversed()) {
      const publication = await publish(
        session,
        id,
        publishOptions(input.settings, connections.server!.version, input),
      );
      input.emit({ type: "published", at: new Date(), publication });
      done.push(publication);
    }
    return done;
  });

/** Throws `Failure`. */
export const rollBack = (
  connections: Connections,
  to: string | undefined,
  input: PastInput,
): Promise<readonly Publication[]> =>
  guarded(connections, input, (session) =>
    rollback(session, input.id, to, publishOptions(input.settings, connections.server!.version, input)),
  );

export const listHistory = (connections: Connections, limit: number): Promise<PastRun[]> =>
  asking(connections, (session) => history(session, limit));

/** No run builds meanwhile. */
async function guarded<T>(
  connections: Connections,
  { signal, emit }: PastInput,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const say = (text: string): void => emit({ type: "message", at: new Date(), level: "info", text });
  const locks = await RunLocks.take(await connections.beside(signal), everyLock, say);
  try {
    return await asking(connections, work);
  } finally {
    await locks.close();
  }
}

async function asking<T>(connections: Connections, work: (session: Session) => Promise<T>): Promise<T> {
  const database = await connections.pool();
  await ensureState(database);
  try {
    return await database.session(work);
  } catch (thrown) {
    if (!(thrown instanceof QueryError)) throw thrown;
    throw new Failure(explainQueryError(thrown, { label: "publish" }), { cause: thrown });
  }
}

/** The end of a run that built out of sight: publish everything, or say why not. */
import { type Diagnostic, error, Failure } from "../diagnostics/diagnostic.ts";
import { QueryError } from "../postgres/errors.ts";
import { nextSchema } from "../postgres/sql/swap.ts";
import { describeHolder } from "../publish/locks.ts";
import { type Publication, publish, type PublishOptions } from "../publish/publish.ts";
import { giveUp } from "../publish/tidy.ts";
import { setPublicationStatus } from "../state/publications.ts";
import type { StepResult } from "./events.ts";
import { DISK_FULL, explainQueryError } from "./explain.ts";
import type { Publishing } from "./publishing.ts";
import type { RunInput } from "./run.ts";

export interface Concluded {
  readonly publication?: Publication;
  readonly unpublished?: Diagnostic;
}

/** `results`: of all that ran, hooks included; nothing is published unless it has passed. Never throws what Postgres says. */
export async function concludePublication(
  publishing: Publishing,
  results: readonly Pick<StepResult, "status" | "diagnostic">[],
  input: Pick<RunInput, "compiler" | "database" | "emit" | "plan" | "signal">,
): Promise<Concluded> {
  const id = await publishing.opened();
  if (id === undefined) return {};
  const { compiler, database, emit, plan, signal } = input;
  if (signal?.aborted) return { unpublished: notPublished(plan.schemas) };
  if (results.some(({ status }) => status === "error" || status === "fail")) {
    // Others need the space more than anybody needs to look at this.
    const isFull = results.some(({ diagnostic }) => diagnostic?.code === DISK_FULL);
    const dropped = isFull && (await database.session((session) => giveUp(session, id)).then(yes, no));
    if (!dropped) await database.session((session) => setPublicationStatus(session, id, "failed")).catch(() => {});
    return { unpublished: dropped ? madeRoom() : notPublished(plan.schemas) };
  }
  try {
    const publication = await database.session(async (session) => {
      session.comment = compiler.comments.of({ connection: "publish" });
      await setPublicationStatus(session, id, "ready");
      await publishing.confirmAlive();
      return publish(session, id, publishOptions(publishing.settings, database.info.version, input));
    });
    if (publication.relations > 0) emit({ type: "published", at: new Date(), publication });
    return { publication };
  } catch (thrown) {
    return { unpublished: whyNot(thrown) };
  }
}

const yes = (): boolean => true;
const no = (): boolean => false;

export interface PublishSettings {
  readonly site: string;
  readonly keep: number;
  readonly budget: number;
}

export function publishOptions(
  settings: PublishSettings,
  serverVersion: number,
  { emit, signal }: Pick<RunInput, "emit" | "signal">,
): PublishOptions {
  const say = (level: "info" | "warn", text: string): void => emit({ type: "message", at: new Date(), level, text });
  return {
    ...settings,
    serverVersion,
    signal,
    onWait: (holders) =>
      say("info", ["Waiting to publish; in use by others:", ...holders.map(describeHolder)].join("\n  ")),
    onWarning: (text) => say("warn", text),
  };
}

const notPublished = (schemas: readonly string[]): Diagnostic =>
  error("not-published", "Nothing was published: not everything passed.", undefined, [
    `what was built is kept until the next build, to be looked at: ${schemas.map((s) => nextSchema(s)).join(", ")}`,
  ]);

const madeRoom = (): Diagnostic =>
  error("not-published", "Nothing was published: the server's disk is full.", undefined, [
    "what was built out of sight is dropped, so that others have room",
  ]);

function whyNot(thrown: unknown): Diagnostic {
  if (thrown instanceof Failure && thrown.diagnostics[0]) return thrown.diagnostics[0];
  if (thrown instanceof QueryError) {
    const said = explainQueryError(thrown, { label: "publish" });
    return { ...said, message: `Nothing was published: ${said.message}` };
  }
  throw thrown;
}

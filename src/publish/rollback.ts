/** Going back: the last publications are taken back, in one transaction, from what they replaced and kept. */
import { type Diagnostic, error, Failure } from "../diagnostics/diagnostic.ts";
import type { Session } from "../postgres/database.ts";
import { quote, type RelationName } from "../postgres/relation.ts";
import { prevSchema } from "../postgres/sql/swap.ts";
import { type LateWrites, lateWrites } from "../state/late-writes.ts";
import {
  newPublicationId,
  openPublication,
  type PublicationInfo,
  publications,
  recordRecreated,
  recordTouched,
  recordUndone,
  type StagedNode,
  stagedNodes,
} from "../state/publications.ts";
import { withLocks } from "./locks.ts";
import { createAside, type Publication, type PublishOptions } from "./publish.ts";
import { look, nothingEarly, type Seen, swap } from "./swap.ts";
import {
  type Addition,
  findAll,
  findAllRoutines,
  type Move,
  placedRoutines,
  type RoutineMove,
  type SwapPlan,
} from "./swap-plan.ts";
import { tidy } from "./tidy.ts";

/** Of what is to be taken back. */
interface Undoing {
  readonly info: PublicationInfo;
  readonly nodes: readonly StagedNode[];
}

/**
 * Takes back the last publication, or all after the one of run `to`. Throws `Failure` with every reason against it before
 * anything is touched. `runId` is what the rollback is recorded as.
 */
export async function rollback(
  session: Session,
  runId: string,
  to: string | undefined,
  options: PublishOptions,
): Promise<readonly Publication[]> {
  const undoings = await toTakeBack(session, options.site, to);
  const late = await lateWrites(session, options.site);
  const problems: Diagnostic[] = [];
  const done: Publication[] = [];
  const plans: { plan: SwapPlan; undoing: Undoing }[] = [];
  for (const undoing of undoings) {
    const id = await newPublicationId(session);
    await openPublication(session, id, runId, options.site);
    const { plan, diagnostics } = await undoingPlan(
      session,
      id,
      undoing,
      plans.map((p) => p.plan),
      late,
    );
    problems.push(...diagnostics);
    plans.push({ plan, undoing });
  }
  if (problems.length) {
    for (const { plan } of plans)
      await session.query("delete from sluice.publication where id = $1", [plan.publication]);
    throw new Failure(problems);
  }
  const seen = new Map<SwapPlan, Seen>();
  for (const { plan } of plans) {
    await createAside(session, plan);
    seen.set(plan, await look(session, plan));
  }
  const { waited, held } = await withLocks(
    session,
    plans.map(({ plan }) => plan),
    options,
    {
      // One delta may have to be taken back from a table that another publication replaced: all in turn.
      before: () => Promise.resolve(false),
      locked: async () => {
        for (const { plan, undoing } of plans) {
          const { again } = await swap(session, plan, nothingEarly(seen.get(plan)!));
          await recordUndone(session, undoing.info.id, plan.publication, placedRoutines(plan));
          await recordRecreated(session, again);
        }
      },
    },
  );
  for (const { undoing } of plans) {
    const functions = undoing.nodes.filter(({ entry }) => entry.how === "routine").length;
    done.push({ id: undoing.info.id, relations: undoing.nodes.length, functions, waited, held });
  }
  for (const { undoing } of plans) await recordTouched(session, undoing.info.id, options.serverVersion, false);
  await tidy(session, options);
  return done;
}

async function toTakeBack(session: Session, site: string, to: string | undefined): Promise<Undoing[]> {
  const past = (await publications(session, site, ["published"])).filter((p) => p.rollbackOf === null);
  const last = past[0];
  if (!last)
    throw new Failure(
      error("nothing-published", "Nothing was published here yet, so there is nothing to go back from."),
    );
  // Publications in which nothing changed take nothing back.
  const until =
    to === undefined
      ? past.findIndex((p) => p.relations > 0) + 1
      : past.findIndex((p) => p.runId === to || p.runId.startsWith(to));
  if (until < 0)
    throw new Failure(
      error("run-not-found", `No publication of a run "${to}" stands.`, undefined, [
        "`sluice history` lists them, newest first",
      ]),
    );
  const undone = past.slice(0, until).filter((p) => p.relations > 0);
  if (undone.length === 0)
    throw new Failure(error("already-there", `What run ${last.runId} published is what stands already.`));
  const lost = undone.filter((p) => !p.kept);
  if (lost.length)
    throw new Failure(
      lost.map((p) =>
        error("not-kept", `What publication ${p.id} (run ${p.runId}) replaced is not kept any more.`, undefined, [
          "`publish_keep` says how many publications can be taken back; build from an earlier commit instead",
        ]),
      ),
    );
  return Promise.all(undone.map(async (info) => ({ info, nodes: await stagedNodes(session, info.id) })));
}

/** `after`: the plans of what is taken back before this one, in the same transaction. */
async function undoingPlan(
  session: Session,
  publication: number,
  { info, nodes }: Undoing,
  after: readonly SwapPlan[],
  late: LateWrites,
): Promise<{ plan: SwapPlan; diagnostics: Diagnostic[] }> {
  const diagnostics: Diagnostic[] = [];
  const aside = (name: RelationName): RelationName => ({ ...name, schema: prevSchema(name.schema, info.id) });
  const found = await findAll(
    session,
    nodes.flatMap(({ published, entry }) => [
      published,
      aside(published),
      ...(entry.how === "apply" ? entry.tables.map(({ identifier }) => ({ ...aside(published), identifier })) : []),
    ]),
  );
  const routinesAt = await findAllRoutines(
    session,
    nodes.filter(({ entry }) => entry.how === "routine").flatMap(({ published }) => [published, aside(published)]),
  );
  const moves: Move[] = [];
  const additions: Addition[] = [];
  const routines: RoutineMove[] = [];
  for (const { nodeId, published, entry, oid, isUntouched, routines: ours = [], keys } of nodes) {
    if (entry.how === "keep") continue;
    if (entry.how === "routine") {
      const put = after.flatMap((p) => p.routines).find((move) => quote(move.published) === quote(published));
      if (!put && isUntouched !== true)
        diagnostics.push(
          error("rollback-refused", `The function ${quote(published)} is not what was published any more.`, undefined, [
            "somebody dropped or replaced it; build it again",
          ]),
        );
      const live = put?.incoming ?? routinesAt(published).filter((one) => ours.includes(one.oid));
      routines.push({ published, live, incoming: routinesAt(aside(published)), definitions: [] });
      continue;
    }
    const moved = after.flatMap((p) => p.moves).find((move) => quote(move.published) === quote(published));
    const live = moved ? moved.incoming : found(published);
    const problem = (message: string, note: string): void =>
      void diagnostics.push(error("rollback-refused", `${quote(published)} ${message}`, undefined, [note]));
    if (!live || (oid !== undefined && Number(live.oid) !== oid)) {
      problem("is not what was published any more.", "somebody dropped or replaced it; build it again");
      continue;
    }
    if (entry.how === "apply" && (isUntouched === false || late.get(nodeId) === "written")) {
      problem(
        "was written to since it was published, so its new rows cannot be told from others.",
        "rows that others wrote would be lost; build it with --full-refresh from an earlier commit",
      );
      continue;
    }
    if (entry.how === "apply") {
      const kept = entry.tables.every((table) => found({ ...aside(published), identifier: table.identifier }));
      if (kept) additions.push({ published, oid: live.oid, keep: [], apply: entry.undo, after: [], tables: [] });
      else
        problem("cannot be taken back: its delta is not kept.", "build it with --full-refresh from an earlier commit");
      continue;
    }
    const old = found(aside(published));
    moves.push({
      published,
      live: { oid: live.oid, kind: live.kind },
      ...(old && { incoming: { oid: old.oid, kind: old.kind, schema: old.schema, ...(keys && { keys }) } }),
    });
  }
  return { plan: { publication, moves, additions, routines, goesBack: true }, diagnostics };
}

/** The transaction that builds one node out of sight, and what is found out on the way. */
import type { Compiled } from "../compile/assemble.ts";
import { copiedReferences } from "../materialize/foreign-keys.ts";
import { sqlHeader } from "../materialize/header.ts";
import { createMissingIndexes } from "../materialize/indexes.ts";
import type { BuildInput, Statements } from "../materialize/materialization.ts";
import { readRelationConfig } from "../materialize/config.ts";
import { keepRest, settle } from "../materialize/settle.ts";
import { carryLive, copyLive, DELTA_TABLES, deltaTable, stage, type Staged } from "../materialize/stage.ts";
import { type Step, wantsFullRefresh } from "../plan/plan.ts";
import { findRelation, type RelationInfo } from "../postgres/catalog.ts";
import type { Session } from "../postgres/database.ts";
import { QueryError } from "../postgres/errors.ts";
import { quote, quoteIdent, type RelationName } from "../postgres/relation.ts";
import { holdsNewRoutine } from "../postgres/routines.ts";
import { contentHash } from "../postgres/sql/content.ts";
import { listStandings } from "../postgres/standing.ts";
import { nextOf } from "../postgres/sql/swap.ts";
import { dropIfFree, dropStaged } from "../publish/tidy.ts";
import { recordStaged, type StagedNode } from "../state/publications.ts";
import { type Built, inside, materializationName, materializationOf, outside, referring } from "./build-step.ts";
import { collect, drive, type Driving } from "./drive.ts";
import { renderHooks, runHooks } from "./hooks.ts";
import { type Examined, known, type Publishing } from "./publishing.ts";
import { seedInput } from "./seed-input.ts";
import { builtAs, drivingFor, type StepContext, remark, type Trace } from "./step-context.ts";

/** How a table stood; see `postgres/standing.ts`. */
interface Standing {
  readonly standing: string;
  readonly asOf: string;
}

export class StagedBuild {
  readonly #node: Built;
  readonly #step: Step;
  readonly #context: StepContext;
  readonly #publishing: Publishing;
  readonly #trace: Trace;
  readonly #publication: number;
  readonly #published: RelationName;
  #begun = false;

  constructor(
    node: Built,
    step: Step,
    context: StepContext,
    publishing: Publishing,
    trace: Trace,
    publication: number,
  ) {
    this.#node = node;
    this.#step = step;
    this.#context = context;
    this.#publishing = publishing;
    this.#trace = trace;
    this.#publication = publication;
    this.#published = publishing.relations.published(node.id);
  }

  async run(compiled: Compiled, examined: Examined): Promise<{ entry: StagedNode["entry"]; version: string | null }> {
    const { session, compiler } = this.#context;
    const node = this.#node;
    if (!this.#begun) await this.#clear();
    const base = this.#step.way === "delta" ? await this.#standing() : undefined;
    const driving = drivingFor(session, node.at, compiled, this.#trace);
    this.#trace.hooks(await runHooks(inside(node.config.pre_hook), session, compiler, node));
    const input = await this.#input(compiled);
    await drive(sqlHeader(node), driving);
    const staged = await drive(this.#stage(input), driving);
    if (staged.detour !== undefined) {
      this.#publishing.relations.turnAside(node.id);
      this.#say(`built on a copy of the table: ${staged.detour}`);
    }
    if (staged.replaces)
      this.#say(`Applying REPLACE to: ${quoteIdent(node.database)}.${quote(this.#published)}`, "debug");
    remark(node, staged.warnings ?? [], this.#context);
    const settled = { ...input, target: staged.target };
    if (staged.delta) return this.#delta(staged.delta, base, settled, examined, driving);
    this.#trace.hooks(await runHooks(inside(node.config.post_hook), session, compiler, node));
    remark(node, await drive(settle(settled, staged.aftermath), driving), this.#context);
    return this.#moved(examined, { redefined: this.#publishing.published(compiled.sql) !== examined.sql });
  }

  /** Nothing, or a copy of the table. A commit whose answer was lost may have been one. */
  async #clear(): Promise<void> {
    await dropStaged(this.#context.session, this.#workRelations());
    if (this.#step.way === "copy") await drive(copyLive(this.#published), this.#driving());
  }

  /** Of a build in more than one transaction: on record before it begins, so that what it leaves behind is found. */
  async begin(): Promise<void> {
    const { session } = this.#context;
    await this.#clear();
    this.#begun = true;
    const record = { fingerprint: "", parents: {}, version: "unknown" };
    const entry = { how: "move", kind: "table" } as const;
    const staged = { nodeId: this.#node.id, published: this.#published, entry, record };
    await recordStaged(session, this.#publication, staged, this.#context.serverVersion);
  }

  async end(
    examined: Examined,
    rows: number | undefined,
  ): Promise<{ entry: StagedNode["entry"]; version: string | null }> {
    const found = await this.#context.session.query<RelationInfo>(findRelation(nextOf(this.#published)));
    if (found.rows.length === 0) return this.#nothing(examined);
    const site = { target: nextOf(this.#published), refer: referring(this.#node, this.#context.plan.relations) };
    const aftermath = await drive(carryLive(this.#published), this.#driving());
    const copied = this.#step.way === "copy";
    const keys = copied ? await drive(copiedReferences(site, this.#published), this.#driving()) : [];
    await drive(keepRest(this.#node, site.target, [...aftermath, ...keys]), this.#driving());
    return this.#moved(examined, { rows });
  }

  /** Before anything reads the table. */
  async #standing(): Promise<Standing | undefined> {
    return (await this.#context.session.query<Standing>(listStandings([this.#published]))).rows[0];
  }

  #driving(): Driving {
    const { session } = this.#context;
    return {
      session,
      at: this.#node.at,
      onStart: (statement) => this.#trace.start(statement),
      onResult: (statement, result, seconds) => this.#trace.ran(statement, result, seconds, session.comment),
    };
  }

  #stage(build: BuildInput): Statements<Staged> {
    const { way = "stage" } = this.#step;
    const input = { build, published: this.#published, way, publication: this.#publication };
    return stage(materializationName(this.#node), materializationOf(this.#node), input);
  }

  async #input(compiled: Compiled): Promise<BuildInput> {
    const { plan, serverVersion } = this.#context;
    const seed =
      this.#node.kind === "seed" ? await seedInput(this.#node, this.#context.compiler.input.facts) : undefined;
    return {
      node: this.#node,
      target: plan.relations.writeTo(this.#node.id),
      sql: compiled.sql,
      fullRefresh: wantsFullRefresh(this.#node.config.all, plan.fullRefresh),
      rebuilt: plan.rebuilt,
      serverVersion,
      refer: referring(this.#node, plan.relations),
      ...(seed && { seed }),
    };
  }

  #workRelations(): RelationName[] {
    const next = nextOf(this.#published);
    return [next, ...DELTA_TABLES.map((what) => deltaTable(next, what))];
  }

  /** `redefined`: its SQL was written otherwise to be run at this moment. */
  async #moved(
    examined: Examined,
    { rows = builtAs(this.#trace).rows, redefined = false }: { rows?: number | undefined; redefined?: boolean },
  ): Promise<{ entry: StagedNode["entry"]; version: string | null }> {
    const { session } = this.#context;
    const at = nextOf(this.#published);
    const [made] = (await session.query<RelationInfo>(findRelation(at))).rows;
    if (!made) return this.#nothing(examined);
    const { kind } = made;
    const same = kind === "view" ? undefined : await this.#compareContent(at, rows);
    const isKnown = same?.equal === true && examined.fingerprint === this.#held?.fingerprint;
    if (isKnown && !(await this.#holdsRoutine(at)) && (await dropIfFree(session, at)))
      return this.#record({ how: "keep" }, examined, { ...same, version: this.#held!.version });
    const reads = kind === "view" && (redefined || this.#publishing.readsDelta(this.#node.id, examined.sql));
    const entry: StagedNode["entry"] = {
      how: "move",
      kind,
      ...(reads && { definition: examined.sql }),
      ...(readRelationConfig(this.#node).grants && { ownGrants: true }),
    };
    return this.#record(entry, examined, { ...same, ...(same?.equal && { version: this.#held!.version }) });
  }

  /** A materialization of the project's own need not make a relation, and hooks may drop it: it runs each time. */
  async #nothing(examined: Examined): Promise<{ entry: StagedNode["entry"]; version: null }> {
    const { entry } = await this.#record({ how: "keep" }, { ...examined, fingerprint: "" }, {});
    return { entry, version: null };
  }

  async #delta(
    delta: NonNullable<Staged["delta"]>,
    base: Standing | undefined,
    input: BuildInput,
    examined: Examined,
    driving: Driving,
  ): Promise<{ entry: StagedNode["entry"]; version: string | null }> {
    const { session, compiler } = this.#context;
    const node = this.#node;
    const hooks = await renderHooks(inside(node.config.post_hook), session, compiler, node);
    const { statements, value: warnings } = await collect(settle(input), driving);
    remark(node, warnings, this.#context);
    const indexes = await collect(createMissingIndexes(this.#published, readRelationConfig(node).indexes), driving);
    const later = await renderHooks(outside(node.config.post_hook), session, compiler, node);
    const named = (list: readonly string[]): string[] => list.map((sql) => this.#publishing.published(sql));
    const after = [...named(hooks), ...statements];
    const then = [...indexes.statements, ...named(later)];
    const same = !delta.changes && this.#held?.intact ? { version: this.#held.version } : {};
    if (!delta.changes) await dropStaged(session, [nextOf(this.#published), ...delta.tables]);
    if (!delta.changes && after.length + then.length === 0) return this.#record({ how: "keep" }, examined, same);
    const work = delta.changes
      ? {
          ...(base && { base: base.standing, asOf: base.asOf }),
          view: nextOf(this.#published),
          tables: delta.tables,
          keep: delta.keep,
          apply: delta.apply,
          undo: delta.undo,
        }
      : { tables: [], keep: [], apply: [], undo: [] };
    return this.#record({ how: "apply", ...work, after, outside: then }, examined, same);
  }

  get #held() {
    return this.#publishing.versions.held(this.#node.id);
  }

  async #record(
    entry: StagedNode["entry"],
    examined: Examined,
    found: { version?: string; content?: string | undefined },
  ): Promise<{ entry: StagedNode["entry"]; version: string | null }> {
    const { session, plan, serverVersion } = this.#context;
    const { node, made } = { node: this.#node, made: found.version ?? plan.id };
    const version = await versionOf(node, this.#publishing, session, examined, made);
    const rows = builtAs(this.#trace).rows ?? this.#held?.rows;
    const record = {
      fingerprint: examined.fingerprint,
      parents: known(examined.parents),
      version: version ?? "unknown",
      ...(found.content !== undefined && { content: found.content }),
      ...(rows !== undefined && rows !== null && { rows }),
    };
    const staged = { nodeId: node.id, published: this.#published, entry, record };
    await recordStaged(session, this.#publication, staged, serverVersion);
    return { entry, version };
  }

  /** An index or a policy of it calls a function that takes another's place: that of the relation that stands calls the other. */
  async #holdsRoutine(at: RelationName): Promise<boolean> {
    const { rows } = await this.#context.session.query<{ holds: boolean }>(holdsNewRoutine(at));
    return rows[0]!.holds;
  }

  /** Hashing costs a third of building, so it is only done where the number of rows makes it likely to pay. */
  async #compareContent(
    at: RelationName,
    rows: number | undefined,
  ): Promise<{ content?: string; equal: boolean } | undefined> {
    const held = this.#held;
    if (!held?.intact || rows === undefined || held.rows !== rows) return undefined;
    const content = await hashOf(this.#context.session, at);
    if (content === undefined) return undefined;
    const before = held.content ?? (await hashOf(this.#context.session, this.#published));
    return { content, equal: content === before };
  }

  #say(text: string, level: "info" | "debug" = "info"): void {
    this.#context.emit({
      type: "message",
      at: new Date(),
      level,
      node: this.#node.id,
      text: `${this.#node.name}: ${text}`,
    });
  }
}

/** A view's data are those of what it reads. */
export async function versionOf(
  node: Built,
  publishing: Publishing,
  session: Session,
  { fingerprint, parents, sql }: Examined,
  made: string | undefined,
): Promise<string | null> {
  if (node.kind === "model" && node.config.materialized === "view")
    return publishing.versions.ofView(session, node, sql, fingerprint, parents);
  return made ?? publishing.versions.held(node.id)!.version;
}

/** Some types have no hash: then nothing is known. */
async function hashOf(session: Session, name: RelationName): Promise<string | undefined> {
  try {
    const { rows } = await session.query<{ content: string }>(`savepoint sluice_hash;${contentHash(name)}`);
    await session.query("release savepoint sluice_hash");
    return rows[0]?.content;
  } catch (thrown) {
    if (!(thrown instanceof QueryError) || thrown.transient) throw thrown;
    await session.query("rollback to savepoint sluice_hash; release savepoint sluice_hash");
    return undefined;
  }
}

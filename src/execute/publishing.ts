/** What one run builds out of sight: where, under which publication, and which nodes need no building. */
import type { Compiler } from "../compile/compiler.ts";
import type { Graph } from "../graph/graph.ts";
import type {
  DataTestNode,
  FunctionNode,
  ModelNode,
  NodeId,
  Resource,
  SeedNode,
  SnapshotNode,
  UnitTestNode,
} from "../parse/manifest.ts";
import { fingerprint } from "../plan/fingerprint.ts";
import { judge, type Judged, type ParentVersions } from "../plan/judge.ts";
import { type Plan, type Reason, wantsFullRefresh, type World } from "../plan/plan.ts";
import type { StagedRelations } from "../plan/relations.ts";
import { namedRelations } from "../plan/sql-relations.ts";
import type { Session } from "../postgres/database.ts";
import { asPublished, nextOf } from "../postgres/sql/swap.ts";
import { newPublicationId, type BuildRecord, openPublication, recordPassed } from "../state/publications.ts";
import type { PublishSettings } from "./conclude.ts";
import { hookTexts, ownWay, whyAgainEachTime } from "./rerun.ts";
import { createSchemas } from "./schemas.ts";
import { Versions } from "./versions.ts";

export interface PublishingInput {
  readonly plan: Plan;
  readonly graph: Graph;
  readonly world: World;
  readonly relations: StagedRelations;
  readonly settings: PublishSettings;
  /** Schemas that exist already. */
  readonly schemas: ReadonlySet<string>;
  /** Holds the lock that says this run is alive, as long as the run lives. */
  hold(publication: number): Promise<void>;
  /** Throws `Failure` when the connection that holds the run's locks was lost, and others may have come in between. */
  confirmAlive(): Promise<void>;
}

/** What was found out about a node before it is built. */
export interface Examined extends Judged {
  readonly fingerprint: string;
  readonly parents: ParentVersions;
  /** The compiled SQL by published names. */
  readonly sql: string;
}

export class Publishing {
  readonly relations: StagedRelations;
  readonly versions: Versions;
  readonly #input: PublishingInput;
  readonly #deltas = new Set<NodeId>();
  #unsteady = false;
  /** Why the plan runs each node. */
  readonly #reasons: ReadonlyMap<NodeId, Reason>;
  #open: Promise<number> | undefined;
  readonly #passed = new Map<NodeId, BuildRecord>();

  constructor(input: PublishingInput) {
    this.#input = input;
    this.#reasons = new Map(input.plan.steps.map(({ node, reason }) => [node, reason]));
    this.relations = input.relations;
    this.versions = new Versions(input.graph, input.world.held, input.relations);
  }

  get settings(): PublishSettings {
    return this.#input.settings;
  }

  confirmAlive(): Promise<void> {
    return this.#input.confirmAlive();
  }

  /** The publication, once there is something to publish; made when first asked for. Not inside a transaction. */
  open(session: Session): Promise<number> {
    this.#open ??= this.#begin(session);
    return this.#open;
  }

  /** Nothing when nothing was built. */
  async opened(): Promise<number | undefined> {
    return this.#open?.catch(() => undefined);
  }

  async #begin(session: Session): Promise<number> {
    const { plan, schemas, settings } = this.#input;
    await createSchemas(
      session,
      plan.workSchemas.filter((name) => !schemas.has(name)),
    );
    const id = await newPublicationId(session);
    await this.#input.hold(id);
    await openPublication(session, id, plan.id, settings.site);
    return id;
  }

  /** Something was read whose version nobody knows, or that holds for a time only. */
  get unsteady(): boolean {
    return this.#unsteady;
  }

  /** For what asks the database while its SQL is made: the answer may be another one the next time. */
  asked(): void {
    this.#unsteady = true;
  }

  /** Whether a text names a work schema of this run. */
  namesWork(text: string): boolean {
    return this.#input.plan.workSchemas.some((schema) => text.includes(schema));
  }

  /** By published names. */
  published(sql: string): string {
    return asPublished(sql, this.#input.plan.schemas);
  }

  /** Whether a node is what it would become already. Not inside a transaction. */
  async examine(
    session: Session,
    resource: Resource & Parameters<typeof fingerprint>[0],
    compiled: string,
    lasting = compiled,
  ): Promise<Examined> {
    const { plan, graph, world } = this.#input;
    const sql = this.published(compiled);
    const made = fingerprint(resource, this.published(lasting));
    const parents = await this.versions.parents(session, resource, sql);
    if (Object.entries(parents).some(([name, version]) => version === null || name.startsWith("the value of")))
      this.#unsteady = true;
    if (graph.parents(resource.id).some((id) => graph.resource(id).kind === "source" && !isLoaded(graph, id)))
      this.#unsteady = true;
    const planned = this.#reasons.get(resource.id) ?? { code: "new" as const, text: "new" };
    const found = { fingerprint: made, parents, sql };
    if (plan.force) return { ...found, reuse: false, reason: { code: "forced", text: "rebuilt: --force" } };
    const refresh = resource.kind === "model" && wantsFullRefresh(resource.config.all, plan.fullRefresh);
    if (refresh) return { ...found, reuse: false, reason: planned };
    return { ...found, ...judge(graph, world.held.get(resource.id), found, planned) };
  }

  /** The same of a node that is built, which may have to run for what it does beside its rows. */
  async examineBuild(
    session: Session,
    node: ModelNode | SeedNode | SnapshotNode | FunctionNode,
    compiler: Compiler,
    compiled: string,
    lasting: string,
  ): Promise<Examined> {
    const hooks = await hookTexts(node, compiler);
    const known = [lasting, ...hooks, ownWay(node, compiler)].filter((text) => text).join("\n");
    const found = await this.examine(session, node, compiled, known);
    if (!found.reuse) return found;
    const name = this.relations.published(node.id);
    const own = new Set([name, nextOf(name)].map(({ schema, identifier }) => `${schema}.${identifier}`));
    const why = whyAgainEachTime(node, compiled, own, hooks);
    if (why === undefined) return found;
    this.#unsteady = true;
    return { ...found, reuse: false, reason: { code: "unknown", text: why } };
  }

  /** A test that passed on the same data need not be asked again, unless it keeps its failures. */
  async judgeTest(
    session: Session,
    test: DataTestNode | UnitTestNode,
    compiled: string,
  ): Promise<Judged & { passed(): void }> {
    const found = await this.examine(session, test, compiled);
    const { fingerprint: made, parents } = found;
    const stores =
      test.config.all["store_failures"] === true || typeof test.config.all["store_failures_as"] === "string";
    const record = { fingerprint: made, parents: known(parents), version: "pass" };
    return {
      ...found,
      reuse: found.reuse && !stores,
      passed: () => void this.#passed.set(test.id, record),
    };
  }

  /** At the end, together: tests are many and quick. Of a run that is killed before, they are asked again. */
  recordTests(session: Session): Promise<void> {
    return recordPassed(session, this.settings.site, this.#input.plan.id, this.#passed);
  }

  /** The node is read where it was staged; `delta`: by a view that goes when the delta is applied. */
  stage(id: NodeId, delta: boolean): void {
    this.relations.stage(id, delta);
    if (delta) this.#deltas.add(id);
  }

  /**
   * Functions that a node calls, and that read something staged as it was published before: this run does not make them.
   * In words.
   */
  outdatedCalls(id: NodeId): string[] {
    const { graph } = this.#input;
    return graph.parents(id).flatMap((parent) => {
      if (graph.resource(parent).kind !== "function" || this.relations.isStaged(parent)) return [];
      const read = [...graph.ancestors(parent)].filter((above) => this.relations.isStaged(above));
      const names = read.map((above) => graph.resource(above).name).join(", ");
      return read.length === 0
        ? []
        : [`calls ${graph.resource(parent).name}, which this run does not make: it reads ${names} as published before`];
    });
  }

  /** Whether a view's query, as it was staged, reads a view that will be gone: by `ref`, or by a name in its SQL. */
  readsDelta(id: NodeId, sql: string): boolean {
    const names = [...this.#deltas].map((delta) => this.relations.published(delta));
    const written = names.length > 0 ? namedRelations(sql) : new Set();
    return names.some((name) => written.has(`${name.schema}.${name.identifier}`)) || this.#refersToDelta(id);
  }

  #refersToDelta(id: NodeId): boolean {
    const { graph } = this.#input;
    return graph.parents(id).some((parent) => {
      const resource = graph.resource(parent);
      const isInlined = resource.kind === "model" && resource.config.materialized === "ephemeral";
      return this.#deltas.has(parent) || (isInlined && this.#refersToDelta(parent));
    });
  }
}

/** By us: other sources are asked for their newest row. */
function isLoaded(graph: Graph, id: NodeId): boolean {
  const source = graph.resource(id);
  if (source.kind !== "source") return false;
  const loader = source.filledBy ? graph.resource(source.filledBy) : source;
  return (
    (loader.kind === "source" && loader.source.external !== undefined) || source.meta["data_version"] !== undefined
  );
}

/** What is not known is recorded as that: it equals nothing, itself included. */
export const known = (parents: ParentVersions): Record<string, string> =>
  Object.fromEntries(Object.entries(parents).map(([id, version]) => [id, version ?? "unknown"]));

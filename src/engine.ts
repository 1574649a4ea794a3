/**
 * The pipeline on one page. A project on disk is read, parsed into a manifest, linked into a graph, planned against the
 * present state of the database, compiled to SQL, executed step by step, and reported through events.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { assemble, type Compiled } from "./compile/assemble.ts";
import { Compiler } from "./compile/compiler.ts";
import type { RunFacts } from "./context/globals.ts";
import { type Diagnostic, Failure, hasErrors, type Span } from "./diagnostics/diagnostic.ts";
import type { RunEvent, RunResult } from "./execute/events.ts";
import { explainQueryError } from "./execute/explain.ts";
import { loadRequest } from "./execute/load-request.ts";
import { startRecord, type Tidy } from "./execute/record.ts";
import { runPlan } from "./execute/run.ts";
import { bucketLocks, takeLocks } from "./execute/run-lock.ts";
import { buildGraph, type Graph } from "./graph/graph.ts";
import { select, type Selection, type SelectionArgs } from "./graph/select.ts";
import { fromPython, Jinja, renderNative, TemplateError } from "./jinja/index.ts";
import { planLoad } from "./load/load.ts";
import { configProblems } from "./materialize/config.ts";
import { materializationProblem } from "./materialize/index.ts";
import type { DataTestNode, Manifest, ModelNode, NodeId, SnapshotNode } from "./parse/manifest.ts";
import { parseProject, type Parsed } from "./parse/parse.ts";
import { makePlan, relationOf } from "./plan/make-plan.ts";
import { type FileOutlook, type Plan, relationKey, type World } from "./plan/plan.ts";
import { listRelations, type RelationInfo } from "./postgres/catalog.ts";
import type { Database, QueryResult, ServerInfo, Session } from "./postgres/database.ts";
import { ensureRunning, type ServerAddress, status, stop } from "./postgres/embedded.ts";
import { QueryError, SQLSTATE } from "./postgres/errors.ts";
import { openDatabase } from "./postgres/open.ts";
import { readProject, type ReadOptions } from "./project/read.ts";
import type { Project, Value } from "./project/types.ts";
import { STATE_SCHEMA } from "./state/ensure.ts";

export interface OpenOptions extends Omit<ReadOptions, "projectDir" | "render" | "env"> {
  readonly fullRefresh?: boolean;
  /** The verb: templates see it as `flags.WHICH`. */
  readonly command?: string;
  /** Called before the embedded server is started, which takes seconds the first time. */
  readonly onServerStart?: () => void;
  readonly effects?: Partial<Effects>;
}

/** The world outside, which tests may replace. */
export interface Effects {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  readonly id: () => string;
}

const realEffects: Effects = { env: process.env, now: () => new Date(), id: randomUUID };

export interface PlanRequest {
  readonly selection: Selection;
  /** `build`: tests gate what follows them. */
  readonly testsGate?: boolean;
}

export interface RunRequest {
  readonly signal?: AbortSignal;
  readonly failFast?: boolean;
  readonly onEvent?: (event: RunEvent) => void;
}

/** Reads and parses a project. Mistakes of the user are in `diagnostics`; with errors there, nothing else may be asked. */
export async function open(dir: string, options: OpenOptions = {}): Promise<Sluice> {
  const effects = { ...realEffects, ...options.effects };
  const jinja = new Jinja();
  const { effects: _, onServerStart, fullRefresh = false, command = "run", ...reading } = options;
  const facts: RunFacts = {
    invocationId: effects.id(),
    startedAt: effects.now(),
    env: effects.env,
    fullRefresh,
    command,
  };
  const render: ReadOptions["render"] = (text, file, scope) => {
    try {
      return fromPython(renderNative(text, file, scope, jinja)) as Value;
    } catch (thrown) {
      throw thrown instanceof TemplateError ? new Failure(thrown.toDiagnostic(), { cause: thrown }) : thrown;
    }
  };
  const { project, diagnostics } = await readProject({ ...reading, projectDir: dir, env: effects.env, render });
  if (!project || hasErrors(diagnostics)) return new Sluice({ facts, jinja, diagnostics });
  const parsed = parseProject(project, jinja, facts);
  const { graph, diagnostics: cycles } = buildGraph(parsed.manifest);
  const problems = [...parsed.manifest.nodes.values()].flatMap((node) => [
    ...(node.kind === "model" ? [materializationProblem(node)].filter((d) => d !== undefined) : []),
    ...configProblems(node),
  ]);
  const all = [...diagnostics, ...parsed.manifest.diagnostics, ...cycles, ...problems];
  return new Sluice({ facts, jinja, diagnostics: all, project, parsed, onServerStart, ...(graph && { graph }) });
}

interface Parts {
  readonly facts: RunFacts;
  readonly jinja: Jinja;
  readonly diagnostics: readonly Diagnostic[];
  readonly project?: Project;
  readonly parsed?: Parsed;
  readonly graph?: Graph;
  readonly onServerStart?: (() => void) | undefined;
}

export class Sluice {
  readonly #parts: Parts;
  #database: Database | undefined;
  #world: World = { relations: new Map(), loads: new Map() };
  #schemas: ReadonlySet<string> = new Set();
  #compilePlan: Plan | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#parts.diagnostics;
  }
  get ok(): boolean {
    return !hasErrors(this.diagnostics) && this.#parts.graph !== undefined;
  }
  get invocationId(): string {
    return this.#parts.facts.invocationId;
  }
  get project(): Project {
    return needed(this.#parts.project);
  }
  get manifest(): Manifest {
    return needed(this.#parts.parsed).manifest;
  }
  get graph(): Graph {
    return needed(this.#parts.graph);
  }
  /** Where the embedded server of this project lives. */
  get dataDir(): string {
    return join(this.project.root, ".sluice", "postgres");
  }

  select(args: Partial<SelectionArgs> = {}): { selection: Selection; diagnostics: Diagnostic[] } {
    const full: SelectionArgs = { select: [], exclude: [], indirect: "eager", ...args };
    return select(this.graph, full, { projectName: this.project.name });
  }

  /** Connects, starting the embedded server if the target is one. Further calls give the same connection. */
  async connect(signal?: AbortSignal): Promise<Database> {
    const { connection, threads } = this.project.target;
    if (!this.#database && connection.embedded && !(await status(this.dataDir))) this.#parts.onServerStart?.();
    this.#database ??= await openDatabase(connection, { sessions: threads, signal, dataDir: this.dataDir });
    return this.#database;
  }

  async plan(request: PlanRequest, signal?: AbortSignal): Promise<Plan> {
    const database = await this.connect(signal);
    await database.session((session) => this.#look(session, request.selection));
    return makePlan(this.graph, request.selection, this.#world, {
      id: this.#parts.facts.invocationId,
      command: this.#parts.facts.command,
      fullRefresh: this.#parts.facts.fullRefresh,
      testsGate: request.testsGate ?? false,
    });
  }

  async run(plan: Plan, request: RunRequest = {}): Promise<RunResult> {
    const locks = await this.#lock(plan, request);
    try {
      return await this.#runLocked(plan, request);
    } finally {
      await locks?.close();
    }
  }

  /** On a connection of their own: those of the run are for its steps. */
  async #lock(plan: Plan, { signal, onEvent }: RunRequest): Promise<Database | undefined> {
    const locks = bucketLocks(plan, this.graph);
    if (locks.length === 0) return undefined;
    const options = { sessions: 1, signal, dataDir: this.dataDir };
    const database = await openDatabase(this.project.target.connection, options);
    const text = "Waiting for another run that builds the same relations …";
    try {
      await takeLocks(database, locks, () => onEvent?.({ type: "message", at: new Date(), level: "info", text }));
      return database;
    } catch (thrown) {
      await database.close();
      throw thrown;
    }
  }

  async #runLocked(plan: Plan, request: RunRequest): Promise<RunResult> {
    const database = await this.connect(request.signal);
    const emit = (event: RunEvent): void => request.onEvent?.(event);
    const needsState = plan.steps.some((step) => step.action === "load");
    const tidy: Tidy = (work) => this.#tidy(request.signal, work);
    const { target, root } = this.project;
    const record = await startRecord(database, plan, { target: target.name, root, needsState, emit });
    const result = await runPlan({
      plan,
      emit,
      graph: this.graph,
      manifest: this.manifest,
      database,
      compiler: this.compiler(plan, emit),
      root,
      threads: target.threads,
      failFast: request.failFast ?? false,
      targetName: target.name,
      schemas: this.#schemas,
      ...(request.signal && { signal: request.signal }),
    }).catch(async (thrown: unknown) => {
      await record?.finish(undefined, tidy);
      throw thrown;
    });
    await record?.finish(result, tidy);
    return result;
  }

  /** After Ctrl-C the connection of the run refuses everything: what is to be tidied up then gets one of its own. */
  async #tidy(signal: AbortSignal | undefined, work: (database: Database) => Promise<void>): Promise<void> {
    if (this.#database && !signal?.aborted) return work(this.#database);
    const connection = { ...this.project.target.connection, retries: 0 };
    const database = await openDatabase(connection, { sessions: 1, dataDir: this.dataDir });
    try {
      await work(database);
    } finally {
      await database.close();
    }
  }

  compiler(plan: Pick<Plan, "relations">, emit: (event: RunEvent) => void = () => {}): Compiler {
    const { facts, jinja, parsed } = this.#parts;
    return new Compiler({
      project: this.project,
      manifest: this.manifest,
      macros: needed(parsed).macros,
      jinja,
      facts,
      relations: plan.relations,
      world: this.#world,
      message: (level, text, node) => emit({ type: "message", at: new Date(), level, text, ...(node && { node }) }),
    });
  }

  /** A node's SQL as it would run now. Throws `Failure`. */
  async compile(node: ModelNode | DataTestNode | SnapshotNode, selection: Selection): Promise<Compiled> {
    const plan = this.#compilePlan ?? (this.#compilePlan = await this.plan({ selection }));
    return this.#ask((session) => this.compiler(plan).compile(node, (sql) => session.queryText(sql)), node.at);
  }

  /** Any SQL with the names of the project. Throws `Failure`. */
  async compileInline(sql: string): Promise<Compiled> {
    const plan = await this.plan({ selection: new Set() });
    return this.#ask((session) => this.compiler(plan).compileInline(sql, (text) => session.queryText(text)));
  }

  /** The first rows of a query, values as Postgres writes them; all without a limit. Throws `Failure`. */
  show(compiled: Compiled, limit?: number, at?: Span): Promise<Awaited<ReturnType<Session["queryText"]>>> {
    const shown = assemble(
      "select * from (\n",
      compiled,
      `\n) as shown${limit === undefined ? "" : `\nlimit ${limit}`}`,
    );
    return this.#ask((session) => session.queryText(shown.sql), at, shown);
  }

  async #ask<T>(work: (session: Session) => Promise<T>, at?: Span, compiled?: Compiled): Promise<T> {
    const database = await this.connect();
    try {
      return await database.session(work);
    } catch (thrown) {
      if (!(thrown instanceof QueryError)) throw thrown;
      const origin = { label: "query", ...(at && { at }), ...(compiled && { compiled, bodyAt: 0 }) };
      throw new Failure(explainQueryError(thrown, origin), { cause: thrown });
    }
  }

  /** The server in use; absent before `connect`. */
  get server(): ServerInfo | undefined {
    return this.#database?.info;
  }

  /** The embedded server, whether or not the target's database is wanted now; its database is made too. */
  async startServer(): Promise<ServerAddress> {
    await this.connect();
    return ensureRunning(this.dataDir);
  }

  stopServer(): Promise<boolean> {
    return stop(this.dataDir);
  }

  async close(): Promise<void> {
    await this.#database?.close();
    this.#database = undefined;
  }

  /** What the database holds now, in the schemas that the selection reads or writes. */
  async #look(session: Session, selection: Selection): Promise<void> {
    const relevant = new Set<NodeId>();
    for (const id of selection) for (const near of [id, ...this.graph.parents(id)]) relevant.add(near);
    const resources = [...relevant].map((id) => this.graph.resource(id)).filter((r) => r.kind !== "exposure");
    const schemas = [...new Set(resources.map((r) => relationOf(r).schema))];
    const found: QueryResult<RelationInfo> = await session.query(listRelations(schemas));
    const existing = await session.query<{ name: string }>("select nspname as name from pg_namespace");
    this.#schemas = new Set(existing.rows.map((row) => row.name));
    const relations = new Map(
      found.rows.map((row) => [relationKey({ schema: row.schema, identifier: row.name }), row]),
    );
    const loads = new Map<NodeId, readonly FileOutlook[]>();
    const hasState = this.#schemas.has(STATE_SCHEMA);
    for (const id of selection) {
      const source = this.graph.resource(id);
      if (source.kind === "source" && source.source.external && hasState) {
        const { invocationId, fullRefresh } = this.#parts.facts;
        const run = { root: this.project.root, id: invocationId, fullRefresh };
        const outlook = await planLoad(session, loadRequest(source, relationOf(source), run)).catch(unreadableLedger);
        if (outlook) loads.set(id, outlook);
      }
    }
    this.#world = { relations, loads };
  }
}

/** Another run is making the ledger at this moment, or we may not read it: then nothing is known of loads. */
function unreadableLedger(thrown: unknown): undefined {
  const isKnown =
    thrown instanceof QueryError &&
    (thrown.sqlstate === SQLSTATE.undefinedTable || thrown.sqlstate === SQLSTATE.insufficientPrivilege);
  if (!isKnown) throw thrown;
  return undefined;
}

function needed<T>(part: T | undefined): T {
  if (part === undefined) throw new Error("Internal error: the project has errors, and was used all the same");
  return part;
}

/**
 * The pipeline on one page. A project on disk is read, parsed into a manifest, linked into a graph, planned against the
 * present state of the database, compiled to SQL, executed step by step, and reported through events.
 */
import { randomUUID } from "node:crypto";
import { assemble, type Compiled } from "./compile/assemble.ts";
import { customMaterialization, opaqueBuilds } from "./compile/custom-materialization.ts";
import { Compiler } from "./compile/compiler.ts";
import type { RunFacts } from "./context/globals.ts";
import type { MacroSet } from "./context/macros.ts";
import { type Diagnostic, hasErrors, type Span } from "./diagnostics/diagnostic.ts";
import type { PublishSettings } from "./execute/conclude.ts";
import { Connections } from "./execute/connections.ts";
import type { RunEvent, RunResult } from "./execute/events.ts";
import { runGuarded } from "./execute/guarded-run.ts";
import { listHistory, type PastInput, publishReady, rollBack } from "./execute/past.ts";
import type { RunInput } from "./execute/run.ts";
import { type Look, look } from "./execute/world.ts";
import { buildGraph, type Graph } from "./graph/graph.ts";
import { select, type Selection, type SelectionArgs } from "./graph/select.ts";
import { Jinja } from "./jinja/index.ts";
import { configProblems } from "./materialize/config.ts";
import { materializationProblem } from "./materialize/index.ts";
import type { DataTestNode, Manifest, ModelNode, SnapshotNode } from "./parse/manifest.ts";
import { parseProject, type Parsed } from "./parse/parse.ts";
import { makePlan } from "./plan/make-plan.ts";
import type { Plan } from "./plan/plan.ts";
import type { Session } from "./postgres/database.ts";
import { publishSettings } from "./project/publish-settings.ts";
import { readProject, type ReadOptions } from "./project/read.ts";
import { nativeRenderer } from "./project/render.ts";
import type { Project } from "./project/types.ts";
import type { Publication } from "./publish/publish.ts";
import type { PastRun } from "./state/history.ts";

export interface OpenOptions extends Omit<ReadOptions, "projectDir" | "render" | "env"> {
  readonly fullRefresh?: boolean;
  /** Which batches of microbatch models are built; absent: those that are due. */
  readonly window?: RunFacts["window"];
  /** Models read their parents for this stretch of time only. */
  readonly sample?: RunFacts["sample"];
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
  /** Replace each node where it stands. Default: what the project says. */
  readonly direct?: boolean | undefined;
  /** Reuse nothing. */
  readonly force?: boolean;
}

export interface RunRequest {
  readonly signal?: AbortSignal;
  readonly failFast?: boolean;
  readonly onEvent?: (event: RunEvent) => void;
  /** Which of the steps that are ready is next; the first, unless a test shuffles. */
  readonly pick?: RunInput["pick"];
}

/** Reads and parses a project. Mistakes of the user are in `diagnostics`; with errors there, nothing else may be asked. */
export async function open(dir: string, options: OpenOptions = {}): Promise<Sluice> {
  const effects = { ...realEffects, ...options.effects };
  const jinja = new Jinja();
  const { effects: _, onServerStart, fullRefresh = false, command = "run", window, sample, ...reading } = options;
  const times = { ...(window && { window }), ...(sample && { sample }) };
  const facts: RunFacts = {
    invocationId: effects.id(),
    startedAt: effects.now(),
    env: effects.env,
    fullRefresh,
    command,
    ...times,
  };
  const render = nativeRenderer(jinja);
  const { project, diagnostics } = await readProject({ ...reading, projectDir: dir, env: effects.env, render });
  if (!project || hasErrors(diagnostics)) return new Sluice({ facts, jinja, diagnostics });
  const parsed = parseProject(project, jinja, facts);
  const { graph, diagnostics: cycles } = buildGraph(parsed.manifest);
  // What a block of the project builds is configured as that block reads it.
  const own = [...parsed.manifest.nodes.values()].filter((node) => !customMaterialization(node, parsed.macros));
  const problems = own.flatMap((node) => [
    ...(node.kind === "model" ? [materializationProblem(node)].filter((d) => d !== undefined) : []),
    ...configProblems(node),
  ]);
  const all = [
    ...diagnostics,
    ...publishSettings(project).diagnostics,
    ...parsed.manifest.diagnostics,
    ...cycles,
    ...problems,
  ];
  const connections = new Connections(project, onServerStart);
  return new Sluice({ facts, jinja, diagnostics: all, project, parsed, connections, ...(graph && { graph }) });
}

interface Parts {
  readonly facts: RunFacts;
  readonly jinja: Jinja;
  readonly diagnostics: readonly Diagnostic[];
  readonly project?: Project;
  readonly parsed?: Parsed;
  readonly graph?: Graph;
  readonly connections?: Connections;
}

export class Sluice {
  readonly #parts: Parts;
  #look: Look = { world: { relations: new Map(), loads: new Map(), held: new Map() }, schemas: new Set() };
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
  get macros(): MacroSet {
    return needed(this.#parts.parsed).macros;
  }
  /** When this command started, under which id, in which environment. */
  get facts(): RunFacts {
    return this.#parts.facts;
  }
  get graph(): Graph {
    return needed(this.#parts.graph);
  }
  /** Connects when first asked to; also starts and stops the embedded server. */
  get connections(): Connections {
    return needed(this.#parts.connections);
  }

  select(args: Partial<SelectionArgs> = {}): { selection: Selection; diagnostics: Diagnostic[] } {
    const full: SelectionArgs = { select: [], exclude: [], indirect: "eager", ...args };
    return select(this.graph, full, { projectName: this.project.name });
  }

  async plan(
    { selection, testsGate = false, direct, force = false }: PlanRequest,
    signal?: AbortSignal,
  ): Promise<Plan> {
    const { invocationId: id, command, fullRefresh } = this.#parts.facts;
    await this.connections.pool(signal);
    const run = { root: this.project.root, id, fullRefresh, site: this.#settings.site };
    this.#look = await this.connections.ask((session) => look(session, this.graph, selection, run));
    return makePlan(this.graph, selection, this.#look.world, {
      id,
      command,
      fullRefresh,
      testsGate,
      publish: !(direct ?? publishSettings(this.project).settings.direct),
      force,
      opaque: opaqueBuilds(this.manifest, this.macros),
    });
  }

  run(plan: Plan, { signal, failFast = false, onEvent = () => {}, pick }: RunRequest = {}): Promise<RunResult> {
    const { target, root } = this.project;
    return runGuarded(this.connections, {
      plan,
      emit: onEvent,
      graph: this.graph,
      manifest: this.manifest,
      compiler: this.#compiler(plan, onEvent),
      root,
      threads: target.threads,
      failFast,
      targetName: target.name,
      schemas: this.#look.schemas,
      world: this.#look.world,
      publish: this.#settings,
      ...(signal && { signal }),
      ...(pick && { pick }),
    });
  }

  /** A node's SQL as it would run now. Throws `Failure`. */
  async compile(node: ModelNode | DataTestNode | SnapshotNode, selection: Selection): Promise<Compiled> {
    this.#compilePlan ??= await this.plan({ selection });
    const compiler = this.#compiler(this.#compilePlan);
    return this.connections.ask((session) => compiler.compile(node, (sql) => session.queryText(sql)), node.at);
  }

  /** Any SQL with the names of the project. Throws `Failure`. */
  async compileInline(sql: string): Promise<Compiled> {
    const compiler = this.#compiler(await this.plan({ selection: new Set() }));
    return this.connections.ask((session) => compiler.compileInline(sql, (text) => session.queryText(text)));
  }

  /** The first rows of a query, values as Postgres writes them; all without a limit. Throws `Failure`. */
  show(compiled: Compiled, limit?: number, at?: Span): ReturnType<Session["queryText"]> {
    const most = limit === undefined ? "" : `\nlimit ${limit}`;
    const shown = assemble("select * from (\n", compiled, `\n) as shown${most}`);
    return this.connections.ask((session) => session.queryText(shown.sql), at, shown);
  }

  /** Publishes what earlier runs built and could not publish. Throws `Failure`. */
  publishReady(request: Pick<RunRequest, "signal" | "onEvent"> = {}): Promise<readonly Publication[]> {
    return publishReady(this.connections, this.#past(request));
  }

  /** Takes back the last publication, or all after that of run `to`. Throws `Failure`. */
  rollback(to?: string, request: Pick<RunRequest, "signal" | "onEvent"> = {}): Promise<readonly Publication[]> {
    return rollBack(this.connections, to, this.#past(request));
  }

  /** The last runs and what became of them, newest first. */
  history(limit = 20): Promise<PastRun[]> {
    return listHistory(this.connections, limit);
  }

  async close(): Promise<void> {
    await this.#parts.connections?.close();
  }

  /** What is published together: this project, where this target builds it. */
  get #settings(): PublishSettings {
    const { keep, wait } = publishSettings(this.project).settings;
    return { site: `${this.project.name}/${this.project.target.schema}`, keep, budget: wait };
  }

  #past({ signal, onEvent = () => {} }: Pick<RunRequest, "signal" | "onEvent">): PastInput {
    return { settings: this.#settings, id: this.invocationId, emit: onEvent, ...(signal && { signal }) };
  }

  #compiler({ relations }: Plan, emit: (event: RunEvent) => void = () => {}): Compiler {
    const { facts, jinja, parsed } = this.#parts;
    return new Compiler({
      project: this.project,
      manifest: this.manifest,
      macros: needed(parsed).macros,
      jinja,
      facts,
      relations,
      world: this.#look.world,
      message: (level, text, node) => emit({ type: "message", at: new Date(), level, text, ...(node && { node }) }),
    });
  }
}

function needed<T>(part: T | undefined): T {
  if (part === undefined) throw new Error("Internal error: the project has errors, and was used all the same");
  return part;
}

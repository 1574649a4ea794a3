/**
 * The pipeline on one page. A project on disk is read, parsed into a manifest, linked into a graph, planned against the
 * present state of the database, compiled to SQL, executed step by step, and reported through events.
 */
import { randomUUID } from "node:crypto";
import { assemble, type Compiled } from "./compile/assemble.ts";
import { customMaterialization, opaqueBuilds } from "./compile/custom-materialization.ts";
import { Compiler } from "./compile/compiler.ts";
import { panelTemplate } from "./compile/panel.ts";
import type { RunFacts } from "./context/globals.ts";
import type { MacroNode, MacroSet } from "./context/macros.ts";
import { type Diagnostic, error, Failure, hasErrors, type Span } from "./diagnostics/diagnostic.ts";
import { describeRelations, type DescribedRelation } from "./execute/catalog.ts";
import { cloneRelations, type CloneResult } from "./execute/clone.ts";
import type { PublishSettings } from "./execute/conclude.ts";
import { Connections } from "./execute/connections.ts";
import type { FreshnessResult, RunEvent, RunResult } from "./execute/events.ts";
import { checkFreshness, isDated } from "./execute/freshness.ts";
import { runGuarded } from "./execute/guarded-run.ts";
import { runProjectHooks } from "./execute/hooks.ts";
import { foretell } from "./execute/outlook.ts";
import { Publishing } from "./execute/publishing.ts";
import { environmentHash, isAtRest, watchedEnvironment } from "./execute/rest.ts";
import { recordIdleRun } from "./execute/record.ts";
import { listHistory, type PastInput, publishReady, rollBack } from "./execute/past.ts";
import type { RunInput } from "./execute/run.ts";
import { type Look, look } from "./execute/world.ts";
import { buildGraph, type Graph } from "./graph/graph.ts";
import { parseSelectors, type Selectors } from "./graph/selectors.ts";
import { compareState, type PresentMacros, type PreviousManifest } from "./graph/state.ts";
import { select, type Selection, type SelectionArgs } from "./graph/select.ts";
import { Jinja } from "./jinja/index.ts";
import { didYouMean } from "./lib/nearest.ts";
import { configProblems } from "./materialize/config.ts";
import { materializationProblem } from "./materialize/index.ts";
import type { Panel } from "./parse/dashboard.ts";
import type { DataTestNode, Manifest, ModelNode, NodeId, SnapshotNode } from "./parse/manifest.ts";
import { macroDictionary } from "./parse/macro-dictionary.ts";
import { parseProject, type Parsed } from "./parse/parse.ts";
import { deferTo } from "./plan/defer.ts";
import { makePlan } from "./plan/make-plan.ts";
import type { Plan } from "./plan/plan.ts";
import { StagedRelations } from "./plan/relations.ts";
import type { Session } from "./postgres/database.ts";
import { publishSettings } from "./project/publish-settings.ts";
import { readProject, type ReadOptions } from "./project/read.ts";
import { nativeRenderer } from "./project/render.ts";
import type { Mapping, Project } from "./project/types.ts";
import { QueryError } from "./postgres/errors.ts";
import type { Publication } from "./publish/publish.ts";
import { findRest, recordRest, type Rest } from "./state/rest.ts";
import type { PastRun } from "./state/history.ts";

export interface OpenOptions extends Omit<ReadOptions, "projectDir" | "render" | "env"> {
  readonly fullRefresh?: boolean;
  /** Parents are read without their rows. */
  readonly empty?: boolean;
  /** Tests that do not say keep their failing rows. */
  readonly storeFailures?: boolean;
  /** Which batches of microbatch models are built; absent: those that are due. */
  readonly window?: RunFacts["window"];
  /** Models read their parents for this stretch of time only. */
  readonly sample?: RunFacts["sample"];
  /** Models are not read, and mistakes in them do not matter: for commands on what was built before. */
  readonly withoutModels?: boolean;
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
  /** Where another run built what this one does not. */
  readonly defer?: { readonly manifest: PreviousManifest; readonly favorState: boolean };
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
  /** Tests that warn fail. */
  readonly warningsFail?: boolean;
  readonly onEvent?: (event: RunEvent) => void;
  /** Which of the steps that are ready is next; the first, unless a test shuffles. */
  readonly pick?: RunInput["pick"];
}

/** Reads and parses a project. Mistakes of the user are in `diagnostics`; with errors there, nothing else may be asked. */
export async function open(dir: string, options: OpenOptions = {}): Promise<Sluice> {
  const effects = { ...realEffects, ...options.effects };
  const jinja = new Jinja();
  const { effects: _, onServerStart, fullRefresh = false, command = "run", ...more } = options;
  const { empty = false, storeFailures = false, window, sample, withoutModels, ...reading } = more;
  const chosen: Chosen = { ids: [] };
  const times = { ...(window && { window }), ...(sample && { sample }) };
  const { env, read: variables } = watchedEnvironment(effects.env);
  const facts: RunFacts = {
    invocationId: effects.id(),
    startedAt: effects.now(),
    env,
    fullRefresh,
    command,
    selected: () => chosen.ids,
    empty,
    storeFailures,
    ...times,
  };
  const render = nativeRenderer(jinja);
  const { project, diagnostics } = await readProject({
    ...reading,
    projectDir: dir,
    env,
    render,
    ...(withoutModels && { withoutModels }),
  });
  if (project && withoutModels) {
    const connections = new Connections(project, onServerStart);
    return new Sluice({ facts, jinja, diagnostics: publishSettings(project).diagnostics, project, connections });
  }
  if (!project || hasErrors(diagnostics)) return new Sluice({ facts, jinja, diagnostics });
  const parsed = parseProject(project, jinja, facts);
  const { graph, diagnostics: cycles } = buildGraph(parsed.manifest);
  // What a block of the project builds is configured as that block reads it.
  const own = [...parsed.manifest.nodes.values()].filter((node) => !customMaterialization(node, parsed.macros));
  const problems = own.flatMap((node) => [
    ...(node.kind === "model" ? [materializationProblem(node)].filter((d) => d !== undefined) : []),
    ...configProblems(node),
  ]);
  const selectors = parseSelectors(project.selectors);
  const all = [
    ...selectors.diagnostics,
    ...diagnostics,
    ...publishSettings(project).diagnostics,
    ...parsed.manifest.diagnostics,
    ...cycles,
    ...problems,
  ];
  const connections = new Connections(project, onServerStart);
  return new Sluice({
    facts,
    variables,
    jinja,
    diagnostics: all,
    project,
    parsed,
    selectors,
    connections,
    chosen,
    ...(graph && { graph }),
  });
}

/** What the latest plan is for: templates see it as `selected_resources`. */
interface Chosen {
  ids: readonly string[];
}

export interface FreshnessRun {
  readonly results: readonly FreshnessResult[];
  readonly seconds: number;
  /** Nothing is too old, and nothing failed. */
  readonly ok: boolean;
}

/** Of another run: what selections compare with. */
export interface Earlier {
  readonly manifest?: PreviousManifest;
  readonly results?: ReadonlyMap<NodeId, string>;
  readonly fresherSources?: ReadonlySet<NodeId>;
}

interface Parts {
  readonly facts: RunFacts;
  /** Environment variables that were read. */
  readonly variables?: ReadonlySet<string>;
  readonly chosen?: Chosen;
  readonly jinja: Jinja;
  readonly diagnostics: readonly Diagnostic[];
  readonly project?: Project;
  readonly parsed?: Parsed;
  readonly graph?: Graph;
  readonly selectors?: Selectors;
  readonly connections?: Connections;
}

export class Sluice {
  readonly #parts: Parts;
  #look: Look = { world: { relations: new Map(), loads: new Map(), held: new Map() }, schemas: new Set() };
  #compilePlan: Plan | undefined;
  /** What plans were made for, to make them again. */
  readonly #requests = new WeakMap<Plan, PlanRequest>();
  /** Macros that nodes were seen to call when they were compiled or run, by unique id. */
  readonly calls = new Map<NodeId, Set<string>>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#parts.diagnostics;
  }
  /** Enough is known to ask the database: what `withoutModels` gives. */
  get reachable(): boolean {
    return !hasErrors(this.diagnostics) && this.#parts.connections !== undefined;
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

  /** `earlier` is what `state:`, `result:` and `source_status:` compare with. */
  select(
    args: Partial<SelectionArgs> = {},
    earlier: Earlier = {},
  ): { selection: Selection; diagnostics: Diagnostic[] } {
    const { byName: selectors, standard } = needed(this.#parts.selectors);
    const named = args.select?.length || args.exclude?.length || standard === undefined ? {} : { selector: standard };
    const full: SelectionArgs = { select: [], exclude: [], indirect: "eager", ...named, ...args };
    const { manifest: previous, results, fresherSources } = earlier;
    return select(this.graph, full, {
      projectName: this.project.name,
      selectors,
      ...(previous && { state: compareState(this.manifest, () => this.#macroTexts(), previous) }),
      ...(results && { results }),
      ...(fresherSources && { fresherSources }),
    });
  }

  #macroTexts(): PresentMacros {
    return new Map(
      [...this.manifest.macros.values()].map((macro) => [
        macro.id,
        { text: macro.source, calls: macroDictionary(macro, this.macros).depends_on.macros },
      ]),
    );
  }

  async plan(request: PlanRequest, signal?: AbortSignal): Promise<Plan> {
    const { selection, testsGate = false, direct, force = false, defer } = request;
    const { invocationId: id, command, fullRefresh } = this.#parts.facts;
    await this.connections.pool(signal);
    const run = { root: this.project.root, id, fullRefresh, site: this.#settings.site };
    if (this.#parts.chosen) this.#parts.chosen.ids = [...selection];
    this.#look = await this.connections.ask((session) => look(session, this.graph, selection, run));
    const plan = makePlan(this.graph, selection, this.#look.world, {
      id,
      command,
      fullRefresh,
      testsGate,
      publish: !(direct ?? publishSettings(this.project).settings.direct),
      force,
      opaque: opaqueBuilds(this.manifest, this.macros),
    });
    if (defer) deferTo(defer, plan.relations, selection, this.#look.world);
    this.#requests.set(plan, request);
    return plan;
  }

  /** The plan as a run would carry it out: what is there already is `reuse`. Asks the database, and changes nothing. */
  foretell(plan: Plan): Promise<Plan> {
    if (!(plan.relations instanceof StagedRelations)) return Promise.resolve(plan);
    const { world, schemas } = this.#look;
    const publishing = new Publishing({
      plan,
      graph: this.graph,
      world,
      relations: plan.relations,
      settings: this.#settings,
      schemas,
      ...ONLY_LOOKING,
    });
    const compiler = this.#compiler(plan);
    return this.connections.ask((session) => foretell(session, plan, this.graph, compiler, publishing));
  }

  run(plan: Plan, request: RunRequest = {}): Promise<RunResult> {
    const { signal, failFast = false, warningsFail = false, onEvent = () => {}, pick } = request;
    const { target, root } = this.project;
    const planned = (of: Plan) => {
      const { world, schemas } = this.#look;
      return { plan: of, world, schemas, compiler: this.#compiler(of, onEvent) };
    };
    return runGuarded(this.connections, {
      ...planned(plan),
      replan: async () => planned(await this.plan(this.#requests.get(plan)!, signal)),
      emit: onEvent,
      graph: this.graph,
      manifest: this.manifest,
      root,
      threads: target.threads,
      failFast,
      warningsFail,
      targetName: target.name,
      publish: this.#settings,
      ...(signal && { signal }),
      ...(pick && { pick }),
    });
  }

  /** A node's SQL as it would run now. Throws `Failure`. */
  async compile(
    node: ModelNode | DataTestNode | SnapshotNode,
    selection: Selection,
    defer?: PlanRequest["defer"],
  ): Promise<Compiled> {
    this.#compilePlan ??= await this.plan({ selection, direct: true, ...(defer && { defer }) });
    const compiler = this.#compiler(this.#compilePlan);
    return this.connections.ask((session) => compiler.compile(node, (sql) => session.queryText(sql)), node.at);
  }

  /** Any SQL with the names of the project. Throws `Failure`. */
  async compileInline(sql: string): Promise<Compiled> {
    const compiler = this.#compiler(await this.plan({ selection: new Set(), direct: true }));
    return this.connections.ask((session) => compiler.compileInline(sql, (text) => session.queryText(text)));
  }

  /** A dashboard panel's query, of this target's relations. Throws `Failure`. */
  compilePanel(panel: Panel): Promise<Compiled> {
    return this.compileInline(panelTemplate(panel));
  }

  /** Stands in, for each node selected that is not there, a view of what another run built. Throws `Failure`. */
  async clone(selection: Selection, from: PreviousManifest, fullRefresh: boolean): Promise<CloneResult[]> {
    const resources = [...selection].map((id) => this.graph.resource(id));
    const database = await this.connections.pool();
    return cloneRelations(database, resources, { from, fullRefresh });
  }

  /** Calls a macro (`name`, or `package.name`) on a session of its own. Throws `Failure`. */
  async runOperation(name: string, args: Mapping, onEvent: (event: RunEvent) => void = () => {}): Promise<MacroNode> {
    const macro = findOperation(this.macros, this.project.name, name);
    const compiler = this.#compiler(await this.plan({ selection: new Set() }), onEvent);
    await this.connections.ask((session) => compiler.callMacro(macro, args, (sql) => session.queryText(sql)), macro.at);
    return macro;
  }

  /** Any SQL with the names of the project, run for what it does. Throws `Failure`. */
  async runInline(sql: string): Promise<void> {
    const compiled = await this.compileInline(sql);
    await this.connections.ask((session) => session.query(compiled.sql), undefined, compiled);
  }

  /** How old the newest rows of sources are; those that promise nothing are left out. */
  async freshness(selection: Selection, { onEvent = () => {}, signal }: RunRequest = {}): Promise<FreshnessRun> {
    const started = performance.now();
    const compiler = this.#compiler(await this.plan({ selection: new Set() }, signal), onEvent);
    const chosen = [...selection].map((id) => this.graph.resource(id));
    const sources = chosen.filter((r) => r.kind === "source").filter(isDated);
    const input = { database: await this.connections.pool(signal), compiler, emit: onEvent, ...(signal && { signal }) };
    const hooks = this.project.packages[0]?.config.flags["source_freshness_run_project_hooks"] === false;
    const around = async (which: "onRunStart" | "onRunEnd"): Promise<boolean> =>
      hooks || sources.length === 0 || (await runProjectHooks(this.manifest[which], input, new Map(), onEvent)).ok;
    if (!(await around("onRunStart"))) return { results: [], seconds: 0, ok: false };
    const results = await checkFreshness({ sources, ...input });
    const ok = await around("onRunEnd");
    const failed = results.some(({ status }) => status === "error" || status === "runtime error");
    return { results, seconds: (performance.now() - started) / 1000, ok: ok && !failed };
  }

  /** The relations of resources as the database holds them; what is not there is left out. Throws `Failure`. */
  describe(selection: Selection): Promise<Map<NodeId, DescribedRelation>> {
    const resources = [...selection].map((id) => this.graph.resource(id));
    const { database } = this.project.target.connection;
    return this.connections.ask((session) => describeRelations(session, database, resources));
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

  /** Whether this command found everything as it was, and would again. `inputs` is a hash of the project's files. */
  async findRest(command: string, inputs: string): Promise<Rest | undefined> {
    const { env } = this.#parts.facts;
    const site = this.#settings.site;
    const rest = await this.connections
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
  async recordRest(command: string, inputs: string, result: RunResult, found: string): Promise<void> {
    const { manifest, graph, calls } = this;
    if (!isAtRest({ result, manifest, graph, calls })) return;
    const { facts, variables = new Set<string>() } = this.#parts;
    const names = [...variables];
    const rest = {
      inputs,
      variables: names,
      environment: environmentHash(facts.env, names),
      nodes: result.results.length,
      found,
      runId: this.invocationId,
    };
    await this.connections.ask((session) => recordRest(session, this.#settings.site, command, rest));
  }

  /** The run of a command that need not look: on record like any other. */
  recordIdleRun(): Promise<void> {
    const { invocationId: id, command, startedAt } = this.#parts.facts;
    const { root, target } = this.project;
    return this.connections.ask((session) =>
      recordIdleRun(session, { id, command, startedAt, root, target: target.name }),
    );
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
      calls: this.calls,
      world: this.#look.world,
      message: (level, text, node) => emit({ type: "message", at: new Date(), level, text, ...(node && { node }) }),
    });
  }
}

function findOperation(macros: MacroSet, root: string, name: string): MacroNode {
  const [first = "", second] = name.split(".", 2);
  const found = second === undefined ? macros.find(first, root) : macros.inPackage(first, second);
  if (found) return found;
  const notes = [...didYouMean(name, macros.names()), "a macro is a {% macro … %} block below macros/"];
  throw new Failure(error("macro-not-found", `No macro named "${name}".`, undefined, notes));
}

const never = (): Promise<never> => Promise.reject(new Error("Internal error: looking at a plan changes nothing"));
const ONLY_LOOKING = { hold: never, confirmAlive: never };

function needed<T>(part: T | undefined): T {
  if (part === undefined) throw new Error("Internal error: the project has errors, and was used all the same");
  return part;
}

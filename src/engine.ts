/**
 * The pipeline on one page. A project on disk is read, parsed into a manifest, linked into a graph, planned against the
 * present state of the database, compiled to SQL, executed step by step, and reported through events.
 */
import { assemble, type Compiled } from "./compile/assemble.ts";
import { opaqueBuilds } from "./compile/custom-materialization.ts";
import { Compiler } from "./compile/compiler.ts";
import { panelTemplate } from "./compile/panel.ts";
import { QueryComments } from "./compile/query-comment.ts";
import { makeProjectContext } from "./context/context.ts";
import type { RunFacts } from "./context/globals.ts";
import type { MacroSet } from "./context/macros.ts";
import { type Diagnostic, error, Failure, hasErrors, type Span } from "./diagnostics/diagnostic.ts";
import type { TemplateQuery } from "./context/phase.ts";
import type { PublishSettings } from "./execute/conclude.ts";
import type { Connections } from "./execute/connections.ts";
import type { RunEvent, RunResult } from "./execute/events.ts";
import { runGuarded } from "./execute/guarded-run.ts";
import { foretell } from "./execute/outlook.ts";
import { Publishing } from "./execute/publishing.ts";
import type { RunInput } from "./execute/run.ts";
import { type Look, look } from "./execute/world.ts";
import type { Graph } from "./graph/graph.ts";
import type { Selectors } from "./graph/selectors.ts";
import { compareState, type PresentMacros, type PreviousManifest } from "./graph/state.ts";
import { select, type Selection, type SelectionArgs } from "./graph/select.ts";
import type { Jinja } from "./jinja/index.ts";
import type { Panel } from "./parse/dashboard.ts";
import type { DataTestNode, Manifest, ModelNode, NodeId, SnapshotNode } from "./parse/manifest.ts";
import { macroDictionary } from "./parse/macro-dictionary.ts";
import type { Parsed } from "./parse/parse.ts";
import { deferTo } from "./plan/defer.ts";
import { makePlan } from "./plan/make-plan.ts";
import type { Plan, World } from "./plan/plan.ts";
import { StagedRelations } from "./plan/relations.ts";
import type { Session } from "./postgres/database.ts";
import { publishSettings } from "./project/publish-settings.ts";
import type { Project } from "./project/types.ts";

/** Rows as text, and the statement that gave them. */
export type Shown = Awaited<ReturnType<Session["queryText"]>> & { readonly sql: string };

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

export interface CompileRequest extends Pick<PlanRequest, "defer"> {
  /** Ephemeral models are named, and their SQL is not put in. */
  readonly withoutCtes?: boolean;
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

/** What the latest plan is for: templates see it as `selected_resources`. */
export interface Chosen {
  ids: readonly string[];
}

/** Of another run: what selections compare with. */
export interface Earlier {
  readonly manifest?: PreviousManifest;
  readonly results?: ReadonlyMap<NodeId, string>;
  readonly fresherSources?: ReadonlySet<NodeId>;
}

/** What an open project is made of. */
export interface Parts {
  /** False: templates that are only compiled may not ask the database. */
  readonly introspect?: boolean;
  readonly facts: RunFacts;
  /** Environment variables that were read. */
  readonly variables?: ReadonlySet<string>;
  readonly chosen?: Chosen;
  readonly jinja: Jinja;
  readonly diagnostics: readonly Diagnostic[];
  /** Mistakes in the settings of single nodes: they stop what builds those nodes, and nothing else. */
  readonly nodeProblems?: ReadonlyMap<NodeId, readonly Diagnostic[]>;
  readonly project?: Project;
  readonly parsed?: Parsed;
  readonly graph?: Graph;
  readonly selectors?: Selectors;
  readonly connections?: Connections;
}

export class Sluice {
  readonly #parts: Parts;
  #look: Look = {
    world: { relations: new Map(), functions: new Set(), loads: new Map(), held: new Map() },
    schemas: new Set(),
  };
  #compilePlan: Plan | undefined;
  /** What plans were made for, to make them again. */
  readonly #requests = new WeakMap<Plan, PlanRequest>();
  /** Macros that nodes were seen to call when they were compiled or run, by unique id. */
  readonly calls = new Map<NodeId, Set<string>>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get diagnostics(): readonly Diagnostic[] {
    return [...this.#parts.diagnostics, ...[...(this.#parts.nodeProblems?.values() ?? [])].flat()];
  }
  /** Without what is wrong with the settings of single nodes. */
  get generalDiagnostics(): readonly Diagnostic[] {
    return this.#parts.diagnostics;
  }
  /** Enough is known to ask the database: what `withoutModels` gives. */
  get reachable(): boolean {
    return !hasErrors(this.diagnostics) && this.#parts.connections !== undefined;
  }
  get ok(): boolean {
    return !hasErrors(this.diagnostics) && this.#parts.graph !== undefined;
  }
  /** Some nodes may have mistakes in their settings; `refuseMistakes` tells. */
  get usable(): boolean {
    return !hasErrors(this.generalDiagnostics) && this.#parts.graph !== undefined;
  }

  /** Throws `Failure` where settings of nodes to be built are wrong; gives what is wrong with the others. */
  refuseMistakes(selection: Selection): Diagnostic[] {
    const problems = [...(this.#parts.nodeProblems ?? [])];
    const wrong = problems.flatMap(([id, found]) => (selection.has(id) ? found : []));
    if (wrong.length > 0) throw new Failure(wrong);
    return problems.flatMap(([, found]) => found);
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
  /** Names of the environment variables that were read. */
  get variables(): readonly string[] {
    return [...(this.#parts.variables ?? [])];
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
    const publish = !(direct ?? publishSettings(this.project).settings.direct);
    const run = { root: this.project.root, id, fullRefresh, site: this.publishing.site, held: publish };
    if (this.#parts.chosen) this.#parts.chosen.ids = [...selection];
    this.#look = await this.connections.ask((session) => look(session, this.graph, selection, run));
    const plan = makePlan(this.graph, selection, this.#look.world, {
      id,
      command,
      fullRefresh,
      testsGate,
      publish,
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
      settings: this.publishing,
      schemas,
      ...ONLY_LOOKING,
    });
    const compiler = this.compiler(plan);
    return this.connections.ask((session) => foretell(session, plan, this.graph, compiler, publishing));
  }

  run(plan: Plan, request: RunRequest = {}): Promise<RunResult> {
    const { signal, failFast = false, warningsFail = false, onEvent = () => {}, pick } = request;
    const { target, root } = this.project;
    const planned = (of: Plan) => {
      const { world, schemas } = this.#look;
      return { plan: of, world, schemas, compiler: this.compiler(of, onEvent) };
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
      publish: this.publishing,
      ...(signal && { signal }),
      ...(pick && { pick }),
    });
  }

  /** A node's SQL as it would run now. Throws `Failure`. */
  async compile(
    node: ModelNode | DataTestNode | SnapshotNode,
    selection: Selection,
    { defer, withoutCtes = false }: CompileRequest = {},
  ): Promise<Compiled> {
    // Then no server is needed.
    if (this.#parts.introspect === false)
      return this.compiler(this.#blindPlan(selection)).compile(node, this.#introspection(), { withoutCtes });
    this.#compilePlan ??= await this.plan({ selection, direct: true, ...(defer && { defer }) });
    const compiler = this.compiler(this.#compilePlan);
    return this.connections.ask((session) => {
      session.comment = compiler.comments.of({ node });
      return compiler.compile(node, this.#introspection(session), { withoutCtes });
    }, node.at);
  }

  /** For a database that is not asked: nothing is there. */
  #blindPlan(selection: Selection): Plan {
    const { invocationId: id, command, fullRefresh } = this.#parts.facts;
    const world: World = { relations: new Map(), loads: new Map(), held: new Map(), functions: new Set() };
    return makePlan(this.graph, selection, world, {
      id,
      command,
      fullRefresh,
      testsGate: false,
      publish: false,
      force: false,
    });
  }

  /** Any SQL with the names of the project. Throws `Failure`. */
  async compileInline(sql: string): Promise<Compiled> {
    const compiler = this.compiler(await this.plan({ selection: new Set(), direct: true }));
    return this.connections.ask((session) => compiler.compileInline(sql, this.#introspection(session)));
  }

  /** What templates ask while they are only compiled. */
  #introspection(session?: Session): TemplateQuery {
    if (session && this.#parts.introspect !== false) return (sql) => session.queryText(sql);
    return (sql) => {
      const message =
        "connection never acquired for thread: the template asks the database, which --no-introspect forbids.";
      throw new Failure(error("introspection-off", message, undefined, [`it asks: ${sql.trim().split("\n")[0]}`]));
    };
  }

  /** A dashboard panel's query, of this target's relations. Throws `Failure`. */
  compilePanel(panel: Panel): Promise<Compiled> {
    return this.compileInline(panelTemplate(panel));
  }

  /** The first rows of a query, values as Postgres writes them; all without a limit. `sql` is what was asked. Throws `Failure`. */
  async show(compiled: Compiled & { readonly header?: string }, limit?: number, at?: Span): Promise<Shown> {
    const most = limit === undefined ? "" : `\nlimit ${limit}`;
    const header = compiled.header === undefined ? "" : `${compiled.header}\n`;
    const shown = assemble(`${header}select * from (\n`, compiled, `\n) as shown${most}`);
    const { facts, jinja } = this.#parts;
    const comments = new QueryComments(makeProjectContext(this.project, this.macros, facts), jinja);
    const work = (session: Session): ReturnType<Session["queryText"]> => {
      session.comment = comments.of({ connection: "show" });
      return session.queryText(shown.sql);
    };
    return { ...(await this.connections.ask(work, at, shown)), sql: shown.sql };
  }

  async close(): Promise<void> {
    await this.#parts.connections?.close();
  }

  /** What is published together: this project, where this target builds it. */
  get publishing(): PublishSettings {
    const { keep, wait } = publishSettings(this.project).settings;
    return { site: `${this.project.name}/${this.project.target.schema}`, keep, budget: wait };
  }

  /** For the nodes of a plan, as the database was when it was made. */
  compiler({ relations }: Plan, emit: (event: RunEvent) => void = () => {}): Compiler {
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

const never = (): Promise<never> => Promise.reject(new Error("Internal error: looking at a plan changes nothing"));
const ONLY_LOOKING = { hold: never, confirmAlive: never };

function needed<T>(part: T | undefined): T {
  if (part === undefined) throw new Error("Internal error: the project has errors, and was used all the same");
  return part;
}

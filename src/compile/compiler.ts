/** Node → final SQL: the template rendered with `execute = true`, ephemeral models injected as CTEs. */
import { readingConfig } from "../context/config.ts";
import { makeProjectContext, type NodeFace, type ProjectContext, TemplateContext } from "../context/context.ts";
import type { RunFacts } from "../context/globals.ts";
import { bindMacro, type MacroNode, type MacroSet } from "../context/macros.ts";
import type { FunctionCall, MessageLevel, Phase, RefCall, SourceCall, TemplateQuery } from "../context/phase.ts";
import { Relation } from "../context/relation.ts";
import { testArguments } from "../context/test-arguments.ts";
import { type Diagnostic, error, Failure, type SourceFile, type Span } from "../diagnostics/diagnostic.ts";
import { type Jinja, Kwargs, TemplateError, toPython } from "../jinja/index.ts";
import { didYouMean } from "../lib/nearest.ts";
import { callSpan, Linker } from "../parse/link.ts";
import type { DataTestNode, FunctionNode, Manifest, ModelNode, Node, NodeId, Resource } from "../parse/manifest.ts";
import { graphDictionary, nodeDictionary } from "../parse/node-dictionary.ts";
import { located, renderQuoted, requoted } from "../parse/places.ts";
import { relationKey, wantsFullRefresh, type World } from "../plan/plan.ts";
import type { Relations } from "../plan/relations.ts";
import { catalogsAside, changed, namesAside } from "../plan/standing-sql.ts";
import type { RelationName } from "../postgres/relation.ts";
import { compareVersions, newestVersions } from "../parse/model-versions.ts";
import { isWorkSchema } from "../postgres/sql/swap.ts";
import type { Hook, Mapping, Project, Value } from "../project/types.ts";
import { type Compiled, type Piece, rendered, rewritten, withCtes } from "./assemble.ts";
import { QueryComments } from "./query-comment.ts";
import { during, overlap, type Stretch } from "./event-time.ts";

export interface CompilerInput {
  readonly project: Project;
  readonly manifest: Manifest;
  readonly macros: MacroSet;
  readonly jinja: Jinja;
  readonly facts: RunFacts;
  readonly relations: Relations;
  /** Decides `is_incremental()`. */
  readonly world: World;
  message(level: MessageLevel, text: string, node?: NodeId): void;
  /** Where the calls of nodes are noted, for compilers of one command. */
  readonly calls?: Map<NodeId, Set<string>>;
}

/** What a caller may put in place of the ordinary meaning of names: unit tests do. */
export interface Substitutes {
  readonly ref?: (target: Resource) => Relation | undefined;
  readonly isIncremental?: boolean;
  /** Where `this` is found; by default where it is published, as the node is still to be built. */
  readonly self?: RelationName;
  /** Of a microbatch model: parents are read for this stretch of time only. */
  readonly batch?: Stretch & { readonly id: string };
  readonly overrides?: ReadonlyMap<string, unknown>;
  readonly shared?: ProjectContext;
  /** Ephemeral models are named, and their SQL is not put in. */
  readonly withoutCtes?: boolean;
}

/** Whose context a macro is called in, and what the caller wants to know of its statements. */
export interface Caller extends Pick<Phase, "commit" | "stored"> {
  readonly node: Node;
  readonly query: TemplateQuery;
  readonly substitutes?: Substitutes;
  /** Further names, and their values. */
  readonly names?: Mapping;
}

export class Compiler {
  readonly input: CompilerInput;
  /** What nodes call when they run, which may be more than parsing saw: `{% if is_incremental() %}`. */
  readonly calls: Map<NodeId, Set<string>>;
  /** What is written into the statements that are run. */
  readonly comments: QueryComments;
  readonly #shared: ProjectContext;
  readonly #linker: Linker;
  /** The greatest version of each model that has some. */
  #newest: ReadonlyMap<string, Value> | undefined;
  readonly #told = new Set<string>();

  constructor(input: CompilerInput) {
    this.input = input;
    this.calls = input.calls ?? new Map();
    const { manifest } = input;
    const resources = [...manifest.nodes.values(), ...manifest.sources.values()];
    this.#linker = new Linker(resources, manifest.disabled.values(), manifest.projectName);
    this.#shared = makeProjectContext(input.project, input.macros, input.facts, () => graphDictionary(manifest));
    this.comments = new QueryComments(this.#shared, input.jinja);
  }

  get shared(): ProjectContext {
    return this.#shared;
  }

  /** The node's SQL. Throws `Failure` when its template fails. */
  async compile(
    node: Exclude<Node, { kind: "unit_test" }>,
    query?: TemplateQuery,
    substitutes: Substitutes = {},
  ): Promise<Compiled> {
    if (node.kind === "seed") return rendered("", { toTemplate: () => undefined });
    // Another language is no template.
    if (node.kind === "function" && node.language !== "sql") return { sql: node.raw, locate: () => node.at };
    const ctes = new Map<NodeId, Compiled>();
    const sql = await this.#render(node, query, substitutes, ctes);
    return substitutes.withoutCtes ? sql : this.#inject(sql, ctes);
  }

  /** The bodies of a function's overloads, in its context. */
  async compileOverloads(node: FunctionNode, query?: TemplateQuery): Promise<Compiled[]> {
    const bodies: Compiled[] = [];
    for (const { file, raw } of node.overloads)
      bodies.push(await this.compile({ ...node, file, raw, at: { file, start: 0, end: 1 } }, query));
    return bodies;
  }

  /** For running: the catalogs that it reads show what stands aside where it will be. */
  seeingAside(compiled: Compiled): Compiled {
    return rewritten(compiled, catalogsAside(compiled.sql, this.input.relations.aside()));
  }

  /** SQL given by hand (`show --inline`), which may use every name of the project. */
  async compileInline(text: string, query?: TemplateQuery): Promise<Compiled> {
    const file: SourceFile = { path: "--inline", absolute: "", text };
    const at: Span = { file, start: 0, end: text.length };
    const wanted = new Set<NodeId>();
    const phase = this.#phase({ package: this.input.project.name, file, at }, {}, query, {}, wanted);
    const context = new TemplateContext(this.#shared, { package: this.input.project.name }, phase);
    const sql = await this.#text(file, text, 0, context, at);
    const ctes = new Map<NodeId, Compiled>();
    await this.#addEphemerals(wanted, query, {}, ctes);
    return this.#inject(sql, ctes);
  }

  /** Calls a macro as `run-operation` does: outside of any node. What it asks and runs goes through `query`. */
  async callMacro(macro: MacroNode, args: Mapping, query: TemplateQuery): Promise<void> {
    const { project, macros } = this.input;
    const phase = this.#phase({ package: project.name, file: macro.file, at: macro.at }, {}, query, {}, new Set());
    const context = new TemplateContext(this.#shared, { package: project.name }, phase);
    const bound = bindMacro(macro, macros, context, "async");
    const given = Object.entries(args).map(([name, value]) => [name, toPython(value)] as const);
    await explaining(macro.at, async () => void (await bound(new Kwargs(given))));
  }

  /** A hook's SQL; `this` is the node's relation. A hook of a project has the name of the package it belongs to. */
  async compileHook(
    hook: Hook,
    owner: Node | string,
    query: TemplateQuery | undefined,
    names?: ReadonlyMap<string, unknown>,
  ): Promise<string> {
    const node = typeof owner === "string" ? undefined : owner;
    const face: NodeFace = {
      ...(typeof owner === "string" ? { package: owner } : this.#face(owner)),
      ...(names ? { names } : {}),
    };
    const phase = this.#phase(
      { package: face.package, file: hook.at.file, at: hook.at, ...(node ? { id: node.id } : {}) },
      node?.config.all ?? {},
      query,
      {},
      new Set(),
    );
    const file: SourceFile = { ...hook.at.file, text: hook.sql };
    try {
      const { sql } = await this.#text(file, hook.sql, 0, new TemplateContext(this.#shared, face, phase), hook.at);
      return sql.trim();
    } catch (thrown) {
      // The hook is a text in YAML or in a config() call: shown is its place there.
      throw requoted(file, hook.at, thrown);
    }
  }

  /** The value of a macro, called as from the node's own template. */
  async call(macro: MacroNode, args: readonly unknown[], caller: Caller): Promise<unknown> {
    const { node, query, names, substitutes = {}, ...hooks } = caller;
    const known = new Map(Object.entries(names ?? {}).map(([name, value]) => [name, toPython(value)]));
    const { this: _, ...shown } = this.#face(node);
    // What a block is told to make stands where it is made, and so does what it makes beside it.
    const at = this.input.relations.writeTo(node.id);
    const face: NodeFace = { ...shown, this: () => this.#at(node.database, at), names: known };
    const phase = { ...this.#phase(node, node.config.all, query, substitutes, new Set()), ...hooks };
    const context = new TemplateContext(this.#shared, face, phase);
    return explaining(node.at, async () => bindMacro(macro, this.input.macros, context, "async")(...args));
  }

  #inject(sql: Compiled, ctes: ReadonlyMap<NodeId, Piece>): Compiled {
    const named = [...ctes].map(([id, body]) => ({ name: this.#cteName(this.#model(id)), body }));
    return withCtes(sql, named);
  }

  async #render(
    node: Node,
    query: TemplateQuery | undefined,
    substitutes: Substitutes,
    ctes: Map<NodeId, Compiled>,
  ): Promise<Compiled> {
    const wanted = new Set<NodeId>();
    const phase = this.#phase(node, node.config.all, query, substitutes, wanted);
    const { self = this.input.relations.published(node.id) } = substitutes;
    const face = this.#face(node, { ...substitutes, self });
    const shared = substitutes.shared ?? this.#shared;
    const generic = node.kind === "test" && node.generic ? node : undefined;
    const { overrides } = substitutes;
    let context = new TemplateContext(shared, { ...face, ...(overrides && { overrides }) }, phase);
    if (generic) {
      // YAML is rendered synchronously, and so without a database.
      const yaml = new TemplateContext(shared, face, { ...phase, query: undefined }, "sync");
      const kwargs = await explaining(generic.at, () => this.#testArguments(generic, context, yaml));
      context = new TemplateContext(shared, { ...face, names: new Map([["_dbt_generic_test_kwargs", kwargs]]) }, phase);
    }
    const sql = await this.#template(node, context);
    await this.#addEphemerals(wanted, query, substitutes, ctes);
    return sql;
  }

  /** Of a node whose SQL stands in no file, such as a generic test, everything is shown where it is declared. */
  async #template(node: Node, context: TemplateContext): Promise<Compiled> {
    const offset = node.kind === "test" && node.generic ? -1 : node.file.text.indexOf(node.raw, node.at.start);
    if (offset >= 0) return this.#text(node.file, node.raw, offset, context, node.at);
    const file = { ...node.file, text: node.raw };
    try {
      const { sql } = await this.#text(file, node.raw, 0, context, node.at);
      return { sql, locate: () => node.at };
    } catch (thrown) {
      throw requoted(file, node.at, thrown);
    }
  }

  /** The SQL of ephemeral models; those that they read come before them. */
  async #addEphemerals(
    ids: Iterable<NodeId>,
    query: TemplateQuery | undefined,
    substitutes: Substitutes,
    ctes: Map<NodeId, Compiled>,
  ): Promise<void> {
    for (const id of ids) {
      if (!ctes.has(id)) ctes.set(id, await this.#render(this.#model(id), query, substitutes, ctes));
    }
  }

  async #text(file: SourceFile, source: string, offset: number, context: TemplateContext, at: Span): Promise<Compiled> {
    return explaining(at, async () => {
      try {
        const { text, map } = await this.input.jinja.template(source, file, offset).render(context);
        return rewritten(rendered(text, map), namesAside(text, this.input.relations.aside()));
      } catch (thrown) {
        throw thrown instanceof TemplateError && thrown.unknownName !== undefined ? this.#unknown(thrown) : thrown;
      }
    });
  }

  /** To templates, names mean what stands aside, and catalogs show it where it will be. */
  #asking(query: TemplateQuery): TemplateQuery {
    return (sql, options) => {
      const aside = options?.own ? [] : this.input.relations.aside();
      const named = changed(sql, namesAside(sql, aside));
      return query(changed(named, catalogsAside(named, aside)), options);
    };
  }

  /** A name that is neither a macro nor a variable: most often a misspelt macro, which parsing lets pass as dbt does. */
  #unknown(thrown: TemplateError): Failure {
    const names = [...this.input.macros.names(), ...this.#shared.globals.keys(), ...CONTEXT_NAMES];
    const near = didYouMean(thrown.unknownName!, names);
    const advice = "a macro is a {% macro … %} block below macros/, a value of the project is var('name')";
    return new Failure(thrown.toDiagnostic(near.length > 0 ? near : [advice]), { cause: thrown });
  }

  async #testArguments(test: DataTestNode, context: TemplateContext, yaml: TemplateContext): Promise<unknown> {
    const { manifest, jinja } = this.input;
    const tested = manifest.nodes.get(test.attached!) ?? manifest.sources.get(test.attached!);
    if (!tested) throw new Error(`Internal error: ${test.id} tests nothing`);
    const call =
      tested.kind === "source" ? `source('${tested.source.source}', '${tested.name}')` : refTo(tested, test.package);
    const render = (text: string): unknown => renderQuoted(text, test.at, yaml, jinja);
    const where = context.get("get_where_subquery") as (relation: unknown) => unknown;
    return testArguments(test.generic?.args ?? {}, await where(render(`{{ ${call} }}`)), render);
  }

  #face(node: Node, { batch, self }: Substitutes = {}): NodeFace {
    const { relations } = this.input;
    const at = self ?? relations.writeTo(node.id);
    return {
      package: node.package,
      this: () =>
        node.kind === "unit_test"
          ? this.#at(node.database, { schema: node.schema, identifier: node.alias })
          : this.#named(relations.published(node.id), at),
      model: () => ({
        ...nodeDictionary(node, (name) => relations.table(name).at),
        ...(batch && { batch: batchDictionary(batch) }),
      }),
    };
  }

  /** By the name that templates see, from where it stands: `{{ this }}` is printed there, `{{ this.schema }}` is published. */
  #named(published: RelationName, at: RelationName): Relation {
    const named = this.#at(at.database ?? published.database, at);
    const isStaged = at.schema !== published.schema && isWorkSchema(at.schema);
    return isStaged ? named.with({ schema: published.schema, standsIn: at.schema }) : named;
  }

  #placed({ id }: Resource): Relation {
    const { relations } = this.input;
    return this.#named(relations.published(id), relations.readFrom(id));
  }

  #at(database: string | undefined, { schema, identifier }: RelationName): Relation {
    return new Relation({ ...(database !== undefined && { database }), schema, identifier });
  }

  #phase(
    caller: { readonly package: string; readonly file: SourceFile; readonly at: Span; readonly id?: NodeId },
    config: Mapping,
    query: TemplateQuery | undefined,
    substitutes: Substitutes,
    ephemerals: Set<NodeId>,
  ): Phase {
    const node = caller.id ? this.input.manifest.nodes.get(caller.id) : undefined;
    const relation = (target: Resource): Relation => {
      if (target.kind === "function") return this.#placed(target).with({ type: "function" });
      const substitute = substitutes.ref?.(target);
      if (substitute) return substitute;
      if (target.kind === "model" && target.config.materialized === "ephemeral") {
        ephemerals.add(target.id);
        const name = this.#cteName(target);
        return this.#emptied(new Relation({ identifier: name, type: "cte", text: name }));
      }
      return during(plain(target), target, this.#stretchFor(node, substitutes));
    };
    const plain = (target: Resource): Relation => this.#emptied(this.#placed(target));
    const resolve = (target: Resource | undefined, missing: () => Diagnostic): Relation => {
      if (!target) throw new Failure(missing());
      // What is built must come first; a source is there, seen while parsing or not.
      const needsOrder = node && node.kind !== "test" && target.kind !== "source";
      if (needsOrder && !node.dependsOn.includes(target.id)) throw new Failure(undeclared(caller, target));
      return relation(target);
    };
    return {
      execute: true,
      ref: (call: RefCall) => {
        const target = this.#linker.ref(call, caller.package);
        if (target && call.version === undefined) this.#tellOfNewer(caller, target);
        return resolve(target, () => this.#linker.refNotFound(call, callSpan(caller, "ref", call.name)));
      },
      source: (call: SourceCall) => {
        return resolve(this.#linker.source(call), () =>
          this.#linker.sourceNotFound(call, callSpan(caller, "source", call.name)),
        );
      },
      function: (call: FunctionCall) =>
        resolve(this.#linker.function(call, caller.package), () =>
          this.#linker.functionNotFound(call, callSpan(caller, "function", call.name)),
        ),
      config: readingConfig(config),
      standing: (name) => this.input.relations.standing(name),
      isIncremental: () => substitutes.isIncremental ?? this.#isIncremental(node, config),
      // Batches after the first are brought into what is there, whatever was asked.
      fullRefresh: !substitutes.batch || !substitutes.isIncremental ? this.#fullRefresh(config) : false,
      ...(query ? { query: this.#asking(query) } : {}),
      macroUsed: (id, isDirect) => {
        if (!isDirect || !caller.id) return;
        const known = this.calls.get(caller.id);
        if (known) known.add(id);
        else this.calls.set(caller.id, new Set([id]));
      },
      message: (level, text) => {
        if (level === "warn" && this.input.facts.warningsFail) throw new TemplateError("CompilationError", text);
        this.input.message(level, text, caller.id);
      },
    };
  }

  /** A `ref()` that names no version will mean another one some day; told once for each node that has one. */
  #tellOfNewer({ id }: { readonly id?: NodeId }, target: Resource): void {
    if (!id || target.kind !== "model" || target.version === undefined) return;
    const pair = `${id} ${target.id}`;
    const newest = this.#newestVersion(target);
    if (this.#told.has(pair) || compareVersions(newest, target.latestVersion ?? null) <= 0) return;
    this.#told.add(pair);
    const { name, package: pkg } = target;
    const node = this.input.manifest.nodes.get(id)!.name;
    const pinned = (version: Value): string => `{{ ref('${pkg}', '${name}', v='${String(version)}') }}`;
    this.input.message(
      "info",
      `While compiling '${node}': ref('${name}') means its latest version, ${String(target.version)}, and there is a newer one, ` +
        `${String(newest)}, which it will mean once that is the latest.\n  Try the new one:  ${pinned(newest)}\n  Stay with this:   ${pinned(target.version)}`,
      id,
    );
  }

  #newestVersion({ name, version }: ModelNode): Value {
    this.#newest ??= newestVersions(this.input.manifest.nodes.values());
    return this.#newest.get(name) ?? version ?? null;
  }

  /** `--empty`, as dbt writes it: templates print it where they would print the name. */
  #emptied(relation: Relation): Relation {
    if (!this.input.facts.empty) return relation;
    const text = `(select * from ${relation.render()} where false limit 0) _dbt_limit_subq_${relation.parts.identifier}`;
    return relation.with({ text });
  }

  /** Whether the model's table is there and is to be kept. */
  isIncremental(node: Node): boolean {
    return this.#isIncremental(node, node.config.all);
  }

  #fullRefresh(config: Mapping): boolean {
    return wantsFullRefresh(config, this.input.facts.fullRefresh);
  }

  /** Models and snapshots read their parents for a batch, or for `--sample`; tests do not. */
  #stretchFor(node: Node | undefined, { batch }: Substitutes): Stretch | undefined {
    if (node?.kind !== "model" && node?.kind !== "snapshot") return undefined;
    return overlap(batch, this.input.facts.sample);
  }

  #isIncremental(node: Node | undefined, config: Mapping): boolean {
    if (node?.config.materialized !== "incremental") return false;
    const existing = this.input.world.relations.get(relationKey(this.input.relations.published(node.id)));
    return !this.#fullRefresh(config) && existing?.kind === "table";
  }

  #model(id: NodeId): ModelNode {
    const node = this.input.manifest.nodes.get(id);
    if (node?.kind !== "model") throw new Error(`Internal error: ${id} is not a model`);
    return node;
  }

  #cteName(node: Node): string {
    return `__dbt__cte__${node.alias}`;
  }
}

/** `model.batch` */
const batchDictionary = ({ id, start, end }: Stretch & { readonly id: string }): Mapping => ({
  id,
  event_time_start: start.toISOString(),
  event_time_end: end.toISOString(),
});

/** What templates call most, beside macros and the run's own names. */
const CONTEXT_NAMES = [
  "ref",
  "source",
  "function",
  "config",
  "var",
  "this",
  "model",
  "is_incremental",
  "run_query",
  "adapter",
];

/** Without a package where it is the caller's own: projects that override `ref` may know no second argument. */
function refTo(node: Node, from: string): string {
  const { package: owner, name } = node;
  const version = node.kind === "model" && node.version !== undefined ? `, version='${String(node.version)}'` : "";
  return owner === from ? `ref('${name}'${version})` : `ref('${owner}', '${name}'${version})`;
}

/** A template's error becomes a `Failure`, at `at` where it has no place of its own. */
async function explaining<T>(at: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw new Failure(located(thrown, at), { cause: thrown });
  }
}

function undeclared(caller: { file: SourceFile; at: Span }, target: Resource): Diagnostic {
  const kind = target.kind === "source" || target.kind === "function" ? target.kind : "ref";
  const call =
    target.kind === "source" ? `source('${target.source.source}', '${target.name}')` : `${kind}('${target.name}')`;
  return error(
    "ref-undeclared",
    `"${target.name}" is read here, but the call was not seen when the project was parsed.`,
    callSpan(caller, kind, target.name),
    [`add the line "-- depends_on: {{ ${call} }}" to the file, so that the order of the graph is known`],
  );
}

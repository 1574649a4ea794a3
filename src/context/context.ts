/** The names a template of one node sees: macros first (a project may override anything), then the node's, then the run's. */
import {
  callArgs,
  iter,
  Kwargs,
  PyDict,
  PyTuple,
  type Scope,
  str,
  TemplateError,
  toPython,
  truth,
  isCallable,
} from "../jinja/index.ts";
import type { Mapping, Project } from "../project/types.ts";
import { makeAdapter } from "./adapter.ts";
import { quoteIdent } from "../postgres/relation.ts";
import { adapterMacro, exceptionsFor, tryOrCompilerError } from "./exceptions.ts";
import { globalNames, type RunFacts, varFunction } from "./globals.ts";
import { bindMacro, type BoundMacro, BUILTIN_PACKAGE, type MacroNode, type MacroSet } from "./macros.ts";
import type { FunctionCall, Phase, RefCall, SourceCall } from "./phase.ts";
import { columnClass } from "./column.ts";
import { DbtObject } from "./dbt-object.ts";
import { type Relation, relationClass } from "./relation.ts";
import { ResultTable } from "./results.ts";
import { statementNames } from "./statements.ts";

/** Shared by all templates of one command. */
export interface ProjectContext {
  readonly project: Project;
  readonly macros: MacroSet;
  readonly facts: RunFacts;
  readonly globals: ReadonlyMap<string, unknown>;
  /** `graph` in templates: made when it is first asked for, as few projects ask; empty while parsing. */
  graph(): unknown;
}

export function makeProjectContext(
  project: Project,
  macros: MacroSet,
  facts: RunFacts,
  graph: () => Mapping = () => ({ nodes: {}, sources: {}, exposures: {}, metrics: {}, groups: {}, unit_tests: {} }),
): ProjectContext {
  let made: unknown;
  return { project, macros, facts, globals: globalNames(project, facts), graph: () => (made ??= toPython(graph())) };
}

/** The node as its own templates see it. */
export interface NodeFace {
  readonly package: string;
  /** `this`; absent for macros run outside a node. Asked for once, and only when a template speaks of it. */
  this?(): Relation;
  /** `model`: dbt's node dictionary; as `this`. */
  model?(): Mapping;
  /** Further names, such as a generic test's arguments. */
  readonly names?: ReadonlyMap<string, unknown>;
  /** What a unit test puts in the place of macros; names as it writes them: `is_incremental`, `dbt_utils.star`. */
  readonly overrides?: ReadonlyMap<string, unknown>;
}

/** `validation.any[…]`: dbt checks the types of its own configurations with it; anything is let through. */
const VALIDATION = { any: { __getitem__: () => () => true, __call__: () => true } };

/** What dbt writes as macros, and templates may therefore call as `dbt.…`. */
const OWN_MACROS = new Set(["run_query", "statement", "is_incremental", "should_full_refresh"]);

export class TemplateContext implements Scope {
  /** While parsing, dbt lets undefined names be called and looked into. */
  readonly lenientUndefined: boolean;
  readonly #shared: ProjectContext;
  readonly #package: string;
  /** What the node brings, and what was asked for before. */
  readonly #names: Map<string, unknown>;
  readonly #phase: Phase;
  readonly #mode: "sync" | "async";
  readonly #node: NodeFace;
  readonly #overrides: ReadonlyMap<string, unknown>;
  readonly #bound = new Map<string, BoundMacro>();
  readonly #packages = new Map<string, unknown>();
  #statements: ReadonlyMap<string, unknown> | undefined;
  /** Names that templates put into `context`. */
  readonly #given = new Map<string, unknown>();
  /** How many macros are being called, one by another. */
  #depth = 0;

  /** `mode` says how macros are called: a template that is rendered synchronously can only call synchronous ones. */
  constructor(
    shared: ProjectContext,
    node: NodeFace,
    phase: Phase,
    mode: "sync" | "async" = phase.execute ? "async" : "sync",
  ) {
    this.#shared = shared;
    this.#package = node.package;
    this.#phase = phase;
    this.#mode = mode;
    this.#node = node;
    this.#overrides = node.overrides ?? new Map();
    this.lenientUndefined = !phase.execute;
    this.#names = new Map(node.names);
  }

  /** What stands for a macro in a unit test is called; what stands for a value, such as `invocation_id`, is one. */
  #override(name: string): unknown {
    const override = this.#overrides.get(name);
    const isMacro = this.#shared.macros.find(name, this.#package) !== undefined;
    if (isMacro || typeof override !== "function") return override;
    const own = this.#own(name) ?? this.#shared.globals.get(name);
    return own === undefined || typeof own === "function" || isCallable(own) ? override : override();
  }

  get(name: string): unknown {
    const given = this.#given.get(name);
    if (given !== undefined && given !== null) return given;
    if (this.#overrides.has(name)) return this.#override(name);
    const macro = this.#shared.macros.find(name, this.#package);
    if (macro) return this.#bind(macro);
    const own = this.#own(name);
    if (own !== undefined) return OWN_MACROS.has(name) ? this.#ownMacro(name, own) : own;
    const global = this.#shared.globals.get(name);
    if (global !== undefined) return global;
    return this.#shared.macros.isPackage(name) ? this.#packageNamespace(name) : undefined;
  }

  #bind(macro: MacroNode): BoundMacro {
    this.#phase.macroUsed(macro.id, false);
    let bound = this.#bound.get(macro.id);
    if (!bound) {
      bound = this.#tracked(macro.id, bindMacro(macro, this.#shared.macros, this, this.#mode));
      this.#bound.set(macro.id, bound);
    }
    return bound;
  }

  /** Tells which macros the node itself calls: dbt's artifacts list those and no others. */
  #tracked(id: string, bound: BoundMacro): BoundMacro {
    const tracked = (...args: unknown[]): unknown => {
      if (this.#depth === 0) this.#phase.macroUsed(id, true);
      this.#depth++;
      let result: unknown;
      try {
        result = bound(...args);
      } finally {
        if (!(result instanceof Promise)) this.#depth--;
      }
      // One call of a template is over before the next begins.
      return result instanceof Promise ? result.finally(() => this.#depth--) : result;
    };
    return Object.defineProperty(tracked, "name", { value: bound.name });
  }

  #ownMacro(name: string, own: unknown): unknown {
    if (this.#depth === 0) this.#phase.macroUsed(`macro.${BUILTIN_PACKAGE}.${name}`, true);
    return own;
  }

  #packageNamespace(name: string): unknown {
    let namespace = this.#packages.get(name);
    if (!namespace) {
      const find = (macroName: string): unknown => {
        const override = this.#overrides.get(`${name}.${macroName}`);
        if (override !== undefined) return override;
        const macro = this.#shared.macros.inPackage(name, macroName);
        if (macro) return this.#bind(macro);
        // Macros of dbt's that are functions here.
        const isOwn = name === BUILTIN_PACKAGE && OWN_MACROS.has(macroName);
        return isOwn ? this.#ownMacro(macroName, this.#own(macroName)) : undefined;
      };
      const { macros } = this.#shared;
      namespace = dictionary(find, () =>
        [...macros.all()].flatMap((macro) => (macro.package === name ? [macro.name] : [])),
      );
      this.#packages.set(name, namespace);
    }
    return namespace;
  }

  /** The node's and the run's names that are no macros: made when first asked for, as most templates use two or three. */
  static readonly #made: ReadonlyMap<string, (context: TemplateContext) => unknown> = new Map<
    string,
    (context: TemplateContext) => unknown
  >([
    ["this", (c) => c.#node.this?.()],
    ["schema", (c) => c.#node.this?.().parts.schema ?? c.#shared.project.target.schema],
    ["database", (c) => c.#shared.project.target.connection.database],
    ["model", (c) => c.#node.model && toPython(c.#node.model())],
    ["graph", (c) => c.#shared.graph()],
    ["execute", (c) => c.#phase.execute],
    // As dbt names them: what runs a node is a thread of a pool.
    ["thread_id", (c) => (c.#phase.execute && c.#node.model ? "Thread-1" : "MainThread")],
    ["ref", (c) => c.#withConfig((args) => c.#phase.ref(refCall(args)))],
    ["source", (c) => c.#withConfig((args) => c.#phase.source(sourceCall(args)))],
    [
      "function",
      (c) =>
        (...args: unknown[]) =>
          c.#phase.function(functionCall(args)),
    ],
    ["config", (c) => c.#phase.config],
    ["var", (c) => c.#var()],
    ["is_incremental", (c) => () => c.#phase.isIncremental()],
    ["should_full_refresh", (c) => () => c.#phase.fullRefresh ?? c.#shared.facts.fullRefresh],
    ["run_query", (c) => c.#runQuery()],
    ["statement", (c) => c.#statement("statement")],
    ["load_result", (c) => c.#statement("load_result")],
    ["store_result", (c) => c.#statement("store_result")],
    ["store_raw_result", (c) => c.#statement("store_raw_result")],
    ["noop_statement", (c) => c.#statement("noop_statement")],
    ["adapter", (c) => c.#adapter()],
    ["api", () => ({ Relation: relationClass, Column: columnClass })],
    ["exceptions", (c) => exceptionsFor((text) => c.#phase.message("warn", text))],
    ["try_or_compiler_error", () => tryOrCompilerError],
    ["adapter_macro", () => adapterMacro],
    ["validation", () => VALIDATION],
    [
      "log",
      (c) =>
        (...args: unknown[]) =>
          c.#log(args),
    ],
    ["print", (c) => (text: unknown) => (c.#phase.message("print", str(text)), "")],
    ["context", (c) => c.#asDict()],
    ["builtins", (c) => c.#builtins()],
    ["render", (c) => (text: unknown) => c.#render(str(text))],
    ["write", () => () => ""],
    ["load_agate_table", () => () => null],
    ["selected_resources", (c) => c.#shared.facts.selected?.() ?? []],
    ["env", (c) => toPython({ ...c.#shared.facts.env })],
    ["dbt_metadata_envs", () => new PyDict()],
    ["invocation_args_dict", (c) => toPython(c.#invocationArgs())],
    ["sql_now", (c) => c.#shared.facts.startedAt.toISOString()],
    ["defer_relation", () => null],
  ]);

  /** Undefined where there is no such name. */
  #own(name: string): unknown {
    let own = this.#names.get(name);
    if (own === undefined) {
      own = TemplateContext.#made.get(name)?.(this);
      if (own !== undefined) this.#names.set(name, own);
    }
    return own;
  }

  #ownNames(): string[] {
    return [...this.#names.keys(), ...TemplateContext.#made.keys()];
  }

  /** Packages find the whole configuration at `ref` and `source`. */
  #withConfig(call: (args: unknown[]) => unknown): unknown {
    const config = { __getattr__: (name: string): unknown => this.#runtimeConfig().__getattr__(name) };
    return Object.assign((...args: unknown[]): unknown => call(args), { config });
  }

  #var(): unknown {
    const lenient = this.#phase.lenientVars === true;
    return varFunction(this.#shared.project, this.#package, { render: (text) => this.#render(text), lenient });
  }

  #runQuery(): unknown {
    const { query } = this.#phase;
    const print = (text: string): void => this.#phase.message("print", text);
    return query ? async (sql: unknown) => ResultTable.of(await query(str(sql)), print) : () => null;
  }

  /** What these store for one another lives as long as the context. */
  #statement(name: string): unknown {
    return (this.#statements ??= new Map(statementNames(this.#phase))).get(name);
  }

  #adapter(): unknown {
    const { project, macros } = this.#shared;
    return makeAdapter({
      phase: this.#phase,
      macros,
      package: this.#package,
      database: project.target.connection.database,
      flags: project.packages[0]?.config.flags ?? {},
      bind: (id) => this.#bindById(id),
      call: (name, args) => this.#call(name, args),
      quote: quoteIdent,
    });
  }

  #invocationArgs(): Mapping {
    const { project, facts } = this.#shared;
    return { which: facts.command, full_refresh: facts.fullRefresh, ...facts.args, vars: project.cliVars };
  }

  #bindById(id: string): BoundMacro {
    for (const macro of this.#shared.macros.all()) if (macro.id === id) return this.#bind(macro);
    throw new Error(`Internal error: no macro ${id}`);
  }

  #invocation(): Mapping {
    const { project, facts } = this.#shared;
    return { which: facts.command, full_refresh: facts.fullRefresh, ...facts.args, vars: project.cliVars };
  }

  /** `builtins.ref.config` */
  #runtimeConfig(): DbtObject {
    const { project } = this.#shared;
    const [root] = project.packages;
    const packages = project.packages.map(({ name, config: { version } }) => [
      name,
      { project_name: name, version: version ?? null },
    ]);
    return new DbtObject(
      {
        project_name: project.name,
        version: root?.config.version ?? null,
        profile_name: project.profile.name,
        target_name: project.target.name,
        project_root: project.root,
        cli_vars: project.cliVars,
        dependencies: Object.fromEntries(packages),
        args: this.#invocation(),
      },
      { vars: new DbtObject(root?.config.vars ?? {}) },
    );
  }

  #call(name: string, args: readonly unknown[]): unknown {
    const macro = this.get(name);
    if (typeof macro !== "function") throw new Error(`Internal error: no macro ${name}`);
    return (macro as BoundMacro)(...args);
  }

  /** A text as a template in this context: a hook's. */
  #render(text: string): unknown {
    if (!/\{[{%#]/.test(text)) return text;
    const template = this.#shared.macros.text(text);
    return this.#mode === "sync" ? template.renderSync(this).text : template.render(this).then((done) => done.text);
  }

  /** What stands behind names that the project has put macros of its own in the place of. */
  #builtins(): unknown {
    const find = (name: string): unknown => this.#own(name) ?? this.#shared.globals.get(name);
    return dictionary(find, () => [...new Set([...this.#ownNames(), ...this.#shared.globals.keys()])].toSorted());
  }

  /** `context`: packages look names up in it by key, and put names of their own into it. */
  #asDict(): unknown {
    const get = (name: unknown): unknown => this.get(str(name));
    const methods: Record<string, (...args: unknown[]) => unknown> = {
      get: (key, fallback = null) => get(key) ?? fallback,
      keys: () => this.#allNames(),
      items: () => this.#allNames().map((name) => PyTuple.of([name, get(name)])),
      update: (given) => {
        if (!(given instanceof Map || given instanceof Kwargs)) return null;
        const entries = given instanceof Map ? [...given] : Object.entries(given);
        for (const [name, value] of entries) this.#given.set(str(name), value);
        return null;
      },
      pop: (key, fallback = null) => {
        const found = get(key) ?? fallback;
        this.#given.delete(str(key));
        return found;
      },
    };
    return {
      __mapping__: () => true,
      __getitem__: get,
      __getattr__: (name: string): unknown => methods[name] ?? get(name),
      __contains__: (name: unknown): boolean => get(name) !== undefined,
      __iter__: () => this.#allNames(),
    };
  }

  #allNames(): string[] {
    const { globals, macros } = this.#shared;
    return [...new Set([...this.#given.keys(), ...this.#ownNames(), ...globals.keys(), ...macros.names()])];
  }

  #log(args: unknown[]): string {
    const { msg, info } = callArgs(args, ["msg", "info"]);
    this.#phase.message(info !== undefined && truth(info) ? "info" : "debug", str(msg));
    return "";
  }
}

function refCall(args: unknown[]): RefCall {
  const { first, second, v, version } = callArgs(args, ["first", "second", "v", "version"]);
  const wanted = v ?? version;
  const versioned =
    wanted === undefined || wanted === null ? {} : { version: typeof wanted === "number" ? wanted : str(wanted) };
  if (typeof first !== "string")
    throw new TemplateError("CompilationError", `ref() takes a model's name, got ${str(first) || "nothing"}`);
  return typeof second === "string" ? { package: first, name: second, ...versioned } : { name: first, ...versioned };
}

function sourceCall(args: unknown[]): SourceCall {
  const names = [...iter(args)];
  if (names.length !== 2 || names.some((n) => typeof n !== "string")) {
    throw new TemplateError(
      "CompilationError",
      `source() takes two names, source('source', 'table'), got ${names.map(str).join(", ") || "nothing"}`,
    );
  }
  return { source: names[0] as string, name: names[1] as string };
}

function functionCall(args: unknown[]): FunctionCall {
  const names = [...iter(args)];
  const [first, second] = names;
  if (names.length === 1 && typeof first === "string") return { name: first };
  if (names.length === 2 && typeof first === "string" && typeof second === "string")
    return { package: first, name: second };
  throw new TemplateError(
    "CompilationError",
    `function() takes a function's name, perhaps after its package's, got ${names.map(str).join(", ") || "nothing"}`,
  );
}

/** Names as a dictionary, made when they are asked for. */
const dictionary = (find: (name: string) => unknown, keys: () => string[]): unknown => ({
  __mapping__: () => true,
  __getitem__: (name: unknown) => find(str(name)),
  __getattr__: (name: string): unknown => {
    if (name === "keys") return keys;
    return name === "get" ? (key: unknown, fallback: unknown = null) => find(str(key)) ?? fallback : find(name);
  },
  __contains__: (name: unknown): boolean => find(str(name)) !== undefined,
  __iter__: keys,
});

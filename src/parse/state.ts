/** What the parsers of the different kinds share, and the rendering of one node with `execute = false`. */
import { recordingConfig } from "../context/config.ts";
import { type NodeFace, type ProjectContext, TemplateContext } from "../context/context.ts";
import { type BoundMacro, BUILTIN_PACKAGE } from "../context/macros.ts";
import type { FunctionCall, Phase, RefCall, SourceCall } from "../context/phase.ts";
import { Relation } from "../context/relation.ts";
import { type Diagnostic, error, Failure, type SourceFile, type Span } from "../diagnostics/diagnostic.ts";
import { type Jinja, Kwargs, str, type Template, TemplateError, toPython } from "../jinja/index.ts";
import { didYouMean } from "../lib/nearest.ts";
import { foldName } from "../postgres/relation.ts";
import type { ColumnProperties, Mapping, Package, Project, Value } from "../project/types.ts";
import type { DescribedColumn, DocsBlock } from "./manifest.ts";
import { isMapping } from "./config.ts";
import { located, quoting, renderQuoted } from "./places.ts";

export interface ParseState {
  readonly project: Project;
  readonly root: Package;
  readonly jinja: Jinja;
  readonly shared: ProjectContext;
  readonly docs: ReadonlyMap<string, DocsBlock>;
  readonly diagnostics: Diagnostic[];
}

/** What `ref()` and `source()` give while parsing. */
const STAND_IN = new Relation({ schema: "parsing", identifier: "parsing" });

/** What a render with `execute = false` found out about a node. */
export interface Captured {
  readonly config: Mapping[];
  /** What the first `config()` of the text is given by name, as it is written. */
  readonly written?: Mapping;
  readonly refs: RefCall[];
  readonly sources: SourceCall[];
  readonly functions: FunctionCall[];
  readonly macros: Set<string>;
  /** Of these, what the node itself calls. */
  readonly calls: Set<string>;
}

export function capturing(stand: Relation, lenientVars = false): { phase: Phase; captured: Captured } {
  const captured: Captured = {
    config: [],
    refs: [],
    sources: [],
    functions: [],
    macros: new Set(),
    calls: new Set(),
  };
  const phase: Phase = {
    execute: false,
    lenientVars,
    ref: (call) => (captured.refs.push(call), stand),
    source: (call) => (captured.sources.push(call), stand),
    function: (call) => (captured.functions.push(call), stand.with({ type: "function" })),
    config: recordingConfig((config) => captured.config.push(config)),
    isIncremental: () => false,
    macroUsed: (id, isDirect) => (isDirect ? captured.calls : captured.macros).add(id),
    message: () => {
      // Said again, once, when the node runs.
    },
  };
  return { phase, captured };
}

/**
 * Renders a node's SQL for what it calls. Template errors become diagnostics; what was captured before them is kept.
 * A variable that is not set is a warning, as it is no mistake of a node that never runs: dbt lets it pass.
 * `instead` is shown as their place where the template is no file but a text that stands in one.
 */
export function capture(
  state: ParseState,
  file: SourceFile,
  source: string,
  offset: number,
  face: NodeFace,
  instead?: Span,
): Captured {
  const found: Diagnostic[] = [];
  const captured = captureOnce({ ...state, diagnostics: found }, file, source, offset, face, { instead });
  if (!found.some(({ code }) => code === "var-missing")) {
    state.diagnostics.push(...found);
    return captured;
  }
  const rest = captureOnce(state, file, source, offset, face, { instead, lenientVars: true });
  const isOff = rest.config.findLast((config) => config["enabled"] !== undefined)?.["enabled"] === false;
  if (!isOff) state.diagnostics.push(...found.map((one) => ({ ...one, severity: "warning" as const })));
  return rest;
}

function captureOnce(
  state: ParseState,
  file: SourceFile,
  source: string,
  offset: number,
  face: NodeFace,
  { instead, lenientVars = false }: { instead: Span | undefined; lenientVars?: boolean },
): Captured {
  const { phase, captured } = capturing(STAND_IN, lenientVars);
  // Plain SQL calls nothing.
  if (!/\{[{%#]/.test(source)) return captured;
  const template = state.jinja.template(source, file, offset);
  let plain: Captured | undefined;
  const render = (): void => {
    plain = capturePlain(state, template, face);
    if (!plain) template.renderSync(new TemplateContext(state.shared, face, phase));
  };
  const at = { file, start: offset, end: offset };
  attempt(state, at, instead ? () => quoting(file, instead, render) : render);
  const found = plain ?? captured;
  return found.config.length > 0 ? { ...found, written: template.keywords("config") } : found;
}

const PLAIN_NAMES = new Set(["ref", "source", "function", "config"]);

/**
 * As rendering would capture it, without compiling: undefined where the template does more than to call these names with
 * constants, or where a call fails; rendering then tells where.
 */
function capturePlain(state: ParseState, template: Template, face: NodeFace): Captured | undefined {
  const calls = template.plain();
  if (!calls?.every(({ name }) => PLAIN_NAMES.has(name))) return undefined;
  const { phase, captured } = capturing(STAND_IN);
  const context = new TemplateContext(state.shared, face, phase);
  try {
    for (const { name, args, named } of calls) {
      const kwargs = Object.keys(named).length > 0 ? [new Kwargs(named)] : [];
      (context.get(name) as (...given: unknown[]) => unknown)(...args, ...kwargs);
    }
    return captured;
  } catch (thrown) {
    if (!(thrown instanceof Failure || thrown instanceof TemplateError)) throw thrown;
    return undefined;
  }
}

/** Runs `work`; expected failures are collected, and `undefined` is given. */
export function attempt<T>(state: ParseState, at: Span, work: () => T): T | undefined {
  try {
    return work();
  } catch (thrown) {
    state.diagnostics.push(...located(thrown, at));
    return undefined;
  }
}

/** Renders a YAML text natively; for test arguments and configuration. */
export function renderValue(state: ParseState, value: string, at: Span, context: TemplateContext): unknown {
  if (!value.includes("{{") && !value.includes("{%")) return value;
  return attempt(state, at, () => renderQuoted(value, at, context, state.jinja)) ?? null;
}

const namingContexts = new WeakMap<ParseState, TemplateContext>();

/** One for all nodes: what the naming macros know of a node is given to them. */
function namingContext(state: ParseState): TemplateContext {
  let context = namingContexts.get(state);
  if (!context) {
    const { phase } = capturing(new Relation({}));
    namingContexts.set(state, (context = new TemplateContext(state.shared, { package: state.root.name }, phase)));
  }
  return context;
}

type NamingMacro = "generate_schema_name" | "generate_alias_name" | "generate_database_name";

/** What Sluice's own naming macros answered, by macro and custom name. */
const namesGiven = new WeakMap<ParseState, Map<string, string>>();

const ownMacros = new WeakMap<ParseState, Map<NamingMacro, boolean>>();

/** Whether the project has put no macro of its own in the place of ours. */
function isOurs(state: ParseState, macro: NamingMacro): boolean {
  let known = ownMacros.get(state);
  if (!known) ownMacros.set(state, (known = new Map()));
  let answer = known.get(macro);
  if (answer === undefined) {
    const { macros } = state.shared;
    const inForce = [
      macros.find(macro, state.root.name),
      macros.dispatch(macro, BUILTIN_PACKAGE, BUILTIN_PACKAGE).macro,
    ];
    known.set(macro, (answer = inForce.every((one) => one?.package === BUILTIN_PACKAGE)));
  }
  return answer;
}

/** The memory for a macro's answers; none where the project has put its own in its place. */
function memoryOf(state: ParseState, macro: NamingMacro): Map<string, string> | undefined {
  if (!isOurs(state, macro)) return undefined;
  let memory = namesGiven.get(state);
  if (!memory) namesGiven.set(state, (memory = new Map()));
  return memory;
}

/** Schema, alias and database, through the macros projects override. */
export function place(
  state: ParseState,
  draft: { package: string; config: Mapping; model: Mapping; at: Span },
): { database: string; schema: string; alias: string } {
  const context = namingContext(state);
  const ask = (macro: NamingMacro, key: string, fallback: string): string => {
    const value = draft.config[key];
    // Without a custom name, an alias depends on the node.
    const custom = value ?? (macro === "generate_alias_name" ? undefined : null);
    const memory = custom === undefined || (custom && typeof custom === "object") ? undefined : memoryOf(state, macro);
    const known = memory?.get(`${macro} ${custom}`);
    if (known !== undefined) return known;
    // What our own macro answers then, without asking it: all nodes without an alias come here.
    const isNamed = custom !== undefined || (draft.model["version"] !== null && draft.model["version"] !== undefined);
    if (macro === "generate_alias_name" && !isNamed && isOurs(state, macro)) return fallback;
    const bound = context.get(macro) as BoundMacro;
    const named = attempt(state, draft.at, () =>
      bound(value === undefined ? null : toPython(value), toPython(draft.model)),
    );
    const name = (named === undefined ? fallback : str(named)).trim();
    memory?.set(`${macro} ${custom}`, name);
    return name;
  };
  const { target } = state.project;
  // Snapshots' older keys name the place itself: no macro is asked.
  const literal = (key: string): string | undefined => {
    const value = draft.model["resource_type"] === "snapshot" ? draft.config[key] : undefined;
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  return {
    database: literal("target_database") ?? ask("generate_database_name", "database", target.connection.database),
    ...asNamed(state, draft.config["quoting"], {
      schema: literal("target_schema") ?? ask("generate_schema_name", "schema", target.schema),
      identifier: ask("generate_alias_name", "alias", String(draft.model["name"])),
    }),
  };
}

/**
 * The names that relations have when `quoting:` leaves their quotes out: Postgres then reads them in lower case. Quoted as
 * such, they mean the same everywhere.
 */
export function foldUnquoted(
  state: ParseState,
  own: Value | undefined,
  { schema, identifier }: { schema: string; identifier: string },
): { schema: string; identifier: string } {
  const quoted: Mapping = { ...state.root.config.quoting, ...(isMapping(own) ? own : {}) };
  return {
    schema: quoted["schema"] === false ? foldName(schema) : schema,
    identifier: quoted["identifier"] === false ? foldName(identifier) : identifier,
  };
}

function asNamed(
  state: ParseState,
  own: Value | undefined,
  written: { schema: string; identifier: string },
): { schema: string; alias: string } {
  const { schema, identifier } = foldUnquoted(state, own, written);
  return { schema, alias: identifier };
}

export interface Described {
  readonly description: string;
  readonly docBlocks: readonly string[];
}

/** Renders `{{ doc('…') }}` in a description. */
export function describe(state: ParseState, packageName: string, text: string, at: Span): Described {
  if (!text.includes("{{")) return { description: text, docBlocks: [] };
  const docBlocks: string[] = [];
  const doc = (...args: unknown[]): string => {
    const names = args.map(str);
    const [pkg, name = ""] = names.length > 1 ? names : [undefined, names[0]];
    const candidates = pkg ? [pkg] : [packageName, ...state.project.packages.map((p) => p.name)];
    for (const candidate of candidates) {
      const id = `doc.${candidate}.${name}`;
      const block = state.docs.get(id);
      if (!block) continue;
      docBlocks.push(id);
      return block.text;
    }
    const known = [...state.docs.values()].map((block) => block.name);
    throw new Failure(
      error("doc-not-found", `No docs block named "${names.join(".")}".`, undefined, [
        ...didYouMean(name, known),
        `a docs block is {% docs ${name} %} … {% enddocs %} in a .md file below models/`,
      ]),
    );
  };
  const { phase } = capturing(new Relation({}));
  const context = new TemplateContext(state.shared, { package: packageName, names: new Map([["doc", doc]]) }, phase);
  const description = attempt(state, at, () => str(renderQuoted(text, at, context, state.jinja))) ?? text;
  return { description, docBlocks };
}

export const describeColumns = (
  state: ParseState,
  packageName: string,
  columns: readonly ColumnProperties[],
): DescribedColumn[] => columns.map((c) => ({ ...c, ...describe(state, packageName, c.description, c.at) }));

/** The start of a file, for resources that are a file. */
export const fileStart = (file: SourceFile): Span => ({
  file,
  start: 0,
  end: Math.max(1, /^[^\n]*/.exec(file.text)?.[0].length ?? 1),
});

/** `[package, folder, …, name]` from a path below one of the resource folders. */
export function fqnOf(packageName: string, path: string, folders: readonly string[], name: string): string[] {
  const below = folders
    .map((folder) => folder.replace(/^\.\//, "").replace(/\/$/, ""))
    .filter((folder) => path.startsWith(`${folder}/`))
    .toSorted((a, b) => b.length - a.length)[0];
  const rest = below === undefined ? path : path.slice(below.length + 1);
  return [packageName, ...rest.split("/").slice(0, -1), name];
}

export const stem = (path: string): string => path.slice(path.lastIndexOf("/") + 1).replace(/\.[^.]+$/, "");

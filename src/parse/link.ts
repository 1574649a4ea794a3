/** Names to ids: what `ref()` and `source()` mean, and why they mean nothing. */
import type { FunctionCall, RefCall, SourceCall } from "../context/phase.ts";
import { type Diagnostic, error, type SourceFile, type Span } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { MacroNode, NodeId, Resource } from "./manifest.ts";

type Target = Extract<Resource, { kind: "model" | "seed" | "snapshot" | "source" }>;
type Callee = Extract<Resource, { kind: "function" }>;

/** Finds what templates name; also used when nodes run. */
export class Linker {
  readonly #byName = new Map<string, Target[]>();
  readonly #sources = new Map<string, Target>();
  readonly #functions = new Map<string, Callee[]>();
  readonly #disabled: ReadonlyMap<string, Resource>;
  readonly #root: string;

  constructor(resources: Iterable<Resource>, disabled: Iterable<Resource>, root: string) {
    this.#root = root;
    for (const resource of resources) {
      if (resource.kind === "source") this.#sources.set(`${resource.source.source}.${resource.name}`, resource);
      else if (resource.kind === "function")
        this.#functions.set(resource.name, [...(this.#functions.get(resource.name) ?? []), resource]);
      else if (resource.kind === "model" || resource.kind === "seed" || resource.kind === "snapshot") {
        for (const name of namesOf(resource)) {
          const same = this.#byName.get(name);
          if (same) same.push(resource);
          else this.#byName.set(name, [resource]);
        }
      }
    }
    this.#disabled = new Map([...disabled].map((r) => [disabledKey(r), r]));
  }

  /** The package named, else the caller's own, else the root project's, else whichever has it. */
  ref(call: RefCall, from: string): Target | undefined {
    const named = this.#byName.get(nameIn(call)) ?? [];
    return this.#nearest(named, call.package, from);
  }

  #nearest<T extends { readonly package: string }>(named: readonly T[], wanted: string | undefined, from: string) {
    if (wanted) return named.find((n) => n.package === wanted);
    return named.find((n) => n.package === from) ?? named.find((n) => n.package === this.#root) ?? named[0];
  }

  source(call: SourceCall): Target | undefined {
    return this.#sources.get(`${call.source}.${call.name}`);
  }

  function(call: FunctionCall, from: string): Callee | undefined {
    return this.#nearest(this.#functions.get(call.name) ?? [], call.package, from);
  }

  functionNotFound({ name, package: wanted }: FunctionCall, at: Span): Diagnostic {
    const disabled = this.#disabled.get(functionKey(name));
    const shown = wanted ? `${wanted}.${name}` : name;
    if (disabled)
      return error("function-disabled", `Depends on a function named "${shown}" which is disabled.`, at, [
        { message: "it is disabled here (enabled: false, or a folder's +enabled)", at: disabled.at },
      ]);
    const near = didYouMean(name, this.#functions.keys());
    const advice = "a function is a .sql file below functions/ of that name";
    const message = `Depends on a function named "${shown}" which was not found.`;
    return error("function-not-found", message, at, near.length > 0 ? near : [advice]);
  }

  refNotFound(call: RefCall, at: Span): Diagnostic {
    const disabled = this.#disabled.get(call.name);
    if (disabled) {
      return error("ref-disabled", `Depends on a node named "${call.name}" which is disabled.`, at, [
        { message: "it is disabled here (enabled: false, or a folder's +enabled)", at: disabled.at },
      ]);
    }
    const shown = call.package ? `${call.package}.${nameIn(call)}` : nameIn(call);
    const notes = didYouMean(call.name, this.#byName.keys());
    const tables = [...this.#sources.keys()].filter((key) => key.endsWith(`.${call.name}`));
    for (const key of tables) notes.push(`there is a source table of that name: source('${key.replace(".", "', '")}')`);
    if (notes.length === 0)
      notes.push("a model is a .sql file below models/ of that name, a seed a .csv file below seeds/");
    return error("ref-not-found", `Depends on a node named "${shown}" which was not found.`, at, notes);
  }

  sourceNotFound(call: SourceCall, at: Span): Diagnostic {
    const name = `${call.source}.${call.name}`;
    if (this.#disabled.has(name))
      return error("source-disabled", `Depends on a source named "${name}" which is disabled.`, at);
    const known = [...this.#sources.keys()];
    const ofSource = known
      .filter((key) => key.startsWith(`${call.source}.`))
      .map((key) => key.slice(call.source.length + 1));
    const notes = ofSource.length
      ? [...didYouMean(call.name, ofSource), `source "${call.source}" has: ${ofSource.slice(0, 8).join(", ")}`]
      : didYouMean(name, known);
    if (notes.length === 0) notes.push("declare it in a YAML file below models/, under  sources:");
    return error("source-not-found", `Depends on a source named "${name}" which was not found.`, at, notes);
  }
}

const functionKey = (name: string): string => `function ${name}`;

const disabledKey = (resource: Resource): string =>
  resource.kind === "source"
    ? `${resource.source.source}.${resource.name}`
    : resource.kind === "function"
      ? functionKey(resource.name)
      : resource.name;

/** `orders.v2`; the latest version of a model is found by its name alone as well. */
function namesOf(resource: Target): string[] {
  const version = resource.kind === "model" ? resource.version : undefined;
  if (resource.kind !== "model" || version === undefined || version === null) return [resource.name];
  const full = `${resource.name}.v${String(version)}`;
  return String(resource.latestVersion) === String(version) ? [full, resource.name] : [full];
}

const nameIn = ({ name, version }: RefCall): string =>
  version === undefined || version === null ? name : `${name}.v${String(version)}`;

/** The ids a node depends on: sources, relations, functions, each in order of first use; what is missing is reported at the call. */
export function link(
  linker: Linker,
  node: Caller & {
    package: string;
    refs: readonly RefCall[];
    sourceCalls: readonly SourceCall[];
    functionCalls?: readonly FunctionCall[];
  },
  diagnostics: Diagnostic[],
  macros: ReadonlyMap<string, MacroNode> = new Map(),
): NodeId[] {
  const ids = new Set<NodeId>();
  const missing = new Set<string>();
  for (const call of node.sourceCalls) {
    const target = linker.source(call);
    if (target) ids.add(target.id);
    else if (!missing.has(`${call.source}.${call.name}`) && missing.add(`${call.source}.${call.name}`)) {
      const make = (at: Span): Diagnostic => linker.sourceNotFound(call, at);
      diagnostics.push(call.at ? make(call.at) : atCall(node, "source", call.name, macros, make));
    }
  }
  for (const call of node.refs) {
    const target = linker.ref(call, node.package);
    if (target) ids.add(target.id);
    else if (!missing.has(call.name) && missing.add(call.name)) {
      const make = (at: Span): Diagnostic => linker.refNotFound(call, at);
      diagnostics.push(call.at ? make(call.at) : atCall(node, "ref", call.name, macros, make));
    }
  }
  for (const call of node.functionCalls ?? []) {
    const target = linker.function(call, node.package);
    const key = `function ${call.name}`;
    if (target) ids.add(target.id);
    else if (!missing.has(key) && missing.add(key)) {
      diagnostics.push(atCall(node, "function", call.name, macros, (at) => linker.functionNotFound(call, at)));
    }
  }
  return [...ids];
}

/** What a template names others by. */
type CallName = "ref" | "source" | "function";

interface Caller {
  readonly file: SourceFile;
  readonly at: Span;
  readonly name?: string;
  /** Ids of the macros it calls. */
  readonly macros?: readonly string[];
}

/** A diagnostic where the call stands: in the node's file, or in a macro that the node calls. */
function atCall(
  node: Caller,
  call: CallName,
  name: string,
  macros: ReadonlyMap<string, MacroNode>,
  make: (at: Span) => Diagnostic,
): Diagnostic {
  const own = findCall(node.file, call, name, after(node));
  if (own) return make(own);
  for (const id of node.macros ?? []) {
    const macro = macros.get(id);
    const at = macro && findCall(macro.file, call, name, macro.at);
    if (!at) continue;
    const diagnostic = make(at);
    return {
      ...diagnostic,
      notes: [...diagnostic.notes, { message: `macro "${macro.name}" is called from here`, at: node.at }],
    };
  }
  return make(node.at);
}

/** Where a call with this name stands in the node's file; the node's own place when it is made by a macro. */
export const callSpan = (node: Caller, call: CallName, name: string): Span =>
  findCall(node.file, call, name, after(node)) ?? node.at;

/** A YAML file speaks of many resources: a call of this one stands after its start. */
const after = ({ file, at }: Caller): Span => ({ file, start: at.start, end: file.text.length });

/** The name within the first such call of a file, or of a part of it. */
function findCall(file: SourceFile, call: CallName, name: string, within?: Span): Span | undefined {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = new RegExp(`\\b${call}\\s*\\([^)]*?(['"])(${escaped})\\1`, "dg");
  pattern.lastIndex = within?.start ?? 0;
  const group = pattern.exec(file.text)?.indices?.[2];
  return group && group[1] <= (within?.end ?? file.text.length) ? { file, start: group[0], end: group[1] } : undefined;
}

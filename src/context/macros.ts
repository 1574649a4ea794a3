/** The macros of a project, and how a name finds one: own package, root project, Sluice's own ("dbt"). */
import type { SourceFile, Span } from "../diagnostics/diagnostic.ts";
import {
  call,
  type Jinja,
  Kwargs,
  MacroReturn,
  type MacroValue,
  type Scope,
  type Template,
  TemplateError,
} from "../jinja/index.ts";
import type { MacroProperties } from "../project/types.ts";

export interface MacroNode {
  /** `macro.bank.cents_to_amount`. */
  readonly id: string;
  readonly name: string;
  readonly package: string;
  readonly file: SourceFile;
  readonly at: Span;
  /** The block's source, `{% macro … %}` to `{% endmacro %}`, and where it starts in the file. */
  readonly source: string;
  readonly offset: number;
  readonly kind: "macro" | "test" | "materialization";
  readonly properties?: MacroProperties;
}

/** The package that stands for dbt's own macros; projects call them as `dbt.…` and override them by name. */
export const BUILTIN_PACKAGE = "dbt";

/** What prefixes `adapter.dispatch` tries, in order. */
const DISPATCH_PREFIXES = ["postgres__", "default__"];

export class MacroSet {
  readonly #byPackage = new Map<string, Map<string, MacroNode>>();
  readonly #templates = new Map<string, Template>();
  readonly #root: string;
  readonly #searchOrders: ReadonlyMap<string, readonly string[]>;
  readonly #jinja: Jinja;

  constructor(
    macros: Iterable<MacroNode>,
    root: string,
    searchOrders: ReadonlyMap<string, readonly string[]>,
    jinja: Jinja,
  ) {
    this.#root = root;
    this.#searchOrders = searchOrders;
    this.#jinja = jinja;
    for (const macro of macros) {
      let names = this.#byPackage.get(macro.package);
      if (!names) this.#byPackage.set(macro.package, (names = new Map()));
      // Generic tests and materializations live beside macros under dbt's names for them.
      names.set(macro.kind === "macro" ? macro.name : macro.id.slice(macro.id.lastIndexOf(".") + 1), macro);
    }
  }

  isPackage(name: string): boolean {
    return this.#byPackage.has(name);
  }

  *all(): Iterable<MacroNode> {
    for (const names of this.#byPackage.values()) yield* names.values();
  }

  names(): string[] {
    return [...this.#byPackage.values()].flatMap((names) => [...names.keys()]);
  }

  inPackage(packageName: string, name: string): MacroNode | undefined {
    return this.#byPackage.get(packageName)?.get(name);
  }

  /** Resolves a bare name as seen from a package. */
  find(name: string, from: string): MacroNode | undefined {
    return this.inPackage(from, name) ?? this.inPackage(this.#root, name) ?? this.inPackage(BUILTIN_PACKAGE, name);
  }

  /** Resolves `adapter.dispatch(name, namespace)`; `tried` is for the error message. */
  dispatch(name: string, namespace: string | undefined, from: string): { macro?: MacroNode; tried: string[] } {
    const tried: string[] = [];
    // As in dbt, the name of no package searches as no name does.
    const known = namespace !== undefined && (this.#searchOrders.has(namespace) || this.isPackage(namespace));
    const packages = known
      ? (this.#searchOrders.get(namespace) ?? [this.#root, namespace])
      : [from, this.#root, BUILTIN_PACKAGE];
    for (const packageName of new Set(packages)) {
      for (const prefix of DISPATCH_PREFIXES) {
        const macro = this.inPackage(packageName, prefix + name);
        if (macro) return { macro, tried };
        tried.push(`${packageName}.${prefix}${name}`);
      }
    }
    return { tried };
  }

  /**
   * The `{% materialization %}` block in force: one for Postgres before one for any adapter, and of these the root
   * project's before a package's before dbt's own. Packages may not replace dbt's own unasked.
   */
  materialization(name: string): MacroNode | undefined {
    for (const adapter of ["postgres", "default"]) {
      const key = `materialization_${name}_${adapter}`;
      const own = this.inPackage(BUILTIN_PACKAGE, key);
      const others = [...this.#byPackage.keys()].filter((one) => one !== this.#root && one !== BUILTIN_PACKAGE);
      const imported = own ? undefined : others.map((one) => this.inPackage(one, key)).find((one) => one);
      const found = this.inPackage(this.#root, key) ?? imported ?? own;
      if (found) return found;
    }
    return undefined;
  }

  /** Whether the project or a package has put a macro of its own in the place of one of dbt's. */
  isOverridden(name: string): boolean {
    const named = this.find(name, this.#root);
    const dispatched = this.dispatch(name, BUILTIN_PACKAGE, this.#root).macro;
    return [named, dispatched].some((one) => one !== undefined && one.package !== BUILTIN_PACKAGE);
  }

  /** A text as a template, for `render()`. */
  text(source: string): Template {
    return this.#jinja.template(source, { path: "render()", absolute: "", text: source });
  }

  template(macro: MacroNode): Template {
    let template = this.#templates.get(macro.id);
    if (!template) {
      this.#templates.set(macro.id, (template = this.#jinja.template(macro.source, macro.file, macro.offset)));
    }
    return template;
  }
}

/** A macro as templates call it: positional arguments, then perhaps a `Kwargs`. */
export type BoundMacro = (...args: unknown[]) => unknown;

/**
 * Binds a macro to the context of the node that calls it, so that `this`, `model` and `config` in the macro's body are the
 * caller's. Catches `return()`.
 */
export function bindMacro(macro: MacroNode, set: MacroSet, scope: Scope, mode: "sync" | "async"): BoundMacro {
  let value: MacroValue | undefined;
  const bound = (...args: unknown[]): unknown => {
    try {
      value ??= [...set.template(macro).definitions(scope, mode).values()][0];
      if (!value) throw new TemplateError("CompilationError", `no macro is defined by "${macro.name}"`);
      const last = args.at(-1);
      const kwargs = last instanceof Kwargs ? last : null;
      const result = call(value, kwargs ? args.slice(0, -1) : args, kwargs);
      return result instanceof Promise ? result.catch(returned) : result;
    } catch (thrown) {
      return returned(thrown);
    }
  };
  return Object.defineProperty(bound, "name", { value: macro.name });
}

function returned(thrown: unknown): unknown {
  if (thrown instanceof MacroReturn) return thrown.value;
  throw thrown;
}

/** Of a `{% materialization %}` block: `supported_languages=['sql']`, which is what it takes where nothing is said. */
export function supportedLanguages({ source }: Pick<MacroNode, "source">): string[] {
  const [, list = "'sql'"] =
    /^[^%]*\{%-?\s*materialization\b[^%]*\bsupported_languages\s*=\s*\[([^\]%]*)\]/.exec(source) ?? [];
  return [...list.matchAll(/['"]([^'"]*)['"]/g)].map(([, name = ""]) => name);
}

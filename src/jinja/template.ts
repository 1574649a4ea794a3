import nunjucks from "nunjucks";
import { error, Failure, type SourceFile, type Span } from "../diagnostics/diagnostic.ts";
import { callsOf, parametersOf, type PlainCall, plainCalls, type StaticCall } from "./calls.ts";
import { keywordTexts } from "./expression-text.ts";
import { generate } from "./codegen.ts";
import type { CodegenOptions, NotedPlace } from "./codegen-expressions.ts";
import type { JinjaEnvironment } from "./environment.ts";
import { SyntaxMistake } from "./errors.ts";
import type { MacroValue } from "./macro.ts";
import type { Body } from "./nodes.ts";
import { parse } from "./parser.ts";
import { runtime } from "./runtime.ts";
import { RecordedMap, type SourceMap } from "./source-map.ts";
import { SourceText } from "./source-text.ts";
import { calls, lenience } from "./state.ts";

/** What a template looks names up in. */
export interface Scope {
  /** Undefined: there is no such name. */
  get(name: string): unknown;
  /** Synchronous rendering only: undefined values let their attributes be read and themselves be called. */
  readonly lenientUndefined?: boolean;
}

export interface Rendered {
  readonly text: string;
  readonly map: SourceMap;
}

export interface Template {
  /** Calls are awaited if they return a promise. One template may be rendered many times at once. */
  render(scope: Scope): Promise<Rendered>;
  /** A call that returns a promise is a bug of the caller, and throws. */
  renderSync(scope: Scope): Rendered;
  /** Runs the template for the macros it defines, by name. Their bodies look names up in `scope`. */
  definitions(scope: Scope, mode: "sync" | "async"): Map<string, MacroValue>;
  /** See `plainCalls`: what the template calls, where that can be told without running it. */
  plain(): readonly PlainCall[] | undefined;
  /** What the first call of a name is given by keyword, as it is written: texts, and other expressions as text. */
  keywords(name: string): Readonly<Record<string, string>>;
  /** What the template calls, and the parameters of the macro it defines: read, not run. */
  outline(): { readonly calls: readonly StaticCall[]; readonly parameters: readonly string[] };
}

/** What generated code compiles to: writes into the second and third argument, returns its output. */
type Run = (scope: Scope, exports: Map<string, MacroValue>, marks: number[]) => unknown;

interface Compiled {
  readonly run: Run;
  readonly places: readonly NotedPlace[];
}

type Variant = Pick<CodegenOptions, "root" | "macros" | "isNative" | "bindsMacros">;

const variants = {
  render: { root: "async", macros: "async", isNative: false, bindsMacros: true },
  renderSync: { root: "sync", macros: "sync", isNative: false, bindsMacros: true },
  sync: { root: "sync", macros: "sync", isNative: false, bindsMacros: false },
  async: { root: "sync", macros: "async", isNative: false, bindsMacros: false },
  native: { root: "sync", macros: "sync", isNative: true, bindsMacros: true },
} as const satisfies Record<string, Variant>;

/** A nunjucks template whose compiler and runtime are ours; each variant is compiled when it is first needed. */
export class JinjaTemplate extends nunjucks.Template implements Template {
  readonly #source: SourceText;
  readonly #environment: JinjaEnvironment;
  readonly #compiled = new Map<keyof typeof variants, Compiled>();
  #body: Body | undefined;

  constructor(source: string, environment: JinjaEnvironment, file: SourceFile, offset: number) {
    super(source, environment, file.path);
    this.#source = new SourceText(source, file, offset);
    this.#environment = environment;
  }

  async render(scope: Scope): Promise<Rendered> {
    const marks: number[] = [];
    const { run, places } = this.#variant("render");
    return this.#rendered(String(await run(scope, new Map(), marks)), marks, places);
  }

  renderSync(scope: Scope): Rendered {
    const marks: number[] = [];
    const { run, places } = this.#variant("renderSync");
    return this.#rendered(String(withLenience(scope, () => run(scope, new Map(), marks))), marks, places);
  }

  definitions(scope: Scope, mode: "sync" | "async"): Map<string, MacroValue> {
    const found = new Map<string, MacroValue>();
    const { depth } = calls;
    this.#variant(mode).run(scope, found, []);
    calls.depth = depth;
    return found;
  }

  plain(): readonly PlainCall[] | undefined {
    return plainCalls(this.#parsed());
  }

  keywords(name: string): Readonly<Record<string, string>> {
    return keywordTexts(this.#parsed(), name, this.#source.text);
  }

  outline(): ReturnType<Template["outline"]> {
    const body = this.#parsed();
    return { calls: callsOf(body), parameters: parametersOf(body) };
  }

  /** The values of the template's outputs, in order (see native.ts). */
  outputs(scope: Scope): unknown[] {
    return withLenience(scope, () => this.#variant("native").run(scope, new Map(), [])) as unknown[]; // native code returns its list
  }

  /** nunjucks' hook: compiles ahead of the first rendering. */
  override _compile(): void {
    this.#variant("render");
    this.compiled = true;
  }

  #rendered(text: string, marks: number[], places: readonly NotedPlace[]): Rendered {
    return { text, map: new RecordedMap(marks, places, this.#source, text.length) };
  }

  #parsed(): Body {
    return (this.#body ??= this.#reporting(() => parse(this.#source.text)));
  }

  #variant(name: keyof typeof variants): Compiled {
    let compiled = this.#compiled.get(name);
    if (!compiled) this.#compiled.set(name, (compiled = this.#compileVariant(name)));
    return compiled;
  }

  #compileVariant(name: keyof typeof variants): Compiled {
    const environment = this.#environment;
    const filters = name === "native" ? environment.nativeFilters : environment.filters;
    const { code, places } = this.#reporting(() =>
      generate(this.#parsed(), {
        ...variants[name],
        filters,
        tests: environment.tests,
        lineOf: (offset) => this.#source.text.slice(0, offset).split("\n").length,
      }),
    );
    const where = (place: number): Span => this.#source.span(places[place] ?? { start: 0, end: 0 });
    // oxlint-disable-next-line no-new-func -- compiling templates to JavaScript is what this folder is for
    const make = new Function("$", "F", "X", "N", "C", "W", code) as (...parts: unknown[]) => Run;
    return { run: make(runtime, filters, environment.tests, environment.lookUp, calls, where), places };
  }

  #reporting<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (thrown) {
      if (!(thrown instanceof SyntaxMistake)) throw thrown;
      throw new Failure(error("jinja-syntax", thrown.message, this.#source.span(thrown), thrown.notes), {
        cause: thrown,
      });
    }
  }
}

/** The switch is global, which is safe as nothing else can run before synchronous rendering is over. */
function withLenience<Result>(scope: Scope, run: () => Result): Result {
  const before = lenience.on;
  const { depth } = calls;
  lenience.on = scope.lenientUndefined ?? before;
  try {
    return run();
  } finally {
    lenience.on = before;
    calls.depth = depth;
  }
}

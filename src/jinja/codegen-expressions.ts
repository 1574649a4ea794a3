import { didYouMean } from "../lib/nearest.ts";
import { SyntaxMistake } from "./errors.ts";
import { Names } from "./codegen-names.ts";
import type { Arguments, CallNode, Comparison, Expression, FilterNode, Place } from "./nodes.ts";

/** A place that running code can point at; literal text stands in the output as it does in the template. */
export interface NotedPlace extends Place {
  readonly isLiteral: boolean;
}

export interface CodegenOptions {
  /** Whether the template's own code, and that of its macros, awaits what calls return. */
  readonly root: "sync" | "async";
  readonly macros: "sync" | "async";
  /** Outputs are collected as values instead of being printed. */
  readonly isNative: boolean;
  /**
   * Whether a macro can be called by its bare name in its own file. dbt never binds macros so: the call goes through
   * the context, which knows of overrides and catches `return()`.
   */
  readonly bindsMacros: boolean;
  readonly filters: Readonly<Record<string, unknown>>;
  readonly tests: Readonly<Record<string, unknown>>;
  /** The 1-based line of an offset. */
  readonly lineOf: (offset: number) => number;
}

/** What is known of the JavaScript function that is being written. */
interface FunctionFrame {
  readonly isAsync: boolean;
  /** Variables for intermediate values, declared at the top of the function. */
  readonly temporaries: string[];
  readonly lines: string[];
  loops: number;
}

export const quote = (value: string): string => JSON.stringify(value);

/**
 * Expressions as JavaScript source. In the generated code `$` is the runtime, `F` and `X` the filters and tests, `S`
 * the scope, in which `N` looks names up, `K` the float constants, `C.depth` and `D` the depth of calls; `P=n` notes the place of what runs next —
 * as a surplus last argument, so that it happens after the arguments themselves have been computed.
 */
export abstract class ExpressionWriter {
  protected readonly options: CodegenOptions;
  protected readonly constants: string[] = [];
  readonly places: NotedPlace[] = [];
  protected frame: FunctionFrame;
  /** Inside a branch: an unknown filter is an error only once it is reached. */
  protected inBranch = false;
  #lastId = 0;

  constructor(options: CodegenOptions) {
    this.options = options;
    this.frame = this.newFrame(options.root === "async");
  }

  protected newFrame(isAsync: boolean): FunctionFrame {
    return { isAsync, temporaries: isAsync ? ["T"] : [], lines: [], loops: 0 };
  }
  protected id(prefix: string): string {
    return `${/^[A-Za-z_$][\w$]*$/.test(prefix) ? prefix : "x"}_${++this.#lastId}`;
  }
  protected temporary(): string {
    const name = this.id("t");
    this.frame.temporaries.push(name);
    return name;
  }
  protected note({ start, end }: Place, isLiteral = false): number {
    return this.places.push({ start, end, isLiteral }) - 1;
  }
  protected place(node: Place): string {
    return `P=${this.note(node)}`;
  }

  /** A call's result, awaited if need be. */
  protected awaited(code: string): string {
    return this.frame.isAsync ? `((T=${code}) instanceof Promise?await $.pause(T):T)` : `$.settled(${code})`;
  }

  protected write(node: Expression, names: Names): string {
    switch (node.kind) {
      case "literal":
        return typeof node.value === "bigint" ? `${node.value}n` : JSON.stringify(node.value);
      case "float":
        return `K[${this.constants.push(`new $.PyFloat(${node.value})`) - 1}]`;
      case "name":
        return this.name(node.name, names);
      case "tuple":
        return `$.tuple(${this.#list(node.items, names)})`;
      case "list":
        return this.#list(node.items, names);
      case "dict":
        return `new $.PyDict(${this.#pairs(node.entries, names)})`;
      case "attribute":
        return `$.getattr(${this.write(node.target, names)},${quote(node.name)},${this.place(node)})`;
      case "item":
        return `$.getitem(${this.write(node.target, names)},${this.write(node.key, names)},${this.place(node)})`;
      case "slice":
        return `new $.Slice(${[0, 1, 2].map((i) => this.#optional(node.bounds[i], names)).join()})`;
      case "call":
        return this.call(node, names);
      case "filter":
        return this.filter(node, names, "");
      case "test":
        return this.#test(node, names);
      case "conditional":
        return this.#conditional(node, names);
      case "and":
      case "or":
        return this.#shortCircuit(node, names);
      case "not":
        return `!$.truth(${this.write(node.operand, names)})`;
      case "neg":
      case "pos":
        return `$.${node.kind}(${this.write(node.operand, names)},${this.place(node)})`;
      case "compare":
        return this.#comparison(node, names);
      case "concat":
        return `(${node.parts.map((part) => `$.str(${this.write(part, names)})`).join("+")})`;
      default:
        return `$.${node.kind}(${this.write(node.left, names)},${this.write(node.right, names)},${this.place(node)})`;
    }
  }

  protected name(name: string, names: Names): string {
    return names.lookup(name) ?? `N(S,${quote(name)})`;
  }

  #list(items: readonly Expression[], names: Names): string {
    return `[${items.map((item) => this.write(item, names)).join()}]`;
  }

  #pairs(entries: readonly (readonly [Expression, Expression])[], names: Names): string {
    if (entries.length === 0) return "";
    return `[${entries.map(([key, value]) => `[${this.write(key, names)},${this.write(value, names)}]`).join()}]`;
  }

  #optional(node: Expression | undefined, names: Names): string {
    return node ? this.write(node, names) : "null";
  }

  /** Positional arguments and keyword arguments, as two JavaScript expressions. */
  #arguments(args: Arguments, names: Names, extra?: string): [positional: string, keywords: string] {
    const positional = args.positional.map(({ value, isSpread }) =>
      isSpread ? `...$.star(${this.write(value, names)})` : this.write(value, names),
    );
    const keywords = args.keywords.map(({ name, value }) =>
      name === undefined ? `...$.spread(${this.write(value, names)})` : `[${quote(name)},${this.write(value, names)}]`,
    );
    if (extra) keywords.push(extra);
    return [`[${positional.join()}]`, keywords.length ? `$.kwargs([${keywords.join()}])` : "null"];
  }

  /** `extra` is one more keyword argument, as a pair. */
  protected call(node: CallNode & Place, names: Names, extra?: string): string {
    const { callee } = node;
    const [positional, keywords] = this.#arguments(node.args, names, extra);
    const rest = `${positional},${keywords},${this.place(node)},C.depth=D)`;
    if (callee.kind !== "attribute") return this.awaited(`$.call(${this.write(callee, names)},${rest}`);
    return this.awaited(`$.callMethod(${this.write(callee.target, names)},${quote(callee.name)},${rest}`);
  }

  /** `body` is what the text of the surrounding block is called. */
  protected filter(node: FilterNode & Place, names: Names, body: string): string {
    const missing = this.#missing("filter", node.name, node, this.options.filters);
    if (missing) return missing;
    let input = body;
    // A chain over a block's text has the text at its far end.
    if (node.input?.kind === "filter") input = this.filter(node.input, names, body);
    else if (node.input) input = this.write(node.input, names);
    const [positional, keywords] = this.#arguments(node.args, names);
    return `F[${quote(node.name)}](${input},${positional},${keywords},${this.place(node)})`;
  }

  #test(node: Expression & { kind: "test" }, names: Names): string {
    const missing = this.#missing("test", node.name, node, this.options.tests);
    if (missing) return missing;
    const [positional, keywords] = this.#arguments(node.args, names);
    const target = this.write(node.target, names);
    return `$.truth(X[${quote(node.name)}](${target},${positional},${keywords},${this.place(node)}))`;
  }

  #missing(
    what: "filter" | "test",
    name: string,
    at: Place,
    known: Readonly<Record<string, unknown>>,
  ): string | undefined {
    if (name in known) return undefined;
    if (!this.inBranch)
      throw new SyntaxMistake(`no ${what} is named "${name}"`, at.start, at.end, didYouMean(name, Object.keys(known)));
    return `$.missing(${quote(`No ${what} named '${name}' found.`)},${this.place(at)})`;
  }

  #conditional(node: Expression & { kind: "conditional" }, names: Names): string {
    const condition = this.write(node.condition, names);
    const [value, otherwise] = this.branch(() => [
      this.write(node.value, names),
      node.otherwise ? this.write(node.otherwise, names) : `$.noElse(${this.options.lineOf(node.start)})`,
    ]);
    return `($.truth(${condition})?${value}:${otherwise})`;
  }

  protected branch<Result>(write: () => Result): Result {
    const before = this.inBranch;
    this.inBranch = true;
    const result = write();
    this.inBranch = before;
    return result;
  }

  #shortCircuit(node: Expression & { kind: "and" | "or" }, names: Names): string {
    const kept = this.temporary();
    const left = `$.truth(${kept}=${this.write(node.left, names)})`;
    const right = this.write(node.right, names);
    return node.kind === "or" ? `(${left}?${kept}:${right})` : `(${left}?${right}:${kept})`;
  }

  /** `a < b < c`: each operand is computed once, and none after the first false comparison. */
  #comparison(node: Expression & { kind: "compare" }, names: Names): string {
    let left = this.write(node.first, names);
    const parts = node.rest.map((step, i) => {
      const operand = this.write(step.operand, names);
      if (i === node.rest.length - 1) return this.#compared(step, left, operand, node);
      const kept = this.temporary();
      const part = this.#compared(step, left, `(${kept}=${operand})`, node);
      left = kept;
      return part;
    });
    return parts.length === 1 ? (parts[0] ?? "") : `(${parts.join("&&")})`;
  }

  #compared({ operator }: Comparison, left: string, right: string, at: Place): string {
    switch (operator) {
      case "==":
        return `$.eq(${left},${right})`;
      case "!=":
        return `!$.eq(${left},${right})`;
      case "in":
        return `$.inside(${left},${right},${this.place(at)})`;
      case "not in":
        return `!$.inside(${left},${right},${this.place(at)})`;
      default:
        return `$.order("${operator}",${left},${right},${this.place(at)})`;
    }
  }
}

import { raise } from "./errors.ts";
import type { MacroKind } from "./nodes.ts";
import { repr } from "./text.ts";
import { PyDict } from "./dict.ts";
import { tuple, Undefined } from "./values.ts";

interface MacroOptions {
  readonly kind: MacroKind | "caller";
  /** How many of the parameters have no default. */
  readonly required: number;
  /** Which of the undeclared names its body uses. */
  readonly caller: boolean;
  readonly kwargs: boolean;
  readonly varargs: boolean;
}

/** A macro, or the body of a call block, bound to the scope it was defined in. */
export class MacroValue {
  readonly name: string;
  readonly kind: MacroKind | "caller";
  readonly parameters: readonly string[];
  readonly #options: MacroOptions;
  readonly #run: (...values: unknown[]) => unknown;

  constructor(
    name: string,
    parameters: readonly string[],
    options: MacroOptions,
    run: (...values: unknown[]) => unknown,
  ) {
    this.name = name;
    this.kind = options.kind;
    this.parameters = parameters;
    this.#options = options;
    this.#run = run;
  }

  /** Text, or a promise of it, as the mode of `definitions` was. Whatever `return()` throws passes through. */
  __call__(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>> | null): unknown {
    const n = this.parameters.length;
    const { caller, kwargs: takesKeywords, varargs } = this.#options;
    const values: unknown[] = args.slice(0, n);
    values.length = n + 3;
    const keywords = new PyDict();
    let callerGiven: unknown;
    if (kwargs)
      for (const name of Object.keys(kwargs)) {
        const value = kwargs[name];
        const i = this.parameters.indexOf(name);
        if (i >= 0) {
          if (i < args.length) this.#reject(`takes no keyword argument ${repr(name)}`);
          values[i] = value;
        } else if (name === "caller" && caller) callerGiven = value;
        else if (takesKeywords) keywords.set(name, value);
        else if (name === "caller")
          this.#reject("was invoked with two values for the special caller argument. This is most likely a bug.");
        else this.#reject(`takes no keyword argument ${repr(name)}`);
      }
    if (caller) values[n] = callerGiven ?? new Undefined("caller", { hint: "No caller defined" });
    if (takesKeywords) values[n + 1] = keywords;
    if (varargs) values[n + 2] = tuple(args.slice(n));
    else if (args.length > n) this.#reject(`takes not more than ${n} argument(s)`);
    return this.#run(...values);
  }

  #reject(why: string): never {
    raise("TypeError", `macro ${repr(this.name)} ${why}`);
  }

  __getattr__(name: string): unknown {
    switch (name) {
      case "name":
        return this.name;
      case "arguments":
        return tuple(this.parameters);
      case "catch_kwargs":
        return this.#options.kwargs;
      case "catch_varargs":
        return this.#options.varargs;
      case "caller":
        return this.#options.caller;
      default:
        return undefined;
    }
  }

  __repr__(): string {
    return `<Macro ${repr(this.name)}>`;
  }
}

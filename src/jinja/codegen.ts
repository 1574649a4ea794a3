import { ExpressionWriter, quote, type CodegenOptions, type NotedPlace } from "./codegen-expressions.ts";
import { Names, storedNames, targetNames, usedNames } from "./codegen-names.ts";
import { SyntaxMistake } from "./errors.ts";
import { isConstant } from "./constants.ts";
import type { Body, Expression, ForNode, MacroNode, Parameters, Place, Statement, Target, Text } from "./nodes.ts";

export interface Generated {
  /** The body of a function of `$, F, X, N, C, W` which returns the template's function of `S, exports, M`. */
  readonly code: string;
  /** What the numbers in `P` and `M` stand for. */
  readonly places: readonly NotedPlace[];
}

export function generate(body: Body, options: CodegenOptions): Generated {
  const writer = new StatementWriter(options);
  const code = writer.template(body);
  return { code, places: writer.places };
}

/** The variable the template's own output goes to; only there the source map is kept. */
const ROOT = "OUT";

/** What a macro may use without declaring it, in the order of the generated function's last parameters. */
const implicit = ["caller", "kwargs", "varargs"] as const;

class StatementWriter extends ExpressionWriter {
  /** How many macros enclose what is being written. */
  #macroDepth = 0;

  template(body: Body): string {
    const names = new Names();
    this.#scoped(body, names, ROOT);
    const { isAsync, lines } = this.frame;
    return [
      `const K=[${this.constants.join()}];`,
      `return ${isAsync ? "async " : ""}function template(S,exports,M){`,
      `const D=0;let ${ROOT}=${this.options.isNative ? "[]" : "''"},P=0;${this.#temporaries()}try{`,
      ...lines,
      `return ${ROOT};}catch(e){throw $.traced(e,undefined,W(P));}}`,
    ].join("\n");
  }

  #temporaries(): string {
    return this.frame.temporaries.length ? `let ${this.frame.temporaries.join()};` : "";
  }

  #emit(code: string): void {
    this.frame.lines.push(code);
  }

  /** Writes a body in a scope of its own, whose variables start with the values seen outside. */
  #scoped(body: Body, names: Names, out: string): void {
    this.#declare(names, storedNames(body, this.options.bindsMacros));
    this.#body(body, names, out);
  }

  #declare(names: Names, wanted: Iterable<string>): void {
    const made: string[] = [];
    for (const name of wanted) {
      if (names.has(name)) continue;
      const outer = this.name(name, names);
      const variable = this.id(`l_${name}`);
      names.bind(name, variable);
      made.push(`${variable}=${outer}`);
    }
    if (made.length) this.#emit(`let ${made.join()};`);
  }

  /** A body whose text goes into a variable of its own; returns the variable. */
  #captured(body: Body, names: Names): string {
    const text = this.id("b");
    this.#emit(`let ${text}='';{`);
    this.#inner(() => this.#scoped(body, new Names(names), text));
    this.#emit("}");
    return text;
  }

  /** A scope of its own is no branch, even inside one. */
  #inner(write: () => void): void {
    const before = this.inBranch;
    this.inBranch = false;
    write();
    this.inBranch = before;
  }

  #body(body: Body, names: Names, out: string): void {
    for (const node of body) this.#statement(node, names, out);
  }

  #statement(node: Statement, names: Names, out: string): void {
    switch (node.kind) {
      case "output":
        return this.options.isNative && out === ROOT
          ? this.#nativeOutput(node.parts, names)
          : this.#output(node.parts, names, out);
      case "do":
        return this.#emit(`${this.write(node.value, names)};`);
      case "if":
        return this.#if(node, names, out);
      case "for":
        return this.#for(node, names, out);
      case "set":
        return this.#store(node.target, this.write(node.value, names), names);
      case "setBlock": {
        const text = this.#captured(node.body, names);
        return this.#store(node.target, node.filter ? this.filter(node.filter, names, text) : text, names);
      }
      case "filterBlock": {
        const text = this.#captured(node.body, names);
        return this.#print(this.filter(node.filter, names, text), node.filter, out);
      }
      case "with":
        return this.#with(node, names, out);
      case "macro":
        return this.#macro(node, names);
      case "callBlock": {
        const caller = this.#function("caller", node, names);
        return this.#print(this.call(node.call, names, `["caller",${caller}]`), node.call, out);
      }
      case "break":
      case "continue":
        if (this.frame.loops === 0)
          throw new SyntaxMistake(`{% ${node.kind} %} outside of a loop`, node.start, node.end);
        return this.#emit(`${node.kind};`);
    }
  }

  #output(parts: readonly (Text | Expression)[], names: Names, out: string): void {
    for (const part of parts) {
      if (part.kind === "text") this.#emit(`${this.#mapped(part, out, true)}${out}+=${quote(part.value)};`);
      else this.#print(this.write(part, names), part, out);
    }
  }

  /** Notes the template's place for the output that follows. */
  #mapped(place: Place, out: string, isLiteral = false): string {
    return out === ROOT && !this.options.isNative ? `M.push(${ROOT}.length,${this.note(place, isLiteral)});` : "";
  }

  #print(value: string, place: Place, out: string): void {
    if (this.options.isNative && out === ROOT) return this.#emit(`${ROOT}.push(${value});`);
    // The value first: while it is awaited, nothing may have been read of the output yet.
    const text = this.temporary();
    this.#emit(`${text}=$.str(${value});${this.#mapped(place, out)}${out}+=${text};`);
  }

  /** As Jinja2 folds them, neighbouring constants are one text; every other part stays a value. */
  #nativeOutput(parts: readonly (Text | Expression)[], names: Names): void {
    let constants: string[] = [];
    const flush = (): void => {
      if (constants.length) this.#emit(`${ROOT}.push(${constants.join("+")});`);
      constants = [];
    };
    for (const part of parts) {
      if (part.kind === "text") constants.push(quote(part.value));
      else if (isConstant(part)) constants.push(`$.str(${this.write(part, names)})`);
      else {
        flush();
        this.#emit(`${ROOT}.push(${this.write(part, names)});`);
      }
    }
    flush();
  }

  #if(node: Statement & { kind: "if" }, names: Names, out: string): void {
    this.#emit(`if($.truth(${this.write(node.condition, names)})){`);
    this.branch(() => this.#body(node.body, names, out));
    this.#emit("}");
    if (!node.otherwise) return;
    this.#emit("else{");
    this.branch(() => this.#body(node.otherwise ?? [], names, out));
    this.#emit("}");
  }

  #store(target: Target, value: string, names: Names): void {
    if (target.kind === "name") this.#emit(`${names.lookup(target.name)}=${value};`);
    else if (target.kind === "namespace")
      this.#emit(
        `$.setAttribute(${this.name(target.name, names)},${quote(target.attribute)},${value},${this.place(target)});`,
      );
    else {
      const items = this.id("u");
      this.#emit(`const ${items}=$.unpack(${value},${target.items.length},${this.place(target)});`);
      for (const [i, item] of target.items.entries()) this.#store(item, `${items}[${i}]`, names);
    }
  }

  #with(node: Statement & { kind: "with" }, names: Names, out: string): void {
    this.#emit("{");
    // All values are computed outside: `{% with a=1, b=a %}` does not see the new a.
    const values = node.bindings.map((binding) => {
      const variable = this.id("w");
      this.#emit(`const ${variable}=${this.write(binding.value, names)};`);
      return variable;
    });
    const inner = new Names(names);
    this.#inner(() => {
      this.#declare(
        inner,
        node.bindings.flatMap((binding) => targetNames(binding.target)),
      );
      this.#declare(inner, storedNames(node.body, this.options.bindsMacros));
      for (const [i, binding] of node.bindings.entries()) this.#store(binding.target, values[i] ?? "", inner);
      this.#body(node.body, inner, out);
    });
    this.#emit("}");
  }

  #for(node: ForNode, names: Names, out: string): void {
    const iterable = this.write(node.iterable, names);
    if (!node.isRecursive) return this.#inner(() => this.#loop(node, iterable, names, out, "0"));
    const recurse = this.id("recurse");
    const text = this.id("b");
    const outer = this.frame;
    this.frame = this.newFrame(outer.isAsync);
    this.#inner(() => this.#loop(node, "items", names, text, "depth", recurse));
    const { lines } = this.frame;
    const temporaries = this.#temporaries();
    this.frame = outer;
    this.#emit(`const ${recurse}=${outer.isAsync ? "async" : ""}(items,depth)=>{`);
    this.#emit(`const D=$.enter();let ${text}='';${temporaries}`);
    for (const line of lines) this.#emit(line);
    this.#emit(`return ${text};};`);
    this.#print(this.awaited(`(C.depth=D,${recurse}(${iterable},0))`), node.iterable, out);
  }

  #loop(node: ForNode, iterable: string, names: Names, out: string, depth: string, recurse?: string): void {
    const [items, item, i, ran] = [this.id("q"), this.id("v"), this.id("i"), this.id("n")];
    this.#emit(`let ${ran}=false;{let ${items}=$.iter(${iterable},${this.place(node.iterable)});`);
    if (node.condition) {
      const kept = this.id("f");
      const inner = new Names(names);
      this.#emit(`const ${kept}=[];for(const ${item} of ${items}){`);
      this.#bindTarget(node.target, item, inner);
      this.#emit(`if($.truth(${this.write(node.condition, inner)}))${kept}.push(${item});}${items}=${kept};`);
    }
    const inner = new Names(names);
    let loop: string | undefined;
    if (recurse || usedNames(node.body, ["loop"]).size) {
      loop = this.id("loop");
      inner.bind("loop", loop);
      this.#emit(`const ${loop}=new $.Loop(${items},${depth}${recurse ? `,${recurse}` : ""});`);
    }
    this.#emit(`for(let ${i}=0;${i}<${items}.length;${i}++){const ${item}=${items}[${i}];`);
    if (loop) this.#emit(`${loop}.advance(${i});`);
    this.#bindTarget(node.target, item, inner);
    this.frame.loops++;
    this.#scoped(node.body, inner, out);
    this.frame.loops--;
    // Only here: Jinja2's else branch runs after a loop none of whose rounds came to its end.
    this.#emit(`${ran}=true;}}`);
    if (!node.otherwise) return;
    this.#emit(`if(!${ran}){`);
    this.#scoped(node.otherwise, new Names(names), out);
    this.#emit("}");
  }

  /** Fresh variables for the targets of a loop, in every round. */
  #bindTarget(target: Target, value: string, names: Names): void {
    const variables = targetNames(target).map((name) => {
      const variable = this.id(`l_${name}`);
      names.bind(name, variable);
      return variable;
    });
    if (variables.length) this.#emit(`let ${variables.join()};`);
    this.#store(target, value, names);
  }

  #macro(node: MacroNode, names: Names): void {
    const made = this.#function(node.name, node, names, node.macroKind);
    const isTop = !names.parent && this.#macroDepth === 0;
    const variable = this.options.bindsMacros && node.macroKind === "macro" ? names.lookup(node.name) : undefined;
    if (variable) this.#emit(`${variable}=${made};`);
    if (isTop) this.#emit(`exports.set(${quote(node.name)},${variable ?? made});`);
  }

  /** The expression that makes a macro: of a definition, or of the body of a call block. */
  #function(
    name: string,
    node: Place & { readonly parameters: Parameters; readonly body: Body },
    outerNames: Names,
    kind: string = "caller",
  ): string {
    const { parameters, body } = node;
    const outer = this.frame;
    // A caller belongs to the code around it, and is awaited exactly if that is asynchronous.
    const isAsync = kind === "caller" && this.#macroDepth === 0 ? outer.isAsync : this.options.macros === "async";
    this.frame = this.newFrame(isAsync);
    this.#macroDepth++;
    const names = new Names(outerNames);
    const text = this.id("b");
    const used = usedNames([body, parameters.defaults], implicit);
    const variables = parameters.names.map((parameter) => this.#parameter(parameter, names));
    const given = parameters.names.length - parameters.defaults.length;
    const explicitCaller = parameters.names.indexOf("caller");
    if (explicitCaller >= 0 && explicitCaller < given)
      throw new SyntaxMistake('a parameter called "caller" needs a default', node.start, node.end);
    this.#inner(() => {
      for (const [i, parameter] of parameters.names.entries()) {
        const fallback = parameters.defaults[i - given];
        const value = fallback ? this.write(fallback, names) : `$.notGiven(${quote(parameter)})`;
        this.#emit(`if(${variables[i]}===undefined)${variables[i]}=${value};`);
      }
      for (const special of implicit)
        variables.push(used.has(special) && !names.has(special) ? this.#parameter(special, names) : `_${special}`);
      this.#scoped(body, names, text);
    });
    const { lines } = this.frame;
    const temporaries = this.#temporaries();
    this.#macroDepth--;
    this.frame = outer;
    const start = this.note({ start: node.start, end: node.start + 2 });
    const options = `{kind:${quote(kind)},required:${given},caller:${used.has("caller")},kwargs:${used.has("kwargs")},varargs:${used.has("varargs")}}`;
    return [
      `new $.MacroValue(${quote(name)},${JSON.stringify(parameters.names)},${options},`,
      `${isAsync ? "async " : ""}function(${variables.join()}){`,
      `const D=$.enter();let ${text}='',P=${start};${temporaries}try{`,
      ...lines,
      `return ${text};}catch(e){throw $.traced(e,${quote(name)},W(P));}finally{C.depth=${isAsync ? "0" : "D-1"};}})`,
    ].join("\n");
  }

  #parameter(name: string, names: Names): string {
    const variable = this.id(`p_${name}`);
    names.bind(name, variable);
    return variable;
  }
}

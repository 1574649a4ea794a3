import { T } from "./lexer.ts";
import type { Body, MacroKind, MacroNode, Parameters, Place, Statement, Text, Expression } from "./nodes.ts";
import { ExpressionParser } from "./parser-expressions.ts";

/** Tags of Jinja2 that need a template loader, which dbt projects do not have. */
const loaderTags: ReadonlySet<string> = new Set(["include", "import", "from", "extends"]);

/** Parses a normalised template text. Mistakes are thrown as `SyntaxMistake`. */
export const parse = (text: string): Body => new JinjaParser(text).parseTemplate();

/** The statements of Jinja2 3.1 and the block tags dbt adds to them. */
class JinjaParser extends ExpressionParser {
  parseTemplate(): Body {
    return merged(this.parseAsRoot().children as Body); // parseNodes below makes them
  }

  override parseNodes(): Statement[] {
    const nodes: Statement[] = [];
    for (let token = this.nextToken(); token; token = this.nextToken()) {
      const place: Place = { start: token.start, end: token.end };
      if (token.type === T.data)
        nodes.push({ kind: "output", parts: [{ kind: "text", value: token.value, ...place }], ...place });
      else if (token.type === T.variableStart) {
        const value = this.parseTuple();
        this.expect(T.variableEnd);
        nodes.push({ kind: "output", parts: [value], ...this.from(token) });
      } else {
        const statement = this.parseStatement();
        if (!statement) break;
        nodes.push(statement);
      }
    }
    return nodes;
  }

  /** The statement whose tag was just opened; null at an end tag the surrounding body waits for. */
  override parseStatement(): Statement | null {
    const tag = this.current;
    if (tag.type !== T.name) return this.unexpected("the name of a tag after {%");
    if (this.breakOnBlocks?.includes(tag.value)) return null;
    this.nextToken();
    switch (tag.value) {
      case "if":
        return this.#if(tag);
      case "for":
        return this.#for(tag);
      case "set":
        return this.#set(tag);
      case "do":
        return this.#do(tag);
      case "print":
        return this.#print(tag);
      case "macro":
        return this.#macro(tag, "macro", "", true);
      case "test":
      case "data_test":
        return this.#macro(tag, "test", "test_", true);
      case "snapshot":
        return this.#macro(tag, "snapshot", "snapshot_", false);
      case "docs":
        return this.#macro(tag, "docs", "docs_", false);
      case "materialization":
        return this.#materialization(tag);
      case "call":
        return this.#call(tag);
      case "filter": {
        const filter = this.parseFilterChain(this.parseFilter(undefined, tag));
        return { kind: "filterBlock", filter, body: this.#body("endfilter"), ...this.from(tag) };
      }
      case "with":
        return this.#with(tag);
      case "block":
        this.expectName();
        return { kind: "with", bindings: [], body: this.#block(), ...this.from(tag) };
      case "break":
      case "continue":
        this.expect(T.blockEnd);
        return { kind: tag.value, ...this.from(tag) };
      default:
        return this.#unknownTag(tag);
    }
  }

  #unknownTag(tag: Place & { value: string }): never {
    if (loaderTags.has(tag.value))
      this.mistake(`{% ${tag.value} %} cannot be used: templates have no files to load`, tag, [
        "macros of the project and its packages are found by their names, without an import",
      ]);
    const open = this.breakOnBlocks?.at(-1);
    const notes = open && tag.value.startsWith("end") ? [`the open tag is closed by {% ${open} %}`] : [];
    return this.mistake(`unknown tag "${tag.value}"`, tag, notes);
  }

  /** The statements up to one of the end tags, whose name stays current. */
  #until(...ends: string[]): Body {
    this.skip(T.colon);
    const opened = this.expect(T.blockEnd);
    const body = merged(this.parseUntilBlocks(...ends).children as Body); // parseNodes above makes them
    if (this.current.type === T.end)
      this.mistake(`the template ends before {% ${ends.at(-1)} %}`, { start: opened.start, end: opened.end });
    return body;
  }

  /** As `until`, for the last part of a statement: takes the end tag too. */
  #body(end: string): Body {
    const body = this.#until(end);
    this.nextToken();
    this.expect(T.blockEnd);
    return body;
  }

  /** `{% endblock name %}` may repeat the name. */
  #block(): Body {
    const body = this.#until("endblock");
    this.nextToken();
    this.skip(T.name);
    this.expect(T.blockEnd);
    return body;
  }

  #if(start: Place): Statement {
    const condition = this.parseTuple({ withoutConditional: true });
    const body = this.#until("elif", "else", "endif");
    const tag = this.nextToken();
    let otherwise: Body | undefined;
    if (tag?.value === "elif") otherwise = [this.#if(tag)];
    else if (tag?.value === "else") otherwise = this.#body("endif");
    else this.expect(T.blockEnd);
    return { kind: "if", condition, body, otherwise, ...this.from(start) };
  }

  #for(start: Place): Statement {
    const target = this.parseTarget(["in"]);
    if (!this.skipSymbol("in")) this.unexpected('"in"');
    const iterable = this.parseTuple({ withoutConditional: true, until: ["recursive"] });
    const condition = this.skipSymbol("if") ? this.parseExpression() : undefined;
    const isRecursive = this.skipSymbol("recursive");
    const body = this.#until("endfor", "else");
    let otherwise: Body | undefined;
    if (this.nextToken()?.value === "else") otherwise = this.#body("endfor");
    else this.expect(T.blockEnd);
    return { kind: "for", target, iterable, condition, isRecursive, body, otherwise, ...this.from(start) };
  }

  #set(start: Place): Statement {
    const target = this.parseTarget([], true);
    if (this.skipOperator("=")) {
      const value = this.parseTuple();
      this.expect(T.blockEnd);
      return { kind: "set", target, value, ...this.from(start) };
    }
    const filter = this.skip(T.pipe) ? this.parseFilterChain(this.parseFilter(undefined, start)) : undefined;
    if (this.current.type !== T.blockEnd) this.unexpected('"=" or "%}"');
    return { kind: "setBlock", target, filter, body: this.#body("endset"), ...this.from(start) };
  }

  #do(start: Place): Statement {
    const value = this.parseTuple();
    this.expect(T.blockEnd);
    return { kind: "do", value, ...this.from(start) };
  }

  #print(start: Place): Statement {
    const parts: Expression[] = [];
    while (this.current.type !== T.blockEnd) {
      if (parts.length) this.expect(T.comma);
      parts.push(this.parseExpression());
    }
    this.expect(T.blockEnd);
    return { kind: "output", parts, ...this.from(start) };
  }

  #with(start: Place): Statement {
    const bindings = [];
    while (this.current.type !== T.blockEnd) {
      if (bindings.length) this.expect(T.comma);
      const target = this.parseTarget();
      this.expectOperator("=");
      bindings.push({ target, value: this.parseExpression() });
    }
    return { kind: "with", bindings, body: this.#body("endwith"), ...this.from(start) };
  }

  #call(start: Place): Statement {
    const parameters = this.current.type === T.leftParen ? this.#parameters() : { names: [], defaults: [] };
    const call = this.parseExpression();
    if (call.kind !== "call") return this.mistake("expected the call of a macro after {% call", call);
    return { kind: "callBlock", call, parameters, body: this.#body("endcall"), ...this.from(start) };
  }

  #macro(start: Place & { value: string }, macroKind: MacroKind, prefix: string, hasParameters: boolean): MacroNode {
    const name = prefix + this.expectName();
    const parameters = hasParameters ? this.#parameters() : { names: [], defaults: [] };
    const body = this.#body(`end${start.value}`);
    return { kind: "macro", macroKind, name, parameters, body, ...this.from(start) };
  }

  /** `{% materialization name, adapter='postgres', supported_languages=[…] %}`: a macro of no arguments. */
  #materialization(start: Place): MacroNode {
    const name = this.expectName();
    let adapter = "default";
    while (this.skip(T.comma)) {
      const option = this.current;
      this.expect(T.name);
      if (option.value === "default") continue;
      if (option.value !== "adapter" && option.value !== "supported_languages")
        this.mistake(`unknown option "${option.value}" of a materialization`, option, [
          "it takes default, adapter='…' and supported_languages=[…]",
        ]);
      this.expectOperator("=");
      const value = this.parseExpression();
      if (option.value !== "adapter") continue;
      if (value.kind !== "literal" || typeof value.value !== "string")
        this.mistake("adapter takes the name of an adapter, in quotes", value);
      else adapter = value.value;
    }
    return {
      kind: "macro",
      macroKind: "materialization",
      name: `materialization_${name}_${adapter}`,
      parameters: { names: [], defaults: [] },
      body: this.#body("endmaterialization"),
      ...this.from(start),
    };
  }

  /** `(a, b: string, c=1)`; dbt allows types, which say nothing at run time. */
  #parameters(): Parameters {
    const names: string[] = [];
    const defaults: Expression[] = [];
    this.expect(T.leftParen);
    while (this.current.type !== T.rightParen) {
      if (names.length) this.expect(T.comma);
      const name = this.expect(T.name);
      if (this.skip(T.colon)) this.#type();
      if (this.skipOperator("=")) defaults.push(this.parseExpression());
      else if (defaults.length) this.mistake("a parameter without a default follows one that has a default", name);
      names.push(name.value);
    }
    this.nextToken();
    return { names, defaults };
  }

  #type(): void {
    this.expectName();
    if (!this.skip(T.leftBracket)) return;
    do this.#type();
    while (this.skip(T.comma));
    this.expect(T.rightBracket);
  }
}

/** Neighbouring outputs as one, as Jinja2's parser makes them: native rendering counts them. */
function merged(body: Body): Body {
  const made: Statement[] = [];
  for (const statement of body) {
    const last = made.at(-1);
    if (statement.kind !== "output" || last?.kind !== "output") made.push(statement);
    else {
      const parts: (Text | Expression)[] = [...last.parts, ...statement.parts];
      made[made.length - 1] = { kind: "output", parts, start: last.start, end: statement.end };
    }
  }
  return made;
}

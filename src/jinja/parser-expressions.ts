import { T } from "./lexer.ts";
import type {
  Arguments,
  BinaryKind,
  CallNode,
  Comparison,
  Expression,
  FilterNode,
  Operator,
  Place,
  Target,
} from "./nodes.ts";
import { TokenParser } from "./parser-tokens.ts";

const comparisons: ReadonlySet<string> = new Set<Operator>(["==", "!=", "<", "<=", ">", ">="]);
const products: Readonly<Record<string, BinaryKind>> = { "*": "mul", "/": "div", "//": "floordiv", "%": "mod" };
const constants: Readonly<Record<string, null | boolean>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};
/** What may start the argument of a test without parentheses: `x is divisibleby 3`. */
const testArguments: ReadonlySet<string> = new Set([T.name, T.string, T.int, T.float, T.leftBracket, T.leftCurly]);
const notTestArguments: ReadonlySet<string> = new Set(["else", "or", "and"]);

interface TupleOptions {
  /** Names that end the list besides the closing tokens. */
  readonly until?: readonly string[];
  /** `if … else` belongs to the statement, not to the expression. */
  readonly withoutConditional?: boolean;
  /** An empty tuple is allowed: `()`. */
  readonly isParenthesised?: boolean;
}

/** The expression grammar of Jinja2 3.1, one method per level of precedence, loosest first. */
export abstract class ExpressionParser extends TokenParser {
  protected parseExpression(): Expression {
    let value = this.#or();
    while (this.skipSymbol("if")) {
      const condition = this.#or();
      const otherwise = this.skipSymbol("else") ? this.parseExpression() : undefined;
      value = { kind: "conditional", condition, value, otherwise, ...this.from(value) };
    }
    return value;
  }

  #or(): Expression {
    let left = this.#and();
    while (this.skipSymbol("or")) left = { kind: "or", left, right: this.#and(), ...this.from(left) };
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.skipSymbol("and")) left = { kind: "and", left, right: this.#not(), ...this.from(left) };
    return left;
  }

  #not(): Expression {
    const start = this.current;
    return this.skipSymbol("not") ? { kind: "not", operand: this.#not(), ...this.from(start) } : this.#comparison();
  }

  #comparison(): Expression {
    const first = this.#sum();
    const rest: Comparison[] = [];
    for (let operator = this.#comparisonSign(); operator; operator = this.#comparisonSign())
      rest.push({ operator, operand: this.#sum() });
    return rest.length ? { kind: "compare", first, rest, ...this.from(first) } : first;
  }

  #comparisonSign(): Operator | undefined {
    const { type, value } = this.current;
    if (type === T.operator && comparisons.has(value)) {
      this.nextToken();
      return value as Operator; // one of `comparisons`
    }
    if (this.skipSymbol("in")) return "in";
    const next = this.ahead();
    if (!this.isName("not") || next.type !== T.name || next.value !== "in") return undefined;
    this.nextToken();
    this.nextToken();
    return "not in";
  }

  #sum(): Expression {
    let left = this.#concat();
    for (;;) {
      const kind = this.isOperator("+") ? "add" : this.isOperator("-") ? "sub" : undefined;
      if (!kind) return left;
      this.nextToken();
      left = { kind, left, right: this.#concat(), ...this.from(left) };
    }
  }

  #concat(): Expression {
    const first = this.#product();
    const parts = [first];
    while (this.skip(T.tilde)) parts.push(this.#product());
    return parts.length > 1 ? { kind: "concat", parts, ...this.from(first) } : first;
  }

  #product(): Expression {
    let left = this.#power();
    for (;;) {
      const kind = this.current.type === T.operator ? products[this.current.value] : undefined;
      if (!kind) return left;
      this.nextToken();
      left = { kind, left, right: this.#power(), ...this.from(left) };
    }
  }

  #power(): Expression {
    let left = this.#unary(true);
    while (this.skipOperator("**")) left = { kind: "pow", left, right: this.#unary(true), ...this.from(left) };
    return left;
  }

  /** A sign binds tighter than `**` and looser than attributes; filters apply to the signed value. */
  #unary(withFilters: boolean): Expression {
    const start = this.current;
    let value: Expression;
    if (this.skipOperator("-")) value = { kind: "neg", operand: this.#unary(false), ...this.from(start) };
    else if (this.skipOperator("+")) value = { kind: "pos", operand: this.#unary(false), ...this.from(start) };
    else value = this.#primary();
    value = this.#postfix(value);
    return withFilters ? this.#filtersAndTests(value) : value;
  }

  #primary(): Expression {
    const token = this.nextToken() ?? this.unexpected("an expression");
    const place: Place = { start: token.start, end: token.end };
    switch (token.type) {
      case T.name:
        return Object.hasOwn(constants, token.value)
          ? { kind: "literal", value: constants[token.value] ?? null, ...place }
          : { kind: "name", name: token.value, ...place };
      case T.string: {
        let value = token.value;
        while (this.current.type === T.string) value += this.nextToken()?.value ?? "";
        return { kind: "literal", value, ...this.from(token) };
      }
      case T.int: {
        const value = BigInt(token.value);
        return { kind: "literal", value: value <= Number.MAX_SAFE_INTEGER ? Number(value) : value, ...place };
      }
      case T.float:
        return { kind: "float", value: Number(token.value), ...place };
      case T.leftParen: {
        const value = this.parseTuple({ isParenthesised: true });
        this.expect(T.rightParen);
        return value;
      }
      case T.leftBracket: {
        const items = this.#commaSeparated(T.rightBracket, () => this.parseExpression());
        return { kind: "list", items, ...this.from(token) };
      }
      case T.leftCurly: {
        const entries = this.#commaSeparated(T.rightCurly, () => {
          const key = this.parseExpression();
          this.expect(T.colon);
          return [key, this.parseExpression()] as const;
        });
        return { kind: "dict", entries, ...this.from(token) };
      }
      default:
        this.stream.back();
        return this.unexpected("an expression");
    }
  }

  /** Items up to a closing token, which is taken too; a comma may follow the last. */
  #commaSeparated<Item>(close: string, parse: () => Item): Item[] {
    const items: Item[] = [];
    while (this.current.type !== close) {
      if (items.length) this.expect(T.comma);
      if (this.current.type === close) break;
      items.push(parse());
    }
    this.nextToken();
    return items;
  }

  /** `a` or `a, b`: without a comma the expression itself. */
  protected parseTuple(options: TupleOptions = {}): Expression {
    const start = this.current;
    const parse = (): Expression => (options.withoutConditional ? this.#or() : this.parseExpression());
    const { items, isTuple } = this.#tupleItems(parse, options.until);
    const [only] = items;
    if (!isTuple && only) return only;
    if (!isTuple && !options.isParenthesised) return this.unexpected("an expression");
    return { kind: "tuple", items, ...this.from(start) };
  }

  #tupleItems<Item>(parse: () => Item, until: readonly string[] = []): { items: Item[]; isTuple: boolean } {
    const items: Item[] = [];
    let isTuple = false;
    while (!this.#isTupleEnd(until)) {
      items.push(parse());
      if (!this.skip(T.comma)) break;
      isTuple = true;
    }
    return { items, isTuple };
  }

  #isTupleEnd(until: readonly string[]): boolean {
    const { type, value } = this.current;
    if (type === T.name) return until.includes(value);
    return type === T.variableEnd || type === T.blockEnd || type === T.rightParen;
  }

  /** What `set`, `for` and `with` assign to. */
  protected parseTarget(until: readonly string[] = [], withNamespace = false): Target {
    const start = this.current;
    const { items, isTuple } = this.#tupleItems(() => this.#oneTarget(withNamespace), until);
    const [only] = items;
    if (!isTuple && only) return only;
    return isTuple ? { kind: "tuple", items, ...this.from(start) } : this.unexpected("a name to assign to");
  }

  #oneTarget(withNamespace: boolean): Target {
    const start = this.current;
    if (this.skip(T.leftParen)) {
      const { items, isTuple } = this.#tupleItems(() => this.#oneTarget(false));
      this.expect(T.rightParen);
      const [only] = items;
      return !isTuple && only ? only : { kind: "tuple", items, ...this.from(start) };
    }
    if (start.type !== T.name) return this.unexpected("a name to assign to");
    if (Object.hasOwn(constants, start.value)) this.mistake(`"${start.value}" cannot be assigned to`, start);
    this.nextToken();
    if (!withNamespace || !this.skipOperator(".")) return { kind: "name", name: start.value, ...this.from(start) };
    return { kind: "namespace", name: start.value, attribute: this.expectName(), ...this.from(start) };
  }

  /** Attributes, items and calls. */
  #postfix(first: Expression): Expression {
    let value = first;
    for (;;) {
      if (this.skipOperator(".")) value = this.#attribute(value);
      else if (this.skip(T.leftBracket)) value = this.#item(value);
      else if (this.current.type === T.leftParen) value = this.#call(value);
      else return value;
    }
  }

  #attribute(target: Expression): Expression {
    const token = this.current;
    if (this.skip(T.int)) {
      const key: Expression = { kind: "literal", value: Number(token.value), start: token.start, end: token.end };
      return { kind: "item", target, key, ...this.from(target) };
    }
    return { kind: "attribute", target, name: this.expectName(), ...this.from(target) };
  }

  #item(target: Expression): Expression {
    const start = this.current;
    const keys = this.#commaSeparated(T.rightBracket, () => this.#subscript());
    const [only] = keys;
    const key: Expression = only && keys.length === 1 ? only : { kind: "tuple", items: keys, ...this.from(start) };
    return { kind: "item", target, key, ...this.from(target) };
  }

  /** An index, or a slice with any of its three bounds left out. */
  #subscript(): Expression {
    const start = this.current;
    const isOver = (): boolean =>
      this.current.type === T.colon || this.current.type === T.rightBracket || this.current.type === T.comma;
    const first = isOver() ? undefined : this.parseExpression();
    if (first && this.current.type !== T.colon) return first;
    const bounds: (Expression | undefined)[] = [first];
    while (bounds.length < 3 && this.skip(T.colon)) bounds.push(isOver() ? undefined : this.parseExpression());
    return { kind: "slice", bounds, ...this.from(start) };
  }

  #call(callee: Expression): Place & CallNode & Expression {
    return { kind: "call", callee, args: this.#arguments(), ...this.from(callee) };
  }

  /** `(a, *b, k=v, **c,)` */
  #arguments(): Arguments {
    this.expect(T.leftParen);
    const positional: { value: Expression; isSpread: boolean }[] = [];
    const keywords: { name: string | undefined; value: Expression }[] = [];
    this.#commaSeparated(T.rightParen, () => {
      const start = this.current;
      const isAfterDictSpread = keywords.some((keyword) => keyword.name === undefined);
      if (this.skipOperator("**")) keywords.push({ name: undefined, value: this.parseExpression() });
      else if (this.skipOperator("*")) positional.push({ value: this.parseExpression(), isSpread: true });
      else if (start.type === T.name && this.isOperator("=", this.ahead())) {
        this.nextToken();
        this.nextToken();
        keywords.push({ name: start.value, value: this.parseExpression() });
      } else {
        if (keywords.length || positional.at(-1)?.isSpread)
          this.mistake("a positional argument cannot follow a keyword argument or *arguments", start);
        positional.push({ value: this.parseExpression(), isSpread: false });
        return;
      }
      if (isAfterDictSpread) this.mistake("no argument can follow **arguments", start);
    });
    return { positional, keywords };
  }

  #filtersAndTests(first: Expression): Expression {
    let value = first;
    for (;;) {
      if (this.skip(T.pipe)) value = this.parseFilter(value, value);
      else if (this.isName("is")) value = this.#test(value);
      else if (this.current.type === T.leftParen) value = this.#call(value);
      else return value;
    }
  }

  /** A filter's name and arguments, after its `|`. */
  protected parseFilter(input: Expression | undefined, start: Place): Place & FilterNode & Expression {
    const name = this.#dottedName();
    return { kind: "filter", name, input, args: this.#optionalArguments(), ...this.from(start) };
  }

  /** `a | b | c` after the first filter. */
  protected parseFilterChain(first: Place & FilterNode & Expression): Place & FilterNode & Expression {
    let filter = first;
    while (this.skip(T.pipe)) filter = this.parseFilter(filter, first);
    return filter;
  }

  #optionalArguments(): Arguments {
    return this.current.type === T.leftParen ? this.#arguments() : { positional: [], keywords: [] };
  }

  #dottedName(): string {
    let name = this.expectName();
    while (this.skipOperator(".")) name += `.${this.expectName()}`;
    return name;
  }

  #test(target: Expression): Expression {
    this.nextToken();
    const isNegated = this.skipSymbol("not");
    const name = this.#dottedName();
    const args = this.#testArguments();
    const test: Expression = { kind: "test", name, target, args, ...this.from(target) };
    return isNegated ? { kind: "not", operand: test, ...this.from(target) } : test;
  }

  #testArguments(): Arguments {
    const { type, value } = this.current;
    if (!testArguments.has(type) || (type === T.name && notTestArguments.has(value))) return this.#optionalArguments();
    if (this.isName("is")) this.mistake("tests cannot be chained with is", this.current);
    const argument = this.#postfix(this.#primary());
    return { positional: [{ value: argument, isSpread: false }], keywords: [] };
  }
}

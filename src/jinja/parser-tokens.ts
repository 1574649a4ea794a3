import nunjucks from "nunjucks";
import { SyntaxMistake } from "./errors.ts";
import { T, TokenStream, type Token } from "./lexer.ts";
import type { Place } from "./nodes.ts";

/** How token kinds are called in messages. */
const shown: Readonly<Record<string, string>> = {
  [T.blockEnd]: '"%}"',
  [T.variableEnd]: '"}}"',
  [T.name]: "a name",
  [T.leftParen]: '"("',
  [T.rightParen]: '")"',
  [T.rightBracket]: '"]"',
  [T.rightCurly]: '"}"',
  [T.comma]: '","',
  [T.colon]: '":"',
};

/** nunjucks' Parser over our tokens: any look-ahead, and mistakes with their places. */
export class TokenParser extends nunjucks.parser.Parser {
  protected readonly stream: TokenStream;

  constructor(text: string) {
    const stream = new TokenStream(text);
    super(stream);
    this.stream = stream;
  }

  protected get current(): Token {
    return this.stream.peek();
  }
  protected ahead(n = 1): Token {
    return this.stream.peek(n);
  }
  override nextToken(): Token | null {
    return this.stream.nextToken();
  }
  override peekToken(): Token | null {
    return this.current.type === T.end ? null : this.current;
  }
  override pushToken(): void {
    this.stream.back();
  }

  override skip(type: string): boolean {
    if (this.current.type !== type) return false;
    this.nextToken();
    return true;
  }
  override skipValue(type: string, value: string): boolean {
    if (this.current.type !== type || this.current.value !== value) return false;
    this.nextToken();
    return true;
  }
  protected skipOperator(value: string): boolean {
    return this.skipValue(T.operator, value);
  }
  protected isName(value: string): boolean {
    return this.current.type === T.name && this.current.value === value;
  }
  protected isOperator(value: string, token = this.current): boolean {
    return token.type === T.operator && token.value === value;
  }

  override expect(type: string): Token {
    const token = this.current;
    if (token.type !== type) this.unexpected(shown[type] ?? type);
    this.nextToken();
    return token;
  }
  protected expectName(): string {
    return this.expect(T.name).value;
  }
  protected expectOperator(value: string): void {
    if (!this.skipOperator(value)) this.unexpected(`"${value}"`);
  }

  protected unexpected(expected: string, notes: readonly string[] = []): never {
    const found = this.current.type === T.end ? "the template ends" : `found "${this.current.value}"`;
    this.mistake(`expected ${expected}, ${found}`, this.current, notes);
  }
  protected mistake(message: string, at: Place, notes: readonly string[] = []): never {
    throw new SyntaxMistake(message, at.start, at.end, notes);
  }

  /** The place from `start` to the last token taken. */
  protected from(start: Place): Place {
    return { start: start.start, end: this.stream.lastEnd };
  }
}

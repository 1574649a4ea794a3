/**
 * The internals of nunjucks 3.2.4 this folder builds on. `@types/nunjucks` describes the public API only; the version
 * is pinned exactly, because these seams carry no promise.
 */
declare module "nunjucks" {
  export interface NunjucksToken {
    readonly type: string;
    readonly value: string;
    readonly lineno: number;
    readonly colno: number;
  }

  /** What a Parser pulls its tokens from. */
  export interface NunjucksTokens {
    nextToken(): NunjucksToken | null;
  }

  export interface NodeList {
    readonly children: readonly unknown[];
  }

  class Parser {
    constructor(tokens: NunjucksTokens);
    tokens: NunjucksTokens;
    /** End tags at which the innermost body stops. */
    breakOnBlocks: readonly string[] | null;
    nextToken(): NunjucksToken | null;
    peekToken(): NunjucksToken | null;
    pushToken(token: NunjucksToken): void;
    skip(type: string): boolean;
    expect(type: string): NunjucksToken;
    skipValue(type: string, value: string): boolean;
    skipSymbol(value: string): boolean;
    fail(message: string, lineno?: number, colno?: number): never;
    parseStatement(): unknown;
    parseNodes(): unknown[];
    /** Parses statements up to one of the named end tags, whose name is left as the current token. */
    parseUntilBlocks(...names: string[]): NodeList;
    parseAsRoot(): NodeList;
  }

  class Environment {
    constructor(loaders: readonly unknown[], options?: { autoescape?: boolean });
    addGlobal(name: string, value: unknown): this;
    addFilter(name: string, filter: (...args: never[]) => unknown): this;
    addTest(name: string, test: (...args: never[]) => unknown): this;
    globals: Record<string, unknown>;
    filters: Record<string, (...args: never[]) => unknown>;
    tests: Record<string, (...args: never[]) => unknown>;
  }

  class Template {
    constructor(source: string, environment: Environment, path?: string, eagerCompile?: boolean);
    readonly tmplStr: string;
    readonly env: Environment;
    readonly path: string | undefined;
    compiled: boolean;
    compile(): void;
    _compile(): void;
  }

  const nunjucks: {
    readonly parser: { readonly Parser: typeof Parser };
    readonly lexer: Readonly<Record<`TOKEN_${string}`, string>>;
    readonly Environment: typeof Environment;
    readonly Template: typeof Template;
  };
  export default nunjucks;
}

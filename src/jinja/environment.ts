import nunjucks from "nunjucks";
import type { SourceFile } from "../diagnostics/diagnostic.ts";
import type { Filter, Filters } from "./filter-types.ts";
import { numberFilters } from "./filters-number.ts";
import { sequenceFilters, unknownName } from "./filters-sequence.ts";
import { textFilters } from "./filters-text.ts";
import { globals } from "./globals.ts";
import { markers } from "./native-markers.ts";
import { lenience } from "./state.ts";
import { JinjaTemplate, type Scope, type Template } from "./template.ts";
import { makeTests } from "./tests.ts";
import { Undefined } from "./values.ts";

const find = (what: "filter" | "test", from: Filters) => (name: unknown) =>
  from[String(name)] ?? unknownName(what, name);
const has = (from: Filters) => (name: unknown) => String(name) in from;

/** nunjucks' environment with Jinja2's filters, tests and globals in place of its own. */
export class JinjaEnvironment extends nunjucks.Environment {
  declare filters: Record<string, Filter>;
  declare tests: Record<string, Filter>;
  /** As `filters`, with those that mark a value for native rendering. */
  readonly nativeFilters: Filters;

  /** The value of a name: the scope's, else Jinja's own, else an undefined value. */
  readonly lookUp = (scope: Scope, name: string): unknown => {
    const value = scope.get(name);
    if (value !== undefined) return value;
    return this.globals[name] ?? new Undefined(name, { lenient: lenience.on });
  };

  constructor() {
    // No loaders: dbt's templates find one another through the context.
    super([], { autoescape: false });
    // nunjucks has registered its own already, which resemble Jinja2's by name only.
    this.filters = Object.create(null) as Record<string, Filter>;
    this.tests = Object.create(null) as Record<string, Filter>;
    this.globals = Object.assign(Object.create(null), globals);
    const all = {
      ...textFilters,
      ...numberFilters,
      ...sequenceFilters(find("filter", this.filters), find("test", this.tests)),
    };
    for (const [name, filter] of Object.entries(all)) this.addFilter(name, filter);
    for (const [name, test] of Object.entries(makeTests(has(this.filters), has(this.tests)))) this.addTest(name, test);
    this.nativeFilters = Object.assign(Object.create(null), this.filters, markers);
  }
}

/** Compiles templates. One serves a whole process; it keeps nothing of what it compiled. */
export class Jinja {
  readonly #environment = new JinjaEnvironment();

  /**
   * Parsing and compiling wait until the first use; a mistake in the grammar then throws a `Failure` with one
   * diagnostic, "jinja-syntax". `offset` says where in `file.text` the source starts, for blocks cut out of a file.
   */
  template(source: string, file: SourceFile, offset = 0): Template {
    return this.nativeTemplate(source, file, offset);
  }

  /** As `template`, with its native outputs. */
  nativeTemplate(source: string, file: SourceFile, offset = 0): JinjaTemplate {
    return new JinjaTemplate(source, this.#environment, file, offset);
  }
}

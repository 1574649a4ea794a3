/** `query-comment:`: what stands in the statements of a node, so that who looks at the server sees whose they are. */
import { readingConfig } from "../context/config.ts";
import { type ProjectContext, TemplateContext } from "../context/context.ts";
import { DbtObject } from "../context/dbt-object.ts";
import { DBT_VERSION } from "../context/globals.ts";
import type { Phase } from "../context/phase.ts";
import { type Diagnostic, error, Failure, type SourceFile, type Span } from "../diagnostics/diagnostic.ts";
import { lineSpan } from "../diagnostics/format.ts";
import { type Jinja, jsonDumps, type Template, TemplateError, toPython } from "../jinja/index.ts";
import type { HookNode, Resource } from "../parse/manifest.ts";
import { requoted } from "../parse/places.ts";
import { resourceDictionary } from "../parse/resource-dictionary.ts";
import type { StatementComment } from "../postgres/comment.ts";
import type { QueryComment } from "../project/query-comment.ts";
import type { Mapping } from "../project/types.ts";

/** Whose statements they are; `connection` is what dbt calls the work that is for no node. */
export type Commented = { readonly node: Resource | HookNode } | { readonly connection: string };

export class QueryComments {
  readonly #shared: ProjectContext;
  readonly #wanted: QueryComment | undefined;
  readonly #at: Span;
  /** As dbt: the body of a macro, which may `return()`. */
  readonly #template: Template | undefined;
  readonly #file: SourceFile;

  constructor(shared: ProjectContext, jinja: Jinja) {
    const { queryComment, file, locate } = shared.project.packages[0]!.config;
    const text = queryComment?.template;
    this.#shared = shared;
    this.#wanted = queryComment;
    this.#at = locate(["query-comment"]) ?? lineSpan(file, 1);
    this.#file = { ...file, text: text ?? "" };
    if (text !== undefined) this.#template = jinja.template(`${BEFORE}${text}${AFTER}`, this.#file, -BEFORE.length);
  }

  /** Undefined where the project wants no comment. Throws `Failure` where its template fails. */
  of(whose: Commented): StatementComment | undefined {
    if (!this.#wanted) return undefined;
    const { append } = this.#wanted;
    if (!this.#template) return { text: this.#standard(whose), append };
    const text = this.#rendered(this.#template, whose).trim();
    if (text.includes("*/")) throw new Failure(endsItself(text, this.#at));
    return text === "" ? undefined : { text, append };
  }

  /** Before anything runs: what a template makes of work that is for no node. */
  problems(): readonly Diagnostic[] {
    try {
      this.of({ connection: "master" });
      return [];
    } catch (thrown) {
      if (thrown instanceof Failure) return thrown.diagnostics;
      throw thrown;
    }
  }

  /** With dbt's names and its `app`, which tools that read server logs look for; connections have a name of their own. */
  #standard(whose: Commented): string {
    const of = "node" in whose ? { node_id: whose.node.id } : { connection_name: whose.connection };
    const { profile, target } = this.#shared.project;
    const values = { app: "dbt", dbt_version: DBT_VERSION, profile_name: profile.name, target_name: target.name };
    // A name may hold what would end the comment.
    return jsonDumps(toPython({ ...values, ...of })).replaceAll("*/", "* /");
  }

  #rendered(template: Template, whose: Commented): string {
    const names = new Map<string, unknown>([
      ["connection_name", "node" in whose ? whose.node.id : whose.connection],
      ["node", "node" in whose ? new NodeWithin(dictionaryOf(whose.node)) : null],
    ]);
    const face = { package: this.#shared.project.name, names };
    try {
      return template.renderSync(new TemplateContext(this.#shared, face, PHASE, "sync")).text;
    } catch (thrown) {
      throw requoted(this.#file, this.#at, thrown);
    }
  }
}

const BEFORE = "{%- macro query_comment_macro(connection_name, node) -%}\n";
const AFTER = "\n{% endmacro %}{{ query_comment_macro(connection_name, node) }}";

/** What the node does not have is empty, as in dbt. */
class NodeWithin extends DbtObject {
  override __getattr__(name: string): unknown {
    return super.__getattr__(name) ?? "";
  }
}

const dictionaryOf = (node: Resource | HookNode): Mapping =>
  node.kind === "operation"
    ? { unique_id: node.id, name: node.name, resource_type: "operation" }
    : (resourceDictionary(node) as Mapping);

const unknown = (name: string) => (): never => {
  throw new TemplateError("UndefinedError", `'${name}' is undefined`);
};

const PHASE: Phase = {
  execute: true,
  ref: unknown("ref"),
  source: unknown("source"),
  function: unknown("function"),
  config: readingConfig({}),
  isIncremental: () => false,
  macroUsed: () => {},
  message: () => {},
};

const endsItself = (text: string, at: Span): Diagnostic =>
  error("query-comment-end", `The query comment holds "*/", which would end it: ${text}`, at, [
    "leave the signs of a comment out: they are put around it",
  ]);

/**
 * Building a node with a `{% materialization %}` block. As in dbt, statements begin a transaction unless they say
 * otherwise, `adapter.commit()` ends it, and `this` is where the node is to be built.
 */
import type { Compiler, Substitutes } from "../compile/compiler.ts";
import type { MacroNode } from "../context/macros.ts";
import type { TemplateQuery } from "../context/phase.ts";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { FunctionNode, ModelNode } from "../parse/manifest.ts";
import { nodeDictionary } from "../parse/node-dictionary.ts";
import type { Relations } from "../plan/relations.ts";
import type { Session } from "../postgres/database.ts";
import type { Hook, Mapping } from "../project/types.ts";

export interface CustomBuild {
  readonly node: ModelNode | FunctionNode;
  readonly block: MacroNode;
  readonly sql: string;
  readonly session: Session;
  readonly compiler: Compiler;
  /** Called with each statement before it is sent. */
  onStatement(sql: string): void;
  /** Called when it was answered; seconds. */
  onAnswer?(sql: string, rowCount: number, seconds: number): void;
  readonly substitutes?: Substitutes;
  /** What `model` says otherwise than of the node. */
  readonly model?: Mapping;
}

/** How the server answered the statement called `main`, and with how many rows. */
export interface CustomResult {
  readonly message: string;
  readonly rows: number;
}

export async function buildCustom(build: CustomBuild): Promise<CustomResult> {
  const { node, block, sql, session, compiler } = build;
  let isOpen = false;
  const commit = async (): Promise<void> => {
    if (isOpen) await session.query("commit");
    isOpen = false;
  };
  const query: TemplateQuery = async (text, options) => {
    if (options?.begins && !isOpen) {
      await session.query("begin");
      isOpen = true;
    }
    if (options?.own) return session.queryText(text);
    build.onStatement(text);
    const started = performance.now();
    const answer = await session.queryText(text);
    build.onAnswer?.(text, answer.rowCount, (performance.now() - started) / 1000);
    return answer;
  };
  let main: CustomResult | undefined;
  const stored = (name: string, message: string, rows: number): void => {
    if (name === "main") main = { message, rows };
  };
  const names = namesFor(node, sql, compiler.input.relations, build.model);
  try {
    const value = await compiler.call(block, [], {
      node,
      query,
      commit,
      stored,
      names,
      ...(build.substitutes && { substitutes: build.substitutes }),
    });
    if (!isResult(value)) throw new Failure(noRelations(node, block));
    await commit();
  } catch (thrown) {
    // A lost connection has rolled back by itself.
    if (isOpen) await session.query("rollback").catch(() => {});
    throw thrown;
  }
  if (!main) throw new Failure(noMain(node, block));
  return main;
}

const hookOf = ({ sql, transaction }: Hook): Mapping => ({ sql, transaction, index: null });

const namesFor = (node: CustomBuild["node"], sql: string, relations: Relations, more: Mapping = {}): Mapping => ({
  sql,
  compiled_code: sql,
  model: { ...nodeDictionary(node, (name) => relations.table(name).at), compiled_code: sql, compiled: true, ...more },
  pre_hooks: node.config.pre_hook.map(hookOf),
  post_hooks: node.config.post_hook.map(hookOf),
});

const isResult = (value: unknown): boolean => value instanceof Map && value.has("relations");

const noRelations = (node: CustomBuild["node"], block: MacroNode) =>
  error(
    "materialization-result",
    `The materialization "${node.config.materialized}" of "${node.name}" does not return its relations.`,
    node.at,
    [{ message: "it is here", at: block.at }, "end it with  {{ return({'relations': [target_relation]}) }}"],
  );

const noMain = (node: CustomBuild["node"], block: MacroNode) =>
  error(
    "materialization-main",
    `main is not being called during running model: the materialization "${node.config.materialized}" has no statement of that name.`,
    node.at,
    [
      { message: "it is here", at: block.at },
      "wrap the statement that fills the relation in  {% call statement('main') %}",
    ],
  );

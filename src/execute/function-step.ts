/** A user-defined function, made where it stands by the template of its materialization. */
import type { Compiled } from "../compile/assemble.ts";
import type { Compiler } from "../compile/compiler.ts";
import type { MacroNode } from "../context/macros.ts";
import type { TemplateQuery } from "../context/phase.ts";
import { error, Failure, type Note } from "../diagnostics/diagnostic.ts";
import type { FunctionNode } from "../parse/manifest.ts";
import { nodeDictionary } from "../parse/node-dictionary.ts";
import type { Mapping, Value } from "../project/types.ts";
import { QueryError } from "../postgres/errors.ts";
import { buildCustom, type CustomResult } from "./custom.ts";
import { StatementFailure } from "./drive.ts";
import { explainQueryError } from "./explain.ts";
import type { Outcome, StepContext, Trace } from "./step-context.ts";

/** A function's SQL: its body, and those of its overloads. */
export interface CompiledFunction {
  readonly body: Compiled;
  readonly overloads: readonly Compiled[];
}

export async function compileFunction(
  node: FunctionNode,
  compiler: Compiler,
  query: TemplateQuery,
): Promise<CompiledFunction> {
  return { body: await compiler.compile(node, query), overloads: await compiler.compileOverloads(node, query) };
}

export async function buildFunction(node: FunctionNode, context: StepContext, trace: Trace): Promise<Outcome> {
  const compiled = await compileFunction(node, context.compiler, (sql) => context.session.queryText(sql));
  trace.compiled = compiled.body.sql;
  return makeFunction(node, compiled, context, trace);
}

/** Where `Relations` says; its overloads after it. */
export async function makeFunction(
  node: FunctionNode,
  { body, overloads }: CompiledFunction,
  context: StepContext,
  trace: Trace,
): Promise<Outcome> {
  const block = functionBlock(node, context.compiler);
  const made = await make(node, block, body, {}, context, trace);
  const described = nodeDictionary(node)["overloads"] as readonly Mapping[];
  for (const [i, overload] of overloads.entries()) {
    const { arguments: args, returns } = described[i]!;
    const own: Mapping = { arguments: args!, ...(returns !== null && { returns: returns as Value }) };
    await make(node, block, overload, own, context, trace);
  }
  return { status: "success", message: made.message || "OK" };
}

/** Projects may have one of their own. */
export function functionBlock(node: FunctionNode, { input }: Compiler): MacroNode {
  const block = input.macros.materialization(node.config.materialized);
  if (block) return block;
  const message = `The function "${node.name}" is materialized as "${node.config.materialized}", and there is no materialization of that name.`;
  throw new Failure(
    error("materialization-unknown", message, node.at, ["leave `materialized` out: functions have one"]),
  );
}

async function make(
  node: FunctionNode,
  block: MacroNode,
  compiled: Compiled,
  model: Mapping,
  { session, compiler }: StepContext,
  trace: Trace,
): Promise<CustomResult> {
  const onStatement = (sql: string): void => trace.hooks([sql]);
  const onAnswer = (...answer: readonly [string, number, number]): void => trace.answered(...answer);
  try {
    return await buildCustom({ node, block, sql: compiled.sql, model, session, compiler, onStatement, onAnswer });
  } catch (thrown) {
    if (thrown instanceof QueryError) throw atItsLine(thrown, node, compiled);
    const [first, ...rest] = thrown instanceof Failure ? thrown.diagnostics : [];
    const why = first && whyNotMade(node);
    if (!first || !why || !/No macro named/.test(first.message)) throw thrown;
    const at = node.at;
    throw new Failure([{ ...first, at, notes: [why] }, ...rest], { cause: thrown });
  }
}

/** The body stands in the statement as it was rendered. */
function atItsLine(thrown: QueryError, node: FunctionNode, compiled: Compiled): StatementFailure {
  const bodyAt = thrown.sql.indexOf(compiled.sql);
  const origin = { at: node.at, label: "create function", ...(bodyAt >= 0 && { compiled, bodyAt }) };
  return new StatementFailure(explainQueryError(thrown, origin), thrown);
}

/** What PostgreSQL has no template for. */
function whyNotMade({ language, config, file }: FunctionNode): Note | undefined {
  const type = String(config.all["type"]);
  if (language !== "sql")
    return { message: `${file.path} is a ${language} function; PostgreSQL has SQL functions: write it in SQL` };
  if (type === "scalar") return undefined;
  return {
    message: `functions of the type "${type}" are made by the macro ${type}_function_sql, which a project may add`,
  };
}

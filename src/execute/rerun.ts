/** What makes a node run again though nothing that it reads has changed: running it is what it is for. */
import type { Compiler } from "../compile/compiler.ts";
import { customMaterialization, isFunctionOverridden } from "../compile/custom-materialization.ts";
import { Failure } from "../diagnostics/diagnostic.ts";
import { BUILTIN_PACKAGE } from "../context/macros.ts";
import { sha256 } from "../lib/hash.ts";
import type { FunctionNode, ModelNode, SeedNode, SnapshotNode } from "../parse/manifest.ts";
import { namedRelations, writtenRelations } from "../plan/sql-relations.ts";
import { QueryError } from "../postgres/errors.ts";

type Built = ModelNode | SeedNode | SnapshotNode | FunctionNode;

/**
 * Why the node is not reused, in words; nothing if it may be. `own`: its relation's names as `schema.name`, published or
 * not. `sql` is compiled.
 */
export function whyAgainEachTime(
  node: Built,
  sql: string,
  own: ReadonlySet<string>,
  hooks: readonly (string | undefined)[],
): string | undefined {
  if (addsRows(node) && disjoint(namedRelations(sql), own)) return "it appends its rows each time";
  for (const hook of hooks) {
    if (hook === undefined) return "a hook asks the database what to do";
    const written = writtenRelations(hook);
    if (!isWithin(written, own)) return `a hook writes to ${[...written].find((name) => !own.has(name))}`;
  }
  return undefined;
}

/** Append without a look at what is there. Strategies of the project's own may do the same. */
function addsRows(node: Built): boolean {
  if (node.kind !== "model" || node.config.materialized !== "incremental") return false;
  const { incremental_strategy: strategy, unique_key: key } = node.config.all;
  if (strategy === undefined || strategy === null || strategy === "default")
    return key === undefined || key === null || (Array.isArray(key) && key.length === 0);
  return !["delete+insert", "delete_insert", "merge", "microbatch"].includes(String(strategy));
}

class Asked extends Error {}

function refuse(): never {
  throw new Asked();
}

/** A node's hooks as they would run; nothing for one that asks the database. */
export function hookTexts(node: Built, compiler: Compiler): Promise<readonly (string | undefined)[]> {
  const hooks = [...node.config.pre_hook, ...node.config.post_hook];
  return Promise.all(hooks.map((hook) => known(() => compiler.compileHook(hook, node, refuse))));
}

/** What decides how a node is built, where that is the project's own: its blocks and strategies, and all they may call. */
export function ownWay(node: Built, { input }: Compiler): string {
  const isOwn =
    node.kind === "function"
      ? isFunctionOverridden(node, input.macros)
      : node.kind === "model" && hasOwnWay(node, input);
  if (!isOwn) return "";
  const macros = [...input.manifest.macros.values()].filter((macro) => macro.package !== BUILTIN_PACKAGE);
  return sha256(macros.map((macro) => `${macro.id} ${macro.source}`).join("\n"));
}

function hasOwnWay(node: ModelNode, { macros }: Compiler["input"]): boolean {
  const { materialized, all } = node.config;
  const strategy = all["incremental_strategy"];
  return (
    customMaterialization(node, macros) !== undefined ||
    (materialized === "incremental" && typeof strategy === "string" && !DBT_STRATEGIES.has(strategy))
  );
}

const DBT_STRATEGIES: ReadonlySet<string> = new Set([
  "default",
  "append",
  "delete+insert",
  "delete_insert",
  "merge",
  "microbatch",
]);

async function known(render: () => Promise<string>): Promise<string | undefined> {
  try {
    return await render();
  } catch (thrown) {
    if (thrown instanceof Asked || thrown instanceof Failure || thrown instanceof QueryError) return undefined;
    throw thrown;
  }
}

const disjoint = (some: ReadonlySet<string>, others: ReadonlySet<string>): boolean =>
  [...some].every((one) => !others.has(one));

const isWithin = (some: ReadonlySet<string>, others: ReadonlySet<string>): boolean =>
  [...some].every((one) => others.has(one));

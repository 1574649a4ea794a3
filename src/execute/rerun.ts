/** What makes a node run again though nothing that it reads has changed: running it is what it is for. */
import type { Compiler } from "../compile/compiler.ts";
import { Failure } from "../diagnostics/diagnostic.ts";
import type { ModelNode, SeedNode, SnapshotNode } from "../parse/manifest.ts";
import { namedRelations, writtenRelations } from "../plan/sql-text.ts";
import { QueryError } from "../postgres/errors.ts";

type Built = ModelNode | SeedNode | SnapshotNode;

/**
 * Why the node is not reused, in words; nothing if it may be. `own`: its relation's names as `schema.name`, published or
 * not. `sql` is compiled.
 */
export async function whyAgainEachTime(
  node: Built,
  sql: string,
  own: ReadonlySet<string>,
  compiler: Compiler,
): Promise<string | undefined> {
  if (addsRows(node) && disjoint(namedRelations(sql), own)) return "it appends its rows each time";
  for (const hook of [...node.config.pre_hook, ...node.config.post_hook]) {
    const written = await writtenBy(() => compiler.compileHook(hook, node, refuse));
    if (written === undefined) return "a hook asks the database what to do";
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

/** Nothing where the text cannot be known without asking. */
async function writtenBy(render: () => Promise<string>): Promise<ReadonlySet<string> | undefined> {
  try {
    return writtenRelations(await render());
  } catch (thrown) {
    if (thrown instanceof Asked || thrown instanceof Failure || thrown instanceof QueryError) return undefined;
    throw thrown;
  }
}

const disjoint = (some: ReadonlySet<string>, others: ReadonlySet<string>): boolean =>
  [...some].every((one) => !others.has(one));

const isWithin = (some: ReadonlySet<string>, others: ReadonlySet<string>): boolean =>
  [...some].every((one) => others.has(one));

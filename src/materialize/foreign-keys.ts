/** Foreign keys of a contract: what they refer to, wherever that stands at this moment. */
import { error, Failure } from "../diagnostics/diagnostic.ts";
import { type ForeignKey, keysOf, markPending } from "../postgres/sql/keys.ts";
import { foldName, quote, type RelationName } from "../postgres/relation.ts";
import { foreignKey, named } from "../postgres/sql/constraints.ts";
import { takeSwapLock } from "../postgres/sql/locks.ts";
import { addConstraint } from "../postgres/sql/table.ts";
import type { ConstraintProperties } from "../project/types.ts";
import { ask, run } from "./ask.ts";
import type { Aftermath, Site, Statements } from "./materialization.ts";

export interface Reference {
  readonly name: string;
  readonly columns: readonly string[];
  /** The right side of `references`, as SQL. */
  readonly to: string;
  /** Only the publication makes it hold: it is added unchecked and marked, for publishing to find. */
  readonly pending: boolean;
  readonly constraint: ConstraintProperties;
}

/** As in dbt, `to` counts where its columns are named, and else `expression`, which is the user's own SQL. */
export function referenceOf(
  input: Site,
  constraint: ConstraintProperties,
  name: string,
  columns: readonly string[],
  expression: () => string,
): Reference {
  const target = constraint.to === undefined ? undefined : input.node.keyTargets?.get(constraint.to);
  if (target && (constraint.toColumns.length || !constraint.expression)) {
    const { at, pending } = input.refer?.(target.relation, target.id) ?? { at: target.relation, pending: false };
    const list = constraint.toColumns.length ? ` (${constraint.toColumns.join(", ")})` : "";
    return { name, columns, to: `${quote(at)}${list}`, pending, constraint };
  }
  const written = expression().replace(/^\s*references\s+/i, "");
  const { table, rest } = tableIn(written);
  const refers = table && input.refer?.(table);
  if (!refers) return { name, columns, to: written, pending: false, constraint };
  const pending = refers.pending && !/\bnot\s+valid\s*$/i.test(rest);
  return { name, columns, to: `${quote(refers.at)}${rest}`, pending, constraint };
}

const NAME = String.raw`("(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`;
const TABLE = new RegExp(String.raw`^\s*(?:${NAME}\s*\.\s*)?${NAME}\s*\.\s*${NAME}`, "u");

/** A table that is named with its schema, and what follows; without a schema only the server knows which one is meant. */
function tableIn(written: string): { readonly table?: RelationName; readonly rest: string } {
  const found = TABLE.exec(written);
  if (!found) return { rest: written };
  const [schema, identifier] = [nameIn(found[2]!), nameIn(found[3]!)];
  return { table: { schema, identifier }, rest: written.slice(found[0].length) };
}

const nameIn = (written: string): string =>
  written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : foldName(written);

/** "relation does not exist" */
const NO_TABLE = "42P01";

/** Returns those that are pending. */
export function* addReferences({ node, target }: Site, references: readonly Reference[]): Statements<Aftermath> {
  const [pending, present] = [references.filter((key) => key.pending), references.filter((key) => !key.pending)];
  if (present.length) yield* run("lock", takeSwapLock);
  for (const { name, columns, to, constraint } of present) {
    const sql = addConstraint(target, foreignKey(name, columns, to));
    const added = yield* run("foreign key", sql, { rescue: [NO_TABLE] });
    if (!added.failed) continue;
    const message = `The foreign key "${name}" of "${node.name}" refers to a table that is not there: ${added.failed.message}.`;
    throw new Failure(
      error("foreign-key-target", message, constraint.at, [
        "if the project builds it, say so and it is built first:  to: ref('…')  with  to_columns: […]",
      ]),
    );
  }
  return pending.map(({ name, columns, to }) => late(target, name, foreignKey(name, columns, to), true));
}

function late(target: RelationName, name: string, key: string, pending: boolean): Aftermath[number] {
  const sql = addConstraint(target, pending ? `${key} not valid` : key);
  return { part: "foreign key", sql: pending ? `${sql};\n${markPending(target, name)}` : sql };
}

/** Those of a table of which a copy is changed: they hold when that is done. */
export function* copiedReferences(
  { target, refer }: Pick<Site, "target" | "refer">,
  from: RelationName,
): Statements<Aftermath> {
  const keys = yield* ask<ForeignKey>("list foreign keys", keysOf(from));
  return keys.map(({ name, before, after, schema, identifier, unchecked }) => {
    const { at, pending } = refer?.({ schema, identifier }) ?? { at: { schema, identifier }, pending: false };
    return late(target, name, named(name, `${before}${quote(at)}${after}`), pending && !unchecked);
  });
}

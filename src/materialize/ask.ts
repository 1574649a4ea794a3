/** Small steps that several materialisations take: ask and receive typed rows, run, find the relation. */
import { Failure, error } from "../diagnostics/diagnostic.ts";
import { findRelation, listColumns, type ColumnInfo, type FoundRelation } from "../postgres/catalog.ts";
import { byteLength, MAX_NAME_BYTES, quote, fitName, type RelationName } from "../postgres/relation.ts";
import type { WithBody } from "../postgres/sql/body.ts";
import type { Site, RunStatement, Statements, StatementResult } from "./materialization.ts";

type Extras = Pick<RunStatement, "rescue" | "main" | "reads">;

export function* run(label: string, sql: string | WithBody, extras: Extras = {}): Statements<StatementResult> {
  return yield { do: "run", label, ...(typeof sql === "string" ? { sql } : sql), ...extras };
}

export function* ask<R>(label: string, sql: string): Statements<readonly R[]> {
  const result = yield { do: "run", label, sql, reads: true };
  // The shape is stated beside each query in postgres/catalog.ts.
  return result.rows as unknown as readonly R[];
}

export function* find(name: RelationName): Statements<FoundRelation | undefined> {
  const [found] = yield* ask<FoundRelation>("find relation", findRelation(name));
  return found && { ...found, oid: Number(found.oid) };
}

export function* columnsOf(name: RelationName): Statements<readonly ColumnInfo[]> {
  const columns = yield* ask<ColumnInfo>("list columns", listColumns(name));
  return columns.map((column) => ({ ...column, oid: Number(column.oid) }));
}

/** The relation that stands where this node is to be built, checked to be of a kind that may be replaced. */
export function* findTarget(input: Site): Statements<FoundRelation | undefined> {
  const { target, node } = input;
  const bytes = byteLength(target.identifier);
  if (bytes > MAX_NAME_BYTES)
    throw new Failure(
      error(
        "name-too-long",
        `The relation name "${target.identifier}" has ${bytes} bytes; PostgreSQL keeps ${MAX_NAME_BYTES}.`,
        node.at,
        [`give it a shorter name with the config \`alias\`, such as "${fitName(target.identifier)}"`],
      ),
    );
  const found = yield* find(target);
  if (found && (found.kind === "foreign_table" || found.kind === "partitioned_table"))
    throw new Failure(
      error(
        "relation-in-the-way",
        `${quote(target)} is a ${found.kind.replace("_", " ")}, which Sluice does not make; it will not be replaced.`,
        node.at,
        ["drop or rename it, or give this node another name with the config `alias`"],
      ),
    );
  return found;
}

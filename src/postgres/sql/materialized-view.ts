import { quote, quoteIdent, type RelationName } from "../relation.ts";
import { withBody, type WithBody } from "./body.ts";

export const createMaterializedView = (name: RelationName, sql: string): WithBody =>
  withBody(`create materialized view ${quote(name)} as (\n`, sql, "\n)");

/** Concurrently: readers go on, only changed rows are written; needs a unique index on plain columns. */
export const refresh = (name: RelationName, concurrently: boolean): string =>
  `refresh materialized view ${concurrently ? "concurrently " : ""}${quote(name)}`;

/** Shows how Postgres would write a query down, to compare it with one written down before. */
export const createTemporaryView = (name: string, sql: string): WithBody =>
  withBody(`create temporary view ${quoteIdent(name)} as (\n`, sql, "\n)");

export const dropTemporaryView = (name: string): string => `drop view pg_temp.${quoteIdent(name)}`;

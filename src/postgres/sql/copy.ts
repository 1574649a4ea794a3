import { quote, quoteIdent, type RelationName } from "../relation.ts";

/**
 * `options` are those of `with (…)`. The table must have been made in the same transaction: its rows are written as
 * already seen by all, which spares Postgres a second writing of every page.
 */
export const copyIntoNew = (into: RelationName, columns: readonly string[], options: string): string =>
  `copy ${quote(into)} (${columns.map(quoteIdent).join(", ")}) from stdin with (${options}, freeze true)`;

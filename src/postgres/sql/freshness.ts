/** How new the rows of a relation are. Field and filter are the user's SQL. */
import { quote, type RelationName } from "../relation.ts";

/** Rows: one, `{ max_loaded_at, snapshotted_at }`. */
export const newestRow = (name: RelationName, field: string, filter: string | undefined): string =>
  `select max(${field}) as max_loaded_at, current_timestamp as snapshotted_at\nfrom ${quote(name)}${filter === undefined ? "" : `\nwhere ${filter}`}`;

/** Rows: as `newestRow`; the query gives one value. */
export const newestByQuery = (query: string): string =>
  `select (${query.trim().replace(/;$/, "")}\n) as max_loaded_at, current_timestamp as snapshotted_at`;

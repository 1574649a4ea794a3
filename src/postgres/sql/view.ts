import { quote, type RelationName } from "../relation.ts";
import { withBody, type WithBody } from "./body.ts";

export const createView = (name: RelationName, sql: string): WithBody =>
  withBody(`create view ${quote(name)} as (\n`, sql, "\n)");

/** Keeps the view's oid, grants, comments and dependants; fails with 42P16 unless columns are only appended. `options` are set anew, so the old ones go in. */
export const replaceView = (name: RelationName, sql: string, options: string): WithBody =>
  withBody(`create or replace view ${quote(name)}${options ? ` with (${options})` : ""} as (\n`, sql, "\n)");

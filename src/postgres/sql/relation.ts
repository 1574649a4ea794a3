/** Statements that work on any relation. */
import type { RelationKind } from "../catalog.ts";
import { quote, quoteIdent, type RelationName } from "../relation.ts";

export type Noun = "table" | "view" | "materialized view";

export const nounOf = (kind: RelationKind): Noun =>
  kind === "view" ? "view" : kind === "materialized_view" ? "materialized view" : "table";

/** Without cascade: what still depends on it makes it fail (2BP01). */
export const dropRelation = (name: RelationName, noun: Noun): string => `drop ${noun} ${quote(name)}`;

export const renameRelation = (name: RelationName, noun: Noun, to: string): string =>
  `alter ${noun} ${quote(name)} rename to ${quoteIdent(to)}`;

export const renameIndex = (schema: string, name: string, to: string): string =>
  `alter index ${quote({ schema, identifier: name })} rename to ${quoteIdent(to)}`;

export const analyze = (name: RelationName): string => `analyze ${quote(name)}`;

export const analyzeTemporary = (name: string): string => `analyze ${quoteIdent(name)}`;

export const createSchema = (name: string): string => `create schema if not exists ${quoteIdent(name)}`;

/** `name` is SQL. */
export const dropTemporary = (name: string): string => `drop table pg_temp.${name}`;

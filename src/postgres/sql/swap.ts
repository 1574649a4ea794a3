/** Work schemas: where relations are made before they are published, and where those they replace are kept. */
import { fitName, quote, quoteIdent, type RelationName } from "../relation.ts";
import type { Noun } from "./relation.ts";

const NEXT = "__sluice_next";

/** `marts` → `marts__sluice_next`; nobody but its owner may look into it. */
export const nextSchema = (schema: string): string => fitName(schema, NEXT);

/** What publication `id` replaced in `marts` stands in `marts__sluice_prev_<id>`. */
export const prevSchema = (schema: string, id: number): string => fitName(schema, `__sluice_prev_${id}`);

export const isWorkSchema = (schema: string): boolean => /__sluice_(next|prev_\d+)$/.test(schema);

export const nextOf = ({ database, schema, identifier }: RelationName): RelationName => ({
  ...(database !== undefined && { database }),
  schema: nextSchema(schema),
  identifier,
});

/** SQL that was written for work schemas, as it reads once everything is published. `schemas` are the published ones. */
export function asPublished(sql: string, schemas: Iterable<string>): string {
  if (!sql.includes(NEXT)) return sql;
  let text = sql;
  for (const schema of schemas) text = text.replaceAll(nextSchema(schema), schema);
  return text;
}

export const setSchema = (name: RelationName, noun: Noun, schema: string): string =>
  `alter ${noun} ${quote(name)} set schema ${quoteIdent(schema)}`;

export const setStatisticsSchema = (name: RelationName, schema: string): string =>
  `alter statistics ${quote(name)} set schema ${quoteIdent(schema)}`;

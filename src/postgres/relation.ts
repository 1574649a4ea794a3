/** The one place that quotes identifiers and literals for SQL. */

export interface RelationName {
  readonly database?: string;
  readonly schema: string;
  readonly identifier: string;
}

export const quoteIdent = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A string literal that is right whatever `standard_conforming_strings` says. */
export const quoteLiteral = (text: string): string => {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
};

/** `"schema"."identifier"`: what our own statements use. */
export const quote = (name: RelationName): string => `${quoteIdent(name.schema)}.${quoteIdent(name.identifier)}`;

/** Postgres cuts names silently at this many bytes. */
export const MAX_NAME_BYTES = 63;

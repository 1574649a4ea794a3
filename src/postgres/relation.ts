/** The one place that quotes identifiers and literals for SQL, and that makes names fit. */
import { sha256 } from "../lib/hash.ts";

export interface RelationName {
  readonly database?: string;
  readonly schema: string;
  readonly identifier: string;
}

export const quoteIdent = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** An unquoted name, as Postgres reads it: only ASCII letters are folded. */
export const foldName = (name: string): string => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** A string literal that is right whatever `standard_conforming_strings` says. */
export const quoteLiteral = (text: string): string => {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
};

/** `"schema"."identifier"`: what our own statements use. */
export const quote = (name: RelationName): string => `${quoteIdent(name.schema)}.${quoteIdent(name.identifier)}`;

/** Postgres cuts names silently at this many bytes. */
export const MAX_NAME_BYTES = 63;

export const byteLength = (name: string): number => Buffer.byteLength(name, "utf8");

/**
 * `base + suffix` when that fits into 63 bytes; otherwise the base is cut between two characters and a hash of the whole
 * is put in, so that long names which only differ at the end stay apart: `very_long…_1f2e3d4c__sluice_new`.
 */
export function fitName(base: string, suffix = ""): string {
  if (byteLength(base + suffix) <= MAX_NAME_BYTES) return base + suffix;
  const mark = `_${sha256(base + suffix).slice(0, 8)}`;
  const room = MAX_NAME_BYTES - byteLength(mark) - byteLength(suffix);
  let cut = "";
  for (const character of base) {
    if (byteLength(cut + character) > room) break;
    cut += character;
  }
  return cut + mark + suffix;
}

/** The name under which a relation or index is built until it takes its own. */
export const workName = (name: string): string => fitName(name, "__sluice_new");

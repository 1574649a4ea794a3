/** Privileges and comments. Privileges are words of SQL (`select`, `insert` …), checked by the caller. */
import { quote, quoteIdent, quoteLiteral, type RelationName } from "../relation.ts";
import type { Noun } from "./relation.ts";

/** `public` is a word, not a role's name. */
const grantee = (role: string): string => (role.toLowerCase() === "public" ? "public" : quoteIdent(role));

export const grant = (on: RelationName, privilege: string, roles: readonly string[]): string =>
  `grant ${privilege} on table ${quote(on)} to ${roles.map(grantee).join(", ")}`;

export const revoke = (on: RelationName, privilege: string, roles: readonly string[]): string =>
  `revoke ${privilege} on table ${quote(on)} from ${roles.map(grantee).join(", ")}`;

export const commentOnRelation = (on: RelationName, noun: Noun, text: string): string =>
  `comment on ${noun} ${quote(on)} is ${quoteLiteral(text)}`;

export const commentOnColumn = (on: RelationName, column: string, text: string): string =>
  `comment on column ${quote(on)}.${quoteIdent(column)} is ${quoteLiteral(text)}`;

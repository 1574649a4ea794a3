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

export const createGroup = (role: string): string => `create role ${quoteIdent(role)} nologin`;

export const grantOnSchema = (schema: string, privilege: string, role: string): string =>
  `grant ${privilege} on schema ${quoteIdent(schema)} to ${grantee(role)}`;

export const revokeOnSchema = (schema: string, privilege: string, role: string): string =>
  `revoke ${privilege} on schema ${quoteIdent(schema)} from ${grantee(role)}`;

export const revokeOnColumn = (on: RelationName, column: string, privilege: string, role: string): string =>
  `revoke ${privilege} (${quoteIdent(column)}) on table ${quote(on)} from ${grantee(role)}`;

/** Of tables that `owner` makes later. */
export const revokeDefault = (schema: string, owner: string, privilege: string, role: string): string =>
  `alter default privileges for role ${quoteIdent(owner)} in schema ${quoteIdent(schema)} revoke ${privilege} on tables from ${grantee(role)}`;

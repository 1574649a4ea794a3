/** After the hooks: what the old relation had and they did not make anew, then grants, then comments. */
import { Failure, error, warning, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import { listGrants } from "../postgres/catalog.ts";
import { quote, type RelationName } from "../postgres/relation.ts";
import { commentOnColumn, commentOnRelation, grant, revoke } from "../postgres/sql/grants.ts";
import { nounOf } from "../postgres/sql/relation.ts";
import { ask, columnsOf, find, run } from "./ask.ts";
import { readRelationConfig, type RelationConfig } from "./config.ts";
import { columnName } from "./model-contract.ts";
import type { Aftermath, BuildInput, Statements } from "./materialization.ts";

/** Returns warnings. `aftermath` is what the materialisation returned. */
export function* settle(input: BuildInput, aftermath: Aftermath = []): Statements<readonly Diagnostic[]> {
  const config = readRelationConfig(input.node);
  const warnings = yield* keepRest(input.node, input.target, aftermath);
  if (config.grants?.size) yield* applyGrants(input, config.grants);
  return [...warnings, ...(yield* applyComments(input, config))];
}

/** 42710: a hook has made one of that name; the hook's is the one that is wanted. */
const MADE_BY_HOOK = "42710";
/** Columns or privileges that are gone. */
const MISFIT = ["42703", "42501", "42883", "42P01", "42804", "42P17", "0A000"];

/** What was not said in one go: it may be there already, or not fit. */
export function* keepRest(
  node: BuildInput["node"],
  target: RelationName,
  aftermath: Aftermath,
): Statements<Diagnostic[]> {
  const warnings: Diagnostic[] = [];
  for (const part of aftermath) {
    const { failed } = yield* run(`keep ${part.part}`, part.sql, { rescue: [MADE_BY_HOOK, ...MISFIT] });
    if (!failed || failed.sqlstate === MADE_BY_HOOK) continue;
    const message = `A ${part.part} of ${quote(target)} does not fit the new relation: ${failed.message}.`;
    const notes = [part.sql, "drop it, or change it to fit, and build again"];
    // Without its policy a table would show what it hid; without its triggers, data would go unguarded.
    if (part.part === "policy" || part.part === "trigger" || part.part === "rule")
      throw new Failure(error("kept-misfit", message, node.at, notes));
    warnings.push(warning("kept-misfit", message, node.at, notes));
  }
  return warnings;
}

const PRIVILEGES = [
  "select",
  "insert",
  "update",
  "delete",
  "truncate",
  "references",
  "trigger",
  "maintain",
  "all",
] as const;

/** As in dbt: with `grants` configured, privileges that are not listed are revoked. */
function* applyGrants(input: BuildInput, grants: NonNullable<RelationConfig["grants"]>): Statements {
  const { node, target } = input;
  const unknown = [...grants.keys()].filter((privilege) => !PRIVILEGES.some((known) => known === privilege));
  if (unknown.length)
    throw new Failure(
      unknown.map((privilege) =>
        error(
          "privilege-unknown",
          `"${node.name}" grants an unrecognized privilege on tables: "${privilege}".`,
          node.at,
          [...didYouMean(privilege, PRIVILEGES), `privileges: ${PRIVILEGES.join(", ")}`],
        ),
      ),
    );
  const wantedRoles = [...grants].map(([privilege, roles]) => [privilege, roles.map(roleName)] as const);
  const present = yield* ask<{ privilege: string; grantee: string }>("list grants", listGrants(target));
  const has = (privilege: string, role: string): boolean =>
    present.some((p) => p.privilege === privilege && p.grantee === role);
  const wants = (privilege: string, role: string): boolean =>
    wantedRoles.some(([p, roles]) => (p === privilege || p === "all") && roles.includes(role));
  const statements: string[] = [];
  for (const privilege of new Set(present.map((p) => p.privilege))) {
    const roles = present
      .filter((p) => p.privilege === privilege && !wants(privilege, p.grantee))
      .map((p) => p.grantee);
    if (roles.length) statements.push(revoke(target, privilege, roles));
  }
  for (const [privilege, wanted] of wantedRoles) {
    const roles = wanted.filter((role) => !has(privilege, role));
    if (roles.length) statements.push(grant(target, privilege, roles));
  }
  if (statements.length) yield* run("grants", statements.join(";\n"));
}

/** dbt writes role names unquoted, so Postgres folds them; who needs another case or odd signs quotes within the text. */
function roleName(written: string): string {
  if (/^".*"$/s.test(written)) return written.slice(1, -1).replaceAll('""', '"');
  return /^[a-z_][\w$]*$/i.test(written) ? written.toLowerCase() : written;
}

function* applyComments(input: BuildInput, config: RelationConfig): Statements<Diagnostic[]> {
  const { node, target } = input;
  const statements: string[] = [];
  if (config.persistDocs.relation && node.description) {
    const relation = yield* find(target);
    if (relation) statements.push(commentOnRelation(target, nounOf(relation.kind), node.description));
  }
  const { found, warnings } = yield* describedColumns(node, target, config);
  for (const { name, description } of found) statements.push(commentOnColumn(target, name, description));
  if (statements.length) yield* run("comments", statements.join(";\n"));
  return warnings;
}

/** What is to be said of a node also when its relation is there already. */
export function* remarks(node: BuildInput["node"], target: RelationName): Statements<Diagnostic[]> {
  const config = readRelationConfig(node);
  return (yield* describedColumns(node, target, config)).warnings;
}

interface Described {
  readonly found: readonly { readonly name: string; readonly description: string }[];
  readonly warnings: Diagnostic[];
}

/** The columns whose descriptions are kept as comments, by their names in the database. */
function* describedColumns(
  node: BuildInput["node"],
  target: RelationName,
  { persistDocs }: RelationConfig,
): Statements<Described> {
  const described = persistDocs.columns ? node.columns.filter((column) => column.description) : [];
  if (described.length === 0) return { found: [], warnings: [] };
  const names = (yield* columnsOf(target)).map((column) => column.name);
  const places = described.map((column) => ({
    column,
    name: namesake(names, columnName(column), column.quote === true),
  }));
  const found = places.flatMap(({ column, name }) =>
    name === undefined ? [] : [{ name, description: column.description }],
  );
  const missing = places.filter(({ name }) => name === undefined).map(({ column }) => column);
  if (missing.length === 0) return { found, warnings: [] };
  const listed = missing.map((column) => column.name).join(", ");
  const message = `The following columns are specified in the schema but are not present in the database: ${listed} (of ${quote(target)}).`;
  const notes = missing.flatMap((column) => didYouMean(column.name, names));
  return { found, warnings: [warning("column-not-found", message, missing[0]!.at, notes)] };
}

/** dbt finds columns whatever their case; a quoted name is meant as it is written. */
function namesake(names: readonly string[], wanted: string, quoted: boolean): string | undefined {
  if (names.includes(wanted)) return wanted;
  return quoted ? undefined : names.find((name) => name.toLowerCase() === wanted.toLowerCase());
}

/** From what Postgres said to a diagnostic at the line of the user's own file. */
import type { Compiled } from "../compile/assemble.ts";
import { type Diagnostic, error, type Note, type Span } from "../diagnostics/diagnostic.ts";
import { QueryError, SQLSTATE } from "../postgres/errors.ts";

export interface Origin {
  /** The node's place, when nothing better is known. */
  readonly at?: Span;
  /** The node's compiled SQL, and where it starts in the statement that failed. */
  readonly compiled?: Compiled;
  readonly bodyAt?: number;
  /** What was being done, for statements of our own: `create index`. */
  readonly label: string;
}

export function explainQueryError(failed: QueryError, origin: Origin): Diagnostic {
  const notes: (string | Note)[] = [];
  if (failed.detail) notes.push(failed.detail);
  if (failed.hint) notes.push(`hint: ${failed.hint}`);
  const offset = failed.position === undefined ? undefined : utf16Offset(failed.sql, failed.position);
  const at = placeOf(offset, origin);
  if (offset !== undefined) notes.push(compiledExcerpt(failed.sql, offset));
  if (failed.where && offset === undefined) notes.push(failed.where);
  notes.push(...nextMove(failed, at));
  const doing = origin.compiled && origin.bodyAt !== undefined ? "" : ` (${origin.label})`;
  const code = failed.sqlstate === SQLSTATE.diskFull ? DISK_FULL : `sql-${failed.sqlstate}`;
  return error(code, `${failed.message}${doing}`, at, notes);
}

/** Of a diagnostic. */
export const DISK_FULL = "disk-full";

/** Postgres counts characters from 1; JavaScript UTF-16 units from 0. */
export function utf16Offset(sql: string, position: number): number {
  let offset = 0;
  for (let n = 1; n < position && offset < sql.length; n++) offset += sql.codePointAt(offset)! > 0xffff ? 2 : 1;
  return offset;
}

function placeOf(offset: number | undefined, origin: Origin): Span | undefined {
  if (offset === undefined || !origin.compiled || origin.bodyAt === undefined) return origin.at;
  const inBody = offset - origin.bodyAt;
  if (inBody < 0 || inBody > origin.compiled.sql.length) return origin.at;
  const span = origin.compiled.locate(inBody);
  if (!span) return origin.at;
  return span.end > span.start ? span : { ...span, end: span.start + 1 };
}

/** The line of the statement as the server saw it, with the spot marked. */
function compiledExcerpt(sql: string, offset: number): string {
  const start = sql.lastIndexOf("\n", offset - 1) + 1;
  const end = sql.indexOf("\n", offset);
  const line = sql.slice(start, end < 0 ? undefined : end);
  const column = offset - start;
  const from = Math.max(0, Math.min(column - 60, line.length - 110));
  const shown = line.slice(from, from + 110).replaceAll("\t", " ");
  return `compiled: ${shown}\n          ${" ".repeat(Math.max(0, column - from))}^`;
}

function nextMove(failed: QueryError, at: Span | undefined): string[] {
  switch (failed.sqlstate) {
    case SQLSTATE.undefinedTable:
      return [missingTable(at?.file.text.slice(at.start, at.end) ?? "")];
    case SQLSTATE.undefinedFunction:
    case SQLSTATE.undefinedSchema:
      // Printed by `function()`.
      return /\bfunction\s*\(/.test(at?.file.text.slice(at.start, at.end) ?? "")
        ? ["`sluice build` makes functions, where `sluice run` makes models only; or it takes other arguments"]
        : [];
    case SQLSTATE.invalidFunction:
      return failed.hint?.startsWith("Use DROP")
        ? ["or build without `--direct`: the old one then moves aside, and views that call it are made again"]
        : [];
    case SQLSTATE.connectionLost:
    case SQLSTATE.adminShutdown:
    case SQLSTATE.crashShutdown:
      return ["the server ended, or the network broke: what was not finished is rolled back, and can be run again"];
    case SQLSTATE.diskFull:
      return [
        "free space where the server keeps the file named above: the old and the new version of what is built must both fit, and what sorting writes meanwhile",
        "then `sluice build` goes on from what is published",
      ];
    case SQLSTATE.insufficientPrivilege:
      return ["grant the missing privilege to the user of this target, or use another target"];
    default:
      return [];
  }
}

/** `written` is what stands at the place in the user's file. */
function missingTable(written: string): string {
  if (/\bsource\s*\(/.test(written))
    return "it is a source: `sluice load` loads its files, and `sluice build` does so first";
  if (/\bref\s*\(/.test(written))
    return "it was not built yet: `sluice build`, or `--select +…` to build what is read first";
  return "if another model or a seed makes it, name it with ref(); if it is raw data, declare it as a source and run `sluice load`";
}

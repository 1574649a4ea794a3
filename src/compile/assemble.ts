/** Putting SQL together from rendered pieces, keeping for each character where in the user's files it came from. */
import type { Span } from "../diagnostics/diagnostic.ts";
import type { SourceMap } from "../jinja/index.ts";

export interface Compiled {
  readonly sql: string;
  /** From an offset into `sql` (UTF-16) to the template's own line; undefined for text we added. */
  locate(offset: number): Span | undefined;
}

export type Piece = string | Compiled;

export function assemble(...pieces: readonly Piece[]): Compiled {
  const placed: { start: number; piece: Piece }[] = [];
  let sql = "";
  for (const piece of pieces) {
    placed.push({ start: sql.length, piece });
    sql += typeof piece === "string" ? piece : piece.sql;
  }
  return {
    sql,
    locate(offset) {
      const found = placed.findLast((p) => p.start <= offset);
      return found && typeof found.piece !== "string" ? found.piece.locate(offset - found.start) : undefined;
    },
  };
}

export const rendered = (text: string, map: SourceMap): Compiled => ({
  sql: text,
  locate: (offset) => map.toTemplate(offset),
});

/** A part of a piece. */
export function slice(piece: Compiled, start: number, end = piece.sql.length): Compiled {
  return { sql: piece.sql.slice(start, end), locate: (offset) => piece.locate(offset + start) };
}

/** With parts of it written otherwise; in their order. */
export function rewritten(
  compiled: Compiled,
  changes: readonly { readonly start: number; readonly end: number; readonly text: string }[],
): Compiled {
  if (changes.length === 0) return compiled;
  const pieces: Piece[] = [];
  let done = 0;
  for (const { start, end, text } of changes) {
    pieces.push(slice(compiled, done, start), text);
    done = end;
  }
  return assemble(...pieces, slice(compiled, done));
}

/** White space and comments, then `with` (and perhaps `recursive`), at the start of a query. */
const LEADING_WITH = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*with\b(\s+recursive\b)?/i;

/** Gives a query further CTEs, in front of its own. A query that reads them may itself begin with `with`. */
export function withCtes(query: Compiled, ctes: readonly { name: string; body: Piece }[]): Compiled {
  if (ctes.length === 0) return query;
  const listed = ctes.flatMap(({ name, body }, i): Piece[] => [i > 0 ? ",\n" : "", `${name} as (\n`, body, "\n)"]);
  const own = LEADING_WITH.exec(query.sql)?.[0];
  if (own === undefined) return assemble("with ", ...listed, "\n", query);
  // As dbt joins them, to the blank: compiled SQL is compared with what dbt wrote.
  return assemble(slice(query, 0, own.length), "  ", ...listed, ",", slice(query, own.length));
}

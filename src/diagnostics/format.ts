import type { Diagnostic, SourceFile, Span } from "./diagnostic.ts";
import { plain, type Palette } from "../lib/palette.ts";

export interface Position {
  /** 1-based. */
  readonly line: number;
  /** 1-based, in characters as an editor counts them (UTF-16 units). */
  readonly column: number;
}

/** Line and column of an offset into a file. */
export function positionAt(file: SourceFile, offset: number): Position {
  const before = file.text.slice(0, Math.max(0, Math.min(offset, file.text.length)));
  const lineStart = before.lastIndexOf("\n") + 1;
  let line = 1;
  for (let i = before.indexOf("\n"); i >= 0; i = before.indexOf("\n", i + 1)) line++;
  return { line, column: before.length - lineStart + 1 };
}

/** The span of one whole line (1-based), without its line break; used when only a line number is known. */
export function lineSpan(file: SourceFile, line: number): Span {
  let start = 0;
  for (let n = 1; n < line; n++) {
    const next = file.text.indexOf("\n", start);
    if (next < 0) break;
    start = next + 1;
  }
  const end = file.text.indexOf("\n", start);
  const text = file.text.slice(start, end < 0 ? undefined : end);
  const indent = text.length - text.trimStart().length;
  return { file, start: start + indent, end: start + Math.max(indent + 1, text.trimEnd().length) };
}

/** `models/a.sql:14:9`, as editors make links of. */
export function place(span: Span): string {
  const { line, column } = positionAt(span.file, span.start);
  return `${span.file.path}:${line}:${column}`;
}

/** A diagnostic as text: place, fact, the line itself with the spot underlined, and the next move. */
export function formatDiagnostic(d: Diagnostic, c: Palette = plain): string {
  const paint = d.severity === "error" ? c.red : c.yellow;
  const where = d.at ? `${c.bold(place(d.at))}  ` : "";
  const lines = [`${where}${paint(d.code)}  ${d.message}`];
  if (d.at) lines.push(...excerpt(d.at, c, paint));
  for (const note of d.notes) {
    const noteWhere = note.at ? `  (${place(note.at)})` : "";
    for (const [i, line] of note.message.split("\n").entries()) {
      lines.push(`    ${i === 0 ? c.cyan("→") : " "} ${line}${i === 0 ? noteWhere : ""}`);
    }
  }
  return lines.join("\n");
}

/** Sorts by place, so that reports of several files are stable. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.toSorted(
    (a, b) => (a.at?.file.path ?? "").localeCompare(b.at?.file.path ?? "") || (a.at?.start ?? 0) - (b.at?.start ?? 0),
  );
}

function excerpt(span: Span, c: Palette, paint: (s: string) => string): string[] {
  const { line, column } = positionAt(span.file, span.start);
  const start = span.start - (column - 1);
  const newline = span.file.text.indexOf("\n", start);
  const text = span.file.text.slice(start, newline < 0 ? undefined : newline).trimEnd();
  if (text === "") return [];
  const number = String(line).padStart(5);
  // A long line is cut so that the spot stays visible.
  const from = column > 100 ? column - 60 : 0;
  const shown = text.slice(from, from + 140).replace(/\t/g, " ");
  const width = Math.max(1, Math.min(span.end - span.start, text.length - column + 1, 140 - (column - 1 - from)));
  return [
    `${c.dim(`${number} │`)} ${shown}`,
    `${c.dim("      │")} ${" ".repeat(Math.max(0, column - 1 - from))}${paint("~".repeat(width))}`,
  ];
}

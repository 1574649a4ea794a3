/** Messages with places: what every stage reports about the user's own files. */

/** A file of the user's project, read once. `path` is relative to the project's root, with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly absolute: string;
  readonly text: string;
}

/** A piece of a file, as UTF-16 offsets into `file.text`; `end` is exclusive. */
export interface Span {
  readonly file: SourceFile;
  readonly start: number;
  readonly end: number;
}

export interface Note {
  readonly message: string;
  readonly at?: Span;
}

/**
 * One thing to tell the user. `code` is a stable kebab-case name ("ref-not-found"); `message` says what was found and
 * what was expected; `notes` say what to do next.
 */
export interface Diagnostic {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly at?: Span;
  readonly notes: readonly Note[];
}

/** Expected failures that stop a stage travel as one exception holding all of them; anything else thrown is a bug. */
export class Failure extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: Diagnostic | readonly Diagnostic[], options?: ErrorOptions) {
    const all = Array.isArray(diagnostics) ? (diagnostics as readonly Diagnostic[]) : [diagnostics as Diagnostic];
    super(all.map((d) => d.message).join("\n"), options);
    this.name = "Failure";
    this.diagnostics = all;
  }
}

/** Builds an error diagnostic; `notes` may be plain strings. */
export function error(code: string, message: string, at?: Span, notes: readonly (string | Note)[] = []): Diagnostic {
  return make("error", code, message, at, notes);
}

export function warning(code: string, message: string, at?: Span, notes: readonly (string | Note)[] = []): Diagnostic {
  return make("warning", code, message, at, notes);
}

function make(
  severity: Diagnostic["severity"],
  code: string,
  message: string,
  at: Span | undefined,
  notes: readonly (string | Note)[],
): Diagnostic {
  const full = notes.map((note) => (typeof note === "string" ? { message: note } : note));
  return at ? { code, severity, message, at, notes: full } : { code, severity, message, notes: full };
}

export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some((d) => d.severity === "error");

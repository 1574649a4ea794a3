/** Where in the user's files a failed template went wrong. */
import { type Diagnostic, Failure, type SourceFile, type Span } from "../diagnostics/diagnostic.ts";
import { framesOf, type Jinja, renderNative, type Scope, TemplateError } from "../jinja/index.ts";

/**
 * What was thrown, as diagnostics with places: their own, else the innermost call in a template, else `at`. Bugs are
 * thrown on.
 */
export function located(thrown: unknown, at: Span): Diagnostic[] {
  if (thrown instanceof TemplateError) return [placed(thrown.toDiagnostic(), at)];
  if (!(thrown instanceof Failure)) throw thrown;
  const [inner, ...outer] = framesOf(thrown);
  return thrown.diagnostics.map((diagnostic) => {
    if (diagnostic.at || !inner) return placed(diagnostic, at);
    const calls = outer.map((frame) => ({ message: "called from here", at: frame.at }));
    return { ...diagnostic, at: inner.at, notes: [...diagnostic.notes, ...calls] };
  });
}

const placed = (diagnostic: Diagnostic, at: Span): Diagnostic => (diagnostic.at ? diagnostic : { ...diagnostic, at });

/**
 * Runs `work` on a template that is a text within another file, such as a value in YAML: `text` is that text as a file of
 * its own, `holder` the place it stands at or after. Failures are shown in the file that holds it.
 */
export function quoting<T>(text: SourceFile, holder: Span, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw requoted(text, holder, thrown);
  }
}

/** As `quoting`, of what was thrown: what is to be thrown instead. */
export function requoted(text: SourceFile, holder: Span, thrown: unknown): unknown {
  if (!(thrown instanceof TemplateError || thrown instanceof Failure)) return thrown;
  const moved = located(thrown, holder).map((diagnostic) => ({
    ...diagnostic,
    ...(diagnostic.at && { at: inHolder(text, diagnostic.at, holder) }),
    notes: diagnostic.notes.map((note) => (note.at ? { ...note, at: inHolder(text, note.at, holder) } : note)),
  }));
  return new Failure(moved, { cause: thrown });
}

/** The text's part where it stands in the holder's file; the holder itself when the text is not there word for word. */
function inHolder(text: SourceFile, part: Span, holder: Span): Span {
  if (part.file !== text) return part;
  const start = holder.file.text.indexOf(text.text, holder.start);
  return start < 0 ? holder : { file: holder.file, start: start + part.start, end: start + part.end };
}

/** Texts of YAML as files: the same text, such as `{{ ref('a') }}` of many tests, is compiled once. */
const textFiles = new WeakMap<Jinja, Map<string, SourceFile>>();

/** A text of YAML as a file of its own, for templates that stand in many places. */
export function textFile(text: string, jinja: Jinja): SourceFile {
  let files = textFiles.get(jinja);
  if (!files) textFiles.set(jinja, (files = new Map()));
  let file = files.get(text);
  if (!file) files.set(text, (file = { path: "", absolute: "", text }));
  return file;
}

/** Renders a text that stands in YAML natively. */
export function renderQuoted(text: string, holder: Span, scope: Scope, jinja: Jinja): unknown {
  const file = textFile(text, jinja);
  return quoting(file, holder, () => renderNative(text, file, scope, jinja));
}

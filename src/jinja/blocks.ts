/**
 * Cutting a file into its `{% macro %}`, `{% test %}`, `{% docs %}` … blocks, before anything is parsed. dbt does the
 * same, and so what stands between the blocks need not be valid Jinja.
 */
import { error, Failure, type SourceFile, type Span } from "../diagnostics/diagnostic.ts";

export interface Block {
  /** The tag: `macro`, `test`, `data_test`, `snapshot`, `docs`, `materialization`. */
  readonly kind: string;
  readonly name: string;
  /** What stands behind the name in the tag: `(a, b=1)`, or `, adapter='postgres'`. */
  readonly argumentText: string;
  /** The whole block, tags included, and where it stands in `file.text`. */
  readonly source: string;
  readonly start: number;
  readonly end: number;
  /** What stands between the tags, and where. */
  readonly contents: string;
  readonly contentsStart: number;
}

interface Tag {
  readonly kind: string;
  readonly name: string;
  readonly argumentText: string;
  readonly start: number;
  readonly end: number;
}

/** `{%`, a comment or an expression, whichever is next. A tag without a name is no tag: dbt passes over it. */
const opening = /\{%[-+]?\s*(?<kind>[A-Za-z_]\w*)(?:[^\S\n]*\s+(?<name>[A-Za-z_]\w*))?|\{#|\{\{/g;
const stringOrEnd = /'[^'\\]*(?:\\[\s\S][^'\\]*)*'|"[^"\\]*(?:\\[\s\S][^"\\]*)*"|(?<end>[-+]?[%}]\})/g;
const rawEnd = /\{%[-+]?\s*endraw\s*[-+]?%\}/g;
const blockEnds: Readonly<Record<string, string>> = { if: "endif", for: "endfor" };

/** Finds the blocks of the given kinds, which may stand neither inside one another nor inside `if` or `for`. */
export function splitBlocks(file: SourceFile, kinds: readonly string[]): Block[] {
  const blocks: Block[] = [];
  const controls: Tag[] = [];
  let open: Tag | undefined;
  for (const tag of tagsOf(file)) {
    if (open && tag.kind === `end${open.kind}`) {
      blocks.push(blockOf(file, open, tag));
      open = undefined;
    } else if (tag.kind in blockEnds) controls.push(tag);
    else if (tag.kind === "endif" || tag.kind === "endfor") closeControl(file, controls.pop(), tag);
    else if (kinds.includes(tag.kind)) {
      const outer = open ?? controls.at(-1);
      if (outer) fail(file, `{% ${tag.kind} %} may not stand inside {% ${outer.kind} %}`, tag, outer);
      open = tag;
    }
  }
  if (open) fail(file, `{% ${open.kind} ${open.name} %} has no {% end${open.kind} %}`, open);
  return blocks;
}

function closeControl(file: SourceFile, opened: Tag | undefined, tag: Tag): void {
  if (!opened) fail(file, `{% ${tag.kind} %} closes nothing`, tag);
  else if (blockEnds[opened.kind] !== tag.kind)
    fail(file, `expected {% ${blockEnds[opened.kind]} %}, found {% ${tag.kind} %}`, tag, opened);
}

function blockOf(file: SourceFile, from: Tag, to: Tag): Block {
  return {
    kind: from.kind,
    name: from.name,
    argumentText: from.argumentText,
    source: file.text.slice(from.start, to.end),
    start: from.start,
    end: to.end,
    contents: file.text.slice(from.end, to.start),
    contentsStart: from.end,
  };
}

/** All tags of a file, outside of comments, expressions and raw text. */
function* tagsOf(file: SourceFile): Generator<Tag> {
  const { text } = file;
  let at = 0;
  for (;;) {
    opening.lastIndex = at;
    const found = opening.exec(text);
    if (!found) return;
    const start = found.index;
    const after = start + found[0].length;
    const { kind, name = "" } = found.groups ?? {};
    if (found[0] === "{#") {
      const end = text.indexOf("#}", after);
      if (end < 0) fail(file, "comment without its closing #}", { start, end: after });
      at = end + 2;
    } else if (kind === undefined) at = codeEnd(file, start, after, "}}").end;
    else {
      const { inner, end } = codeEnd(file, start, after, "%}");
      at = end;
      if (kind === "raw") {
        rawEnd.lastIndex = at;
        const raw = rawEnd.exec(text);
        if (!raw) fail(file, "{% raw %} without {% endraw %}", { start, end: after });
        else at = raw.index + raw[0].length;
      } else yield { kind, name, argumentText: text.slice(after, inner).trim(), start, end };
    }
  }
}

/** Where a tag's code ends, before and after its closing bracket; quoted text is passed over. */
function codeEnd(file: SourceFile, start: number, from: number, bracket: "}}" | "%}"): { inner: number; end: number } {
  stringOrEnd.lastIndex = from;
  for (let found = stringOrEnd.exec(file.text); found; found = stringOrEnd.exec(file.text)) {
    const sign = found.groups?.["end"];
    if (sign === undefined) continue;
    if (sign.endsWith(bracket)) {
      const end = found.index + sign.length;
      return { inner: found.index, end };
    }
    // `}}` inside of `{% … %}` closes two dicts; look on behind its first brace.
    stringOrEnd.lastIndex = found.index + sign.length - 1;
  }
  return fail(file, `tag without its closing ${bracket}`, { start, end: from });
}

function fail(file: SourceFile, message: string, at: { start: number; end: number }, opened?: Tag): never {
  const span = (place: { start: number; end: number }): Span => ({ file, start: place.start, end: place.end });
  const notes = opened ? [{ message: `{% ${opened.kind} %} was opened here`, at: span(opened) }] : [];
  throw new Failure(error("jinja-syntax", message, span(at), notes));
}

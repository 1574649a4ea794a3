/** YAML with places: values as PyYAML's safe loader gives them to dbt, each entry knowing where it stands. */
import { EVENT_ID, SCALAR_STYLE, YAMLException, getScalarValue, parseEvents } from "js-yaml";
import type { Event, MappingEvent, ScalarEvent, SequenceEvent } from "js-yaml";
import { error, warning } from "../diagnostics/diagnostic.ts";
import type { Diagnostic, SourceFile, Span } from "../diagnostics/diagnostic.ts";
import type { Mapping, Value } from "./types.ts";
import { copyPlaces, keySpan, valueSpan, write, writtenAt } from "./written.ts";
import type { Key } from "./written.ts";
import { plainScalar } from "./yaml-scalar.ts";

export interface YamlDocument {
  /** null for an empty file, and where the file could not be read. */
  readonly value: Value;
  /** The place of the value at a path, such as `["models", 0, "name"]`. */
  locate(path: readonly Key[]): Span | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

const QUOTE_JINJA = `Jinja must be quoted in YAML: write  key: "{{ … }}"`;

/**
 * Reads one document. Duplicate keys are warned of (the last wins, as in dbt); a syntax error leaves `value` null.
 * `text`: the file's own, or a beginning of it.
 */
export function readYaml(file: SourceFile, text: string = file.text): YamlDocument {
  const diagnostics: Diagnostic[] = [];
  let value: Value = null;
  try {
    value = new Builder(file, text, parseEvents(text, {}), diagnostics).document();
  } catch (thrown) {
    if (!(thrown instanceof YAMLException) && !(thrown instanceof Unreadable)) throw thrown;
    diagnostics.push(syntaxError(file, thrown));
  }
  return { value, diagnostics, locate: (path) => locate(value, path) };
}

/** Follows a path through a document read by `readYaml`. */
export function locate(root: Value, path: readonly Key[]): Span | undefined {
  let at: Value | undefined = root;
  for (const [i, key] of path.entries()) {
    if (at === null || typeof at !== "object") return undefined;
    if (i === path.length - 1) return valueSpan(at, key) ?? keySpan(at, key);
    at = Array.isArray(at) ? at[Number(key)] : at[key];
  }
  return undefined;
}

class Unreadable extends Error {
  readonly at: Span;
  constructor(message: string, at: Span) {
    super(message);
    this.at = at;
  }
}

function syntaxError(file: SourceFile, thrown: YAMLException | Unreadable): Diagnostic {
  if (thrown instanceof Unreadable) {
    const jinja = file.text.startsWith("{{", thrown.at.start) || file.text.startsWith("{%", thrown.at.start);
    return error("yaml-syntax", thrown.message, thrown.at, jinja ? [QUOTE_JINJA] : []);
  }
  // Errors at a line's end are shown at its last character.
  let start = Math.min(thrown.mark?.position ?? 0, Math.max(0, file.text.length - 1));
  while (start > 0 && /\s/.test(file.text[start] ?? " ") && file.text[start - 1] !== "\n") start--;
  const lineStart = file.text.lastIndexOf("\n", start - 1) + 1;
  const line = file.text.slice(lineStart, start + 1);
  const at = { file, start, end: start + 1 };
  return error("yaml-syntax", `This is not valid YAML: ${thrown.reason}.`, at, hints(line));
}

/** What mostly is behind an error at the end of this piece of a line. */
function hints(line: string): string[] {
  if (/(?:^|[:\-[,])\s*\{[{%]/.test(line)) return [QUOTE_JINJA];
  if (line.includes("\t")) return ["indent with spaces: YAML allows no tabs here"];
  if (/:\s+[@`%]/.test(line)) return ["quote texts that begin with @, ` or %"];
  if (/^[^'"#]*:\s[^'"]*:/.test(line)) return ["quote texts that hold a colon and a space"];
  return [];
}

interface Built {
  readonly value: Value;
  readonly start: number;
  readonly end: number;
  readonly float: boolean;
}

/** Makes values from js-yaml's events, in one pass. */
class Builder {
  readonly #file: SourceFile;
  readonly #events: Event[];
  /** Where the text ends without a line break. */
  readonly #openEnd: number;
  readonly #diagnostics: Diagnostic[];
  readonly #anchors = new Map<string, Built>();
  #next = 0;

  constructor(file: SourceFile, text: string, events: Event[], diagnostics: Diagnostic[]) {
    this.#file = file;
    this.#openEnd = text.endsWith("\n") ? Number.POSITIVE_INFINITY : text.length;
    this.#events = events;
    this.#diagnostics = diagnostics;
  }

  document(): Value {
    if (this.#peek()?.type !== EVENT_ID.DOCUMENT) return null;
    this.#next++;
    const value = this.#peek()?.type === EVENT_ID.POP ? null : this.#node().value;
    this.#next++;
    const more = this.#peek();
    if (more?.type === EVENT_ID.DOCUMENT) {
      const second = this.#events[this.#next + 1];
      const start = second && "start" in second ? second.start : this.#file.text.length - 1;
      throw new Unreadable(
        "One YAML document was expected here, but a second one begins (after ---).",
        this.#line(start),
      );
    }
    return value;
  }

  #peek(): Event | undefined {
    return this.#events[this.#next];
  }

  #node(): Built {
    const event = this.#events[this.#next++]!;
    switch (event.type) {
      case EVENT_ID.SCALAR:
        return this.#named(event, this.#scalar(event));
      case EVENT_ID.SEQUENCE:
        return this.#named(event, this.#sequence(event));
      case EVENT_ID.MAPPING:
        return this.#named(event, this.#mapping(event));
      case EVENT_ID.ALIAS: {
        const name = this.#file.text.slice(event.anchorStart, event.anchorEnd);
        const found = this.#anchors.get(name);
        const at = { file: this.#file, start: event.anchorStart - 1, end: event.anchorEnd };
        if (!found) throw new Unreadable(`The alias *${name} names no anchor above it.`, at);
        return { ...found, start: at.start, end: at.end };
      }
      default:
        throw new Error(`Internal error: unexpected YAML event ${event.type}`);
    }
  }

  /** Anchors are known once complete, so that no value can hold itself. */
  #named(event: ScalarEvent | SequenceEvent | MappingEvent, built: Built): Built {
    if (event.anchorStart >= 0) this.#anchors.set(this.#file.text.slice(event.anchorStart, event.anchorEnd), built);
    return built;
  }

  #scalar(event: ScalarEvent): Built {
    const written = getScalarValue(this.#file.text, event);
    const quoted = event.style !== SCALAR_STYLE.PLAIN;
    const open = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED ? 1 : 0;
    // js-yaml ends a block with the line break that the last line lacks.
    const isOpen = quoted && open === 0 && event.valueEnd >= this.#openEnd;
    const text = isOpen ? written.replace(/\n$/, "") : written;
    const start = event.valueStart < 0 ? 0 : event.valueStart - open;
    const end = event.valueStart < 0 ? 0 : event.valueEnd + open;
    const tag = event.tagStart >= 0 ? this.#file.text.slice(event.tagStart, event.tagEnd) : undefined;
    if (tag === "!!str" || tag === "!") return { value: text, start, end, float: false };
    if (tag && !["!!int", "!!float", "!!bool", "!!null", "!!timestamp"].includes(tag)) this.#unknownTag(event, tag);
    const scalar = quoted && !tag ? { value: text, float: false } : plainScalar(text);
    return { value: scalar.value, start, end, float: scalar.float || tag === "!!float" };
  }

  #sequence(event: SequenceEvent): Built {
    if (event.tagStart >= 0) this.#unknownTag(event, this.#file.text.slice(event.tagStart, event.tagEnd), "!!seq");
    const list: Value[] = [];
    while (this.#peek()!.type !== EVENT_ID.POP) {
      const { value, start, end, float } = this.#node();
      write(list, list.length, { file: this.#file, keyStart: 0, keyEnd: 0, start, end, float });
      list.push(value);
    }
    this.#next++;
    return { value: list, ...this.#extent(event.start) };
  }

  #mapping(event: MappingEvent): Built {
    if (event.tagStart >= 0) this.#unknownTag(event, this.#file.text.slice(event.tagStart, event.tagEnd), "!!map");
    let mapping: Mapping = {};
    const merged: Mapping[] = [];
    while (this.#peek()!.type !== EVENT_ID.POP) {
      const keyEvent = this.#peek()!;
      const key = this.#node();
      const keyText = this.#file.text.slice(key.start, key.end);
      if (key.value !== null && typeof key.value === "object") {
        const message = keyText.startsWith("{")
          ? "This is read as a nested mapping, which cannot be a key."
          : "A key must be a single word or quoted text.";
        throw new Unreadable(message, this.#line(Math.max(0, event.start === key.start - 1 ? event.start : key.start)));
      }
      const { value, start, end, float } = this.#node();
      if (keyText === "<<" && keyEvent.type === EVENT_ID.SCALAR) {
        merged.push(...this.#mergeable(value, start, end));
        continue;
      }
      // Keys are the text written, also where YAML reads a number or a truth value: column names may be `no` or `1`.
      const name = typeof key.value === "string" ? key.value : keyText || "null";
      const written = { file: this.#file, keyStart: key.start, keyEnd: key.end, start, end, float };
      if (Object.hasOwn(mapping, name))
        this.#duplicate(mapping, name, { file: this.#file, start: key.start, end: key.end });
      setKey(mapping, name, value);
      write(mapping, name, written);
    }
    this.#next++;
    if (merged.length > 0) mapping = merge(mapping, merged);
    return { value: mapping, ...this.#extent(event.start) };
  }

  #mergeable(value: Value, start: number, end: number): Mapping[] {
    const list = Array.isArray(value) ? value : [value];
    return list.map((one) => {
      if (one !== null && typeof one === "object" && !Array.isArray(one)) return one;
      throw new Unreadable("The value of << must be a mapping, or a list of mappings.", {
        file: this.#file,
        start,
        end,
      });
    });
  }

  #duplicate(mapping: Mapping, name: string, at: Span): void {
    const before = keySpan(mapping, name);
    const note = { message: "the first stands here", ...(before && { at: before }) };
    this.#diagnostics.push(
      warning("yaml-duplicate-key", `The key "${name}" is written twice: the last one counts.`, at, [note]),
    );
  }

  #unknownTag(event: ScalarEvent | SequenceEvent | MappingEvent, tag: string, known?: string): void {
    if (tag === known) return;
    const at = { file: this.#file, start: event.tagStart, end: event.tagEnd };
    throw new Unreadable(`The tag ${tag} is not known. Text beginning with "!" must be quoted.`, at);
  }

  /** Collections have a start only; they are shown by their first line. */
  #extent(start: number): { start: number; end: number; float: false } {
    const { end } = this.#line(start);
    return { start, end, float: false };
  }

  #line(start: number): Span {
    const newline = this.#file.text.indexOf("\n", start);
    const rest = this.#file.text.slice(start, newline < 0 ? undefined : newline).trimEnd();
    return { file: this.#file, start, end: start + Math.max(1, rest.length) };
  }
}

/** Merged keys come first, and the mapping's own win, as in PyYAML; of several merged mappings the first wins. */
function merge(own: Mapping, merged: readonly Mapping[]): Mapping {
  const all: Mapping = {};
  for (const source of [...merged.toReversed(), own]) {
    for (const [key, value] of Object.entries(source)) {
      setKey(all, key, value);
      const written = writtenAt(source, key);
      if (written) write(all, key, written);
    }
  }
  copyPlaces(own, all);
  return all;
}

/** Assigns also `__proto__` as an ordinary key. */
function setKey(mapping: Mapping, key: string, value: Value): void {
  if (key === "__proto__")
    Object.defineProperty(mapping, key, { value, enumerable: true, configurable: true, writable: true });
  else mapping[key] = value;
}

import { error, type Diagnostic, type Span } from "../diagnostics/diagnostic.ts";

/** One step of a template's call stack: the macro (undefined at the top of a file) and the expression it was at. */
export interface Frame {
  readonly name: string | undefined;
  readonly at: Span;
}

/** An error raised while a template runs, as Python would raise it. */
export class TemplateError extends Error {
  /** Python's exception name: `UndefinedError`, `TypeError`, `ZeroDivisionError`, … */
  readonly kind: string;
  /** Innermost first. */
  readonly frames: Frame[] = [];
  /** The plain name that nobody knows, of an error that is about one. */
  readonly unknownName: string | undefined;

  constructor(kind: string, message: string, options?: ErrorOptions & { readonly unknownName?: string }) {
    super(message, options);
    this.name = kind;
    this.kind = kind;
    this.unknownName = options?.unknownName;
  }

  /** The diagnostic stands at the innermost expression; its notes are `advice`, then the calls outwards. */
  toDiagnostic(advice: readonly string[] = []): Diagnostic {
    const [inner, ...outer] = this.frames;
    const message = this.kind === "UndefinedError" ? this.message : `${this.kind}: ${this.message}`;
    const notes = outer.map((frame, i) => ({
      message: `${callName(this.frames[i])} was called here`,
      at: frame.at,
    }));
    return error("jinja-error", message, inner?.at, [...advice, ...notes]);
  }
}

const callName = (frame: Frame | undefined): string => (frame?.name ? `macro "${frame.name}"` : "this template");

export function raise(kind: string, message: string): never {
  throw new TemplateError(kind, message);
}

/**
 * Carries a macro's return value up to its caller. Deliberately no Error: making one records the JavaScript stack,
 * which costs twenty times as much as the whole call.
 */
export class MacroReturn {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}

/** A mistake in a template's grammar; offsets are into the normalised text. Becomes a `Failure` in template.ts. */
export class SyntaxMistake extends Error {
  readonly start: number;
  readonly end: number;
  readonly notes: readonly string[];
  constructor(message: string, start: number, end: number, notes: readonly string[] = []) {
    super(message);
    this.start = start;
    this.end = Math.max(end, start + 1);
    this.notes = notes;
  }
}

/** Frames of errors which are not ours to extend: what a host function threw. */
const foreignFrames = new WeakMap<object, Frame[]>();

/** The template frames an error passed through, innermost first. */
export function framesOf(thrown: unknown): readonly Frame[] {
  if (thrown instanceof TemplateError) return thrown.frames;
  return (typeof thrown === "object" && thrown !== null && foreignFrames.get(thrown)) || [];
}

/** Notes that `thrown` passed through a macro or template, and returns what to throw on. */
export function traced(thrown: unknown, name: string | undefined, at: Span): unknown {
  if (!(thrown instanceof Error)) return thrown;
  // Python has the same limit and the same name for it; a list that contains itself is the usual cause.
  const passed =
    thrown instanceof RangeError && /call stack/.test(thrown.message)
      ? new TemplateError("RecursionError", "maximum recursion depth exceeded", { cause: thrown })
      : thrown;
  if (passed instanceof TemplateError) passed.frames.push({ name, at });
  else {
    const frames = foreignFrames.get(passed) ?? [];
    frames.push({ name, at });
    foreignFrames.set(passed, frames);
  }
  return passed;
}

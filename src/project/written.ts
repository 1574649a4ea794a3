/**
 * Where values stand in the files they were read from. YAML gives plain values, which cannot carry places themselves; so
 * each mapping and list remembers, beside itself, the place of every entry. Copies must be told (`copyPlaces`).
 */
import type { SourceFile, Span } from "../diagnostics/diagnostic.ts";
import type { Mapping, Value } from "./types.ts";

/** One entry of a mapping or list, as offsets into its file. A list's entries have no key. */
export interface Written {
  readonly file: SourceFile;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly start: number;
  readonly end: number;
  /** A number written with a point: `1.0` is 1 to us, but prints as `1.0` in Python. */
  readonly float: boolean;
  /** The text before its Jinja was rendered, where there was any. */
  readonly unrendered?: string;
}

export type Key = string | number;

const places = new WeakMap<object, Map<Key, Written>>();

/** Remembers the place of one entry. */
export function write(container: object, key: Key, written: Written): void {
  let entries = places.get(container);
  if (!entries) places.set(container, (entries = new Map()));
  entries.set(key, written);
}

export const writtenAt = (container: object, key: Key): Written | undefined => places.get(container)?.get(key);

/** Lets `to` remember the places of `from`, except those it knows already. */
export function copyPlaces(from: object, to: object): void {
  const source = places.get(from);
  if (!source || from === to) return;
  const own = places.get(to);
  if (!own) {
    places.set(to, new Map(source));
    return;
  }
  for (const [key, written] of source) if (!own.has(key)) own.set(key, written);
}

/** The value with its Jinja as it was written, as far as places are known. What holds none is not copied. */
export function unrendered<T extends Value>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  let copy: Mapping | undefined;
  const known = places.get(value);
  if (!known) return value;
  for (const [key, item] of Object.entries(value)) {
    const index = Array.isArray(value) ? Number(key) : key;
    const raw = known.get(index)?.unrendered ?? unrendered(item as Value);
    if (raw === item) continue;
    copy ??= (Array.isArray(value) ? [...value] : { ...value }) as Mapping; // indexed alike
    copy[key] = raw;
  }
  return (copy as T | undefined) ?? value;
}

/** The span of a value, or of its key where it has no text of its own (`columns:` and nothing after it). */
export function valueSpan(container: object, key: Key): Span | undefined {
  const w = writtenAt(container, key);
  if (!w) return undefined;
  return w.end > w.start ? { file: w.file, start: w.start, end: w.end } : keySpan(container, key);
}

/** The span of a key; of the value itself in a list. */
export function keySpan(container: object, key: Key): Span | undefined {
  const w = writtenAt(container, key);
  if (!w) return undefined;
  return w.keyEnd > w.keyStart
    ? { file: w.file, start: w.keyStart, end: w.keyEnd }
    : { file: w.file, start: w.start, end: w.end };
}

/** Whether a whole number was written as a float (`1.0`): Python prints such numbers with their point. */
export const isFloat = (container: object, key: Key): boolean => writtenAt(container, key)?.float ?? false;

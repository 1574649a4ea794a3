import { raise } from "./errors.ts";
import { codePoints, likeOf } from "./ops.ts";
import { isNumeric, num, PyView, Slice } from "./values.ts";

/** `sequence[start:stop:step]`; undefined for what cannot be sliced. */
export function sliceOf(sequence: unknown, slice: Slice): unknown {
  const isText = typeof sequence === "string";
  if (!isText && (!Array.isArray(sequence) || sequence instanceof PyView)) return undefined;
  const items: ArrayLike<unknown> = isText ? codePoints(sequence) : (sequence as unknown[]); // see the line above
  const picked = indexes(items.length, slice).map((i) => items[i]);
  return isText ? picked.join("") : likeOf(sequence, picked);
}

function indexes(length: number, slice: Slice): number[] {
  const step = bound(slice.step) ?? 1;
  if (step === 0) raise("ValueError", "slice step cannot be zero");
  const clamp = (value: number | undefined, absent: number, low: number, high: number): number => {
    if (value === undefined) return absent;
    return value < 0 ? Math.max(value + length, low) : Math.min(value, high);
  };
  const found: number[] = [];
  if (step > 0) {
    const stop = clamp(bound(slice.stop), length, 0, length);
    for (let i = clamp(bound(slice.start), 0, 0, length); i < stop; i += step) found.push(i);
  } else {
    const stop = clamp(bound(slice.stop), -1, -1, length - 1);
    for (let i = clamp(bound(slice.start), length - 1, -1, length - 1); i > stop; i += step) found.push(i);
  }
  return found;
}

function bound(x: unknown): number | undefined {
  if (x === null || x === undefined) return undefined;
  if (isNumeric(x) && typeof x !== "object") return Number(num(x));
  return raise("TypeError", "slice indices must be integers or None or have an __index__ method");
}

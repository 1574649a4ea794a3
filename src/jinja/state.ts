/** The little that templates share while they run: how deep calls are nested, and how undefined values behave. */
import { raise } from "./errors.ts";

/** While on, undefined values made by attribute and item access are lenient (dbt's behaviour while parsing). */
export const lenience = { on: false };

/**
 * How many macro calls the code that runs at this moment is inside of. Every generated function sets it to its own
 * depth just before each call and its callee reads it at once, so that renders may interleave at every `await`; a
 * suspended function leaves 0 behind. A host function that awaits before it calls a macro starts a new count.
 */
export const calls = { depth: 0 };

/**
 * Python allows 1,000 frames, of which a macro call in dbt takes three to six. Asynchronous recursion has no limit of
 * its own but the heap's.
 */
const deepest = 300;

/** The depth of a macro call that starts now. */
export function enter(): number {
  if (calls.depth >= deepest) raise("RecursionError", "maximum recursion depth exceeded");
  return calls.depth + 1;
}

/** To be awaited by generated code. */
export function pause(promise: unknown): unknown {
  calls.depth = 0;
  return promise;
}

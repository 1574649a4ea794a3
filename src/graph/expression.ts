/** What a selection means, however it was written: the command line's words or the YAML of a named selector. */
import { error, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import { methods } from "./methods.ts";

/**
 * Which tests come along with the nodes they read. `eager`: all that read a selected node. `cautious`: those that read
 * only selected nodes. `buildable`: those that read only selected nodes and their ancestors. `empty`: none.
 */
export type IndirectSelection = "eager" | "cautious" | "buildable" | "empty";

export type Expression = Criterion | Combination;

/** `2+tag:nightly+`: the nodes a method finds, and their relatives. */
export interface Criterion {
  readonly op: "criterion";
  /** As the user wrote it. */
  readonly raw: string;
  /** A key of `methods`. */
  readonly method: string;
  /** `["materialized"]` of `config.materialized:view`. */
  readonly args: readonly string[];
  readonly value: string;
  /** How many generations of parents (children) come along; absent: none, infinity: all. */
  readonly parents?: number;
  readonly children?: number;
  /** `@`: all descendants, and all ancestors of those. */
  readonly childrensParents: boolean;
  /** Absent: what the command says. */
  readonly indirect?: IndirectSelection;
}

export interface Combination {
  readonly op: "union" | "intersection" | "difference";
  /** A difference takes everything from its first part that its other parts do not hold. */
  readonly parts: readonly Expression[];
  /**
   * Lets tests come along once the parts are put together: a test of two models that no single part justified.
   * Eager and absent mean that there are none left to add.
   */
  readonly indirect?: IndirectSelection;
  /** The user's words: present when finding nothing is worth a warning. */
  readonly raw?: string;
}

/** `["a b", "tag:x,+c"]`: spaces and separate words unite, commas intersect. All mistakes are reported. */
export function parseWords(
  words: readonly string[],
  indirect: IndirectSelection,
): { expression: Expression; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const parts: Expression[] = [];
  for (const raw of words.flatMap((word) => word.split(/\s+/))) {
    if (raw === "") continue;
    const criteria: Criterion[] = [];
    for (const part of raw.split(",")) {
      const parsed = parseCriterion(part);
      if ("severity" in parsed) diagnostics.push(parsed);
      else criteria.push(parsed);
    }
    parts.push({ op: "intersection", parts: criteria, indirect, raw });
  }
  return { expression: { op: "union", parts, indirect }, diagnostics };
}

const CRITERION =
  /^(?<at>@)?(?:(?<parents>\d*)\+)?(?:(?<method>[\p{L}\p{N}_.]+):)?(?<value>.*?)(?:\+(?<children>\d*))?$/su;

/** Reads one criterion; the selector words of YAML (`"tag:nightly+"`) are of the same form. */
export function parseCriterion(raw: string): Criterion | Diagnostic {
  const found = CRITERION.exec(raw)?.groups;
  if (!found) throw new Error(`Internal error: the criterion pattern does not match ${JSON.stringify(raw)}`);
  const value = found.value ?? "";
  if (found.at !== undefined && found.children !== undefined) {
    return error("selection-syntax", `The selection criterion "${raw}" has both "@" before and "+" after.`, undefined, [
      'leave out the "+": "@" selects all descendants already, and their ancestors',
    ]);
  }
  const [method = "", ...args] = found.method === undefined ? [inferMethod(value)] : found.method.split(".");
  if (!Object.hasOwn(methods, method)) {
    const names = Object.keys(methods);
    const [suggestion] = didYouMean(method, names);
    return error("selection-method-unknown", `"${method}" in "${raw}" is not a selection method.`, undefined, [
      suggestion ?? `expected one of ${names.join(", ")}`,
    ]);
  }
  const parents = generations(found.parents);
  const children = generations(found.children);
  return {
    op: "criterion",
    raw,
    method,
    args,
    value,
    childrensParents: found.at !== undefined,
    ...(parents === undefined ? {} : { parents }),
    ...(children === undefined ? {} : { children }),
  };
}

/** `2` of `2+a`; nothing before the plus means all generations. */
function generations(digits: string | undefined): number | undefined {
  if (digits === undefined) return undefined;
  return digits === "" ? Number.POSITIVE_INFINITY : Number(digits);
}

function inferMethod(value: string): string {
  if (value.includes("/")) return "path";
  return /\.(sql|py|csv)$/i.test(value) ? "file" : "fqn";
}

/** What an unquoted YAML 1.1 scalar means to PyYAML's safe loader, which is what dbt projects are read with. */
import type { Value } from "./types.ts";

const WORDS = new Map<string, Value>([
  ...["", "~", "null", "Null", "NULL"].map((w) => [w, null] as const),
  ...["yes", "on", "true"].flatMap((w) => spellings(w).map((s) => [s, true] as const)),
  ...["no", "off", "false"].flatMap((w) => spellings(w).map((s) => [s, false] as const)),
]);

const INTEGER = /^[-+]?(?:0b[01_]+|0[0-7_]+|0x[0-9a-fA-F_]+|(?:0|[1-9][0-9_]*)|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)$/;
const INFINITE = /^([-+]?)\.(?:inf|Inf|INF)$/;
const NOT_A_NUMBER = /^\.(?:nan|NaN|NAN)$/;

export interface Scalar {
  readonly value: Value;
  readonly float: boolean;
}

/** `yes` → true, `0o17`'s old form `017` → 15, `1_000` → 1000, `2024-01-31` → itself: dates stay text. */
export function plainScalar(text: string): Scalar {
  const word = WORDS.get(text);
  if (word !== undefined) return { value: word, float: false };
  const first = text.charCodeAt(0);
  // Only digits, signs and the point can begin a number.
  if (!((first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46))
    return { value: text, float: false };
  if (INTEGER.test(text)) return { value: integer(text), float: false };
  if (FLOAT.test(text)) return { value: float(text), float: true };
  const infinite = INFINITE.exec(text);
  if (infinite) return { value: infinite[1] === "-" ? -Infinity : Infinity, float: true };
  if (NOT_A_NUMBER.test(text)) return { value: NaN, float: true };
  return { value: text, float: false };
}

/** Integers beyond 2^53 stay text, so that all their digits are printed. */
function integer(text: string): Value {
  const negative = text.startsWith("-");
  const digits = text.replace(/^[-+]/, "").replaceAll("_", "");
  let value: number;
  if (digits.startsWith("0b")) value = Number.parseInt(digits.slice(2), 2);
  else if (digits.startsWith("0x")) value = Number.parseInt(digits.slice(2), 16);
  else if (digits.includes(":")) value = sexagesimal(digits);
  else value = Number.parseInt(digits, digits.length > 1 && digits.startsWith("0") ? 8 : 10);
  if (!Number.isSafeInteger(value)) return (negative ? "-" : "") + digits;
  return negative && value !== 0 ? -value : value;
}

function float(text: string): number {
  const digits = text.replace(/^[-+]/, "").replaceAll("_", "");
  const value = digits.includes(":") ? sexagesimal(digits) : Number.parseFloat(digits);
  return text.startsWith("-") ? -value : value;
}

const sexagesimal = (digits: string): number => digits.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);

function spellings(word: string): string[] {
  return [word, word[0]!.toUpperCase() + word.slice(1), word.toUpperCase()];
}

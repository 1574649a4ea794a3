/** `int(x)` and `float(x)`. */
import { raise } from "./errors.ts";
import { fixed } from "./format.ts";
import { repr } from "./text.ts";
import { host, isNumeric, num, PyFloat, toInt, typeName } from "./values.ts";

const integerText = /^[-+]?\d+(_\d+)*$/;
const floatLiteral = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const prefixes: Record<string, number> = { "0x": 16, "0o": 8, "0b": 2 };

export function toInteger(x: unknown, base = 10): number | bigint {
  if (typeof x === "string") return parseInteger(x, base);
  if (x instanceof PyFloat) {
    if (Number.isNaN(x.value)) raise("ValueError", "cannot convert float NaN to integer");
    if (!Number.isFinite(x.value)) raise("OverflowError", "cannot convert float infinity to integer");
    return toInt(BigInt(Math.trunc(x.value)));
  }
  if (isNumeric(x)) return num(x);
  const own = host(x)?.__int__;
  if (own) return own.call(x);
  return raise(
    "TypeError",
    `int() argument must be a string, a bytes-like object or a real number, not '${typeName(x)}'`,
  );
}

function parseInteger(source: string, base: number): number | bigint {
  const text = source.trim();
  if (base === 10 && integerText.test(text)) return toInt(BigInt(text.replaceAll("_", "").replace(/^\+/, "")));
  const invalid = (): never => raise("ValueError", `invalid literal for int() with base ${base}: ${repr(source)}`);
  if (base === 10) return invalid();
  const [, sign, body = ""] = /^([-+]?)(.*)$/s.exec(text.replaceAll("_", "")) ?? [];
  const prefix = prefixes[body.slice(0, 2).toLowerCase()];
  const radix = base === 0 ? (prefix ?? 10) : base;
  const digits = prefix === radix ? body.slice(2) : body;
  const allowed = "0123456789abcdefghijklmnopqrstuvwxyz".slice(0, radix);
  if (digits === "" || [...digits.toLowerCase()].some((c) => !allowed.includes(c))) return invalid();
  let value = 0n;
  for (const c of digits.toLowerCase()) value = value * BigInt(radix) + BigInt(allowed.indexOf(c));
  return toInt(sign === "-" ? -value : value);
}

export function toFloat(x: unknown): PyFloat {
  if (typeof x === "string") {
    const text = x.trim().replaceAll("_", "");
    if (floatLiteral.test(text)) return new PyFloat(Number(text));
    if (/^[-+]?inf(inity)?$/i.test(text)) return new PyFloat(text.startsWith("-") ? -Infinity : Infinity);
    if (/^[-+]?nan$/i.test(text)) return new PyFloat(Number.NaN);
    return raise("ValueError", `could not convert string to float: ${repr(x)}`);
  }
  if (isNumeric(x)) return new PyFloat(Number(num(x)));
  return raise("TypeError", `float() argument must be a string or a real number, not '${typeName(x)}'`);
}

/** Python's `round`: to the even neighbour on a tie; `places` may be negative. */
export function round(x: number, places: number): number {
  if (!Number.isFinite(x)) return x;
  if (places >= 0) return Number(fixed(x, places));
  const unit = 10 ** -places;
  return Number(fixed(x / unit, 0)) * unit;
}

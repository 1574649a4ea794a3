import { raise } from "./errors.ts";
import { percent } from "./percent.ts";
import { likeOf } from "./ops.ts";
import { host, isNumber, num, PyFloat, PySet, toInt, typeName, Undefined } from "./values.ts";

type Operator = "+" | "-" | "*" | "/" | "//" | "%" | "**";

export function add(a: unknown, b: unknown): unknown {
  if (typeof a === "string") {
    if (typeof b === "string") return a + b;
    if (b instanceof Undefined) b.fail();
    const own = host(b)?.__radd__;
    return own ? own.call(b, a) : raise("TypeError", `can only concatenate str (not "${typeName(b)}") to str`);
  }
  const sum = numbers("+", a, b);
  if (sum !== undefined) return sum;
  if (Array.isArray(a) && Array.isArray(b)) {
    const kind = typeName(a);
    if (kind !== typeName(b)) raise("TypeError", `can only concatenate ${kind} (not "${typeName(b)}") to ${kind}`);
    return likeOf(a, [...a, ...b]);
  }
  const own = host(a)?.__add__;
  if (own) return own.call(a, b);
  const right = host(b)?.__radd__;
  return right ? right.call(b, a) : unsupported("+", a, b);
}

export function sub(a: unknown, b: unknown): unknown {
  const difference = numbers("-", a, b);
  if (difference !== undefined) return difference;
  if (a instanceof PySet && b instanceof PySet) return new PySet([...a].filter((item) => !b.has(item)));
  const own = host(a)?.__sub__;
  return own ? own.call(a, b) : unsupported("-", a, b);
}

export function mul(a: unknown, b: unknown): unknown {
  const product = numbers("*", a, b);
  if (product !== undefined) return product;
  const [sequence, times] = typeof b === "string" || Array.isArray(b) ? [b, a] : [a, b];
  if (typeof times === "number" || typeof times === "boolean") {
    const count = Math.max(0, Number(times));
    if (typeof sequence === "string") return sequence.repeat(count);
    if (Array.isArray(sequence)) return likeOf(sequence, Array.from({ length: count }, () => sequence).flat());
  }
  if (a instanceof Undefined) a.fail();
  if (b instanceof Undefined) b.fail();
  if (typeof sequence === "string" || Array.isArray(sequence))
    raise("TypeError", `can't multiply sequence by non-int of type '${typeName(times)}'`);
  const own = host(a)?.__mul__;
  return own ? own.call(a, b) : unsupported("*", a, b);
}

export const div = (a: unknown, b: unknown): unknown => numbers("/", a, b) ?? unsupported("/", a, b);
export const floordiv = (a: unknown, b: unknown): unknown => numbers("//", a, b) ?? unsupported("//", a, b);
export const pow = (a: unknown, b: unknown): unknown => numbers("**", a, b) ?? unsupported("** or pow()", a, b);

/** Remainder, or formatting when the left side is a string. */
export function mod(a: unknown, b: unknown): unknown {
  return typeof a === "string" ? percent(a, b) : (numbers("%", a, b) ?? unsupported("%", a, b));
}

export function neg(a: unknown): unknown {
  if (a instanceof PyFloat) return new PyFloat(-a.value);
  if (typeof a === "bigint") return toInt(-a);
  // 0 - a rather than -a: there is no negative zero among integers.
  if (typeof a === "number" || typeof a === "boolean") return 0 - Number(a);
  if (a instanceof Undefined) a.fail();
  return raise("TypeError", `bad operand type for unary -: '${typeName(a)}'`);
}

export function pos(a: unknown): unknown {
  if (isNumber(a)) return a;
  if (typeof a === "boolean") return Number(a);
  if (a instanceof Undefined) a.fail();
  return raise("TypeError", `bad operand type for unary +: '${typeName(a)}'`);
}

/** The result for two numbers; undefined if one is not a number. */
function numbers(op: Operator, left: unknown, right: unknown): number | bigint | PyFloat | undefined {
  const a = typeof left === "boolean" ? Number(left) : left;
  const b = typeof right === "boolean" ? Number(right) : right;
  if (!isNumber(a) || !isNumber(b)) return undefined;
  if (a instanceof PyFloat || b instanceof PyFloat)
    return new PyFloat(floats(op, Number(num(a)), Number(num(b)), true));
  if (op === "/") return new PyFloat(floats(op, Number(a), Number(b), false));
  if (op === "**" && b < 0) {
    if (Number(a) === 0) raise("ZeroDivisionError", "0.0 cannot be raised to a negative power");
    return new PyFloat(Number(a) ** Number(b));
  }
  if (typeof a === "number" && typeof b === "number") {
    const small = smallInts(op, a, b);
    if (Number.isSafeInteger(small)) return small;
  }
  return toInt(bigInts(op, BigInt(a), BigInt(b)));
}

function floats(op: Operator, a: number, b: number, isFloat: boolean): number {
  switch (op) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      if (b === 0) raise("ZeroDivisionError", isFloat ? "float division by zero" : "division by zero");
      return a / b;
    case "//":
      if (b === 0) raise("ZeroDivisionError", "float floor division by zero");
      return Math.floor(a / b);
    case "%": {
      if (b === 0) raise("ZeroDivisionError", "float modulo");
      const rest = a % b;
      return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
    }
    case "**":
      if (a === 0 && b < 0) raise("ZeroDivisionError", "0.0 cannot be raised to a negative power");
      return a ** b;
  }
}

function smallInts(op: Operator, a: number, b: number): number {
  switch (op) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      // Adding 0 turns the negative zero of `0 * -1` into the only zero integers have.
      return a * b + 0;
    case "//":
      if (b === 0) raise("ZeroDivisionError", "integer division or modulo by zero");
      return Math.floor(a / b) + 0;
    case "%": {
      if (b === 0) raise("ZeroDivisionError", "integer modulo by zero");
      const rest = a % b;
      return (rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest) + 0;
    }
    default:
      return a ** b;
  }
}

function bigInts(op: Operator, a: bigint, b: bigint): bigint {
  switch (op) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "**":
      // A template has no use for more digits, and the computation could not be interrupted.
      if (BigInt(a.toString(2).length) * b > 1_000_000n) raise("OverflowError", "integer power is too large");
      return a ** b;
    case "//": {
      if (b === 0n) raise("ZeroDivisionError", "integer division or modulo by zero");
      const quotient = a / b;
      return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
    }
    default: {
      if (b === 0n) raise("ZeroDivisionError", "integer modulo by zero");
      const rest = a % b;
      return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
    }
  }
}

function unsupported(op: string, a: unknown, b: unknown): never {
  if (a instanceof Undefined) a.fail();
  if (b instanceof Undefined) b.fail();
  return raise("TypeError", `unsupported operand type(s) for ${op}: '${typeName(a)}' and '${typeName(b)}'`);
}

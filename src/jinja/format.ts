/** Python's format mini-language (`format(value, ">10.2f")`) and `str.format`. */
import { raise } from "./errors.ts";
import { getattr, getitem } from "./access.ts";
import { len } from "./ops.ts";
import { floatText, pythonExponent, repr, str } from "./text.ts";
import { host, isNumber, num, PyDecimal, PyFloat, typeName, Undefined, type Kwargs } from "./values.ts";

/** Pads to a width in characters. */
export function pad(s: string, width: number, align: "<" | ">" | "^", fill = " "): string {
  const missing = width - len(s);
  if (missing <= 0) return s;
  if (align === "<") return s + fill.repeat(missing);
  if (align === ">") return fill.repeat(missing) + s;
  const left = missing >> 1;
  return fill.repeat(left) + s + fill.repeat(missing - left);
}

/** `precision` decimals; halves go to the even digit, decided on the exact binary value. */
export function fixed(value: number, precision: number): string {
  if (!Number.isFinite(value)) return floatText(value);
  const size = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  // toFixed gives up at 1e21, where doubles are integers anyway.
  if (size >= 1e21) return `${sign}${BigInt(size)}${precision ? `.${"0".repeat(precision)}` : ""}`;
  const digits = Math.min(precision, 100);
  const rounded = size.toFixed(digits);
  const exact = size.toFixed(Math.min(100, digits + 40));
  const tail = exact.slice(exact.indexOf(".") + 1 + digits);
  // toFixed rounds a tie up; the even neighbour below is the truncated text.
  const isTie = /^50*$/.test(tail);
  const below = exact.slice(0, exact.length - tail.length).replace(/\.$/, "");
  return sign + (isTie && "02468".includes(below.at(-1) ?? "") ? below : rounded);
}

const specPattern = /^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su;

/** `format(value, spec)`. */
export function formatValue(value: unknown, spec: string): string {
  const own = host(value)?.__format__;
  if (own) return own.call(value, spec);
  if (spec === "") return str(value);
  if (value instanceof Undefined || value === null)
    raise("TypeError", `unsupported format string passed to ${typeName(value)}.__format__`);
  const parts = specPattern.exec(spec);
  if (!parts) return raise("ValueError", "Invalid format specifier");
  const [, fill, align, sign = "-", alternate, zero, width = "0", group, precision, type] = parts;
  const field = {
    fill: fill ?? (zero && !align ? "0" : " "),
    align: align ?? (zero ? "=" : undefined),
    width: Number(width),
  };
  const shown = typeof value === "boolean" && type !== "s" ? Number(value) : value;
  if (!isNumber(shown)) {
    if (type && type !== "s")
      raise("ValueError", `Unknown format code '${type}' for object of type '${typeName(shown)}'`);
    if (field.align === "=" && align) raise("ValueError", "'=' alignment not allowed in string format specifier");
    const text = str(shown);
    const cut = precision === undefined ? text : Array.from(text).slice(0, Number(precision)).join("");
    const side = field.align === "=" ? "<" : field.align;
    return pad(cut, field.width, (side ?? "<") as "<" | ">" | "^", field.fill); // the pattern admits no other
  }
  const n = num(shown);
  const isNegative = n < 0 || Object.is(n, -0);
  const prefix = isNegative ? "-" : sign === "-" ? "" : sign;
  const body = grouped(
    numberBody(shown, type, precision === undefined ? undefined : Number(precision), Boolean(alternate)),
    group,
  );
  if (field.align === "=") return prefix + pad(body, field.width - prefix.length, ">", field.fill);
  return pad(prefix + body, field.width, (field.align ?? ">") as "<" | ">" | "^", field.fill); // as above
}

const radixes: Record<string, number> = { x: 16, X: 16, o: 8, b: 2 };

/** The digits, without sign, group separators or padding. */
function numberBody(
  value: number | bigint | PyFloat,
  type: string | undefined,
  precision: number | undefined,
  alternate: boolean,
): string {
  const n = num(value);
  const size = n < 0 ? -n : n;
  const isFloat = value instanceof PyFloat;
  const real = Math.abs(Number(n));
  switch (type) {
    case undefined:
      if (value instanceof PyDecimal && precision === undefined) return value.text.replace(/^-/, "");
      if (isFloat) return precision === undefined ? floatText(real) : general(real, precision, true);
      return size.toString();
    case "d":
    case "n":
      if (isFloat) return raise("ValueError", `Unknown format code '${type}' for object of type 'float'`);
      return size.toString();
    case "x":
    case "X":
    case "o":
    case "b": {
      if (isFloat) return raise("ValueError", `Unknown format code '${type}' for object of type 'float'`);
      const digits = size.toString(radixes[type]);
      const body = type === "X" ? digits.toUpperCase() : digits;
      return alternate ? `0${type}${body}` : body;
    }
    case "c":
      return String.fromCodePoint(Number(n));
    case "f":
      return fixed(real, precision ?? 6);
    case "F":
      return fixed(real, precision ?? 6).toUpperCase();
    case "%":
      return `${fixed(real * 100, precision ?? 6)}%`;
    case "e":
      return pythonExponent(real.toExponential(precision ?? 6));
    case "E":
      return pythonExponent(real.toExponential(precision ?? 6)).toUpperCase();
    case "g":
      return general(real, precision ?? 6, false);
    case "G":
      return general(real, precision ?? 6, false).toUpperCase();
    default:
      return raise("ValueError", `Unknown format code '${type}' for object of type '${typeName(value)}'`);
  }
}

/** `%g`: the shorter of fixed and exponent notation, without trailing zeros. */
function general(value: number, precision: number, keepPoint: boolean): string {
  if (!Number.isFinite(value)) return floatText(value);
  const digits = precision === 0 ? 1 : precision;
  const scientific = value.toExponential(digits - 1);
  const exponent = Number(scientific.slice(scientific.indexOf("e") + 1));
  // Without a type code, one digit always follows the point, so the exponent form starts one power earlier.
  if (exponent < -4 || exponent >= digits - (keepPoint ? 1 : 0))
    return pythonExponent(scientific.replace(/\.?0+e/, "e"));
  const plain = fixed(value, Math.max(0, digits - 1 - exponent));
  const trimmed = plain.includes(".") ? plain.replace(/\.?0+$/, "") : plain;
  return keepPoint && !trimmed.includes(".") ? `${trimmed}.0` : trimmed;
}

function grouped(body: string, separator: string | undefined): string {
  if (!separator) return body;
  const [, whole = "", rest = ""] = /^(\d*)(.*)$/s.exec(body) ?? [];
  return whole.replace(/\B(?=(\d{3})+$)/g, separator) + rest;
}

/** `text.format(*args, **kwargs)`. */
export function formatText(text: string, args: readonly unknown[], kwargs: Kwargs | null): string {
  let automatic = 0;
  const fieldValue = (name: string): unknown => {
    const head = /^[^.[]*/.exec(name)?.[0] ?? "";
    const key = name === "" ? String(automatic++) : head;
    let value: unknown;
    if (/^\d+$/.test(key)) {
      if (Number(key) >= args.length) raise("IndexError", "tuple index out of range");
      value = args[Number(key)];
    } else if (kwargs && Object.hasOwn(kwargs, key)) value = kwargs[key];
    else raise("KeyError", repr(key));
    for (const [, attribute, item = ""] of name.slice(head.length).matchAll(/\.([^.[]+)|\[([^\]]+)\]/g))
      value =
        attribute === undefined ? getitem(value, /^\d+$/.test(item) ? Number(item) : item) : getattr(value, attribute);
    return value;
  };
  const replace = (template: string): string => {
    let out = "";
    for (let i = 0; i < template.length; i++) {
      const c = template[i];
      if ((c === "{" || c === "}") && template[i + 1] === c) {
        out += c;
        i++;
      } else if (c === "}") raise("ValueError", "Single '}' encountered in format string");
      else if (c === "{") {
        const end = closingBrace(template, i);
        const [, name = "", conversion, spec = ""] =
          /^([^!:]*)(?:!([rsa]))?(?::([\s\S]*))?$/.exec(template.slice(i + 1, end)) ?? [];
        const value = fieldValue(name);
        const shown = conversion === "s" ? str(value) : conversion ? repr(value) : value;
        out += formatValue(shown, spec.includes("{") ? replace(spec) : spec);
        i = end;
      } else out += c;
    }
    return out;
  };
  return replace(text);
}

function closingBrace(template: string, open: number): number {
  let depth = 0;
  for (let i = open; i < template.length; i++) {
    if (template[i] === "{") depth++;
    else if (template[i] === "}" && --depth === 0) return i;
  }
  const what =
    open === template.length - 1 ? "Single '{' encountered in format string" : "expected '}' before end of string";
  return raise("ValueError", what);
}

/** `"%s is %05d" % (a, b)`. */
import { raise } from "./errors.ts";
import { getitem } from "./access.ts";
import { formatValue } from "./format.ts";
import { repr, str } from "./text.ts";
import { isNumeric, num, PyFloat, PyTuple, typeName, Undefined } from "./values.ts";
import { PyDict } from "./dict.ts";

const directive = /%(?:\(([^)]*)\))?([-+ 0#]*)(\*|\d+)?(?:\.(\*|\d+)?)?[hlL]?(.|$)/gs;

type Maybe = string | undefined;

export function percent(text: string, argument: unknown): string {
  const args: readonly unknown[] = argument instanceof PyTuple ? argument : [argument];
  let used = 0;
  let byName = false;
  const next = (): unknown => {
    if (used < args.length) return args[used++];
    return raise("TypeError", "not enough arguments for format string");
  };
  const result = text.replace(
    directive,
    (whole, name: Maybe, flags: string, width: Maybe, digits: Maybe, type: string, at: number) => {
      if (type === "%") return "%";
      const columns = width === "*" ? String(next()) : (width ?? "");
      const decimals = digits === "*" ? String(next()) : (digits ?? (/\.[^.]*$/.test(whole) ? "0" : undefined));
      if (name !== undefined) byName = true;
      const value = name === undefined ? next() : named(argument, name);
      return convert(type, value, flags, columns, decimals) ?? unsupported(type, at + whole.length - 1);
    },
  );
  const mayBeLeft = byName || argument instanceof PyDict || argument instanceof Undefined;
  if (!mayBeLeft && used < args.length && !(Array.isArray(argument) && !(argument instanceof PyTuple)))
    raise("TypeError", "not all arguments converted during string formatting");
  return result;
}

function named(argument: unknown, name: string): unknown {
  if (!(argument instanceof PyDict)) raise("TypeError", "format requires a mapping");
  const value = getitem(argument, name);
  return value instanceof Undefined ? raise("KeyError", repr(name)) : value;
}

/** Undefined for a letter that stands for nothing. */
function convert(type: string, value: unknown, flags: string, width: string, precision: Maybe): string | undefined {
  const isLeft = flags.includes("-");
  const plus = flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  const zero = flags.includes("0") && !isLeft ? "0" : "";
  const decimals = precision === undefined ? "" : `.${precision}`;
  switch (type) {
    case "s":
    case "r":
    case "a":
      return formatValue(type === "s" ? str(value) : repr(value), `${isLeft ? "<" : ">"}${width}${decimals}`);
    case "c":
      return formatValue(typeof value === "string" ? value : formatValue(value, "c"), `${isLeft ? "<" : ">"}${width}`);
    case "d":
    case "i":
    case "u": {
      if (!isNumeric(value)) return notReal(type, value);
      const whole = value instanceof PyFloat ? BigInt(Math.trunc(value.value)) : num(value);
      return formatValue(whole, `${isLeft ? "<" : ""}${plus}${zero}${width}d`);
    }
    case "x":
    case "X":
    case "o": {
      if (!isNumeric(value) || value instanceof PyFloat)
        return raise("TypeError", `%${type} format: an integer is required, not ${typeName(value)}`);
      return formatValue(
        num(value),
        `${isLeft ? "<" : ""}${plus}${flags.includes("#") ? "#" : ""}${zero}${width}${type}`,
      );
    }
    case "e":
    case "E":
    case "f":
    case "F":
    case "g":
    case "G": {
      if (!isNumeric(value)) return raise("TypeError", `must be real number, not ${typeName(value)}`);
      return formatValue(
        new PyFloat(Number(num(value))),
        `${isLeft ? "<" : ""}${plus}${zero}${width}${decimals}${type}`,
      );
    }
    default:
      return undefined;
  }
}

function unsupported(type: string, at: number): never {
  if (type === "") raise("ValueError", "incomplete format");
  const code = type.charCodeAt(0).toString(16);
  return raise("ValueError", `unsupported format character '${type}' (0x${code}) at index ${at}`);
}

const notReal = (type: string, value: unknown): never =>
  raise("TypeError", `%${type} format: a real number is required, not ${typeName(value)}`);

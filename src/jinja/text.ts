/** How Python prints values: `str` and `repr`. */
import {
  host,
  Namespace,
  PyDecimal,
  PyFloat,
  PyIterator,
  PyRange,
  PySet,
  PyTuple,
  PyView,
  typeName,
  Undefined,
} from "./values.ts";
import { PyDict } from "./dict.ts";

/** What `{{ x }}` writes. */
export function str(x: unknown): string {
  if (typeof x === "string") return x;
  if (x === undefined || x instanceof Undefined) return "";
  if (x instanceof PyDecimal) return x.text;
  return host(x)?.__str__?.() ?? repr(x);
}

export function repr(x: unknown): string {
  switch (typeof x) {
    case "string":
      return quoted(x);
    case "boolean":
      return x ? "True" : "False";
    case "number":
    case "bigint":
      return x.toString();
    case "undefined":
      return "Undefined";
    default:
  }
  if (x === null) return "None";
  if (x instanceof PyDecimal) return `Decimal('${x.text}')`;
  if (x instanceof PyFloat) return floatText(x.value);
  if (Array.isArray(x)) return arrayText(x);
  if (x instanceof PyDict) return `{${Array.from(x, ([k, v]) => `${repr(k)}: ${repr(v)}`).join(", ")}}`;
  if (x instanceof PySet) return x.size ? `{${Array.from(x, repr).join(", ")}}` : "set()";
  if (x instanceof Undefined) return "Undefined";
  if (x instanceof Namespace) return `<Namespace ${repr(x.attributes)}>`;
  if (x instanceof PyIterator) return `<generator object ${x.label}>`;
  return hostText(x);
}

function arrayText(x: readonly unknown[]): string {
  const items = Array.from(x, repr).join(", ");
  if (x instanceof PyTuple) return x.length === 1 ? `(${items},)` : `(${items})`;
  if (x instanceof PyView) return `${typeName(x)}([${items}])`;
  if (x instanceof PyRange) return `range(${x.bounds})`;
  return `[${items}]`;
}

function hostText(x: unknown): string {
  const object = host(x);
  if (object?.__repr__) return object.__repr__();
  if (object?.__str__) return object.__str__();
  if (typeof x === "function") return `<function ${x.name}>`;
  return `<${typeName(x)} object>`;
}

/** The shortest text that reads back as the same double, in Python's notation. */
export function floatText(v: number): string {
  if (Number.isNaN(v)) return "nan";
  if (!Number.isFinite(v)) return v > 0 ? "inf" : "-inf";
  if (Object.is(v, -0)) return "-0.0";
  const size = Math.abs(v);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) return pythonExponent(v.toExponential());
  const text = String(v);
  return text.includes(".") ? text : `${text}.0`;
}

/** `1e+5` → `1e+05`: Python writes at least two digits. */
export const pythonExponent = (text: string): string => text.replace(/e([+-])(\d)$/, "e$10$2");

const escapes: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function quoted(s: string): string {
  const quote = s.includes("'") && !s.includes('"') ? '"' : "'";
  // Control, format, separator (except the blank), surrogate and unassigned characters are what Python escapes.
  const body = s.replace(/[\\'"]|(?! )[\p{C}\p{Z}]/gu, (c) => {
    if (c === "'" || c === '"') return c === quote ? `\\${c}` : c;
    const known = escapes[c];
    if (known) return known;
    const code = c.codePointAt(0) ?? 0;
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
  });
  return quote + body + quote;
}

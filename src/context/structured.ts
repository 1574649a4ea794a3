/** Arrays and JSON as dbt's query results have them: JSON texts, with Python's separators. */
import { jsonDumps, PyDecimal, PyDict, PyFloat } from "../jinja/index.ts";

/** Oids of arrays whose items psycopg2 reads: numbers (true) or texts. */
const ARRAYS: ReadonlyMap<number, "number" | "bool" | "text"> = new Map([
  ...[1005, 1007, 1016, 1021, 1022, 1231].map((oid) => [oid, "number"] as const),
  [1000, "bool"],
  ...[1002, 1009, 1014, 1015, 1115, 1182, 1185].map((oid) => [oid, "text"] as const),
]);
const JSON_TYPES = new Set([114, 3802]);

/** Undefined: the type is none of these. */
export function structured(text: string, type: number): string | undefined {
  if (JSON_TYPES.has(type)) return jsonDumps(withFloats(text));
  const items = ARRAYS.get(type);
  if (items === undefined) return undefined;
  return jsonDumps(readArray(text, items));
}

/** JSON whose `1.0` stays a float, as Python reads it. Throws where it is none. */
export function withFloats(text: string): unknown {
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g, (token) =>
    !token.startsWith('"') && /[.eE]/.test(token) ? `{"${FLOAT}":${token}}` : token,
  );
  return asPython(JSON.parse(marked));
}

/** A key that no text of a user holds. */
const FLOAT = "\\u0000float";

function asPython(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asPython);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value);
  if (entries[0]?.[0] === "\0float") return new PyFloat(Number(entries[0][1]));
  return new PyDict(entries.map(([key, item]) => [key, asPython(item)] as [unknown, unknown]));
}

/** `{1,NULL,"a b"}`, nested to any depth. */
function readArray(text: string, items: "number" | "bool" | "text"): unknown[] {
  let at = text.startsWith("[") ? text.indexOf("=") + 1 : 0; // bounds: `[0:1]={1,2}`
  const scalar = (written: string, isQuoted: boolean): unknown => {
    if (!isQuoted && written === "NULL") return null;
    if (items === "bool") return written === "t";
    if (items === "text") return written;
    return /^-?\d+$/.test(written) ? wholeNumber(written) : new PyDecimal(written);
  };
  const list = (): unknown[] => {
    const found: unknown[] = [];
    at++;
    while (text[at] !== "}") {
      if (text[at] === ",") at++;
      else if (text[at] === "{") found.push(list());
      else if (text[at] === '"') {
        const end = closing(text, at + 1);
        found.push(scalar(text.slice(at + 1, end).replace(/\\(.)/gs, "$1"), true));
        at = end + 1;
      } else {
        const [written = ""] = /^[^,}]+/.exec(text.slice(at)) ?? [];
        found.push(scalar(written, false));
        at += Math.max(1, written.length);
      }
    }
    at++;
    return found;
  };
  return list();
}

function closing(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

function wholeNumber(written: string): number | bigint {
  const n = Number(written);
  return Number.isSafeInteger(n) ? n : BigInt(written);
}

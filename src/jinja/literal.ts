/** Python's `ast.literal_eval`: reads what `repr` wrote. */
import { PyDict } from "./dict.ts";
import { neg } from "./arithmetic.ts";
import type { Body, Expression } from "./nodes.ts";
import { parse } from "./parser.ts";
import { SyntaxMistake } from "./errors.ts";
import { isNumber, PyFloat, tuple } from "./values.ts";

/** The value of a Python literal; undefined for any other text. */
export function literalEval(text: string): unknown {
  const template = `{{ ${text.replace(/^[ \t]+/, "")} }}`;
  let body: Body;
  try {
    body = parse(template);
  } catch (thrown) {
    if (thrown instanceof SyntaxMistake) return undefined;
    throw thrown;
  }
  const [output] = body;
  if (body.length !== 1 || output?.kind !== "output" || output.parts.length !== 1) return undefined;
  const [part] = output.parts;
  return part && part.kind !== "text" ? valueOf(part, template) : undefined;
}

function valueOf(node: Expression, source: string): unknown {
  switch (node.kind) {
    case "literal": {
      // Jinja's `true` and `none` are mere names in Python.
      const isName = typeof node.value === "boolean" || node.value === null;
      return isName && /^[a-z]/.test(source.slice(node.start)) ? undefined : node.value;
    }
    case "float":
      return new PyFloat(node.value);
    case "tuple":
    case "list": {
      const items = node.items.map((item) => valueOf(item, source));
      if (items.includes(undefined)) return undefined;
      return node.kind === "tuple" ? tuple(items) : items;
    }
    case "dict": {
      const entries = node.entries.map(([key, value]) => [valueOf(key, source), valueOf(value, source)] as const);
      return entries.some(([key, value]) => key === undefined || value === undefined) ? undefined : new PyDict(entries);
    }
    case "neg":
    case "pos": {
      const value = valueOf(node.operand, source);
      if (!isNumber(value)) return undefined;
      return node.kind === "neg" ? neg(value) : value;
    }
    default:
      return undefined;
  }
}

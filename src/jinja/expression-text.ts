/** An expression as text again: in one form however it was written, as dbt's artifacts have what `config()` was given. */
import type { Arguments, Body, CallNode, Expression } from "./nodes.ts";
import { visit } from "./calls.ts";
import { repr } from "./text.ts";
import { PyFloat } from "./values.ts";

/** The keyword arguments of the first call of a plain name: texts as they are, all else as an expression. */
export function keywordTexts(body: Body, name: string, source: string): Record<string, string> {
  let first: CallNode | undefined;
  visit(body, (call) => {
    if (!first && call.callee.kind === "name" && call.callee.name === name) first = call;
  });
  const texts: Record<string, string> = {};
  for (const { name: key, value } of first?.args.keywords ?? []) {
    const isText = value.kind === "literal" && typeof value.value === "string";
    if (key !== undefined) texts[key] = isText ? String(value.value) : expressionText(value, source);
  }
  return texts;
}

/** `source` is the template's text, for kinds of expressions that dbt has no form for. */
export function expressionText(of: Expression, source: string): string {
  const text = (one: Expression): string => expressionText(one, source);
  switch (of.kind) {
    case "literal":
      return repr(of.value);
    case "float":
      return repr(new PyFloat(of.value));
    case "name":
      return of.name;
    case "list":
      return `[${of.items.map(text).join(", ")}]`;
    case "tuple":
      return of.items.length === 1 ? `(${text(of.items[0]!)},)` : `(${of.items.map(text).join(", ")})`;
    case "dict":
      return `{${of.entries.map(([key, value]) => `${text(key)}: ${text(value)}`).join(", ")}}`;
    case "attribute":
      return `${text(of.target)}.${of.name}`;
    case "item":
      return `${text(of.target)}[${text(of.key)}]`;
    case "call":
      return `${text(of.callee)}(${argumentTexts(of.args, text).join(", ")})`;
    case "concat":
      return of.parts.map(text).join(" ~ ");
    case "compare":
      return [text(of.first), ...of.rest.map(({ operator, operand }) => `${operator} ${text(operand)}`)].join(" ");
    case "not":
      return `not ${text(of.operand)}`;
    case "neg":
      return `-${text(of.operand)}`;
    case "and":
    case "or":
      return `${text(of.left)} ${of.kind} ${text(of.right)}`;
    default:
      return source.slice(of.start, of.end);
  }
}

const argumentTexts = ({ positional, keywords }: Arguments, text: (one: Expression) => string): string[] => [
  ...positional.map(({ value, isSpread }) => `${isSpread ? "*" : ""}${text(value)}`),
  ...keywords.map(({ name, value }) => `${name === undefined ? "**" : `${name}=`}${text(value)}`),
];

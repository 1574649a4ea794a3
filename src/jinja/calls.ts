/** What a template calls, read from its syntax tree without rendering it. */
import { PyDict } from "./dict.ts";
import type { Body, CallNode, Expression } from "./nodes.ts";
import { PyFloat } from "./values.ts";

export interface StaticCall {
  /** `["x"]` of `x()`, `["pkg", "x"]` of `pkg.x()`. */
  readonly path: readonly string[];
  /** Arguments that are texts, by position; undefined for any other. */
  readonly texts: readonly (string | undefined)[];
  /** Arguments that are texts, by name. */
  readonly named: Readonly<Record<string, string>>;
}

/** Calls of plain names and of names in a package, outer ones before those in their arguments. */
export function callsOf(body: Body): StaticCall[] {
  const calls: StaticCall[] = [];
  visit(body, (call) => {
    const path = pathOf(call.callee);
    if (!path) return;
    const named: Record<string, string> = {};
    for (const { name, value } of call.args.keywords) {
      const text = textOf(value);
      if (name !== undefined && text !== undefined) named[name] = text;
    }
    calls.push({ path, texts: call.args.positional.map(({ value }) => textOf(value)), named });
  });
  return calls;
}

export interface PlainCall {
  readonly name: string;
  /** Python's values. */
  readonly args: readonly unknown[];
  readonly named: Readonly<Record<string, unknown>>;
}

/**
 * The calls of a template that is text and calls of plain names with constants, such as `{{ ref('a') }}`; undefined for any
 * other. Such a template need not be compiled to know what it calls: most models of most projects are of this kind.
 */
export function plainCalls(body: Body): PlainCall[] | undefined {
  const calls: PlainCall[] = [];
  for (const statement of body) {
    if (statement.kind !== "output") return undefined;
    for (const part of statement.parts) {
      if (part.kind === "text") continue;
      const call = part.kind === "call" ? plainCall(part) : undefined;
      if (!call) return undefined;
      calls.push(call);
    }
  }
  return calls;
}

function plainCall({ callee, args }: CallNode): PlainCall | undefined {
  if (callee.kind !== "name" || args.positional.some(({ isSpread }) => isSpread)) return undefined;
  const positional = args.positional.map(({ value }) => constant(value));
  const named: Record<string, unknown> = {};
  for (const { name, value } of args.keywords) {
    const found = constant(value);
    if (name === undefined || found === undefined) return undefined;
    named[name] = found;
  }
  return positional.includes(undefined) ? undefined : { name: callee.name, args: positional, named };
}

/** Python's value of what is written; undefined where it must be reckoned. */
function constant(value: Expression): unknown {
  if (value.kind === "literal") return value.value;
  if (value.kind === "float") return new PyFloat(value.value);
  if (value.kind === "list") {
    const items = value.items.map(constant);
    return items.includes(undefined) ? undefined : items;
  }
  if (value.kind !== "dict") return undefined;
  const entries = value.entries.map(([key, item]) => [constant(key), constant(item)] as [unknown, unknown]);
  return entries.some((pair) => pair.includes(undefined)) ? undefined : new PyDict(entries);
}

/** Names of the parameters of the first macro that a template defines. */
export function parametersOf(body: Body): readonly string[] {
  const macro = body.find((statement) => statement.kind === "macro");
  return macro?.kind === "macro" ? macro.parameters.names : [];
}

/** Every call below a part of the tree: nodes are plain data, so no kind of them needs to be known. */
export function visit(part: unknown, found: (call: CallNode) => void): void {
  if (typeof part !== "object" || part === null) return;
  if ((part as { kind?: unknown }).kind === "call") found(part as CallNode); // the tree's own discriminant
  for (const child of Object.values(part)) if (typeof child === "object") visit(child, found);
}

function pathOf(callee: Expression): string[] | undefined {
  if (callee.kind === "name") return [callee.name];
  return callee.kind === "attribute" && callee.target.kind === "name" ? [callee.target.name, callee.name] : undefined;
}

const textOf = (value: Expression): string | undefined =>
  value.kind === "literal" && typeof value.value === "string" ? value.value : undefined;

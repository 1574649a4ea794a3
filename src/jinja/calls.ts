/** What a template calls, read from its syntax tree without rendering it. */
import type { Body, CallNode, Expression } from "./nodes.ts";

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

/** Names of the parameters of the first macro that a template defines. */
export function parametersOf(body: Body): readonly string[] {
  const macro = body.find((statement) => statement.kind === "macro");
  return macro?.kind === "macro" ? macro.parameters.names : [];
}

/** Every call below a part of the tree: nodes are plain data, so no kind of them needs to be known. */
function visit(part: unknown, found: (call: CallNode) => void): void {
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

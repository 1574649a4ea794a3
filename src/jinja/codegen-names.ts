/** Jinja2's scoping: which JavaScript variable stands for a name. */
import type { Body, Target } from "./nodes.ts";

export class Names {
  readonly parent: Names | undefined;
  readonly #variables = new Map<string, string>();

  constructor(parent?: Names) {
    this.parent = parent;
  }
  has(name: string): boolean {
    return this.#variables.has(name);
  }
  bind(name: string, variable: string): void {
    this.#variables.set(name, variable);
  }
  lookup(name: string): string | undefined {
    return this.#variables.get(name) ?? this.parent?.lookup(name);
  }
}

/** The plain names a target assigns. */
export function targetNames(target: Target): string[] {
  if (target.kind === "tuple") return target.items.flatMap(targetNames);
  return target.kind === "name" ? [target.name] : [];
}

/** The names a body assigns in its own scope; `if` makes no scope, everything else with a body does. */
export function storedNames(body: Body, withMacros: boolean): Set<string> {
  const found = new Set<string>();
  const walk = (statements: Body): void => {
    for (const node of statements) {
      if (node.kind === "set" || node.kind === "setBlock") for (const name of targetNames(node.target)) found.add(name);
      else if (node.kind === "macro" && withMacros && node.macroKind === "macro") found.add(node.name);
      else if (node.kind === "if") {
        walk(node.body);
        if (node.otherwise) walk(node.otherwise);
      }
    }
  };
  walk(body);
  return found;
}

/** Which of the special names (`loop`, `caller`, …) occur anywhere in a part of the tree. */
export function usedNames(tree: unknown, wanted: readonly string[]): Set<string> {
  const found = new Set<string>();
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    if ("kind" in node && node.kind === "name" && "name" in node) {
      if (typeof node.name === "string" && wanted.includes(node.name)) found.add(node.name);
      return;
    }
    for (const child of Object.values(node)) visit(child);
  };
  visit(tree);
  return found;
}

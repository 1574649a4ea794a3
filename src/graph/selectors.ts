/** `selectors.yml`: named selections, written as trees. */
import { type Diagnostic, error, type Span } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { SelectorProperties, Value } from "../project/types.ts";
import { type Criterion, type Expression, type IndirectSelection, parseCriterion } from "./expression.ts";
import { methods } from "./methods.ts";

export interface Selectors {
  readonly byName: ReadonlyMap<string, Expression>;
  /** What is selected when a command names nothing. */
  readonly standard?: string;
  readonly diagnostics: readonly Diagnostic[];
}

export function parseSelectors(entries: readonly SelectorProperties[]): Selectors {
  const diagnostics: Diagnostic[] = [];
  const byName = new Map<string, Expression>();
  for (const { name, definition, at } of entries) {
    if (byName.has(name)) diagnostics.push(error("selector-twice", `Two selectors are named "${name}".`, at));
    byName.set(name, new Reader(name, at, diagnostics).root(definition));
  }
  const defaults = entries.filter((entry) => entry.isDefault);
  if (defaults.length > 1) {
    const names = defaults.map((entry) => `"${entry.name}"`).join(", ");
    diagnostics.push(error("selector-default", `More than one selector is the default: ${names}.`, defaults[1]!.at));
  }
  return { byName, ...(defaults[0] && { standard: defaults[0].name }), diagnostics };
}

type Definition = Readonly<Record<string, Value>>;

const isDefinition = (value: Value): value is { [key: string]: Value } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isExclude = (part: Value): part is { exclude: Value } =>
  isDefinition(part) && Object.keys(part).length === 1 && "exclude" in part;

const INDIRECT: readonly string[] = ["eager", "cautious", "buildable", "empty"];
const NOTHING: Expression = { op: "union", parts: [] };

/** Reads one definition; mistakes are gathered, and what is wrong selects nothing. */
class Reader {
  readonly #name: string;
  readonly #at: Span;
  readonly #diagnostics: Diagnostic[];

  constructor(name: string, at: Span, diagnostics: Diagnostic[]) {
    this.#name = name;
    this.#at = at;
    this.#diagnostics = diagnostics;
  }

  root(definition: Value): Expression {
    const keys = isDefinition(definition) ? Object.keys(definition) : [];
    if (keys.length > 1 && keys.some((key) => key === "union" || key === "intersection")) {
      return this.#wrong(`its definition has the keys ${keys.join(", ")}`, "union or intersection stands alone there");
    }
    return this.#read(definition);
  }

  #read(definition: Value): Expression {
    if (typeof definition === "string") return this.#word(definition);
    if (!isDefinition(definition)) {
      return this.#wrong("its definition is no text and no mapping", "for example  definition: {tag: nightly}");
    }
    if ("union" in definition) return this.#combination("union", definition["union"]!);
    if ("intersection" in definition) return this.#combination("intersection", definition["intersection"]!);
    const keys = Object.keys(definition);
    if (keys.length === 1) return this.#criterion({ method: keys[0]!, value: definition[keys[0]!]! });
    if ("method" in definition && "value" in definition) {
      const base = this.#criterion(definition);
      return "exclude" in definition
        ? { op: "difference", parts: [base, this.#excluded(definition["exclude"]!)] }
        : base;
    }
    return this.#wrong(
      `a part of it has the keys ${keys.join(", ")}`,
      "expected one  method: value,  or  method  and  value",
    );
  }

  /** `tag:nightly+`, as after --select. */
  #word(text: string): Expression {
    const parsed = parseCriterion(text);
    if (!("severity" in parsed)) return parsed;
    this.#diagnostics.push({ ...parsed, at: this.#at });
    return NOTHING;
  }

  #combination(op: "union" | "intersection", list: Value): Expression {
    if (!Array.isArray(list)) return this.#wrong(`its ${op} is no list`, `write  ${op}:  with a list below it`);
    const included = list.filter((part) => !isExclude(part)).map((part) => this.#read(part));
    const excludes = list.filter(isExclude);
    if (excludes.length > 1) return this.#wrong(`its ${op} has more than one exclude`, "put them into one list");
    const base: Expression = { op, parts: included };
    return excludes[0] ? { op: "difference", parts: [base, this.#excluded(excludes[0].exclude)] } : base;
  }

  #excluded(list: Value): Expression {
    if (!Array.isArray(list)) return this.#wrong("its exclude is no list", "write  exclude:  with a list below it");
    return { op: "union", parts: list.map((part) => this.#read(part)) };
  }

  #criterion(definition: Definition): Expression {
    const [method = "", ...args] = String(definition["method"]).split(".");
    const value = definition["value"];
    if (!Object.hasOwn(methods, method)) {
      const names = Object.keys(methods);
      const near = didYouMean(method, names);
      return this.#wrong(`"${method}" is not a selection method`, near[0] ?? `expected one of ${names.join(", ")}`);
    }
    const indirect = definition["indirect_selection"];
    if (indirect !== undefined && !INDIRECT.includes(String(indirect))) {
      return this.#wrong(`indirect_selection cannot be "${String(indirect)}"`, `it takes ${INDIRECT.join(", ")}`);
    }
    const depth = (side: "parents" | "children"): number | undefined => {
      if (definition[side] !== true) return undefined;
      const most = definition[`${side}_depth`];
      return most === undefined || most === null ? Number.POSITIVE_INFINITY : Number(most);
    };
    const [parents, children] = [depth("parents"), depth("children")];
    const criterion: Criterion = {
      op: "criterion",
      raw: `${[method, ...args].join(".")}:${String(value)}`,
      method,
      args,
      value: String(value),
      childrensParents: definition["childrens_parents"] === true,
      ...(parents !== undefined && { parents }),
      ...(children !== undefined && { children }),
      ...(indirect !== undefined && { indirect: indirect as IndirectSelection }), // one of INDIRECT
    };
    return criterion;
  }

  #wrong(what: string, next: string): Expression {
    this.#diagnostics.push(
      error("selector-definition", `Selector "${this.#name}" cannot be read: ${what}.`, this.#at, [next]),
    );
    return NOTHING;
  }
}

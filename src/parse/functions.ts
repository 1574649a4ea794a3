/** User-defined functions: a file is the body, its entry under `functions:` the signature. */
import { type Diagnostic, error, type SourceFile, warning } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { FunctionArgument, FunctionOverload, FunctionProperties, Mapping, Package } from "../project/types.ts";
import type { FunctionLanguage, FunctionNode, NodeBase, Overload } from "./manifest.ts";
import { byName, fileDraft, MODEL_DEFAULTS, parseNode } from "./nodes.ts";
import { capture, fileStart, type ParseState, stem } from "./state.ts";

const DEFAULTS: Mapping = { ...MODEL_DEFAULTS, materialized: "function", type: "scalar" };

const TYPES = ["scalar", "aggregate", "table"];
const VOLATILITIES = ["deterministic", "stable", "non-deterministic"];

export function parseFunctions(state: ParseState, pkg: Package): FunctionNode[] {
  const described = byName(pkg.properties.functions, state.diagnostics);
  const files = new Map(pkg.files.functions.map((file) => [stem(file.path), file]));
  const bodies = overloadFiles(state, pkg.properties.functions, files);
  const nodes = pkg.files.functions
    .filter((file) => !bodies.has(file))
    .map((file) => parseFunction(state, pkg, file, described.get(stem(file.path)), files));
  const names = nodes.map(({ name }) => name);
  for (const { name, at } of pkg.properties.functions.filter((entry) => !names.includes(entry.name)))
    state.diagnostics.push(
      warning("properties-without-node", `There is no function named "${name}" to describe.`, at, [
        ...didYouMean(name, names),
        `a function is a .sql file below ${pkg.config.paths.functions.join(", ")}/ of that name`,
      ]),
    );
  return nodes;
}

function parseFunction(
  state: ParseState,
  pkg: Package,
  file: SourceFile,
  properties: FunctionProperties | undefined,
  files: ReadonlyMap<string, SourceFile>,
): FunctionNode {
  const language = languageOf(file);
  const draft = fileDraft(pkg, file, pkg.config.paths.functions);
  const base = parseNode(state, {
    ...draft,
    kind: "function",
    section: "functions",
    defaults: DEFAULTS,
    isPlain: language !== "sql",
    ...(properties && { properties }),
  });
  const overloads = (properties?.overloads ?? []).flatMap((one): Overload[] => {
    const body = files.get(one.definedIn);
    return body ? [{ ...one, file: body, raw: body.text }] : [];
  });
  const node: FunctionNode = {
    ...(overloads.length > 0 ? withOverloads(state, base, overloads) : base),
    kind: "function",
    language,
    arguments: properties?.arguments ?? [],
    returns: properties?.returns ?? { dataType: "" },
    overloads,
  };
  if (base.config.enabled) state.diagnostics.push(...problemsOf(node, properties));
  return node;
}

const languageOf = ({ path }: SourceFile): FunctionLanguage =>
  path.endsWith(".py") ? "python" : path.endsWith(".js") ? "javascript" : "sql";

/** What the bodies of its overloads read and call, the function depends on as well. */
function withOverloads(state: ParseState, base: NodeBase, overloads: readonly Overload[]): NodeBase {
  const all = overloads.map(({ file }) => capture(state, file, file.text, 0, { package: base.package }));
  return {
    ...base,
    refs: distinct([...base.refs, ...all.flatMap((one) => one.refs)]),
    sourceCalls: distinct([...base.sourceCalls, ...all.flatMap((one) => one.sources)]),
    functionCalls: distinct([...base.functionCalls, ...all.flatMap((one) => one.functions)]),
    macros: distinct([...base.macros, ...all.flatMap((one) => [...one.macros])]),
    calls: distinct([...base.calls, ...all.flatMap((one) => [...one.calls])]),
  };
}

const distinct = <T>(list: readonly T[]): T[] => [...new Map(list.map((one) => [JSON.stringify(one), one])).values()];

/** The files that are bodies of overloads, and no functions of their own. */
function overloadFiles(
  { diagnostics }: ParseState,
  functions: readonly FunctionProperties[],
  files: ReadonlyMap<string, SourceFile>,
): Set<SourceFile> {
  const taken = new Map<SourceFile, FunctionOverload>();
  for (const { name, overloads } of functions) {
    for (const overload of overloads) {
      const { definedIn, at } = overload;
      const file = files.get(definedIn);
      const first = file && taken.get(file);
      if (first)
        diagnostics.push(
          error("overload-twice", `The file "${definedIn}" is the body of two overloads.`, at, [
            { message: "the other one is here", at: first.at },
          ]),
        );
      else if (!file || definedIn === name)
        diagnostics.push(
          error(
            "overload-not-found",
            file
              ? `The function "${name}" cannot be an overload of itself.`
              : `There is no file "${definedIn}.sql" for an overload of "${name}".`,
            at,
            didYouMean(
              definedIn,
              [...files.keys()].filter((one) => one !== name),
            ),
          ),
        );
      else taken.set(file, overload);
    }
  }
  return new Set(taken.keys());
}

function problemsOf(node: FunctionNode, properties: FunctionProperties | undefined): Diagnostic[] {
  const { name, at, config, language } = node;
  const place = node.propertiesAt ?? at;
  const problems: Diagnostic[] = [];
  if (language !== "sql")
    problems.push(
      warning(
        "function-language",
        `${node.file.path} is a ${LANGUAGES[language]} function, which cannot be made.`,
        at,
        ["PostgreSQL has SQL functions: write it in SQL, or name the file in .dbtignore"],
      ),
    );
  if (!properties)
    problems.push(
      error(
        "function-undescribed",
        `Nothing says what the function "${name}" takes and returns.`,
        fileStart(node.file),
        [
          "describe it in a YAML file beside it:",
          `functions: [{name: ${name}, arguments: [{name: …, data_type: …}], returns: {data_type: …}}]`,
        ],
      ),
    );
  const oneOf = (key: string, known: readonly string[]): void => {
    const value = config.all[key];
    if (value === undefined || value === null || (typeof value === "string" && known.includes(value))) return;
    problems.push(
      error("config-shape", `"${key}" of function "${name}" is none of the values it may have.`, place, [
        ...didYouMean(String(value), known),
        `expected ${known.join(", ")}`,
      ]),
    );
  };
  oneOf("type", TYPES);
  oneOf("volatility", VOLATILITIES);
  for (const signature of [node, ...node.overloads]) problems.push(...defaultsInTheMiddle(name, signature.arguments));
  return problems;
}

const LANGUAGES = { python: "Python", javascript: "JavaScript" } as const;

/** Who calls a function leaves out arguments from the end. */
function defaultsInTheMiddle(name: string, args: readonly FunctionArgument[]): Diagnostic[] {
  const first = args.findIndex((one) => one.defaultValue !== undefined);
  if (first < 0) return [];
  return args
    .slice(first)
    .filter((one) => one.defaultValue === undefined)
    .map((one) =>
      error(
        "argument-default",
        `The argument "${one.name}" of "${name}" has no default value, but comes after one that has.`,
        one.at,
        [{ message: `"${args[first]!.name}" has one, here`, at: args[first]!.at }, "give it one, or move it forward"],
      ),
    );
}

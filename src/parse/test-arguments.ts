/** Whether a use of a generic test gives the arguments that its macro takes. */
import { BUILTIN_PACKAGE, type MacroNode } from "../context/macros.ts";
import { type Diagnostic, error } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { TestProperties } from "../project/types.ts";
import { keySpan } from "../project/written.ts";

/** `{% test name(model, column_name, values, quote=True) %}` */
const SIGNATURE = /^\{%[-+]?\s*(?:data_)?test\s+\w+\s*\(([\s\S]*?)\)\s*[-+]?%\}/;

interface Signature {
  readonly names: readonly string[];
  /** Of our own tests it is known that they cannot do without; others may ask whether an argument is defined. */
  readonly required: readonly string[];
  /** A macro whose body speaks of kwargs takes any. */
  readonly isOpen: boolean;
}

/** Of macros that are used by thousands of tests. */
const signatures = new WeakMap<MacroNode, Signature | false>();

function signatureOf(macro: MacroNode): Signature | undefined {
  let known = signatures.get(macro);
  if (known === undefined) {
    const written = SIGNATURE.exec(macro.source)?.[1];
    const names = [...(written ?? "").matchAll(/(?:^|,)\s*(\w+)/g)].map((match) => match[1] ?? "");
    const required = macro.package === BUILTIN_PACKAGE ? names.filter((name) => !hasDefault(written ?? "", name)) : [];
    known = written === undefined ? false : { names, required, isOpen: /\bkwargs\b/.test(macro.source) };
    signatures.set(macro, known);
  }
  return known || undefined;
}

const hasDefault = (parameters: string, name: string): boolean => new RegExp(`\\b${name}\\s*=`).test(parameters);

export function argumentProblems(macro: MacroNode, test: TestProperties, onColumn: boolean): Diagnostic[] {
  const signature = signatureOf(macro);
  if (!signature) return [];
  const { names, required, isOpen } = signature;
  const own = names.filter((name) => name !== "model" && name !== "column_name");
  const takes = own.length ? `its arguments: ${own.join(", ")}` : "it takes no arguments";
  const problems: Diagnostic[] = [];
  for (const key of isOpen ? [] : Object.keys(test.args)) {
    if (names.includes(key)) continue;
    const message = `Test "${test.test}" has no argument "${key}".`;
    problems.push(
      error("test-argument", message, keySpan(test.args, key) ?? test.at, [...didYouMean(key, own), takes]),
    );
  }
  if (onColumn && !isOpen && !names.includes("column_name")) {
    const notes = ["move it to the data_tests of the model, beside its columns"];
    problems.push(
      error("test-argument", `Test "${test.test}" is about a whole model, not about a column.`, test.at, notes),
    );
  }
  // Of a misspelt name it is not said twice that it is wrong.
  return problems.length > 0 ? problems : missing(test, onColumn, required);
}

function missing(test: TestProperties, onColumn: boolean, required: readonly string[]): Diagnostic[] {
  return required
    .filter((name) => !(name in test.args) && name !== "model" && !(onColumn && name === "column_name"))
    .map((name) => {
      const next =
        name === "column_name" ? "put it under a column, or give  column_name:" : `add  arguments: {${name}: …}`;
      return error("test-argument", `Test "${test.test}" needs the argument "${name}".`, test.at, [next]);
    });
}

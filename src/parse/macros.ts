/** Macro, generic-test and docs blocks of all packages. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BUILTIN_PACKAGE, type MacroNode } from "../context/macros.ts";
import { type Diagnostic, error, Failure, type SourceFile } from "../diagnostics/diagnostic.ts";
import { type Block, splitBlocks } from "../jinja/index.ts";
import { packageRoot } from "../lib/package-root.ts";
import type { Package } from "../project/types.ts";
import type { DocsBlock } from "./manifest.ts";

const MACRO_KINDS = ["macro", "materialization", "test", "data_test"];

/** Sluice's own macros, written in Jinja as a package would be, so that projects can override each by name. */
function builtinFiles(): SourceFile[] {
  const root = join(packageRoot(), "src", "builtins");
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".sql"))
    .toSorted()
    .map((path) => {
      const absolute = join(root, path);
      return { path: `builtins/${path.replaceAll("\\", "/")}`, absolute, text: readFileSync(absolute, "utf8") };
    });
}

export function collectMacros(packages: readonly Package[]): {
  macros: Map<string, MacroNode>;
  diagnostics: Diagnostic[];
} {
  const macros = new Map<string, MacroNode>();
  const diagnostics: Diagnostic[] = [];
  const add = (file: SourceFile, packageName: string, pkg?: Package): void => {
    for (const block of blocksOf(file, MACRO_KINDS, diagnostics)) {
      const macro = macroOf(block, file, packageName, pkg);
      const previous = macros.get(macro.id);
      if (previous) {
        diagnostics.push(
          error("duplicate-macro", `Two macros named "${macro.name}" in package "${packageName}".`, macro.at, [
            { message: "the first one is here", at: previous.at },
            "rename one of them",
          ]),
        );
      }
      macros.set(macro.id, macro);
    }
  };
  for (const file of builtinFiles()) add(file, BUILTIN_PACKAGE);
  for (const pkg of packages) {
    for (const file of [...pkg.files.macros, ...pkg.files.genericTests]) add(file, pkg.name, pkg);
  }
  return { macros, diagnostics };
}

function macroOf(block: Block, file: SourceFile, packageName: string, pkg?: Package): MacroNode {
  const kind = block.kind === "data_test" ? "test" : (block.kind as MacroNode["kind"]);
  const unique = uniqueName(kind, block);
  const properties = pkg?.properties.macros.find((p) => p.name === block.name);
  return {
    id: `macro.${packageName}.${unique}`,
    name: block.name,
    package: packageName,
    file,
    at: { file, start: block.start, end: block.end },
    source: block.source,
    offset: block.start,
    kind,
    ...(properties ? { properties } : {}),
  };
}

/** As dbt: `test_unique`, `materialization_table_postgres`. */
function uniqueName(kind: MacroNode["kind"], { name, argumentText }: Block): string {
  if (kind === "test") return `test_${name}`;
  if (kind !== "materialization") return name;
  const adapter = /adapter\s*=\s*['"](\w+)['"]/.exec(argumentText)?.[1] ?? "default";
  return `materialization_${name}_${adapter}`;
}

export function collectDocs(packages: readonly Package[]): { docs: Map<string, DocsBlock>; diagnostics: Diagnostic[] } {
  const docs = new Map<string, DocsBlock>();
  const diagnostics: Diagnostic[] = [];
  for (const pkg of packages) {
    for (const file of pkg.files.docs) {
      for (const block of blocksOf(file, ["docs"], diagnostics)) {
        docs.set(`doc.${pkg.name}.${block.name}`, {
          name: block.name,
          package: pkg.name,
          text: block.contents.trim(),
          file,
        });
      }
    }
  }
  return { docs, diagnostics };
}

/** Blocks of a file; a broken file is reported and gives none. */
export function blocksOf(file: SourceFile, kinds: readonly string[], diagnostics: Diagnostic[]): Block[] {
  try {
    return splitBlocks(file, kinds);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    diagnostics.push(...thrown.diagnostics);
    return [];
  }
}

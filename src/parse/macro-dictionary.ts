/** A macro as artifacts see it, with the macros that its text calls. */
import { type MacroSet, supportedLanguages } from "../context/macros.ts";
import { Failure } from "../diagnostics/diagnostic.ts";
import type { MacroNode } from "./manifest.ts";

/** Called like macros, but none. */
const NO_MACROS = new Set(["source", "ref", "config"]);

/** dbt's keys. */
export interface MacroDictionary {
  readonly [key: string]: unknown;
  readonly depends_on: { readonly macros: readonly string[] };
}

export function macroDictionary(macro: MacroNode, macros: MacroSet): MacroDictionary {
  const { calls, parameters } = outline(macro, macros);
  const { properties } = macro;
  const isGenericTest = macro.file.path.includes("/generic/");
  const described = (properties?.arguments ?? []).map((a) => ({
    name: a.name,
    type: a.type ?? null,
    description: a.description,
  }));
  const read = isGenericTest ? [] : parameters.map((name) => ({ name, type: null, description: "" }));
  const docs = { show: true, node_color: null };
  const meta = properties?.meta ?? {};
  return {
    name: macro.kind === "test" ? `test_${macro.name}` : macro.name,
    resource_type: "macro",
    package_name: macro.package,
    path: macro.file.path,
    original_file_path: macro.file.path,
    unique_id: macro.id,
    macro_sql: macro.source,
    depends_on: { macros: dependencies(macro, calls, macros) },
    description: properties?.description ?? "",
    meta,
    docs,
    config: { meta, docs },
    patch_path: properties ? `${macro.package}://${properties.at.file.path}` : null,
    arguments: described.length > 0 ? described : read,
    supported_languages: macro.kind === "materialization" ? supportedLanguages(macro) : null,
  };
}

type Outline = ReturnType<ReturnType<MacroSet["template"]>["outline"]>;

/** A macro that cannot be read calls nothing: where it is used, its mistake is told. */
function outline(macro: MacroNode, macros: MacroSet): Outline {
  try {
    return macros.template(macro).outline();
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    return { calls: [], parameters: [] };
  }
}

/** As dbt resolves them: a macro named without a package is looked for in the caller's own, the root's, and dbt's. */
function dependencies(macro: MacroNode, calls: Outline["calls"], macros: MacroSet): string[] {
  const ids = new Set<string>();
  const add = (found: MacroNode | undefined): void => {
    if (found && found.id !== macro.id) ids.add(found.id);
  };
  for (const { path, texts, named } of calls) {
    const [first = "", second] = path;
    if (first === "adapter") {
      if (second !== "dispatch") continue;
      const name = texts[0] ?? named["macro_name"];
      if (name === undefined) continue;
      if (name !== macro.name) add(macros.find(name, macro.package));
      add(macros.dispatch(name, texts[1] ?? named["macro_namespace"], macro.package).macro);
    } else if (second !== undefined) add(macros.inPackage(first, second));
    else if (!NO_MACROS.has(first) && first !== macro.name) add(macros.find(first, macro.package));
  }
  return [...ids];
}

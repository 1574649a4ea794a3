/** `selectors.yml` beside dbt_project.yml, its Jinja rendered. */
import { error } from "../diagnostics/diagnostic.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { lineSpan } from "../diagnostics/format.ts";
import { renderTree } from "./render.ts";
import type { RenderText } from "./render.ts";
import { Shape, isMapping } from "./shape.ts";
import type { SelectorProperties } from "./types.ts";
import { readSource } from "./walk.ts";
import { readYaml } from "./yaml.ts";

export async function readSelectors(
  root: string,
  render: RenderText,
  problems: Diagnostic[],
): Promise<SelectorProperties[]> {
  const file = (await readSource(root, "selectors.yml")) ?? (await readSource(root, "selectors.yaml"));
  if (!file) return [];
  const yaml = readYaml(file);
  problems.push(...yaml.diagnostics);
  if (yaml.value === null) return [];
  const value = renderTree(yaml.value, { render, problems }, () => true);
  if (!isMapping(value) || !Array.isArray(value["selectors"])) {
    const notes = ["it begins with  selectors:  and a list"];
    problems.push(error("selectors-shape", `${file.path} has no list of selectors.`, lineSpan(file, 1), notes));
    return [];
  }
  return new Shape(value, "this file", lineSpan(file, 1), problems)
    .entries("selectors", "selector")
    .flatMap((entry) => {
      entry.warnUnknown(["name", "description", "default", "definition"]);
      const definition = entry.get("definition");
      if (definition === undefined) {
        const message = `Selector "${entry.name}" has no definition.`;
        problems.push(error("yaml-missing-key", message, entry.at, ["add  definition: {tag: …}"]));
        return [];
      }
      const description = entry.text("description");
      return [
        {
          name: entry.name,
          ...(description !== undefined && { description }),
          isDefault: entry.get("default") === true,
          definition,
          at: entry.at,
        },
      ];
    });
}

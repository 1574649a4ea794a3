/** Keys of dbt_project.yml that are asked for before anything else of the project is read: defaults of the command line. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isMapping } from "./shape.ts";
import type { Mapping, Value } from "./types.ts";
import { isMissing } from "./walk.ts";
import { readYaml } from "./yaml.ts";

/** Empty where there are none, or the file cannot be read: reading the project then tells what is wrong. */
export function projectFlags(projectDir: string): Mapping {
  const flags = written(projectDir, "flags");
  return isMapping(flags) ? flags : {};
}

/** `target-path:` as written, or what stands for it. */
export function projectTargetPath(projectDir: string): string {
  const path = written(projectDir, "target-path");
  return typeof path === "string" && !path.includes("{") ? path : "target";
}

/** `packages-install-path:`, likewise. */
export function projectPackagesPath(projectDir: string): string {
  const path = written(projectDir, "packages-install-path");
  return typeof path === "string" && !path.includes("{") ? path : "dbt_packages";
}

/** One key of the file, not rendered; the file is only understood as a whole where the key is seen in it. */
function written(projectDir: string, key: string): Value | undefined {
  const absolute = join(projectDir, "dbt_project.yml");
  try {
    const text = readFileSync(absolute, "utf8");
    if (!new RegExp(`^["']?${key}["']?\\s*:`, "m").test(text)) return undefined;
    const { value } = readYaml({ path: "dbt_project.yml", absolute, text });
    return isMapping(value) ? value[key] : undefined;
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}

/** `flags:` of dbt_project.yml, before anything else of the project is read: they are defaults of the command line. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isMapping } from "./shape.ts";
import type { Mapping } from "./types.ts";
import { isMissing } from "./walk.ts";
import { readYaml } from "./yaml.ts";

/** Empty where there are none, or the file cannot be read: reading the project then tells what is wrong. */
export function projectFlags(projectDir: string): Mapping {
  const absolute = join(projectDir, "dbt_project.yml");
  try {
    const text = readFileSync(absolute, "utf8");
    if (!/^["']?flags["']?\s*:/m.test(text)) return {};
    const { value } = readYaml({ path: "dbt_project.yml", absolute, text });
    return isMapping(value) && isMapping(value["flags"]) ? value["flags"] : {};
  } catch (thrown) {
    if (isMissing(thrown)) return {};
    throw thrown;
  }
}

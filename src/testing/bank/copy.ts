import { cp } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../lib/package-root.ts";

/** What makes the bank project; the profile is the rig's. */
const PARTS = ["models", "seeds", "macros", "tests", "snapshots", "data", "dbt_project.yml"];

/** Copies the repository's own project into a folder. */
export async function copyBank(dir: string): Promise<void> {
  for (const part of PARTS) await cp(join(packageRoot(), part), join(dir, part), { recursive: true });
}

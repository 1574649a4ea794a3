/** `deps --add-package`: one more entry at the end of packages.yml, whose other lines stay as they are written. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import { writeFileAtomically } from "../lib/write-file.ts";
import { isMapping } from "../project/shape.ts";
import { readYaml } from "../project/yaml.ts";

export type PackageSource = "hub" | "git" | "local";

/** `name` may carry a version or revision: `dbt-labs/dbt_utils@1.3.0`. Throws `Failure`. */
export async function addPackage(root: string, name: string, source: PackageSource): Promise<string> {
  const path = "packages.yml";
  const absolute = join(root, path);
  const text = (await readFile(absolute, "utf8").catch(() => undefined)) ?? "packages:\n";
  const entry = entryOf(name, source);
  const body = text.trimEnd();
  const written = `${body === "" ? "packages:" : body.replace(/packages:\s*\[\s*\]$/, "packages:")}\n${entry}\n`;
  const { value, diagnostics } = readYaml({ path, absolute, text: written });
  const list = isMapping(value) ? value["packages"] : undefined;
  if (diagnostics.some((d) => d.severity === "error") || !Array.isArray(list)) {
    const notes = [`write it yourself:  ${entry.trim()}`];
    throw new Failure(
      error("package-add", `${path} cannot be added to: its packages are not at its end.`, undefined, notes),
    );
  }
  await writeFileAtomically(absolute, written);
  return path;
}

/** As YAML, which JSON is. */
const quoted = (text: string): string => JSON.stringify(text);

function entryOf(name: string, source: PackageSource): string {
  const at = name.lastIndexOf("@");
  const [what, version] = at > 0 && source !== "local" ? [name.slice(0, at), name.slice(at + 1)] : [name, undefined];
  if (source === "local") return `  - local: ${quoted(what)}`;
  if (source === "git") return `  - git: ${quoted(what)}${version ? `\n    revision: ${quoted(version)}` : ""}`;
  if (version === undefined) {
    throw new Failure(
      error("package-add", `Say which version of ${what}.`, undefined, [`${what}@1.0.0, or ${what}@>=1.0.0,<2.0.0`]),
    );
  }
  return `  - package: ${what}\n    version: ${quoted(version)}`;
}

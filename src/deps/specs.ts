/** What packages.yml and dependencies.yml ask for. */
import { join } from "node:path";
import { type Diagnostic, error, type Span } from "../diagnostics/diagnostic.ts";
import { lineSpan } from "../diagnostics/format.ts";
import type { Jinja } from "../jinja/index.ts";
import { nativeRenderer, renderTree } from "../project/render.ts";
import { type Env, makeScope } from "../project/scope.ts";
import { isMapping } from "../project/shape.ts";
import type { Mapping, Value } from "../project/types.ts";
import { readSource } from "../project/walk.ts";
import { valueSpan } from "../project/written.ts";
import { readYaml } from "../project/yaml.ts";

export type Spec = { readonly at: Span } & (
  | {
      readonly kind: "hub";
      /** `dbt-labs/dbt_utils` */
      readonly package: string;
      /** Ranges that must all hold: `>=1.0.0`, `<2.0.0`, `1.2.3`. */
      readonly versions: readonly string[];
      readonly prerelease: boolean;
    }
  | {
      readonly kind: "git";
      readonly url: string;
      readonly revision?: string;
      readonly subdirectory?: string;
    }
  | { readonly kind: "local"; readonly path: string; /** Absolute. */ readonly folder: string }
  | { readonly kind: "tarball"; readonly url: string; readonly name: string }
);

export interface SpecsInput {
  readonly env: Env;
  readonly vars: Mapping;
  readonly jinja: Jinja;
}

/** The packages that the project in a folder asks for; none where it has no such file. */
export async function readSpecs(folder: string, input: SpecsInput, problems: Diagnostic[]): Promise<Spec[]> {
  const render = nativeRenderer(input.jinja);
  const scope = makeScope({ env: input.env, vars: input.vars, secrets: true });
  for (const name of ["packages.yml", "dependencies.yml"]) {
    const file = await readSource(folder, name);
    if (!file) continue;
    const yaml = readYaml(file);
    problems.push(...yaml.diagnostics);
    const written = yaml.value;
    const rendering = { render: (text: string, at: typeof file) => render(text, at, scope), problems };
    const value = written === null ? {} : renderTree(written, rendering, () => true);
    const list = isMapping(value) ? (value["packages"] ?? []) : undefined;
    if (!Array.isArray(list)) {
      problems.push(error("packages-shape", `${name} has no list of packages.`, lineSpan(file, 1), ["packages: […]"]));
      return [];
    }
    const places = isMapping(written) && Array.isArray(written["packages"]) ? written["packages"] : [];
    const specs = list.map((entry, i) => specOf(entry, valueSpan(places, i) ?? lineSpan(file, 1), folder, problems));
    if (specs.length > 0) return specs.filter((spec) => spec !== undefined);
  }
  return [];
}

function specOf(entry: Value, at: Span, folder: string, problems: Diagnostic[]): Spec | undefined {
  const wrong = (message: string, next: string): undefined => {
    problems.push(error("package-spec", message, at, [next]));
    return undefined;
  };
  if (!isMapping(entry))
    return wrong("A package is a mapping.", "for example  - {package: owner/name, version: 1.0.0}");
  const text = (key: string): string | undefined =>
    typeof entry[key] === "string" || typeof entry[key] === "number" ? String(entry[key]) : undefined;
  const [local, git, tarball, name, hub] = ["local", "git", "tarball", "name", "package"].map(text);
  if (local !== undefined) return { kind: "local", path: local, folder: join(folder, local), at };
  if (git !== undefined) {
    if (git.startsWith("-")) return wrong(`"${git}" is no address of a repository.`, "write its URL");
    const [revision, subdirectory] = [text("revision"), text("subdirectory")];
    return { kind: "git", url: git, ...(revision && { revision }), ...(subdirectory && { subdirectory }), at };
  }
  if (tarball !== undefined) {
    if (name === undefined) return wrong("A tarball needs a name.", "add  name: my_package");
    return { kind: "tarball", url: tarball, name, at };
  }
  if (hub === undefined) {
    return wrong("Of this package it is not said where it comes from.", "give  package:, git:, local:  or  tarball:");
  }
  const version = entry["version"];
  const versions = (Array.isArray(version) ? version : [version]).filter((one) => one !== undefined && one !== null);
  if (versions.length === 0) return wrong(`Package ${hub} has no version.`, 'add  version: [">=1.0.0", "<2.0.0"]');
  if (!/^[\w.-]+\/[\w.-]+$/.test(hub)) return wrong(`"${hub}" is no package of the hub.`, "write  owner/name");
  const ranges = versions.flatMap((one) => String(one).split(",")).map((one) => one.trim());
  return { kind: "hub", package: hub, versions: ranges, prerelease: entry["install_prerelease"] === true, at };
}

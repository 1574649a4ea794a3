/** The root project and its installed packages: their configuration, files and properties. */
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { error, warning } from "../diagnostics/diagnostic.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { lineSpan } from "../diagnostics/format.ts";
import { findFiles } from "./package-files.ts";
import { makeProjectConfig, readRawConfig } from "./project-config.ts";
import { readProperties, readPropertyFile } from "./properties.ts";
import type { RenderText } from "./render.ts";
import { isMapping } from "./shape.ts";
import type { Mapping, Package, ProjectConfig } from "./types.ts";
import { keySpan } from "./written.ts";
import { isMissing, readSource } from "./walk.ts";
import { readYaml } from "./yaml.ts";

export interface PackagesInput {
  readonly root: string;
  readonly config: ProjectConfig;
  readonly cliVars: Mapping;
  /** A renderer with the given vars and project name. */
  readonly scope: (vars: Mapping, project: string) => RenderText;
  readonly hashedSeedBytes?: number | undefined;
}

export async function readPackages(input: PackagesInput, problems: Diagnostic[]): Promise<Package[]> {
  const { root, config } = input;
  const folder = resolve(root, config.paths.packages);
  const names = await installedFolders(folder);
  if (names.length === 0) await reportMissing(root, config, problems);
  const first = readPackage(input, root, config, problems);
  const rest = names.map(async (name) => readInstalled(input, join(folder, name), problems));
  const [own, ...installed] = await Promise.all([first, ...rest]);
  const packages = [own, ...installed].filter((one) => one !== undefined);
  return packages.filter((one, i) => {
    const twin = packages.findIndex((other) => other.name === one.name);
    if (twin === i) return true;
    const message = `Two packages are called "${one.name}": ${packages[twin]!.root} and ${one.root}.`;
    problems.push(error("package-twice", message, one.config.locate(["name"])));
    return false;
  });
}

async function installedFolders(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.name.startsWith(".") && (entry.isDirectory() || entry.isSymbolicLink()))
      .map((entry) => entry.name)
      .toSorted();
  } catch (thrown) {
    if (isMissing(thrown)) return [];
    throw thrown;
  }
}

/** Packages asked for, but nothing installed. */
async function reportMissing(root: string, config: ProjectConfig, problems: Diagnostic[]): Promise<void> {
  for (const name of ["packages.yml", "dependencies.yml"]) {
    const file = await readSource(root, name);
    if (!file) continue;
    const yaml = readYaml(file);
    problems.push(...yaml.diagnostics);
    const list = isMapping(yaml.value) ? yaml.value["packages"] : undefined;
    if (!isMapping(yaml.value) || !Array.isArray(list) || list.length === 0) continue;
    const at = keySpan(yaml.value, "packages") ?? lineSpan(file, 1);
    const message = `${name} asks for ${list.length === 1 ? "a package" : `${list.length} packages`}, but ${config.paths.packages}/ holds none.`;
    problems.push(error("packages-not-installed", message, at, ["install them with  sluice deps  (or dbt deps)"]));
    return;
  }
}

async function readInstalled(input: PackagesInput, root: string, problems: Diagnostic[]): Promise<Package | undefined> {
  const file = await readSource(root, "dbt_project.yml");
  if (!file) {
    problems.push(warning("package-shape", `${root} has no dbt_project.yml, and is ignored.`));
    return undefined;
  }
  const found: Diagnostic[] = [];
  // Messages about a package's files name where it stands: its own paths would look like the project's.
  const raw = readRawConfig(
    { ...file, path: join(input.config.paths.packages, root.slice(root.lastIndexOf("/") + 1), file.path) },
    found,
  );
  const config =
    raw && (await makeProjectConfig(raw, input.scope(input.cliVars, String(raw.value["name"])), {}, found));
  problems.push(...found.filter((d) => d.severity === "error"));
  return config && readPackage(input, root, config, problems);
}

async function readPackage(
  input: PackagesInput,
  root: string,
  config: ProjectConfig,
  problems: Diagnostic[],
): Promise<Package> {
  const found: Diagnostic[] = [];
  const { files, properties } = await findFiles(root, config.paths, found, input.hashedSeedBytes);
  const read = properties.flatMap((file) => readPropertyFile(file, found) ?? []);
  const vars = packageVars(input.config, config, input.cliVars);
  const result = readProperties(read, input.scope(vars, config.name), found);
  // A package's warnings are for its author.
  problems.push(...(config === input.config ? found : found.filter((d) => d.severity === "error")));
  return { name: config.name, root, config, files, properties: result };
}

/** What `var` finds in a package: `--vars`, then the root project's vars for it, the root's, and the package's own. */
export function packageVars(root: ProjectConfig, config: ProjectConfig, cliVars: Mapping): Mapping {
  const scoped = (vars: Mapping): Mapping => {
    const own = vars[config.name];
    return isMapping(own) ? own : {};
  };
  return { ...config.vars, ...scoped(config.vars), ...root.vars, ...scoped(root.vars), ...cliVars };
}

/** Disk → `Project`: configuration, target, packages and files. */
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { error, Failure, hasErrors } from "../diagnostics/diagnostic.ts";
import type { Diagnostic, SourceFile, Span } from "../diagnostics/diagnostic.ts";
import { lineSpan, sortDiagnostics } from "../diagnostics/format.ts";
import { readPackages } from "./packages.ts";
import { chooseTarget, profileFolders, targetWithoutProfiles } from "./profiles.ts";
import type { ChosenTarget, ProfileChoice } from "./profiles.ts";
import { makeProjectConfig, projectNames, readRawConfig, readVarsFile } from "./project-config.ts";
import type { RawConfig } from "./project-config.ts";
import type { RenderText } from "./render.ts";
import { makeScope } from "./scope.ts";
import { readSelectors } from "./selectors-file.ts";
import type { Env, Scope } from "./scope.ts";
import { describe, isMapping } from "./shape.ts";
import type { Mapping, PackageFiles, Project, Properties, Value } from "./types.ts";
import { unreadVars } from "./unread-vars.ts";
import { readSource } from "./walk.ts";
import { readYaml } from "./yaml.ts";

export interface ReadOptions {
  readonly projectDir: string;
  readonly profilesDir?: string;
  readonly profile?: string;
  readonly target?: string;
  /** YAML or JSON. */
  readonly vars?: string;
  readonly targetPath?: string;
  readonly threads?: number;
  /** Seeds up to this size are known by their content in artifacts, greater ones by their path. Default: 1 MiB. */
  readonly hashedSeedBytes?: number | undefined;
  readonly env: Env;
  /** Only what is needed to reach the database. */
  readonly withoutModels?: boolean;
  /** Renders a text natively with the names of a scope; throws `Failure` for the user's mistakes. */
  readonly render: (text: string, file: SourceFile, scope: Scope) => Value;
  /** Names for Jinja in YAML beyond `var`, `env_var`, `target` and `project_name`. */
  readonly scope?: Scope;
}

export interface ReadResult {
  /** Absent when a mistake leaves nothing to go on with. */
  readonly project?: Project;
  readonly diagnostics: readonly Diagnostic[];
}

const NO_FILES: PackageFiles = {
  models: [],
  seeds: [],
  snapshots: [],
  analyses: [],
  macros: [],
  tests: [],
  genericTests: [],
  docs: [],
  fixtures: [],
  functions: [],
};
const NO_PROPERTIES: Properties = {
  models: [],
  seeds: [],
  snapshots: [],
  analyses: [],
  singularTests: [],
  sources: [],
  macros: [],
  exposures: [],
  unitTests: [],
  groups: [],
  functions: [],
};

export const PROJECT_FILE = "dbt_project.yml";

export async function readProject(options: ReadOptions): Promise<ReadResult> {
  const problems: Diagnostic[] = [];
  const project = await read({ ...options, projectDir: resolve(options.projectDir) }, problems);
  const diagnostics = sortDiagnostics(problems);
  return project ? { project, diagnostics } : { diagnostics };
}

async function read(options: ReadOptions, problems: Diagnostic[]): Promise<Project | undefined> {
  const root = options.projectDir;
  const file = await readSource(root, PROJECT_FILE);
  if (!file) {
    problems.push(await noProject(root));
    return undefined;
  }
  const cliVars = readVars(options.vars, problems);
  const raw = readRawConfig(file, problems);
  if (!raw || hasErrors(problems)) return undefined;
  const more = options.scope;
  const renderer =
    (scope: Scope): RenderText =>
    (text, at) =>
      options.render(text, at, scope);
  const early = renderer(makeScope({ env: options.env, vars: cliVars, ...(more && { more }) }));
  const names = projectNames(raw, early, problems);
  if (!Object.hasOwn(raw.value, "name")) {
    // Without one, its profile is not known either: one mistake, told once.
    problems.push(
      error("yaml-missing-key", `${file.path} has no "name".`, lineSpan(file, 1), ["add  name: my_project"]),
    );
    return undefined;
  }
  const secret = renderer(makeScope({ env: options.env, vars: cliVars, secrets: true, ...(more && { more }) }));
  const chosen = await choose(options, raw, names, secret, problems);

  const scope = (vars: Mapping, project: string): RenderText =>
    renderer(
      makeScope({
        env: options.env,
        vars,
        project,
        ...(chosen && { target: chosen.target, profile: chosen.profile.name }),
        ...(more && { more }),
      }),
    );
  const varsFile = await readSource(root, "vars.yml");
  const fileVars = varsFile ? readVarsFile(varsFile, raw, problems) : {};
  // Without a target its templates cannot be rendered: what would follow is noise.
  if (!chosen) return undefined;
  const config = await makeProjectConfig(raw, scope(cliVars, names.name), fileVars, problems);
  if (!config) return undefined;
  const packages = options.withoutModels
    ? [{ name: config.name, root, config, files: NO_FILES, properties: NO_PROPERTIES }]
    : await readPackages({ root, config, cliVars, scope, hashedSeedBytes: options.hashedSeedBytes }, problems);
  const selectors = await readSelectors(root, scope(cliVars, names.name), problems);
  problems.push(...unreadVars(cliVars, packages));
  return {
    root,
    name: config.name,
    profile: chosen.profile,
    target: chosen.target,
    packages,
    cliVars,
    selectors,
    targetPath: resolve(root, options.targetPath ?? config.paths.target),
  };
}

async function choose(
  options: ReadOptions,
  raw: RawConfig,
  names: { name: string; profile?: string },
  render: RenderText,
  problems: Diagnostic[],
): Promise<ChosenTarget | undefined> {
  const { projectDir, env } = options;
  const profileAt: Span | undefined = raw.locate(["profile"]);
  const choice: ProfileChoice = {
    projectName: names.name,
    ...(names.profile !== undefined && { projectProfile: names.profile }),
    ...(profileAt && { profileAt }),
    ...(options.profile !== undefined && { profile: options.profile }),
    ...(options.target !== undefined && { target: options.target }),
    ...(options.threads !== undefined && { threads: options.threads }),
    env,
    render,
  };
  const given = options.profilesDir ?? env["DBT_PROFILES_DIR"];
  const folders = profileFolders({
    projectDir,
    ...(options.profilesDir !== undefined && { profilesDir: options.profilesDir }),
    env,
    home: env["HOME"] ?? homedir(),
  });
  for (const folder of folders) {
    const absolute = isAbsolute(folder) ? folder : resolve(folder);
    const file = await readSource(absolute, "profiles.yml");
    if (file) return chooseTarget(absolute === projectDir ? file : { ...file, path: file.absolute }, choice, problems);
  }
  if (given) {
    const message = `Sluice looked for a profiles.yml file in ${given} and did not find one.`;
    const why = options.profilesDir ? "given by --profiles-dir" : "given by DBT_PROFILES_DIR";
    problems.push(error("profiles-not-found", message, undefined, [`this folder, ${resolve(given)}, was ${why}`]));
    return undefined;
  }
  return targetWithoutProfiles(choice, problems);
}

/** `--vars`, as YAML or JSON. */
export function readVars(text: string | undefined, problems: Diagnostic[]): Mapping {
  if (text === undefined || text.trim() === "") return {};
  const file = { path: "--vars", absolute: "", text };
  const yaml = readYaml(file);
  problems.push(...yaml.diagnostics);
  if (isMapping(yaml.value)) return yaml.value;
  if (!hasErrors(yaml.diagnostics)) {
    const at = { file, start: 0, end: text.length };
    const notes = [`for example  --vars '{start: 2024-01-01}'`];
    problems.push(error("vars-shape", `--vars must be a mapping, but it is ${describe(yaml.value)}.`, at, notes));
  }
  return {};
}

/** `run-operation --args`, as YAML or JSON. Throws `Failure`. */
export function readArguments(text: string): Mapping {
  const file = { path: "--args", absolute: "", text };
  const { value, diagnostics } = readYaml(file);
  const errors = diagnostics.filter((d) => d.severity === "error");
  if (errors.length > 0) throw new Failure(errors);
  if (value === null || isMapping(value)) return value ?? {};
  const at = { file, start: 0, end: text.length };
  const notes = ["for example  --args '{days: 3}'"];
  throw new Failure(error("args-shape", `--args must be a mapping, but it is ${describe(value)}.`, at, notes));
}

/** In a folder that was named only it itself is looked at; a project further up is worth a word. */
async function noProject(root: string): Promise<Diagnostic> {
  for (let folder = dirname(root); ; folder = dirname(folder)) {
    if (await readSource(folder, PROJECT_FILE)) {
      const notes = [`the nearest is ${join(folder, PROJECT_FILE)}: add  --project-dir ${folder}`];
      return error("project-not-found", `There is no ${PROJECT_FILE} in ${root}.`, undefined, notes);
    }
    if (folder === dirname(folder)) break;
  }
  const notes = ["go to a project's folder, or make one with  sluice init"];
  return error("project-not-found", `There is no ${PROJECT_FILE} in ${root}.`, undefined, notes);
}

/** `profiles.yml` → the chosen target. Only the chosen output is rendered, as in dbt: others may name unset variables. */
import { join } from "node:path";
import { error } from "../diagnostics/diagnostic.ts";
import type { Diagnostic, SourceFile, Span } from "../diagnostics/diagnostic.ts";
import { lineSpan } from "../diagnostics/format.ts";
import { didYouMean } from "../lib/nearest.ts";
import { makeTarget } from "./target.ts";
import { parsePostgresUrl } from "./postgres-url.ts";
import { renderTree, renderValue } from "./render.ts";
import type { RenderText } from "./render.ts";
import type { Env } from "./scope.ts";
import { Shape, isMapping } from "./shape.ts";
import type { Mapping, Profile, Target } from "./types.ts";
import { copyPlaces, keySpan, valueSpan } from "./written.ts";
import { readYaml } from "./yaml.ts";

export interface ProfileChoice {
  readonly projectName: string;
  /** `profile:` of dbt_project.yml. */
  readonly projectProfile?: string;
  readonly profileAt?: Span;
  /** `--profile`, `--target`, `--threads`. */
  readonly profile?: string;
  readonly target?: string;
  readonly threads?: number;
  readonly env: Env;
  readonly render: RenderText;
}

export interface ChosenTarget {
  readonly profile: Profile;
  readonly target: Target;
}

/** Folders searched for profiles.yml, first found first; one given by flag or variable is the only one. */
export function profileFolders(options: {
  projectDir: string;
  profilesDir?: string;
  env: Env;
  home: string;
}): string[] {
  const given = options.profilesDir ?? options.env["DBT_PROFILES_DIR"];
  return given ? [given] : [options.projectDir, join(options.home, ".dbt")];
}

/** Without any profiles.yml: the server of DATABASE_URL, or the embedded one. */
export function targetWithoutProfiles(choice: ProfileChoice, problems: Diagnostic[]): ChosenTarget | undefined {
  const url = choice.env["DATABASE_URL"];
  const name = choice.target ?? (url ? "default" : "dev");
  const settings: Mapping = { schema: "analytics", ...(choice.threads !== undefined && { threads: choice.threads }) };
  if (url) {
    const address = parsePostgresUrl(url);
    if (!address) {
      const hint = "expected  postgres://user:password@host:5432/database, special characters percent-encoded";
      problems.push(error("profile-url", "DATABASE_URL is not a PostgreSQL address.", undefined, [hint]));
      return undefined;
    }
    Object.assign(settings, address);
  } else {
    Object.assign(settings, { host: "embedded", dbname: choice.projectName });
  }
  const file = { path: url ? "DATABASE_URL" : "profiles.yml", absolute: "", text: "" };
  const shape = new Shape(settings, url ? "DATABASE_URL" : "the embedded server", { file, start: 0, end: 0 }, problems);
  const target = makeTarget(name, shape);
  const profile = choice.profile ?? choice.projectProfile ?? choice.projectName;
  return target && { profile: { name: profile, targets: [name] }, target };
}

/** Chooses profile and target in a profiles.yml, and checks the target's output. No message shows a password. */
export function chooseTarget(
  file: SourceFile,
  choice: ProfileChoice,
  problems: Diagnostic[],
): ChosenTarget | undefined {
  const found: Diagnostic[] = [];
  const chosen = choose(file, choice, found);
  const masked = { ...file, text: maskSecrets(file.text) };
  problems.push(...found.map((d) => (d.at?.file === file ? { ...d, at: { ...d.at, file: masked } } : d)));
  return chosen && { ...chosen, profile: { ...chosen.profile, file: masked } };
}

/** A message shows the line it is about, where a password may stand: written secrets become as many asterisks. */
function maskSecrets(text: string): string {
  const secret = /(\b(?:password|pass|url)["']?[ \t]*:[ \t]*)("[^"\n]*"|'[^'\n]*'|[^\s,}{][^,}\n]*)/g;
  return text.replace(secret, (whole, key: string, value: string) =>
    value.includes("{{") ? whole : key + "*".repeat(value.length),
  );
}

function choose(file: SourceFile, choice: ProfileChoice, problems: Diagnostic[]): ChosenTarget | undefined {
  const yaml = readYaml(file);
  problems.push(...yaml.diagnostics);
  if (yaml.diagnostics.some((d) => d.severity === "error")) return undefined;
  const profiles = isMapping(yaml.value) ? yaml.value : {};
  const name = choice.profile ?? choice.projectProfile ?? choice.projectName;
  const raw = profiles[name];
  if (!isMapping(raw)) {
    problems.push(missingProfile(name, profiles, file, choice));
    return undefined;
  }
  const profile = new Shape(raw, `profile "${name}"`, keySpan(profiles, name) ?? lineSpan(file, 1), problems);
  const outputs = profile.mapping("outputs");
  const targets = Object.keys(outputs);
  if (targets.length === 0) {
    const notes = ["add  outputs:  with a target, such as  dev: {type: postgres, host: embedded, schema: analytics}"];
    problems.push(error("profile-no-outputs", `Profile "${name}" has no outputs.`, profile.at, notes));
    return undefined;
  }
  const targetName = choice.target ?? defaultTarget(profile, targets, choice, problems);
  const output = outputs[targetName];
  if (!isMapping(output)) {
    const at = choice.target === undefined && profile.has("target") ? profile.span("target") : profile.at;
    problems.push(missingTarget(targetName, targets, name, at));
    return undefined;
  }
  const before = problems.length;
  const rendered = renderOutput(output, choice, problems);
  if (choice.threads !== undefined) rendered["threads"] = choice.threads;
  if (problems.slice(before).some((d) => d.severity === "error")) return undefined;
  const at = keySpan(outputs, targetName) ?? profile.at;
  const target = makeTarget(targetName, new Shape(rendered, `target "${targetName}"`, at, problems));
  return target && { profile: { name, file, targets }, target };
}

function defaultTarget(profile: Shape, targets: string[], choice: ProfileChoice, problems: Diagnostic[]): string {
  const written = profile.text("target");
  if (written === undefined) return targets.length === 1 ? targets[0]! : "default";
  return String(renderValue(written, valueSpan(profile.value, "target"), { render: choice.render, problems }));
}

/** Passwords may look like Jinja without being any: then they stay as written. */
function renderOutput(output: Mapping, choice: ProfileChoice, problems: Diagnostic[]): Mapping {
  const rendered: Mapping = {};
  for (const [key, value] of Object.entries(output)) {
    const found: Diagnostic[] = [];
    const one: Mapping = { [key]: value };
    copyPlaces(output, one);
    const result = renderTree(one, { render: choice.render, problems: found }, () => true);
    rendered[key] = isMapping(result) ? result[key]! : value;
    const secret = key === "password" || key === "pass";
    problems.push(...(secret ? found.filter((d) => d.code === "env-var-missing") : found));
  }
  copyPlaces(output, rendered);
  return rendered;
}

function missingProfile(name: string, profiles: Mapping, file: SourceFile, choice: ProfileChoice): Diagnostic {
  const names = Object.keys(profiles).filter((key) => key !== "config");
  const at = choice.profile === undefined ? choice.profileAt : undefined;
  const notes = [...didYouMean(name, names), `profiles in ${file.absolute}: ${names.join(", ") || "none"}`];
  return error("profile-not-found", `Could not find profile named '${name}' in ${file.path}.`, at, notes);
}

function missingTarget(name: string, targets: string[], profile: string, at: Span): Diagnostic {
  const notes = [...didYouMean(name, targets), `targets: ${targets.join(", ")}`];
  return error("target-not-found", `The profile '${profile}' does not have a target named '${name}'.`, at, notes);
}

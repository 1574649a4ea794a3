/** Names every template sees, whatever the node: values, JSON and YAML, small helpers of dbt's. */
import { dump as dumpYaml } from "js-yaml";
import {
  callArgs,
  eq,
  fromPython,
  iter,
  jsonDumps,
  MacroReturn,
  modules,
  PySet,
  PyTuple,
  str,
  toPython,
} from "../jinja/index.ts";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import { readYaml } from "../project/yaml.ts";
import { md5 } from "../lib/hash.ts";
import { didYouMean } from "../lib/nearest.ts";
import { withFloats } from "./structured.ts";
import { asWritten } from "./written-value.ts";
import type { Mapping, Project, Value } from "../project/types.ts";

/** Run-wide facts, given from outside so that tests can fix them. */
export interface RunFacts {
  /** Warnings of templates, and about nodes as they are built, are errors. */
  readonly warningsFail?: boolean;
  readonly invocationId: string;
  readonly startedAt: Date;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fullRefresh: boolean;
  readonly command: string;
  /** `--empty`: parents are read without their rows. */
  readonly empty?: boolean;
  /** `--store-failures` */
  readonly storeFailures?: boolean;
  /** `--event-time-start` and `--event-time-end`: which batches of microbatch models are built. */
  readonly window?: { readonly start?: Date; readonly end?: Date };
  /** `--sample`: parents are read for this stretch of time. */
  readonly sample?: { readonly start: Date; readonly end: Date };
  /** The command line, by dbt's names: templates see it as `invocation_args_dict`. */
  readonly args?: Mapping;
  /** Ids of what is selected; known once a plan is made. */
  readonly selected?: () => readonly string[];
}

/** dbt's version whose behaviour is followed; templates ask for it. */
export const DBT_VERSION = "1.12.3";

/** Names that do not depend on the node or phase. */
export function globalNames(project: Project, facts: RunFacts): Map<string, unknown> {
  const { target } = project;
  const address = target.connection;
  return new Map<string, unknown>([
    ["dbt_version", DBT_VERSION],
    ["invocation_id", facts.invocationId],
    ["run_started_at", modules.datetimeFrom(facts.startedAt)],
    ["modules", modules.all],
    ["project_name", project.name],
    [
      "target",
      toPython({
        name: target.name,
        target_name: target.name,
        profile_name: project.profile.name,
        schema: target.schema,
        database: address.database,
        dbname: address.database,
        type: "postgres",
        host: address.host,
        user: address.user,
        port: address.port,
        threads: target.threads,
        role: address.role ?? null,
        search_path: address.searchPath ?? null,
        sslmode: address.sslmode ?? null,
        connect_timeout: address.connectTimeout,
        retries: address.retries,
        keepalives_idle: address.keepalivesIdle,
        application_name: address.applicationName,
        autocommit: false,
      }),
    ],
    [
      "flags",
      toPython({
        FULL_REFRESH: facts.fullRefresh,
        WHICH: facts.command,
        EMPTY: facts.empty ?? false,
        STORE_FAILURES: facts.storeFailures ?? false,
      }),
    ],
    ["env_var", (...args: unknown[]) => envVar(facts.env, args)],
    ["return", returnFromMacro],
    ["fromjson", (...args: unknown[]) => orDefault(args, withFloats)],
    ["tojson", (...args: unknown[]) => toJson(args)],
    ["fromyaml", (...args: unknown[]) => orDefault(args, fromYaml)],
    ["toyaml", (...args: unknown[]) => dumpYaml(fromPython(args[0]))],
    ["set", (...args: unknown[]) => orNone(args, (value) => new PySet(iter(value)))],
    ["set_strict", (value: unknown) => new PySet(iter(value))],
    ["zip", (...args: unknown[]) => orNone(args, () => zip(args))],
    ["zip_strict", (...args: unknown[]) => zip(args)],
    ["local_md5", (text: unknown) => md5(str(text))],
    ["diff_of_two_dicts", diffOfTwoDicts],
    ["thread_id", "MainThread"],
  ]);
}

function returnFromMacro(...args: unknown[]): never {
  throw new MacroReturn(args.length === 0 ? null : args[0]);
}

function envVar(env: RunFacts["env"], args: unknown[]): unknown {
  const { name, default: fallback } = callArgs(args, ["name", "default"]);
  const key = String(name);
  if (key.startsWith("DBT_ENV_SECRET")) {
    const hint = "use it in profiles.yml or packages.yml, or rename the variable";
    throw new Failure(error("env-var-secret", `The secret ${key} may not be read here.`, undefined, [hint]));
  }
  const value = env[key];
  if (value !== undefined) return value;
  if (fallback !== undefined && fallback !== null) return fallback;
  const notes = [...didYouMean(key, Object.keys(env)), `set it, or give a default: env_var('${key}', '…')`];
  throw new Failure(error("env-var-missing", `The environment variable ${key} is not set.`, undefined, notes));
}

/** Resolves `var()`: `--vars`, then the package's own block in the root project, then the project's own. */
export function varLookup(project: Project, packageName: string): (name: string) => Value | undefined {
  const scopes = varScopes(project, packageName);
  return (name) => scopes.find((scope) => Object.hasOwn(scope, name))?.[name];
}

function varScopes(project: Project, packageName: string): Mapping[] {
  const root = project.packages[0]?.config.vars ?? {};
  const own = project.packages.find((p) => p.name === packageName)?.config.vars ?? {};
  const scopes: Mapping[] = [project.cliVars];
  for (const vars of [root, own]) {
    const scoped = vars[packageName];
    if (isMapping(scoped)) scopes.push(scoped);
    scopes.push(vars);
  }
  return scopes;
}

/** As `varLookup`, as Python has it: `1.0` in YAML is a float. */
function pythonVar(project: Project, packageName: string, name: string): unknown {
  const scope = varScopes(project, packageName).find((one) => Object.hasOwn(one, name));
  return scope && asWritten(scope, name);
}

export function varNames(project: Project, packageName: string): string[] {
  const all = [project.cliVars, ...project.packages.map((p) => p.config.vars)];
  const scoped = all.map((vars) => vars[packageName]).filter(isMapping);
  return [...all, ...scoped].flatMap((vars) => Object.keys(vars));
}

/** `var('name', default)`, with `.has_var`. */
export function varFunction(
  project: Project,
  packageName: string,
  { render = (text) => text, lenient = false }: { render?: (text: string) => unknown; lenient?: boolean } = {},
): unknown {
  const lookup = varLookup(project, packageName);
  const read = (args: unknown[]): unknown => {
    const { name, default: fallback } = callArgs(args, ["name", "default"]);
    const value = pythonVar(project, packageName, String(name));
    // Texts may be templates: `{{ source(…) }}` in vars is how packages let their tables be named.
    if (typeof value === "string") return render(value);
    if (value !== undefined) return value;
    if (fallback !== undefined) return fallback;
    if (lenient) return null;
    const key = String(name);
    throw new Failure(
      error("var-missing", `No var named "${key}" is set.`, undefined, [
        ...didYouMean(key, varNames(project, packageName)),
        `set it under  vars:  in dbt_project.yml or with --vars, or give a default: var('${key}', …)`,
      ]),
    );
  };
  const has = (key: unknown): boolean => lookup(String(key)) !== undefined;
  return Object.assign((...args: unknown[]) => read(args), { has_var: has });
}

/** YAML as PyYAML reads it: `yes` is true, `1.0` a float. Throws where it is none. */
function fromYaml(text: string): unknown {
  const { value, diagnostics } = readYaml({ path: "fromyaml()", absolute: "", text });
  if (diagnostics.some((d) => d.severity === "error")) throw new Error(diagnostics[0]?.message);
  return asWritten([value], 0);
}

function orDefault(args: unknown[], read: (text: string) => unknown): unknown {
  const { value, default: fallback } = callArgs(args, ["value", "default"]);
  try {
    return read(str(value));
  } catch {
    return fallback ?? null;
  }
}

function toJson(args: unknown[]): unknown {
  const { value, default: fallback, sort_keys } = callArgs(args, ["value", "default", "sort_keys"]);
  try {
    return jsonDumps(value, { sortKeys: sort_keys === true });
  } catch {
    return fallback ?? null;
  }
}

function orNone(args: unknown[], make: (value: unknown) => unknown): unknown {
  try {
    return make(args[0]);
  } catch {
    return null;
  }
}

function zip(lists: unknown[]): unknown[] {
  const rows = lists.map((list) => [...iter(list)]);
  const length = Math.min(...rows.map((row) => row.length));
  return Array.from({ length }, (_, i) => PyTuple.of(rows.map((row) => row[i])));
}

function diffOfTwoDicts(a: unknown, b: unknown): unknown {
  const left = entries(a);
  const right = new Map(
    entries(b).map(([k, v]) => [String(k).toLowerCase(), [...iter(v)].map((x) => String(x).toLowerCase())]),
  );
  const result: Record<string, unknown> = {};
  for (const [key, values] of left) {
    const other = right.get(String(key).toLowerCase());
    const extra = [...iter(values)].filter((v) => !other?.some((o) => eq(o, String(v).toLowerCase())));
    if (extra.length) result[String(key)] = extra;
  }
  return toPython(result);
}

const entries = (value: unknown): [unknown, unknown][] =>
  value instanceof Map ? [...value.entries()] : Object.entries((value ?? {}) as object);

const isMapping = (value: unknown): value is Mapping =>
  typeof value === "object" && value !== null && !Array.isArray(value);

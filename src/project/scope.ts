/** What Jinja in YAML files may use: `var`, `env_var`, `target`, and what the caller adds. */
import { Failure, error } from "../diagnostics/diagnostic.ts";
import { callArgs, toPython } from "../jinja/index.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { Mapping, Target } from "./types.ts";

/** Names by lookup; undefined where there is none. */
export interface Scope {
  get(name: string): unknown;
}

export type Env = Readonly<Record<string, string | undefined>>;

export interface ScopeInput {
  readonly env: Env;
  readonly vars: Mapping;
  /** Whether `env_var` may read `DBT_ENV_SECRET_…`: in profiles and package lists only. */
  readonly secrets?: boolean;
  readonly target?: Target;
  readonly profile?: string;
  readonly project?: string;
  /** Further names, looked up last. */
  readonly more?: Scope;
}

const SECRET = "DBT_ENV_SECRET";

export function makeScope(input: ScopeInput): Scope {
  const names = new Map<string, unknown>([
    ["env_var", envVar(input.env, input.secrets ?? false)],
    ["var", variable(input.vars)],
  ]);
  if (input.target) names.set("target", toPython(targetValues(input.target, input.profile ?? "")));
  if (input.project !== undefined) names.set("project_name", input.project);
  return { get: (name) => (names.has(name) ? names.get(name) : input.more?.get(name)) };
}

/** `{{ target.… }}`: what dbt shows of a connection, without its password. */
export function targetValues(target: Target, profile: string): Mapping {
  const c = target.connection;
  return {
    profile_name: profile,
    name: target.name,
    target_name: target.name,
    type: "postgres",
    schema: target.schema,
    threads: target.threads,
    database: c.database,
    dbname: c.database,
    host: c.host,
    user: c.user,
    port: c.port,
    connect_timeout: c.connectTimeout,
    role: c.role ?? null,
    search_path: c.searchPath ?? null,
    keepalives_idle: c.keepalivesIdle,
    sslmode: c.sslmode ?? null,
    application_name: c.applicationName,
    retries: c.retries,
  };
}

function envVar(env: Env, secrets: boolean) {
  return (...args: unknown[]): unknown => {
    const { var: name, default: fallback } = callArgs(args, ["var!", "default"], "env_var");
    const key = String(name);
    if (key.startsWith(SECRET) && !secrets) {
      const hint = "use it in profiles.yml or packages.yml, or rename the variable";
      throw new Failure(error("env-var-secret", `The secret ${key} may not be read here.`, undefined, [hint]));
    }
    const value = env[key];
    if (value !== undefined) return value;
    if (fallback !== undefined) return fallback;
    const notes = [...didYouMean(key, Object.keys(env)), `set it, or give a default: env_var('${key}', '…')`];
    throw new Failure(error("env-var-missing", `The environment variable ${key} is not set.`, undefined, notes));
  };
}

function variable(vars: Mapping) {
  return (...args: unknown[]): unknown => {
    const { name, default: fallback } = callArgs(args, ["name!", "default"], "var");
    const key = String(name);
    if (Object.hasOwn(vars, key)) return toPython(vars[key]);
    if (fallback !== undefined) return fallback;
    const notes = [...didYouMean(key, Object.keys(vars)), `set it under  vars:  or give a default: var('${key}', …)`];
    throw new Failure(error("var-missing", `No var named "${key}" is set.`, undefined, notes));
  };
}

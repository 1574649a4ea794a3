/** What stands at the head of every artifact. */

/** Readers of artifacts decide by it what to expect. */
export const DBT_VERSION = "1.12.3";
const ENV_PREFIXES = ["DBT_ENV_CUSTOM_ENV_", "DBT_ENGINE_ENV_CUSTOM_ENV_"];

export interface Invocation {
  readonly invocationId: string;
  readonly startedAt: Date;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Metadata {
  readonly dbt_schema_version: string;
  /** The dbt version whose artifacts these are like: readers parse it as a number. */
  readonly dbt_version: string;
  readonly generated_at: string;
  readonly invocation_id: string;
  readonly invocation_started_at: string;
  readonly env: Readonly<Record<string, string>>;
}

/** `schema` such as `run-results/v6`. */
export function metadata(schema: string, { invocationId, startedAt, env = {} }: Invocation, now: Date): Metadata {
  return {
    dbt_schema_version: `https://schemas.getdbt.com/dbt/${schema}.json`,
    dbt_version: DBT_VERSION,
    generated_at: now.toISOString(),
    invocation_id: invocationId,
    invocation_started_at: startedAt.toISOString(),
    env: customEnv(env),
  };
}

/** Only variables made for it. */
function customEnv(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const own: Record<string, string> = {};
  // Others are not even looked at: a run remembers which variables it has read.
  for (const name of Object.keys(env)) {
    const prefix = ENV_PREFIXES.find((one) => name.startsWith(one));
    const value = prefix === undefined ? undefined : env[name];
    if (prefix !== undefined && value !== undefined) own[name.slice(prefix.length)] = value;
  }
  return own;
}

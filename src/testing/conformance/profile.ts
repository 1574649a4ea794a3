/** `profiles.yml` that both tools read: dbt's own keys, an address of the test server. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestDatabase } from "../server.ts";

export interface ProfileChoice {
  /** `profile:` of the project. */
  readonly name: string;
  readonly schema?: string;
  readonly target?: string;
  readonly threads?: number;
}

/** Writes `profiles.yml` into a folder. */
export async function writeProfile(folder: string, { connection }: TestDatabase, choice: ProfileChoice): Promise<void> {
  const { host, port, user, password, database } = connection;
  const { name, schema = "analytics", target = "postgres", threads = 4 } = choice;
  const output = { type: "postgres", host, port, user, password, dbname: database, schema, threads };
  await mkdir(folder, { recursive: true });
  // JSON is YAML too.
  await writeFile(join(folder, "profiles.yml"), JSON.stringify({ [name]: { target, outputs: { [target]: output } } }));
}

/** What suites share: public projects in a scratch folder, databases of their own, our CLI, and a real dbt if there is one. */
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startCli, type CliResult } from "../rig.ts";
import { testDatabase, type TestDatabase } from "../server.ts";
import { Unavailable } from "./suite.ts";

export interface Kit {
  /** A folder that is gone when the suite is done. */
  readonly scratch: string;
  /**
   * A copy of a public repository (`owner/name`), free to be changed. Looked for below `$SLUICE_SUITES` as `owner/name` or
   * `name`, else cloned from GitHub. Throws `Unavailable`.
   */
  checkout(repository: string, options?: { revision?: string }): Promise<string>;
  /** A new, empty database. */
  database(): Promise<TestDatabase>;
  /** Runs our CLI: `$SLUICE_TEST_CLI`, else the compiled one. */
  sluice(args: readonly string[], options: RunOptions): Promise<CliResult>;
  /** Runs the real dbt that `$SLUICE_DBT` names. Throws `Unavailable` without one. */
  dbt(args: readonly string[], options: RunOptions): Promise<CliResult>;
  readonly hasDbt: boolean;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Gives `work` a kit, and tidies up after it. */
export async function withKit<T>(work: (kit: Kit) => Promise<T>): Promise<T> {
  const scratch = await mkdtemp(join(tmpdir(), "sluice-conformance-"));
  const databases: TestDatabase[] = [];
  const dbt = process.env["SLUICE_DBT"];
  try {
    return await work({
      scratch,
      hasDbt: dbt !== undefined,
      checkout: (repository, { revision } = {}) => checkout(scratch, repository, revision),
      database: async () => {
        const database = await testDatabase();
        databases.push(database);
        return database;
      },
      sluice: (args, options) => startCli(args, options).done,
      dbt: (args, options) => {
        if (dbt === undefined) throw new Unavailable("no real dbt: SLUICE_DBT names its executable");
        return run(dbt, args, options);
      },
    });
  } finally {
    for (const database of databases) await database.drop();
    await rm(scratch, { recursive: true, force: true });
  }
}

async function checkout(scratch: string, repository: string, revision: string | undefined): Promise<string> {
  const copy = join(scratch, repository.replace("/", "+"));
  await rm(copy, { recursive: true, force: true });
  const home = process.env["SLUICE_SUITES"];
  const [, name = repository] = repository.split("/");
  const here = home === undefined ? [] : [resolve(home, repository), resolve(home, name)].filter(existsSync);
  if (here[0] !== undefined) {
    await cp(here[0], copy, { recursive: true });
    return copy;
  }
  await mkdir(copy, { recursive: true });
  const url = `https://github.com/${repository}`;
  const branch = revision === undefined ? [] : ["--branch", revision];
  const cloned = await run("git", ["clone", "--quiet", "--depth", "1", ...branch, url, copy], { cwd: scratch });
  if (cloned.code === 0) return copy;
  throw new Unavailable(`${repository} is not below SLUICE_SUITES, and cannot be cloned: ${cloned.stderr.trim()}`);
}

/** Another program, run to its end; its output is kept. */
export function run(command: string, args: readonly string[], { cwd, env }: RunOptions): Promise<CliResult> {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((done, reject) => {
    child.on("error", reject);
    child.on("close", (code) => done({ code, stdout, stderr, all: stdout + stderr }));
  });
}

/** The rig of end-to-end tests: a project in a temporary folder, a database of its own, the real CLI as a process. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { packageRoot } from "../lib/package-root.ts";
import { Client } from "pg";
import { testDatabase } from "./server.ts";

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, in that order. */
  readonly all: string;
}

export interface Rig {
  /** The project's folder. */
  readonly dir: string;
  readonly url: string;
  /** Writes (or overwrites) files of the project. `null` deletes one. */
  write(files: Readonly<Record<string, string | null>>): Promise<void>;
  /** Runs `sluice …args` in the project's folder. */
  sluice(...args: readonly string[]): Promise<CliResult>;
  /** As `sluice`, with a say in the environment, the folder, and the process itself. */
  start(
    args: readonly string[],
    options?: StartOptions,
  ): { readonly pid: number; kill(signal: NodeJS.Signals): void; readonly done: Promise<CliResult> };
  /** Rows of a query on the project's database, as a superuser. */
  rows<R = Record<string, unknown>>(sql: string): Promise<R[]>;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly onStdout?: (text: string) => void;
  readonly onStderr?: (text: string) => void;
}

/** `SLUICE_TEST_CLI` names another build to test, such as an installed one. */
const CLI = process.env["SLUICE_TEST_CLI"] ?? join(packageRoot(), "dist", "cli.js");

/** A minimal project; `files` come on top and may replace these. Threads: 4. */
function starter(url: string): Record<string, string> {
  return {
    "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\n",
    "profiles.yml": `shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, url: '${url}', schema: analytics, threads: 4}\n`,
  };
}

/** Wraps a test: `test("…", rig(async ({ write, sluice, rows }) => { … }))`. Everything is gone afterwards. */
export function rig(body: (rig: Rig) => Promise<void>): () => Promise<void> {
  return async () => {
    const database = await testDatabase();
    const dir = await mkdtemp(join(tmpdir(), "sluice rig "));
    const write: Rig["write"] = async (files) => {
      for (const [path, text] of Object.entries(files)) {
        const absolute = join(dir, path);
        if (text === null) await rm(absolute, { force: true });
        else {
          await mkdir(dirname(absolute), { recursive: true });
          await writeFile(absolute, text);
        }
      }
    };
    const start: Rig["start"] = (args, options = {}) => startCli(args, { cwd: dir, ...options });
    try {
      await write(starter(database.url));
      await body({
        dir,
        url: database.url,
        write,
        start,
        sluice: (...args) => start(args).done,
        rows: (sql) => rowsOf(database.url, sql),
      });
    } finally {
      await rm(dir, { recursive: true, force: true });
      await database.drop();
    }
  };
}

export function startCli(args: readonly string[], options: StartOptions): ReturnType<Rig["start"]> {
  // Nothing of the developer's own dbt or colour settings; `undefined` takes a variable away.
  const env = Object.fromEntries(
    Object.entries({ ...process.env, FORCE_COLOR: undefined, NO_COLOR: undefined, ...options.env }).filter(
      ([name, value]) => value !== undefined && (!name.startsWith("DBT_") || options.env?.[name] !== undefined),
    ),
  );
  const child = spawn(process.execPath, [CLI, ...args], { cwd: options.cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    options.onStdout?.(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    options.onStderr?.(text);
  });
  const done = new Promise<CliResult>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr, all: stdout + stderr }));
  });
  return { pid: child.pid!, kill: (signal) => void child.kill(signal), done };
}

async function rowsOf<R>(url: string, sql: string): Promise<R[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as R[];
  } finally {
    await client.end();
  }
}

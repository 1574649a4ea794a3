/** What docker-compose.yml would do, without Docker: docker/init.sh on a new server, then the commands of `setup`, as written. */
import { execFile, execFileSync } from "node:child_process";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { load } from "js-yaml";
import { Client } from "pg";
import { expect, test } from "vitest";
import { packageRoot } from "../../lib/package-root.ts";
import { splitWords } from "../../lib/words.ts";
import { ensureRunning, stop } from "../../postgres/embedded.ts";
import { copyBank } from "../bank/copy.ts";
import { type Stub, startStub } from "../metabase/stub.ts";
import { startCli } from "../rig.ts";

const hasPsql = (() => {
  try {
    execFileSync("psql", ["--version"]);
    return true;
  } catch {
    return false;
  }
})();

async function variables(): Promise<Record<string, string>> {
  const text = await readFile(join(packageRoot(), ".env.example"), "utf8");
  return Object.fromEntries([...text.matchAll(/^([A-Z_]+)=(.*)$/gm)].map((match) => [match[1]!, match[2]!]));
}

/** `${NAME:-default}` and `${NAME:?why}` by the variables. */
const filled = (text: string, env: Record<string, string>): string =>
  text.replace(
    /\$\{([A-Z_]+)(?::-([^}]*)|:\?[^}]*)?\}/g,
    (_, name: string, otherwise?: string) => env[name] || (otherwise ?? ""),
  );

async function asUser(url: string, sql: string): Promise<string> {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
    return JSON.stringify((await client.query(sql)).rows);
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } finally {
    await client.end().catch(() => {});
  }
}

test.skipIf(!hasPsql)(
  "on a server that docker/init.sh prepared, the commands of `setup` build the marts, keep the readers and push the dashboard",
  async () => {
    const dir = await mkdtemp(join(tmpdir(), "sluice stack "));
    const dataDir = join(dir, ".sluice", "postgres");
    let stub: Stub | undefined;
    try {
      const server = await ensureRunning(dataDir);
      // The embedded server's own superuser is called as the example's builder.
      const env: Record<string, string> = { ...(await variables()), WAREHOUSE_USER: "bank_builder" };
      const psql = {
        PGHOST: server.host,
        PGPORT: String(server.port),
        PGPASSWORD: server.password,
        POSTGRES_USER: server.user,
      };
      await promisify(execFile)("bash", [join(packageRoot(), "docker/init.sh")], {
        env: { ...process.env, ...env, ...psql },
      });

      await copyBank(dir);
      await cp(join(packageRoot(), "profiles.yml"), join(dir, "profiles.yml"));
      stub = await startStub();
      const compose = load(await readFile(join(packageRoot(), "docker-compose.yml"), "utf8")) as {
        services: { setup: { command: string[]; environment: Record<string, string> } };
        "x-sluice": { environment: Record<string, string> };
      };
      const { setup } = compose.services;
      const { "<<": _, ...own } = setup.environment;
      const declared = { ...compose["x-sluice"].environment, ...own };
      const here = {
        WAREHOUSE_HOST: server.host,
        WAREHOUSE_PORT: String(server.port),
        BI_DB_HOST: server.host,
        METABASE_URL: stub.url,
      };
      const environment = {
        ...Object.fromEntries(Object.entries(declared).map(([name, value]) => [name, filled(value, env)])),
        // Names inside of the network; the stub has its own token.
        ...here,
        MB_SETUP_TOKEN: undefined,
      };
      const commands = setup.command[0]!.split("&&").map((line) => splitWords(line)!.slice(1));
      const run = async (words: readonly string[]): Promise<string> => {
        const done = await startCli(words, { cwd: dir, env: environment }).done;
        expect(done.code, done.all).toBe(0);
        return done.stdout;
      };
      for (const words of commands) await run(words);
      expect(stub.store.dashboards.map(({ dashcards }) => dashcards.length)).toEqual([7]);
      // Once more, as `docker compose up` does after a restart.
      expect(await run(commands[0]!)).toContain("Completed successfully");
      expect(await run(commands[1]!)).toBe("");
      expect(await run(commands[2]!)).toBe("Nothing to change.\n");

      const url = (user: string, password: string, database: string): string =>
        `postgresql://${user}:${password}@${server.host}:${server.port}/${database}`;
      const reader = url(env["BI_USER"]!, env["BI_PASSWORD"]!, "bank");
      expect(await asUser(reader, "select count(*)::int as n from marts.inflow_outflow")).toBe('[{"n":2}]');
      expect(await asUser(reader, "select * from marts.dim_customers")).toBe(
        "permission denied for table dim_customers",
      );
      expect(await asUser(reader, "select * from staging.stg_transactions")).toBe(
        "permission denied for schema staging",
      );
      expect(await asUser(reader, "create temp table t ()")).toMatch(/read-only transaction|permission denied/);
      expect(await asUser(url("metabase", env["METABASE_DB_PASSWORD"]!, "bank"), "select 1")).toMatch(
        /permission denied for database/,
      );
      expect(await asUser(url("airflow", env["AIRFLOW_DB_PASSWORD"]!, "metabase"), "select 1")).toMatch(
        /permission denied for database/,
      );
      expect(await asUser(url("airflow", env["AIRFLOW_DB_PASSWORD"]!, "airflow"), "select 1 as a")).toBe('[{"a":1}]');
    } finally {
      await stub?.close();
      await stop(dataDir);
      await rm(dir, { recursive: true, force: true });
    }
  },
  120_000,
);

/**
 * dbt's own functional tests for Postgres, driven through our CLI: the folder `dbt-functional/` stands in for the package
 * `dbt` that they import. Needs a Python with pytest, psycopg2 and PyYAML: `$SLUICE_PYTHON`, else `python3`.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "pg";
import { packageRoot } from "../../lib/package-root.ts";
import { quoteIdent } from "../../postgres/relation.ts";
import { type Kit, run } from "./kit.ts";
import { type Case, failed, passed, skipped, type Suite, Unavailable } from "./suite.ts";

/** Some tests look for these names. */
const DATABASE = "dbt";
const DATABASES = [DATABASE, "dbtMixedCase"];
const USER = "root";
const PASSWORD = "password";
const ROLES = [1, 2, 3].map((n) => `dbt_test_user_${n}`);

export const dbtFunctional: Suite = {
  name: "dbt-functional",
  about: "dbt-labs/dbt-adapters, dbt-postgres/tests/functional: dbt's tests of itself on Postgres",
  async *run(kit) {
    const python = process.env["SLUICE_PYTHON"] ?? "python3";
    const modules = "import pytest, psycopg2, yaml, pytz, freezegun";
    const ready = await run(python, ["-c", modules], { cwd: kit.scratch }).catch(() => undefined);
    if (ready?.code !== 0)
      throw new Unavailable("needs a Python with pytest, psycopg2, PyYAML, pytz and freezegun: SLUICE_PYTHON names it");
    const repository = await kit.checkout("dbt-labs/dbt-adapters");
    const report = join(kit.scratch, "report.xml");
    await run(
      python,
      ["-m", "pytest", "-q", "-o", "addopts=", "--rootdir", ".", `--junitxml=${report}`, "tests/functional"],
      {
        cwd: join(repository, "dbt-postgres"),
        env: await environment(kit, repository),
      },
    );
    yield* casesIn(await readFile(report, "utf8"));
  },
};

async function environment(kit: Kit, repository: string): Promise<Record<string, string>> {
  const { host, port } = (await kit.database()).connection;
  await prepare(kit);
  const cli = process.env["SLUICE_TEST_CLI"] ?? join(packageRoot(), "dist", "cli.js");
  return {
    PYTHONPATH: [
      join(packageRoot(), "src/testing/conformance/dbt-functional"),
      join(repository, "dbt-tests-adapter/src"),
      ".",
    ].join(":"),
    CONFORMANCE_CLI: `${process.execPath}\n${cli}`,
    POSTGRES_TEST_HOST: host,
    POSTGRES_TEST_PORT: String(port),
    POSTGRES_TEST_USER: USER,
    POSTGRES_TEST_PASS: PASSWORD,
    POSTGRES_TEST_DATABASE: DATABASE,
    ...Object.fromEntries(ROLES.map((role, i) => [`DBT_TEST_USER_${i + 1}`, role])),
  };
}

/** The databases and roles that the tests expect on the server of the suites; made anew. */
async function prepare(kit: Kit): Promise<void> {
  const client = new Client({ connectionString: (await kit.database()).url });
  await client.connect();
  try {
    for (const name of DATABASES) {
      await client.query(`drop database if exists ${quoteIdent(name)} with (force)`);
      await client.query(`create database ${quoteIdent(name)}`);
    }
    const { rows } = await client.query<{ rolname: string }>("select rolname from pg_roles");
    const there = new Set(rows.map((row) => row.rolname));
    if (!there.has(USER)) await client.query(`create role ${quoteIdent(USER)} superuser login password '${PASSWORD}'`);
    for (const role of ROLES) if (!there.has(role)) await client.query(`create role ${quoteIdent(role)}`);
  } finally {
    await client.end();
  }
}

/** Of pytest's report. What cannot be driven through a command line is skipped by the stand-in, with the reason. */
function* casesIn(report: string): Iterable<Case> {
  for (const [, attributes = "", body = ""] of report.matchAll(/<testcase ([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)) {
    const name = `${attribute(attributes, "classname").replace("tests.functional.", "")}::${attribute(attributes, "name")}`;
    const outcome = /<(failure|error|skipped)\b([^>]*)/.exec(body);
    const message = attribute(outcome?.[2] ?? "", "message").split("\n")[0] ?? "";
    if (!outcome) yield passed(name);
    else if (outcome[1] === "skipped") yield skipped(name, message.replace(/:.*/, ""));
    else yield failed(name, message.slice(0, 200));
  }
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', amp: "&", apos: "'", "#10": "\n" };

const attribute = (text: string, name: string): string =>
  (new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1] ?? "").replace(
    /&(#?\w+);/g,
    (all, code: string) => ENTITIES[code] ?? all,
  );

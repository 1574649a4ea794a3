/** Projects that test themselves by a script of `dbt` commands: ours answers to that name, and each command is a case. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { packageRoot } from "../../lib/package-root.ts";
import { type Kit, run } from "./kit.ts";
import { install } from "./packages.ts";
import { writeProfile } from "./profile.ts";
import { type Case, judged, type Suite } from "./suite.ts";

const utils = "dbt-labs/dbt-utils";
const snowplow = "snowplow/dbt-snowplow-utils";

const ALL = [
  {
    repository: snowplow,
    script: ".scripts/integration_tests.sh",
    packages: { snowplow_utils: ".", dbt_utils: utils, dbt_unittest: "yu-iskw/dbt-unittest" },
  },
  {
    repository: "snowplow/dbt-snowplow-unified",
    script: ".scripts/integration_test.sh",
    packages: { snowplow_unified: ".", snowplow_utils: snowplow, dbt_utils: utils },
  },
] as const;

export const scripts: Suite = {
  name: "scripts",
  about: "snowplow-utils and snowplow-unified: their integration scripts, published together",
  async *run(kit) {
    for (const one of ALL) yield* runScript(kit, one);
  },
};

async function* runScript(kit: Kit, { repository, script, packages }: (typeof ALL)[number]): AsyncIterable<Case> {
  const home = await kit.checkout(repository);
  const folder = "integration_tests";
  await install(kit, { packages, folder }, home);
  const bin = join(kit.scratch, "bin");
  const log = join(kit.scratch, `${repository.replace("/", "+")}.log`);
  await shim(join(bin, "dbt"), log);
  const profiles = join(kit.scratch, "profiles");
  await writeProfile(profiles, await kit.database(), { name: "integration_tests", schema: "scripts" });
  const env = { PATH: `${bin}${delimiter}${process.env["PATH"]}`, DBT_PROFILES_DIR: profiles };
  const { code, all } = await run("bash", [script, "-d", "postgres"], { cwd: join(home, folder), env });
  // A script expects some commands to fail, and stops at the first that goes another way than it expects.
  const commands = (await readFile(log, "utf8")).trim().split("\n");
  for (const [i, line] of commands.entries()) {
    const isStop = code !== 0 && i === commands.length - 1;
    yield judged(`${repository}: ${line.slice(0, 160)}`, isStop ? all.slice(-2000) : undefined);
  }
}

/** An executable that is our CLI, and writes down each call. */
async function shim(path: string, log: string): Promise<void> {
  const cli = process.env["SLUICE_TEST_CLI"] ?? join(packageRoot(), "dist", "cli.js");
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho "dbt $*" >> "${log}"\nexec "${process.execPath}" "${cli}" "$@"\n`);
  await chmod(path, 0o755);
}

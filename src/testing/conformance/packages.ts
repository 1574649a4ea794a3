/** The integration tests of the packages that most projects use: their own tests compare what macros give. */
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Kit } from "./kit.ts";
import { sideBySide } from "./side-by-side.ts";
import type { Suite } from "./suite.ts";

/** Puts packages where `deps` would, as it does with local ones: by links. */
async function install(folder: string, packages: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(join(folder, "dbt_packages"), { recursive: true });
  for (const [name, from] of Object.entries(packages)) await symlink(from, join(folder, "dbt_packages", name));
  // dbt counts whether all are there that are asked for.
  const listed = Object.values(packages).map((local) => ({ local }));
  await writeFile(join(folder, "packages.yml"), JSON.stringify({ packages: listed }));
  await rm(join(folder, "package-lock.yml"), { force: true });
}

export const dbtUtils: Suite = {
  name: "dbt-utils",
  about: "dbt-labs/dbt-utils integration_tests: build --full-refresh",
  async *run(kit: Kit) {
    const repository = await kit.checkout("dbt-labs/dbt-utils");
    const folder = join(repository, "integration_tests");
    await install(folder, { dbt_utils: repository });
    const args = ["--full-refresh"];
    yield* sideBySide(kit, {
      name: "dbt-utils",
      folder,
      profile: "integration_tests",
      schema: "utils",
      args,
      changing: ["utils.recency_time_included"],
    });
  },
};

/** Set by a macro of the project, whatever the target's is. */
const SCHEMA = "dbt_expectations_integration_tests";

export const dbtExpectations: Suite = {
  name: "dbt-expectations",
  about: "metaplane/dbt-expectations integration_tests, with dbt-date: build",
  async *run(kit: Kit) {
    const repository = await kit.checkout("metaplane/dbt-expectations");
    const folder = join(repository, "integration_tests");
    await install(folder, { dbt_expectations: repository, dbt_date: await kit.checkout("godatadriven/dbt-date") });
    const changing = ["", "_extended", "_grouped"].map((name) => `timeseries_data${name}`);
    yield* sideBySide(kit, {
      name: "dbt-expectations",
      folder,
      profile: "integration_tests",
      schema: "expectations",
      changing: [...changing, "timeseries_hourly_data_extended"].map((name) => `${SCHEMA}.${name}`),
      changingTests: /moving_stdevs/,
    });
  },
};

/** The integration tests of packages that many projects use: their own tests compare what macros give. */
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Kit } from "./kit.ts";
import { type Project, sideBySide } from "./side-by-side.ts";
import type { Suite } from "./suite.ts";

interface PackageTests extends Omit<Project, "folder" | "profile"> {
  readonly repository: string;
  /** Below the repository. */
  readonly folder: string;
  readonly profile?: string;
  /** Packages by name: a path below the repository, or `owner/name` of another. */
  readonly packages: Readonly<Record<string, string>>;
}

const utils = { dbt_utils: "dbt-labs/dbt-utils" };
/** Set by a macro of the project, whatever the target's is. */
const SERIES = "dbt_expectations_integration_tests";
const RANDOM = [
  "timeseries_data",
  "timeseries_data_extended",
  "timeseries_data_grouped",
  "timeseries_hourly_data_extended",
];

const ALL: readonly PackageTests[] = [
  {
    name: "dbt-utils",
    repository: "dbt-labs/dbt-utils",
    folder: "integration_tests",
    packages: { dbt_utils: "." },
    args: ["--full-refresh"],
    changing: ["packages.recency_time_included"],
  },
  {
    name: "dbt-expectations",
    repository: "metaplane/dbt-expectations",
    folder: "integration_tests",
    packages: { dbt_expectations: ".", dbt_date: "godatadriven/dbt-date" },
    changing: RANDOM.map((name) => `${SERIES}.${name}`),
    changingTests: /moving_stdevs/,
  },
  {
    name: "dbt-codegen",
    repository: "dbt-labs/dbt-codegen",
    folder: "integration_tests",
    packages: { codegen: ".", ...utils },
  },
  {
    name: "dbt-audit-helper",
    repository: "dbt-labs/dbt-audit-helper",
    folder: "integration_tests",
    packages: { audit_helper: ".", ...utils },
    changing: ["packages.unit_test_model_a", "packages.unit_test_model_b"],
  },
  {
    name: "dbt-project-evaluator",
    repository: "dbt-labs/dbt-project-evaluator",
    folder: "integration_tests",
    packages: { dbt_project_evaluator: ".", exclude_package: "integration_tests/exclude_package", ...utils },
  },
  {
    name: "dbt-unit-testing",
    repository: "EqualExperts/dbt-unit-testing",
    folder: "integration-tests",
    packages: {
      dbt_unit_testing: ".",
      dbt_unit_testing_integration_tests_sub_package: "integration-tests-sub-package",
    },
  },
  {
    name: "dbt-profiler",
    repository: "data-mie/dbt-profiler",
    folder: "integration_tests",
    packages: {
      dbt_profiler: ".",
      ...utils,
      dbt_expectations: "metaplane/dbt-expectations",
      dbt_date: "godatadriven/dbt-date",
    },
    // Its profiles tell when they were made.
    changing: ["*"],
  },
  {
    name: "dbt-event-logging",
    repository: "dbt-labs/dbt-event-logging",
    folder: "integration_tests",
    packages: { logging: ".", ...utils },
    changing: ["*"],
  },
  {
    name: "dbt-artifacts",
    repository: "brooklyn-data/dbt_artifacts",
    folder: "integration_test_project",
    profile: "dbt_artifacts",
    packages: { dbt_artifacts: "." },
    changing: ["*"],
  },
  {
    name: "elementary",
    repository: "elementary-data/dbt-data-reliability",
    folder: "integration_tests/dbt_project",
    profile: "elementary_tests",
    packages: { elementary: ".", ...utils },
    // Its tables are records of the run.
    changing: ["*"],
  },
];

/** Puts packages where `deps` would, as it does with local ones: by links. */
export async function install(
  kit: Kit,
  { packages, folder }: Pick<PackageTests, "packages" | "folder">,
  repository: string,
): Promise<void> {
  const home = join(repository, folder);
  await rm(join(home, "dbt_packages"), { recursive: true, force: true });
  await mkdir(join(home, "dbt_packages"), { recursive: true });
  const listed: { local: string }[] = [];
  for (const [name, from] of Object.entries(packages)) {
    const isOther = /^[\w-]+\/[\w-]+$/.test(from) && !from.startsWith(`${folder}/`);
    const local = isOther ? await kit.checkout(from) : join(repository, from);
    await symlink(local, join(home, "dbt_packages", name));
    listed.push({ local });
  }
  // dbt counts whether all are there that are asked for.
  await writeFile(join(home, "packages.yml"), JSON.stringify({ packages: listed }));
  await rm(join(home, "package-lock.yml"), { force: true });
}

export const packageSuites: readonly Suite[] = ALL.map((tests) => ({
  name: tests.name,
  about: `${tests.repository}, ${tests.folder}: build`,
  async *run(kit: Kit) {
    const repository = await kit.checkout(tests.repository);
    await install(kit, tests, repository);
    const folder = join(repository, tests.folder);
    yield* sideBySide(kit, { profile: "integration_tests", schema: "packages", ...tests, folder });
  },
}));

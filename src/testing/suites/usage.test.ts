import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { version } from "../../lib/package-root.ts";
import { type CliResult, rig, startCli } from "../rig.ts";

const cli = (...args: string[]): Promise<CliResult> => startCli(args, {}).done;

test("--help lists the commands by group, and each command's help has its options and examples", async () => {
  const general = await cli("--help");
  expect(general.code).toBe(0);
  const verbs =
    "build run test seed snapshot load retry clone run-operation publish rollback history watch schedule docs grants metabase plan compile show ls parse source debug init deps generate up down clean".split(
      " ",
    );
  for (const verb of verbs) expect(general.stdout).toMatch(new RegExp(`^  ${verb}\\b`, "m"));
  const helps = await Promise.all(verbs.map((verb) => cli(verb, "--help")));
  for (const [i, { code, stdout }] of helps.entries()) {
    expect([verbs[i], code]).toEqual([verbs[i], 0]);
    expect(stdout).toContain(`Examples\n  sluice ${verbs[i]}`);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  }
  expect(helps[0]!.stdout).toMatch(/-s, --select <nodes…>/);
  expect((await cli("help", "build")).stdout).toBe(helps[0]!.stdout);
});

test("--version prints the version alone", async () => {
  expect(await cli("--version")).toMatchObject({ code: 0, stdout: `${version()}\n`, stderr: "" });
});

test("without a command the help goes to stderr, and the exit code is 2", async () => {
  expect(await cli()).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("Build\n  build ") });
});

const WRONG: readonly (readonly [words: string, said: string])[] = [
  ["bild", 'Unknown command "bild". Did you mean "build"?'],
  ["freshness", 'Unknown command "freshness". Write  sluice source freshness.'],
  ["build --selct a", 'Unknown option "--selct" for sluice build. Did you mean --select?'],
  [
    "build --output json",
    'Unknown option "--output" for sluice build. It is an option of history, metabase, plan, compile, show, ls, source, generate.',
  ],
  ["build a", 'sluice build takes no argument "a". Did you mean  sluice build --select a?'],
  ["build --select", "--select needs a value."],
  ["build --threads many", "--threads needs a number."],
  ["build --threads 0", "--threads needs a whole number of at least 1, not 0."],
  ["build --log-format xml", '--log-format cannot be "xml". It takes text, json'],
  ["generate --rows -5", "rows must be a whole number of at least 0"],
  ["help bild", 'Unknown command "bild".'],
];
for (const [words, said] of WRONG) {
  test(`sluice ${words}: said in a sentence, exit code 2`, async () => {
    const { code, stdout, stderr } = await cli(...words.split(" "));
    expect([code, stdout, stderr]).toEqual([2, "", expect.stringContaining(said)]);
  });
}

test("outside of a project, the nearest one is named", async () => {
  const dir = await mkdtemp(join(tmpdir(), "sluice nowhere "));
  try {
    const { code, stderr } = await startCli(["build"], { cwd: dir }).done;
    expect([code, stderr]).toEqual([2, expect.stringContaining("There is no dbt_project.yml in")]);
    expect(stderr).toContain("sluice init");
  } finally {
    await rm(dir, { recursive: true });
  }
});

test(
  "in a project's subfolder the project above is meant, unless a folder is named",
  rig(async ({ dir, write, start }) => {
    await write({ "models/marts/a.sql": "select 1 as id" });
    const cwd = join(dir, "models", "marts");
    expect(await start(["ls"], { cwd }).done).toMatchObject({ code: 0, stdout: "shop.marts.a\n" });
    const { code, stderr } = await start(["ls", "--project-dir", cwd]).done;
    expect([code, stderr]).toEqual([2, expect.stringContaining("There is no dbt_project.yml in")]);
  }),
);

const MODELS = {
  "models/orders.sql": "select {{ var('amount', 1) }} as amount, '{{ target.name }}' as target",
  "models/customers.sql": "select 1 as id",
};

test(
  "names that nobody knows suggest the nearest: nodes, targets, profiles, variables",
  rig(async ({ write, sluice }) => {
    await write(MODELS);
    const select = await sluice("ls", "--select", "oders");
    expect(select.stderr).toMatch(/"oders" matches nothing[^]*did you mean "orders"/);
    const target = await sluice("build", "--target", "dve");
    expect([target.code, target.stderr]).toEqual([2, expect.stringContaining('did you mean "dev"?')]);
    const profile = await sluice("build", "--profile", "shp");
    expect([profile.code, profile.stderr]).toEqual([2, expect.stringContaining('did you mean "shop"?')]);
    const kind = await sluice("ls", "--resource-type", "modle");
    expect([kind.code, kind.stderr]).toEqual([2, expect.stringContaining('did you mean "model"?')]);
    const unread = await sluice("parse", "--vars", "{amuont: 2, other: 1}");
    expect([unread.code, unread.stderr]).toEqual([
      0,
      expect.stringMatching(/^var-unread .*"amuont" of --vars[^]*did you mean "amount"\?\n\n1 warning\n$/),
    ]);
    await write({ "models/needy.sql": "select {{ var('amuont') }} as x" });
    const vars = await sluice("build", "--vars", "{amount: 2}");
    expect([vars.code, vars.all]).toEqual([2, expect.stringMatching(/"?amuont"?[^]*did you mean "amount"/)]);
    await write({
      "macros/cents.sql": "{% macro cents(x) %}{{ x }} / 100{% endmacro %}",
      "models/needy.sql": "select {{ cnets(5) }} as x",
    });
    const macro = await sluice("compile", "--select", "needy");
    expect([macro.code, macro.stderr]).toEqual([
      1,
      expect.stringMatching(/^models\/needy\.sql:1:11 .*'cnets' is undefined[^]*did you mean "cents"\?/),
    ]);
  }),
);

test(
  "options before and after the command, the environment, and a project from elsewhere",
  rig(async ({ dir, write, start, rows, url }) => {
    await write({
      ...MODELS,
      "profiles.yml": null,
      "elsewhere/profiles.yml": `shop:\n  target: dev\n  outputs:\n    dev: &dev {type: postgres, url: '${url}', schema: analytics}\n    two: {<<: *dev, schema: second}\n`,
    });
    const elsewhere = { cwd: tmpdir() };
    const profiles = join(dir, "elsewhere");
    const first = await start(
      ["--quiet", "run", "--project-dir", dir, "--profiles-dir", profiles, "--vars", "{amount: 7}"],
      elsewhere,
    ).done;
    expect(first).toMatchObject({ code: 0, all: "" });
    expect(await rows("select * from analytics.orders")).toEqual([{ amount: 7, target: "dev" }]);
    const env = {
      DBT_PROJECT_DIR: dir,
      DBT_PROFILES_DIR: profiles,
      DBT_TARGET: "two",
      SLUICE_VARS: "{amount: 8}",
      DBT_QUIET: "1",
    };
    const second = await start(["run", "--target-path", join(dir, "out put"), "--no-partial-parse"], {
      ...elsewhere,
      env,
    }).done;
    expect(second).toMatchObject({ code: 0, all: "" });
    expect(await rows("select * from second.orders")).toEqual([{ amount: 8, target: "two" }]);
    // The command line wins.
    const third = await start(["run", "-t", "dev", "--vars", "amount: 9", "-s", "orders"], { ...elsewhere, env }).done;
    expect(third).toMatchObject({ code: 0, all: "" });
    expect(await rows("select * from analytics.orders")).toEqual([{ amount: 9, target: "dev" }]);
    expect(await rows("select count(*)::int as n from second.orders")).toEqual([{ n: 1 }]);
  }),
);

/** Names of the events in a log of JSON lines. */
const names = (text: string): string[] =>
  text
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { info: { name: string } }).info.name);

test(
  "--log-format json gives one object per line, also when nodes fail or the project is wrong",
  rig(async ({ write, sluice }) => {
    await write({
      ...MODELS,
      "models/bad.sql": "select 1 / 0 as x",
      "models/bad_table.sql": "{{ config(materialized='table') }} select * from {{ ref('bad') }}",
    });
    const failed = await sluice("build", "--log-format", "json", "--debug");
    expect([failed.code, failed.stderr]).toEqual([1, ""]);
    expect(names(failed.stdout)).toEqual(
      expect.arrayContaining(["MainReportVersion", "LogModelResult", "RunResultError", "CommandCompleted"]),
    );
    const wrong = await sluice("build", "--log-format", "json", "--target", "none");
    expect([wrong.code, wrong.stderr]).toEqual([2, ""]);
    expect(names(wrong.stdout)).toContain("MainEncounteredError");
  }),
);

test(
  "--quiet prints errors only, and colours come only where they are wanted",
  rig(async ({ write, sluice, start }) => {
    await write({ ...MODELS, "models/bad.sql": "{{ config(materialized='table') }} select 1 / 0 as x" });
    const quiet = await sluice("build", "--quiet");
    expect([quiet.code, quiet.stdout]).toEqual([1, ""]);
    expect(quiet.stderr).toContain("division by zero");
    expect((await sluice("build")).all).not.toContain("\u001b[");
    expect((await sluice("build", "--use-colors")).all).toContain("\u001b[31m");
    const env = { FORCE_COLOR: "1" };
    expect((await start(["build", "--no-use-colors"], { env }).done).all).not.toContain("\u001b[");
  }),
);

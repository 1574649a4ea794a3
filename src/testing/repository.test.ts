import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { commands, nameOf } from "../commands/index.ts";
import { packageRoot } from "../lib/package-root.ts";

const read = (path: string): string => readFileSync(join(packageRoot(), path), "utf8");
const DOCS = [
  "README.md",
  "CONTRIBUTING.md",
  "docs/architecture.md",
  "docs/loading.md",
  "docs/schedule.md",
  "docs/metabase.md",
  "docs/roles.md",
  "docs/running.md",
];

test("the README's table names every command", () => {
  const table = read("README.md").split("## Commands")[1]!.split("## ")[0]!;
  for (const command of commands) expect(table, nameOf(command)).toContain(`\`${nameOf(command)}\``);
});

test.each(DOCS)("what %s links to is there", (path) => {
  const links = [...read(path).matchAll(/\]\(([^)#]+)[^)]*\)/g)].map((match) => match[1]!);
  const missing = links.filter(
    (link) => !link.includes("://") && !existsSync(join(packageRoot(), dirname(path), link)),
  );
  expect(missing).toEqual([]);
});

test.each(["CONTRIBUTING.md", "docs/architecture.md"])("the files of src/ that %s names are there", (path) => {
  const named = [...read(path).matchAll(/`(src\/[\w./-]+)`/g)].map((match) => match[1]!);
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((file) => !file.includes("000N") && !existsSync(join(packageRoot(), file)))).toEqual([]);
});

const SCRIPTS = ["docker/init.sh", ".ci/run", "integrations/airflow/check.sh", "integrations/metabase/check.sh"];

test("the scripts that others start are executable, and bash can read them", () => {
  for (const script of SCRIPTS) {
    expect(statSync(join(packageRoot(), script)).mode & 0o111, script).not.toBe(0);
    expect(() => execFileSync("bash", ["-n", join(packageRoot(), script)])).not.toThrow();
  }
});

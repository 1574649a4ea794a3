import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { load } from "js-yaml";
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

interface Service {
  image: string;
  environment: Record<string, string | number>;
  ports: string[];
  volumes?: string[];
  healthcheck: object;
}

test("the compose file opens ports to this machine only, pins its images, and takes secrets from .env", () => {
  const text = read("docker-compose.yml");
  const { services } = load(text) as { services: Record<string, Service> };
  expect(Object.keys(services)).toEqual(["postgres", "metabase"]);
  const example = new Set(read(".env.example").match(/^[A-Z_]+(?==)/gm));
  const used = new Set([...text.matchAll(/\$\{([A-Z_]+)/g)].map((match) => match[1]!));
  expect([...used].filter((name) => !example.has(name))).toEqual([]);
  for (const service of Object.values(services)) {
    expect(service.image).toMatch(/:v?\d+\.\d+/);
    for (const port of service.ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    for (const [name, value] of Object.entries(service.environment)) {
      if (/PASS|SECRET/.test(name)) expect(String(value), name).toMatch(/^\$\{[A-Z_]+:\?/);
    }
    for (const volume of service.volumes ?? []) {
      const [from] = volume.split(":") as [string];
      if (from.startsWith("./")) expect(existsSync(join(packageRoot(), from)), from).toBe(true);
    }
  }
  // Metabase's own data and the warehouse: two databases, two roles.
  const init = read("docker/init.sh");
  expect(init).toMatch(/create database metabase owner metabase/);
  expect(services["metabase"]!.environment["MB_DB_DBNAME"]).toBe("metabase");
  expect(services["postgres"]!.environment["WAREHOUSE_DATABASE"]).not.toBe("metabase");
});

test("the scripts that others start are executable, and bash can read them", () => {
  for (const script of ["docker/init.sh", ".ci/run"]) {
    expect(statSync(join(packageRoot(), script)).mode & 0o111, script).not.toBe(0);
    expect(() => execFileSync("bash", ["-n", join(packageRoot(), script)])).not.toThrow();
  }
});

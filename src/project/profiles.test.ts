import { expect, test } from "vitest";
import { projectOf, reportOf, writeTree } from "./testing/tree.ts";

const PROFILES = `
shop:
  target: "{{ env_var('STAGE', 'dev') }}"
  outputs:
    dev: {type: postgres, host: embedded, dbname: shop, schema: analytics, threads: 2}
    prod:
      type: postgres
      host: "{{ env_var('PG_HOST') }}"
      user: me
      pass: "{{ env_var('DBT_ENV_SECRET_PASSWORD', 'hunter2') }}"
      port: "{{ env_var('PG_PORT', '6543') }}"
      dbname: shop
      schema: marts
      sslmode: require
      role: builder
      search_path: public
      retries: 3
      connect_timeout: 5
    url: {type: postgres, url: "{{ env_var('DATABASE_URL') }}", schema: s}
    snow: {type: snowflake, account: x}
`;

const at = (target: string, env: Record<string, string> = {}, profiles = PROFILES) =>
  [{ "profiles.yml": profiles }, { target, env }] as const;

test("the default target is rendered, and only the chosen output", async () => {
  const project = await projectOf({ "profiles.yml": PROFILES });
  expect(project.profile).toMatchObject({ name: "shop", targets: ["dev", "prod", "url", "snow"] });
  expect(project.target).toMatchObject({ name: "dev", schema: "analytics", threads: 2 });
  expect(project.target.connection).toMatchObject({ embedded: true, database: "shop" });
});

test("a server's settings are read as dbt names them, numbers also from the environment", async () => {
  const { target } = await projectOf(...at("prod", { PG_HOST: "db" }));
  expect(target).toEqual({
    name: "prod",
    schema: "marts",
    threads: 4,
    connection: {
      embedded: false,
      host: "db",
      port: 6543,
      user: "me",
      password: "hunter2",
      database: "shop",
      searchPath: "public",
      role: "builder",
      sslmode: "require",
      connectTimeout: 5,
      retries: 3,
      keepalivesIdle: 0,
      applicationName: "sluice",
    },
  });
});

test("an output may be one address", async () => {
  const env = { DATABASE_URL: "postgres://me:p%40ss%2Fword@[::1]:5433/my%20db?sslmode=verify-full&connect_timeout=3" };
  const { target } = await projectOf(...at("url", env));
  expect(target.connection).toMatchObject({
    host: "::1",
    port: 5433,
    user: "me",
    password: "p@ss/word",
    database: "my db",
    sslmode: "verify-full",
    connectTimeout: 3,
  });
});

test("without profiles.yml there is the embedded server, or the one of DATABASE_URL", async () => {
  const bare = await projectOf({});
  expect(bare.target).toMatchObject({
    name: "dev",
    schema: "analytics",
    connection: { embedded: true, database: "shop" },
  });
  const url = await projectOf({}, { env: { DATABASE_URL: "postgresql://u:p@h/d" } });
  expect(url.target).toMatchObject({
    name: "default",
    connection: { embedded: false, host: "h", port: 5432, database: "d" },
  });
});

const profile = (schema: string): string => `shop: {outputs: {dev: {host: embedded, dbname: d, schema: ${schema}}}}`;
const schema = async (...args: Parameters<typeof projectOf>): Promise<string> =>
  (await projectOf(...args)).target.schema;

test("profiles.yml is looked for in the given folder, the project, then the home folder", async () => {
  const given = await writeTree({ "profiles.yml": profile("given") });
  const tree = { "profiles.yml": profile("project"), "home/.dbt/profiles.yml": profile("home") };
  expect(await schema(tree)).toBe("project");
  expect(await schema({ "home/.dbt/profiles.yml": profile("home") })).toBe("home");
  expect(await schema(tree, { profilesDir: given })).toBe("given");
  expect(await schema(tree, { env: { DBT_PROFILES_DIR: given } })).toBe("given");
});

test("--threads wins over the profile", async () => {
  expect((await projectOf({ "profiles.yml": PROFILES }, { threads: 7 })).target.threads).toBe(7);
});

test("mistakes name their place and the next move, and never a secret", async () => {
  const broken = `
shop:
  outputs:
    dev:
      type: postgres
      hots: db
      port: "54x"
      threads: 0
      password: hunter2
      sslmode: always
`;
  const reports = [
    await reportOf(...at("prdo")),
    await reportOf(...at("prod")),
    await reportOf(...at("snow")),
    await reportOf(...at("url", { DATABASE_URL: "mysql://me:hunter2@h/d" })),
    await reportOf(...at("dev", {}, broken)),
    await reportOf(...at("dev", {}, "shop: {outputs: {dev: {host: h, user: u, port: x, pass: hunter2, dbname: d}}}\n")),
    await reportOf(...at("dev", {}, "shop:\n  password: hunter2: x\n")),
    await reportOf({ "profiles.yml": PROFILES }, { profile: "shopp" }),
    await reportOf({ "profiles.yml": "other: {}\n" }),
    await reportOf({ "profiles.yml": "shop: {target: dev}\n" }),
    await reportOf({}, { env: { DATABASE_URL: "hunter2" } }),
    await reportOf({}, { profilesDir: "/nowhere" }),
  ];
  expect(reports.join("\n")).not.toContain("hunter2");
  expect(reports.join("\n\n")).toMatchInlineSnapshot(`
    "profiles.yml:2:1  target-not-found  The profile 'shop' does not have a target named 'prdo'.
        2 │ shop:
          │ ~~~~
        → did you mean "prod"?
        → targets: dev, prod, url, snow

    profiles.yml:8:13  env-var-missing  The environment variable PG_HOST is not set.
        8 │       host: "{{ env_var('PG_HOST') }}"
          │             ~~~~~~~~~~~~~~~~~~~~~~~~~~
        → set it, or give a default: env_var('PG_HOST', '…')

    profiles.yml:20:18  adapter-unsupported  Target "snow" is of type "snowflake", but Sluice runs on PostgreSQL only.
       20 │     snow: {type: snowflake, account: x}
          │                  ~~~~~~~~~
        → choose a target of  type: postgres  with --target, or add one to profiles.yml

    profiles.yml:19:32  profile-url  "url" of target "url" is not a PostgreSQL address.
       19 │     url: {type: postgres, url: "{{ env_var('DATABASE_URL') }}", schema: s}
          │                                ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
        → expected  postgres://user:password@host:5432/database, special characters percent-encoded

    profiles.yml:4:5  profile-missing-key  Target "dev" has no "host", "user", "dbname", "schema".
        4 │     dev:
          │     ~~~
        → or give  url: postgres://user:password@host:5432/database  or  host: embedded
    profiles.yml:6:7  yaml-unknown-key  Target "dev" has an unknown key "hots", which is ignored.
        6 │       hots: db
          │       ~~~~
        → did you mean "host"?
    profiles.yml:7:13  yaml-shape  "port" of target "dev" must be a whole number from 0 to 65535.
        7 │       port: "54x"
          │             ~~~~~
    profiles.yml:8:16  yaml-shape  "threads" of target "dev" must be a whole number of at least 1.
        8 │       threads: 0
          │                ~
    profiles.yml:10:16  yaml-shape  "sslmode" of target "dev" is not one that PostgreSQL knows.
       10 │       sslmode: always
          │                ~~~~~~
        → expected one of disable, allow, prefer, require, verify-ca, verify-full, no-verify

    profiles.yml:1:18  profile-missing-key  Target "dev" has no "schema".
        1 │ shop: {outputs: {dev: {host: h, user: u, port: x, pass: *******, dbname: d}}}
          │                  ~~~
        → or give  url: postgres://user:password@host:5432/database  or  host: embedded
    profiles.yml:1:48  yaml-shape  "port" of target "dev" must be a whole number from 0 to 65535.
        1 │ shop: {outputs: {dev: {host: h, user: u, port: x, pass: *******, dbname: d}}}
          │                                                ~

    profiles.yml:2:20  yaml-syntax  This is not valid YAML: bad indentation of a mapping entry.
        2 │   password: **********
          │                    ~
        → quote texts that hold a colon and a space

    profile-not-found  Could not find profile named 'shopp' in profiles.yml.
        → did you mean "shop"?
        → profiles in /root/profiles.yml: shop

    dbt_project.yml:2:10  profile-not-found  Could not find profile named 'shop' in profiles.yml.
        2 │ profile: shop
          │          ~~~~
        → profiles in /root/profiles.yml: other

    profiles.yml:1:1  profile-no-outputs  Profile "shop" has no outputs.
        1 │ shop: {target: dev}
          │ ~~~~
        → add  outputs:  with a target, such as  dev: {type: postgres, host: embedded, schema: analytics}

    profile-url  DATABASE_URL is not a PostgreSQL address.
        → expected  postgres://user:password@host:5432/database, special characters percent-encoded

    profiles-not-found  Sluice looked for a profiles.yml file in /nowhere and did not find one.
        → this folder, /nowhere, was given by --profiles-dir"
  `);
});

import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { expect, test } from "vitest";
import { copyBank } from "../bank/copy.ts";
import { type Rig, rig } from "../rig.ts";

/** What a query gives or is refused with, as another role. */
async function as(role: string, { url }: Rig, sql: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`set role ${role}`);
    return JSON.stringify((await client.query(sql)).rows);
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } finally {
    await client.end();
  }
}

interface Readers extends Rig {
  readonly readers: string;
  readonly insiders: string;
}

/** Roles belong to the whole server: each test has names of its own, and takes them away. */
const withReaders = (body: (made: Readers) => Promise<void>): (() => Promise<void>) =>
  rig(async (made) => {
    const mark = randomBytes(5).toString("hex");
    const [readers, insiders] = [`readers_${mark}`, `insiders_${mark}`];
    try {
      await body({ ...made, readers, insiders });
    } finally {
      for (const role of [readers, insiders]) {
        await made.rows(
          `do $$ begin if exists (select from pg_roles where rolname = '${role}') then drop owned by ${role}; drop role ${role}; end if; end $$`,
        );
      }
    }
  });

const project = ({ readers, insiders }: Readers): Record<string, string> => ({
  "dbt_project.yml": `name: shop
profile: shop
models:
  shop:
    marts: {+schema: marts, +grants: {select: [${readers}]}}
    staging: {+schema: staging}
`,
  "macros/names.sql": "{% macro generate_schema_name(name, node) %}{{ name or target.schema }}{% endmacro %}",
  "models/staging/stg.sql": "select 1 as id, 'Ann'::text as name",
  "models/marts/open.sql": "select id, left(name, 1) || '***' as name from {{ ref('stg') }}",
  "models/marts/people.sql": `{{ config(materialized='table', grants={'select': ['${insiders}']}) }} select id, name from {{ ref('stg') }}`,
});

test(
  "roles are made and let in, and see the granted marts and nothing else; a second run changes nothing",
  withReaders(async (r) => {
    const { readers, insiders } = r;
    await r.write(project(r));
    // The roles do not exist yet: nothing that is granted to them can be built.
    expect((await r.sluice("grants", "--dry-run")).stdout).toContain(`create role "${readers}" nologin;`);
    expect(await r.rows(`select 1 from pg_roles where rolname = '${readers}'`)).toEqual([]);
    expect(await r.sluice("grants")).toMatchObject({ code: 0 });
    const built = await r.sluice("build");
    expect(built.code, built.all).toBe(0);
    const { code, stdout } = await r.sluice("grants");
    expect([code, stdout]).toEqual([
      0,
      `grant usage on schema "marts" to "${insiders}";\ngrant usage on schema "marts" to "${readers}";\n`,
    ]);
    expect(await r.sluice("grants")).toMatchObject({
      code: 0,
      stdout: "",
      stderr: expect.stringContaining("Nothing to change"),
    });

    expect(await as(readers, r, "select name from marts.open")).toBe('[{"name":"A***"}]');
    expect(await as(readers, r, "select * from marts.people")).toBe("permission denied for table people");
    expect(await as(insiders, r, "select name from marts.people")).toBe('[{"name":"Ann"}]');
    expect(await as(readers, r, "select * from staging.stg")).toBe("permission denied for schema staging");
    expect(await as(readers, r, "select * from sluice.run")).toBe("permission denied for schema sluice");
    expect(await as(readers, r, "create table marts.x ()")).toBe("permission denied for schema marts");
    expect(await as(readers, r, "insert into marts.people values (1)")).toBe("permission denied for table people");
    expect(await r.rows(`select rolcanlogin, rolsuper from pg_roles where rolname = '${readers}'`)).toEqual([
      { rolcanlogin: false, rolsuper: false },
    ]);
  }),
);

test(
  "what was opened by hand is closed again: tables, columns, schemas, work and rejected rows, what is made later",
  withReaders(async (r) => {
    const { readers } = r;
    await r.write(project(r));
    await r.sluice("grants");
    expect((await r.sluice("build")).code).toBe(0);
    await r.sluice("grants");
    await r.rows(`create schema if not exists marts__sluice_next; create table marts__sluice_next.open (id int); create table staging.raw__rejected (line text);
      create table marts.somebodys_own (id int); grant select on marts.somebodys_own to ${readers};
      grant usage, create on schema staging, sluice, marts__sluice_next to ${readers}; grant create on schema marts to ${readers};
      grant select on all tables in schema staging, sluice, marts__sluice_next to ${readers};
      grant select (name) on marts.people to ${readers}; grant update on marts.people to ${readers};
      alter default privileges in schema staging grant select on tables to ${readers}`);
    expect(await as(readers, r, "select name from marts.people")).toContain("Ann");
    const { code, stdout, stderr } = await r.sluice("grants");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(`revoke select ("name") on table "marts"."people" from "${readers}";`);
    expect(stdout).toContain(`in schema "staging" revoke select on tables from "${readers}";`);
    for (const sql of [
      "select name from marts.people",
      "select * from staging.stg",
      "select * from staging.raw__rejected",
      "select * from marts__sluice_next.open",
      "select * from sluice.run",
      "update marts.people set id = 2",
      "create table marts.x ()",
    ]) {
      expect(await as(readers, r, sql), sql).toMatch(/^permission denied/);
    }
    await r.rows(`create table staging.later (); grant usage on schema staging to ${readers}`);
    expect(await as(readers, r, "select * from staging.later")).toMatch(/^permission denied/);
    // In a schema for readers, what others made is theirs to share.
    expect(await as(readers, r, "select * from marts.somebodys_own")).toBe("[]");
  }),
);

test(
  "what readers see by another way is named, and is exit code 1",
  withReaders(async (r) => {
    const { readers } = r;
    await r.write(project(r));
    await r.sluice("grants");
    await r.sluice("build");
    await r.sluice("grants");
    await r.rows("grant usage on schema staging to public; grant select on staging.stg to public");
    expect(await r.sluice("grants")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${readers} sees staging.stg, which is not granted to it`),
    });
    await r.rows("revoke all on schema staging from public");
    expect((await r.sluice("grants")).code).toBe(0);
    await r.rows(`alter role ${readers} bypassrls`);
    expect(await r.sluice("grants")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${readers} sees everything`),
    });
  }),
);

test(
  "in the bank, names are for members of bank_personal_data; other readers see them masked, and neither sees what lies below",
  rig(async (r) => {
    await copyBank(r.dir);
    await r.write({
      "profiles.yml": `bank: {target: dev, outputs: {dev: {type: postgres, url: '${r.url}', schema: analytics}}}\n`,
    });
    expect((await r.sluice("build")).code).toBe(0);
    expect((await r.sluice("grants")).code).toBe(0);
    const name = "select customer_name as name from marts";
    expect(await as("bank_reader", r, `${name}.dim_customers limit 1`)).toBe(
      "permission denied for table dim_customers",
    );
    expect(await as("bank_reader", r, `${name}.customer_summary limit 1`)).toBe(
      "permission denied for table customer_summary",
    );
    expect(await as("bank_reader", r, `${name}.dim_customers_masked limit 1`)).toMatch(/"name":"\S\*\*\*( \S\*\*\*)*"/);
    expect(await as("bank_personal_data", r, `${name}.dim_customers limit 1`)).toMatch(/"name":"[A-Z][a-z]+/);
    for (const role of ["bank_reader", "bank_personal_data"]) {
      for (const schema of ["raw", "staging", "intermediate", "sluice"]) {
        expect(await as(role, r, `select * from ${schema}.x`), `${role} ${schema}`).toBe(
          `permission denied for schema ${schema}`,
        );
      }
    }
  }),
);

test(
  "a project without grants is told how to write them",
  rig(async (r) => {
    await r.write({ "models/a.sql": "select 1 as id" });
    expect(await r.sluice("grants")).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("+grants: {select: [readers]}"),
    });
  }),
);

/** A disk that is full, on a real server: a tablespace on a small filesystem in memory, which takes the right to mount one. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { rig } from "../rig.ts";
import { testDataDir, testServer } from "../server.ts";

const SIZE = "12m";

/** Where one is mounted for the server of the tests; undefined where that is not allowed, or the server is somewhere else. */
async function smallDisk(): Promise<string | undefined> {
  await testServer();
  if (process.env["SLUICE_TEST_DATABASE_URL"] || process.platform !== "linux") return undefined;
  const { uid, gid } = statSync(join(testDataDir(), "data"));
  const at = mkdtempSync(join(tmpdir(), "sluice_disk_"));
  const { status } = spawnSync("mount", [
    "-t",
    "tmpfs",
    "-o",
    `size=${SIZE},mode=700,uid=${uid},gid=${gid}`,
    "tmpfs",
    at,
  ]);
  if (status === 0) return at;
  rmdirSync(at);
  return undefined;
}

const disk = await smallDisk();
if (!disk)
  process.stderr.write(
    "The test of a full disk is skipped: mounting a small one takes root, and a server on this machine.\n",
  );
afterAll(() => {
  if (!disk) return;
  spawnSync("umount", [disk]);
  rmdirSync(disk);
});

test.skipIf(!disk)(
  "a full disk is named with the node that met it, nothing is published, the space is given back, and the next build goes on",
  rig(async ({ write, sluice, rows }) => {
    const tablespace = basename(disk!).toLowerCase();
    const standing =
      "select (select count(*)::int from analytics.small) as small, (select count(*)::int from analytics.large) as large";
    await rows(`create tablespace "${tablespace}" location '${disk!}'`);
    try {
      await rows(
        `do $$ begin execute format('alter database %I set default_tablespace = %L', current_database(), '${tablespace}'); end $$`,
      );
      await write({
        "models/small.sql":
          "{{ config(materialized='table') }} select g as id from generate_series(1, {{ var('n', 2) }}) g",
        "models/large.sql":
          "{{ config(materialized='table') }}\nselect id, r as row, repeat(md5(r::text), 10) as text\nfrom {{ ref('small') }}, generate_series(1, {{ var('rows', 5) }}) r",
        "models/after.sql": "select * from {{ ref('large') }}",
      });
      expect((await sluice("build")).code).toBe(0);
      const { code, stdout } = await sluice("build", "--vars", "{n: 3, rows: 40000}");
      expect(code).toBe(1);
      expect(stdout).toMatch(/models\/large\.sql:1:1  disk-full  could not (extend|write).*No space left on device/);
      expect(stdout).toContain("free space where the server keeps the file named above");
      expect(stdout).toContain("`sluice build` goes on from what is published");
      expect(stdout).toContain("Nothing was published: the server's disk is full.");
      expect(stdout).toMatch(/SKIP relation analytics\.after/);
      expect(await rows(standing)).toEqual([{ small: 2, large: 10 }]);
      expect(
        await rows("select relname from pg_class where relnamespace = 'analytics__sluice_next'::regnamespace"),
      ).toEqual([]);
      expect((await sluice("publish")).all).toContain("Nothing waits to be published");
      // In place as well.
      const direct = await sluice("build", "--direct", "--vars", "{n: 2, rows: 40000}");
      expect([direct.code, direct.stdout]).toEqual([1, expect.stringContaining("disk-full")]);
      expect(await rows(standing)).toEqual([{ small: 2, large: 10 }]);

      expect(spawnSync("mount", ["-o", "remount,size=200m", disk!]).status).toBe(0);
      const again = await sluice("build", "--vars", "{n: 3, rows: 40000}");
      expect(again.code, again.all).toBe(0);
      expect(await rows(standing)).toEqual([{ small: 3, large: 120_000 }]);
    } finally {
      await rows(
        `do $$ declare name text; begin
           for name in select nspname from pg_namespace where nspname ~ '^(sluice|analytics)' loop execute format('drop schema %I cascade', name); end loop;
         end $$`,
      );
      await rows(`drop tablespace "${tablespace}"`);
    }
  }),
);

/** Behind a connection pooler. Needs PgBouncer on the machine; elsewhere there is nothing to test. */
import { execFileSync, spawn } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { freePort } from "../../postgres/port.ts";
import { type Rig, rig } from "../rig.ts";

const BOUNCER = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].find((path) => {
  try {
    execFileSync(path, ["--version"]);
    return true;
  } catch {
    return false;
  }
});

async function behind(mode: "transaction" | "session", { url, write }: Rig, work: () => Promise<void>): Promise<void> {
  const { hostname, port, username, password, pathname } = new URL(url);
  const dir = await mkdtemp(join(tmpdir(), "sluice-bouncer-"));
  await chmod(dir, 0o755);
  const own = await freePort(20_000 + (process.pid % 20_000));
  const server = `host=${hostname} port=${port} user=${username} password=${password}`;
  await writeFile(
    join(dir, "ini"),
    `[databases]\n* = ${server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${own}\nauth_type = any\npool_mode = ${mode}\nunix_socket_dir =\n`,
  );
  const user = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const bouncer = spawn(BOUNCER!, [...user, join(dir, "ini")], { stdio: "ignore" });
  try {
    await sleep(500);
    await write({
      "profiles.yml": `shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, host: 127.0.0.1, port: ${own}, user: any, dbname: '${pathname.slice(1)}', schema: analytics}\n`,
      "models/a.sql": "select 1 as id",
    });
    await work();
  } finally {
    bouncer.kill("SIGKILL");
    await rm(dir, { recursive: true, force: true });
  }
}

test.skipIf(!BOUNCER)(
  "PgBouncer in transaction mode is refused, with what is needed instead",
  rig((r) =>
    behind("transaction", r, async () => {
      const { code, all } = await r.sluice("build");
      expect([code, all]).toEqual([2, expect.stringContaining("pooler-shares-sessions")]);
      expect(all).toContain("pool_mode = session");
      expect(await r.rows("select to_regclass('analytics.a') as a")).toEqual([{ a: null }]);
    }),
  ),
);

test.skipIf(!BOUNCER)(
  "PgBouncer in session mode is as good as the server itself",
  rig((r) =>
    behind("session", r, async () => {
      const { code, all } = await r.sluice("build");
      expect(code, all).toBe(0);
      expect(await r.rows("select id from analytics.a")).toEqual([{ id: 1 }]);
    }),
  ),
);

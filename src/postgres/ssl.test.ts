import { spawnSync } from "node:child_process";
import { chownSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Connection } from "./database.ts";
import { ensureRunning, stop, type ServerAddress } from "./embedded.ts";
import { openDatabase } from "./open.ts";

const openssl = (...args: string[]): boolean => spawnSync("openssl", args, { stdio: "ignore" }).status === 0;

describe.runIf(openssl("version"))("sslmode, as libpq understands it", () => {
  const root = mkdtempSync(join(tmpdir(), "sluice-ssl-"));
  const dataDir = join(root, "postgres");
  const data = join(dataDir, "data");
  const ours = join(data, "server.crt");
  const strangers = join(root, "other.crt");
  let server: ServerAddress;

  beforeAll(async () => {
    await ensureRunning(dataDir);
    await stop(dataDir);
    selfSigned(ours, join(data, "server.key"));
    selfSigned(strangers, join(root, "other.key"));
    const { uid, gid } = statSync(data);
    if (process.getuid?.() === 0) for (const file of [ours, join(data, "server.key")]) chownSync(file, uid, gid);
    server = await ensureRunning(dataDir, { settings: { ssl: "on" } });
  });
  afterAll(async () => {
    await stop(dataDir);
    rmSync(root, { recursive: true, force: true });
  });

  /** Whether the connection is encrypted, or why there is none. */
  async function attempt(change: Partial<Connection>): Promise<boolean | string> {
    const base = { embedded: false, ...server, database: "postgres", connectTimeout: 5, retries: 0, keepalivesIdle: 0 };
    try {
      const database = await openDatabase({ ...base, applicationName: "ssl", ...change }, { sessions: 1, dataDir: "" });
      const sql = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
      const { rows } = await database.session((s) => s.query<{ ssl: boolean }>(sql));
      await database.close();
      return rows[0]!.ssl;
    } catch (thrown) {
      return (thrown as Error).message;
    }
  }

  test.each([
    ["disable", {}, false],
    ["allow", {}, false],
    ["prefer", {}, true],
    ["require", {}, true],
    ["require", { sslrootcert: ours }, true],
    ["verify-ca", { sslrootcert: ours }, true],
    ["verify-full", { sslrootcert: ours, host: "localhost" }, true],
  ])("%s with %o connects, encrypted: %s", async (sslmode, change, encrypted) => {
    expect(await attempt({ sslmode, ...change })).toBe(encrypted);
  });

  test.each([
    ["verify-full", { sslrootcert: ours, host: "127.0.0.1" }, /127\.0\.0\.1/],
    ["verify-ca", { sslrootcert: strangers }, /certificate/],
    ["require", { sslrootcert: strangers }, /certificate/],
    ["verify-ca", { sslrootcert: "system" }, /certificate/],
  ])("%s with %o refuses", async (sslmode, change, reason) => {
    expect(await attempt({ sslmode, ...change })).toMatch(reason);
  });
});

function selfSigned(certificate: string, key: string): void {
  const request = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost";
  const made = openssl(...request.split(" "), "-keyout", key, "-out", certificate);
  if (!made) throw new Error("openssl could not make a certificate");
}

import { randomBytes } from "node:crypto";
import { lchown, rename, rm, statfs, writeFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { isRoot, type Account } from "./account.ts";

const MB = 1024 * 1024;

/** How the embedded server is set up: durable, and made for one busy client on a shared machine. */
async function usualSettings(major: number): Promise<Record<string, string>> {
  const memory = totalmem() / MB;
  return {
    // What was acknowledged survives a crash.
    fsync: "on",
    synchronous_commit: "on",
    // Nobody replicates from here: tables filled in the transaction that makes them need no log.
    wal_level: "minimal",
    max_wal_senders: "0",
    max_wal_size: "2GB",
    checkpoint_timeout: "15min",
    shared_buffers: memory > 4000 ? "256MB" : "128MB",
    effective_cache_size: `${Math.max(256, Math.round(memory / 2))}MB`,
    work_mem: "32MB",
    maintenance_work_mem: "128MB",
    random_page_cost: "1.1",
    jit: "off",
    // Checking a whole project makes thousands of views in one transaction.
    max_locks_per_transaction: "256",
    // The same figures on every laptop.
    timezone: "UTC",
    log_timezone: "UTC",
    log_line_prefix: "%m [%p] %d ",
    log_checkpoints: "off",
    // Containers often have 64 MB there, and a parallel join wants more.
    dynamic_shared_memory_type: (await hasLittleSharedMemory())
      ? "mmap"
      : process.platform === "win32"
        ? "windows"
        : "posix",
    ...(major >= 18 && { io_method: "sync" }),
  };
}

async function hasLittleSharedMemory(): Promise<boolean> {
  if (process.platform !== "linux") return false;
  return statfs("/dev/shm").then(
    ({ blocks, bsize }) => (blocks * bsize) / MB < 256,
    () => true,
  );
}

/**
 * Writes the file that `postgresql.conf` includes, anew at each start, so that a later Sluice can improve it. The user's
 * own `alter system` wins over it.
 */
export async function writeSettings(
  path: string,
  major: number,
  account: Account | undefined,
  extra: Readonly<Record<string, string>> = {},
): Promise<void> {
  const settings = { ...(await usualSettings(major)), ...extra };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  const note = "# Written by Sluice at every start. Your own settings: `alter system`, which wins over this file.";
  const making = `${path}.${process.pid}-${randomBytes(4).toString("hex")}`;
  await rm(making, { force: true });
  // "x" follows no link that lies there.
  await writeFile(making, [note, ...lines, ""].join("\n"), { mode: 0o600, flag: "wx" });
  if (isRoot() && account) await lchown(making, account.uid, account.gid);
  await rename(making, path);
}

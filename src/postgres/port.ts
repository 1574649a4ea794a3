import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { sha256 } from "../lib/hash.ts";

/** Below the range that systems take ports of outgoing connections from. */
const FIRST = 20_000;
const COUNT = 10_000;
const TRIES = 50;

/**
 * The port to try first: the last one used, so that a BI tool finds the server again; for a new directory one that
 * follows from its path, so that it is the same again after the directory was removed.
 */
export async function rememberedPort(dataDir: string): Promise<number> {
  const text = await readFile(portFile(dataDir), "utf8").catch(() => "");
  const port = Number.parseInt(text, 10);
  if (port > 0 && port < 65_536) return port;
  return FIRST + (Number.parseInt(sha256(resolve(dataDir)).slice(0, 8), 16) % COUNT);
}

export async function rememberPort(dataDir: string, port: number): Promise<void> {
  if ((await readFile(portFile(dataDir), "utf8").catch(() => "")) === `${port}\n`) return;
  const making = `${portFile(dataDir)}.${process.pid}`;
  await rm(making, { force: true });
  await writeFile(making, `${port}\n`, { flag: "wx" });
  await rename(making, portFile(dataDir));
}

const portFile = (dataDir: string): string => join(resolve(dataDir), "port");

/** `wanted`, or the next port that nobody listens on. */
export async function freePort(wanted: number): Promise<number> {
  for (let port = wanted; port < wanted + TRIES && port < 65_536; port++) {
    if (await isFree(port)) return port;
  }
  throw new Error(`No free port among ${wanted} to ${wanted + TRIES}`);
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const server = createServer();
    server.once("error", () => settle(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => settle(true)));
  });
}
